"""Where the data of attachments must be, by the form of the request (Comm. 1.5.1, 1.5.2)."""

from collections.abc import Iterator

from lrs.errors import InvalidStatementError, Violation
from lrs.xapi.attachments import Attachment
from lrs.xapi.statements import Statement, SubStatement


def check_data_is_elsewhere(statement: Statement, path: str) -> None:
    """Refuse attachments whose data should have come along, in a request that is only JSON.

    Args:
        statement: as it was read.
        path: where it lies in the request, such as `statements[3]`.

    Raises:
        InvalidStatementError: an attachment has no `fileUrl`.
    """
    prefix = f"{path}." if path else ""
    violations = [
        Violation(f"{prefix}{place}", "has no fileUrl, and a JSON request no data", "Comm. 1.5.1")
        for place, attachment in _attachments(statement)
        if attachment.file_url is None
    ]
    if violations:
        raise InvalidStatementError(violations)


def _attachments(statement: Statement) -> Iterator[tuple[str, Attachment]]:
    for number, attachment in enumerate(statement.attachments or ()):
        yield f"attachments[{number}]", attachment
    if isinstance(statement.object, SubStatement):
        for number, attachment in enumerate(statement.object.attachments or ()):
            yield f"object.attachments[{number}]", attachment
