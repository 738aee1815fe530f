"""HR's list over HTTP: `docs/people-import.md` says what a list is, and what becomes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Security
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.bodies import media_type, read_body
from lrs.api.credentials import May, caller_of
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.store_options import options_for
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import ForbiddenError, InvalidRequestError, TooLargeError
from lrs.people.attributes import AttributeType
from lrs.people.imports.columns import Definitions, ListMapping, read_mapping
from lrs.people.imports.csv_lists import read_separator
from lrs.people.imports.findings import PROBLEMS, Finding, FindingKind
from lrs.people.imports.json_lists import object_texts
from lrs.people.imports.listed import ListedRow
from lrs.people.imports.lists import CsvList, JsonList, PeopleList
from lrs.services.import_runs import ImportOptions, ImportReport

router = APIRouter(prefix="/api/v1/people/imports", tags=["people"])

Writer = Annotated[Principal, Security(May(Scope.PEOPLE_WRITE))]

# A request that takes longer than some seconds is a matter for `lrs people import`.
MOST_ROWS: Final = 20_000
MOST_FINDINGS: Final = 1_000
# Others write of persons between two batches.
_BATCH: Final = 1_000
_CSV, _JSON = "text/csv", "application/json"
_BODY: Final = {
    "required": True,
    "content": {
        _CSV: {"schema": {"type": "string"}},
        _JSON: {"schema": {"type": "array", "items": {"type": "object"}}},
    },
}


class ImportParameters(BaseModel):
    """How a list is taken."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(default=False, description="Change nothing; tell the same.")
    separator: str | None = Field(
        default=None, max_length=20, description="comma, semicolon or tab; else the header tells"
    )
    as_of: date | None = Field(
        default=None,
        description="the day from which holds what the list says of now; else today, in UTC",
    )
    mapping: str | None = Field(
        default=None, max_length=8_000, description="JSON that says what columns are"
    )


class FindingBody(BaseModel):
    """What became of a row, or of the person that it is about."""

    model_config = ConfigDict(from_attributes=True)

    kind: FindingKind
    row: int = Field(description="as a spreadsheet counts it, or of an object; 0 is the list")
    text: str
    person: str | None = Field(description="the personnel number, else the mail address")
    column: str | None


class CountsBody(BaseModel):
    """The sum of an import."""

    model_config = ConfigDict(from_attributes=True)

    rows: int = Field(description="that were read, without the header")
    refused: int = Field(description="of these rows")
    people: int = Field(description="of whom the other rows tell")
    created: int
    changed: int
    unchanged: int
    contradicted: int = Field(description="people who were left alone")
    refused_values: int = Field(description="of rows that were taken but for them")
    identifiers: int = Field(description="that people did not have before")
    joined: int = Field(description="of these, known from statements")
    values: int = Field(description="of attributes and teams that are other than before")
    names: int = Field(description="that are other than before")


class BroughtAttributeBody(BaseModel):
    """An attribute that the store did not know."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type: AttributeType


class ImportReportBody(BaseModel):
    """What an import has done, or would do."""

    dry_run: bool
    as_of: date
    counts: CountsBody
    new_attributes: list[BroughtAttributeBody]
    new_teams: list[str]
    findings: list[FindingBody] = Field(description=f"up to {MOST_FINDINGS}, problems first")
    more_findings: int = Field(description="that are not among them")


@dataclass(slots=True)
class _Findings:
    """As many findings as are answered, problems first."""

    problems: list[Finding] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)
    count: int = 0

    def tell(self, finding: Finding) -> None:
        """Take a finding."""
        self.count += 1
        wanted = self.problems if finding.kind in PROBLEMS else self.others
        if len(wanted) < MOST_FINDINGS:
            wanted.append(finding)

    def body(self, report: ImportReport) -> ImportReportBody:
        """Write down what an import has done."""
        shown = [*self.problems, *self.others][:MOST_FINDINGS]
        return ImportReportBody(
            dry_run=report.is_dry,
            as_of=report.as_of,
            counts=CountsBody.model_validate(report.counts),
            new_attributes=list(map(BroughtAttributeBody.model_validate, report.definitions)),
            new_teams=[*report.teams],
            findings=list(map(FindingBody.model_validate, shown)),
            more_findings=self.count - len(shown),
        )


@dataclass(frozen=True, slots=True)
class _Short:
    """A list of which no more than so many rows are read."""

    people: PeopleList

    def rows(self, definitions: Definitions) -> Iterator[ListedRow | Finding]:
        """Give the rows; see `PeopleList`."""
        for number, row in enumerate(self.people.rows(definitions)):
            if number == MOST_ROWS:
                raise TooLargeError(
                    f"a list has up to {MOST_ROWS:,} rows; `lrs people import` takes longer ones"
                )
            yield row


@router.post(
    "",
    summary="Take a list of people",
    operation_id="importPeople",
    openapi_extra={"requestBody": _BODY},
    responses=responses(
        errors.InvalidRequestError,
        errors.TooLargeError,
        errors.SlowBodyError,
        errors.PersonConflictError,
        errors.PseudonymousStoreError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.UnavailableError,
    ),
)
async def import_people(
    request: Request, principal: Writer, parameters: Annotated[ImportParameters, Query()]
) -> ImportReportBody:
    """Take HR's list, as CSV or JSON; what is there already stays, and who is not in the list too.

    Rows that are no good are told with the reason, and people who contradict what is known are left
    alone. A list that is none changes nothing.
    """
    _require_all(principal)
    mapping = read_mapping(parameters.mapping.encode()) if parameters.mapping else ListMapping()
    people = _list(request, await _body(request), mapping, parameters.separator)
    options = ImportOptions(parameters.dry_run, parameters.as_of, mapping, _BATCH)
    findings = _Findings()
    report = await services_of(request).persons.people_imports.run(
        (caller_of(request, principal), principal.store), _Short(people), options, findings.tell
    )
    return findings.body(report)


def _require_all(principal: Principal) -> None:
    """Refuse who sees only some persons: a list tells of any, and so does what comes of it.

    Raises:
        ForbiddenError: they see only some.
    """
    if principal.restrict(Scope.PEOPLE_WRITE).agents is not None:
        raise ForbiddenError("who may see only some persons cannot take a list of others")


async def _body(request: Request) -> bytes:
    kind = media_type(request)
    if kind not in (_CSV, _JSON):
        raise InvalidRequestError(
            f"Content-Type must be {_CSV} or {_JSON}, it is {kind[:80] or 'missing'!r}"
        )
    return await read_body(request, options_for(request).max_body_bytes)


def _list(request: Request, body: bytes, mapping: ListMapping, separator: str | None) -> PeopleList:
    if media_type(request) == _JSON:
        return JsonList(object_texts(body), mapping)
    if separator is not None:
        read_separator(separator)
    return CsvList(BytesIO(body), mapping, separator)
