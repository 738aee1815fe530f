"""What a store sets for itself, where it differs from what the service is set to."""

from dataclasses import dataclass

from lrs.xapi.versions import Version


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Settings of one store; what is None is as the service is set.

    Attributes:
        default_version: said to who asks for a version of xAPI that is not served.
        page_size: statements on a page where no limit is given.
        max_page_size: the most statements on a page.
        max_body_bytes: the largest body.
        max_statement_bytes: the largest statement.
        max_batch: the most statements in a POST.
        max_nesting: levels of a JSON text.
        body_timeout: seconds that a body may be behind its slowest pace.
        query_timeout: seconds that a list or a sum may take.
        requests_per_second: of one credential.
        statements_per_minute: of one credential.
        requests_at_once: of one credential.
        max_statements: that the store may hold.
        max_bytes: of statements and attachments that the store may hold.
    """

    default_version: Version | None = None
    page_size: int | None = None
    max_page_size: int | None = None
    max_body_bytes: int | None = None
    max_statement_bytes: int | None = None
    max_batch: int | None = None
    max_nesting: int | None = None
    body_timeout: int | None = None
    query_timeout: int | None = None
    requests_per_second: int | None = None
    statements_per_minute: int | None = None
    requests_at_once: int | None = None
    max_statements: int | None = None
    max_bytes: int | None = None


AS_THE_SERVICE = StoreSettings()
