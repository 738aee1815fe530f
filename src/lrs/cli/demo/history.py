"""One person's history across all systems, found under each of their identifiers."""

import json
from collections.abc import Iterator

from rich import box
from rich.markup import escape
from rich.table import Table

from lrs.cli.demo.company import Company, Learner
from lrs.cli.demo.reader import LrsReader, ReadStatement, Result
from lrs.cli.demo.systems import SYSTEMS
from lrs.cli.demo.vocabulary import Json
from lrs.cli.demo.workdays import OFFICE_TIME

_SHOWN = 20


def find_learner(company: Company, identifier: str) -> Learner:
    """Return who has this identifier in the talent system, or else anybody."""
    found = (one for one in company.learners if identifier.endswith(one.personnel_number))
    return next(found, company.learners[0])


def history_of(learner: Learner, reader: LrsReader) -> Table:
    """Return the latest statements about a person, whichever system sent them."""
    agents = identifiers_of(learner)
    found = {
        statement.id: statement for agent in agents for statement in reader.statements_of(agent)
    }
    ordered = sorted(found.values(), key=lambda statement: (statement.timestamp, statement.id))
    senders = {statement.authority.name for statement in found.values()}
    table = Table(
        title=f"History of {learner.name}: the latest of {len(found)} statements"
        f" from {len(senders)} systems, found under {len(agents)} identifiers",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for heading in ("When", "Sent by", "Verb", "Object", "Result"):
        table.add_column(heading, no_wrap=heading == "When")
    for statement in ordered[-_SHOWN:]:
        table.add_row(*map(escape, _cells(statement)))
    return table


def identifiers_of(learner: Learner) -> list[Json]:
    """Return the different Agents that a person is in the systems, without their name."""
    agents = [
        {name: value for name, value in learner.identity(system).items() if name != "name"}
        for system in SYSTEMS
    ]
    return list({json.dumps(agent, sort_keys=True): agent for agent in agents}.values())


def _cells(statement: ReadStatement) -> Iterator[str]:
    yield f"{statement.timestamp.astimezone(OFFICE_TIME):%Y-%m-%d %H:%M}"
    yield statement.authority.name
    yield statement.verb.display.get("en", statement.verb.id)
    target = statement.object
    yield target.definition.name.get("en") or target.name or f"{target.kind} {target.id}"
    yield _outcome(statement.result) if statement.result else ""


def _outcome(result: Result) -> str:
    if result.score and result.score.raw is not None and result.score.max is not None:
        return f"{result.score.raw:g} of {result.score.max:g}"
    if result.score and result.score.scaled is not None:
        return f"{result.score.scaled:.0%}"
    if result.response is not None:
        return result.response
    return "" if result.success is None else ("success" if result.success else "no success")
