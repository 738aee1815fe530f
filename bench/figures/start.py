"""From `lrs serve` to the first answer, with the data of the whole run, PostgreSQL included."""

from bench.rows import Row
from bench.service import lrs_serving
from bench.stage import Stage

NAME = "start"


async def measure(stage: Stage) -> list[Row]:
    """Stop PostgreSQL, then start the service as a user does; nothing is measured after this."""
    stage.databases.cluster.stop()
    seconds = []
    for _ in range(stage.plan.rounds):
        async with lrs_serving(data_dir=stage.databases.directory) as service:
            seconds.append(service.seconds_to_answer)
    return [
        Row(figure=NAME, label="start to first answer, existing data", unit="s", measured=seconds)
    ]
