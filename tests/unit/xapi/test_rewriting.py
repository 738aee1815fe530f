"""A kept statement that was changed is read again; a signature does not survive the change."""

import json
from typing import Any
from uuid import uuid4

import pytest

from builders import Json, a_statement, a_substatement, agent
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.rewriting import UnreadableError, rederived, without_signatures
from lrs.xapi.signatures import USAGE_TYPE


def attachment(usage: str = "http://example.org/usage", digit: str = "0") -> Json:
    return {
        "usageType": usage,
        "display": {"en": "a file"},
        "contentType": "application/octet-stream",
        "length": 1,
        "sha2": digit * 64,
    }


SIGNATURE = attachment(USAGE_TYPE, "f")


def kept(**more: Any) -> bytes:
    """Return the text of a statement as a store has it."""
    added = {
        "id": str(uuid4()), "version": "1.0.0", "authority": agent("tool"),
        "timestamp": "2026-01-01T00:00:00Z", "stored": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return json.dumps(a_statement(**more) | added).encode()


def test_all_that_is_known_of_it_is_derived() -> None:
    text = kept(object=agent("bob") | {"name": "Bob"}, attachments=[attachment()])
    record = rederived(text)
    ada, bob, tool = (
        ifi_key(Ifi("mbox", f"mailto:{name}@example.org")) for name in ("ada", "bob", "tool")
    )
    assert record.received is text
    assert (record.actor, record.object) == (ada, bob)
    assert (record.mentions.direct, record.mentions.others) == ((ada, bob), (tool,))
    assert record.mentions.names == ((bob, "Bob"),)
    assert [each.sha2 for each in record.brought.data] == ["0" * 64]


@pytest.mark.parametrize("before", [[], [attachment()], [attachment(), attachment(digit="1")]])
@pytest.mark.parametrize("place", [0, -1])
def test_signatures_are_taken_out_and_nothing_else(before: list[Json], place: int) -> None:
    signed = [*before]
    signed.insert(place if place == 0 else len(signed), SIGNATURE)
    inner = {"objectType": "SubStatement"} | a_substatement(attachments=signed)
    for text in (kept(attachments=signed), kept(object=inner)):
        after = json.loads(without_signatures(text))
        holder = after["object"] if "attachments" in after["object"] else after
        assert holder.get("attachments", []) == before
        assert USAGE_TYPE not in json.dumps(after)
        assert rederived(text).brought.signature is None


def test_what_has_none_stays_as_it_is() -> None:
    text = kept(attachments=[attachment()], result={"response": USAGE_TYPE})
    assert without_signatures(text) is text
    assert without_signatures(b"{}") == b"{}"


@pytest.mark.parametrize("wrong", [{"actor": {}}, {"verb": {"id": "no IRI"}}, {"authority": None}])
def test_what_is_no_statement_is_told(wrong: Json) -> None:
    text = json.dumps(json.loads(kept()) | wrong).encode()
    with pytest.raises(UnreadableError):
        rederived(text)
