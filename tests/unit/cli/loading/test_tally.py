from lrs.cli.loading.sender import Refusal, SendResult
from lrs.cli.loading.tally import Tally


def test_a_summary_names_every_kind_of_end() -> None:
    tally = Tally()
    tally.add(SendResult(accepted=1200, stored=1000, refusals=[Refusal(0, 400, "bad")]))
    tally.add(SendResult(accepted=5, untold=5))
    tally.add(SendResult(unsent=500, failure="gone"))
    assert tally.summarise().startswith(
        "1,706 read: 1,000 stored, 200 already there,"
        " 5 accepted (the LRS does not say how many of them are new),"
        " 1 refused, 500 not sent. "
    )
