"""Everything that can be set from outside: `LRS_...` environment variables, read once at the start.

`docs/settings.md` describes each of them; a test compares the two.
"""

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic import model_validator as model_rule
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "LRS_"
TEST_PREFIX = "LRS_TEST_"  # read by the test suite alone
_TYPO_LIKENESS = 0.85

_SCHEMES = ("postgresql+asyncpg", "postgresql", "postgres")
# Pages opened from a disk have the origin null.
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s/?#@*,]+")
_ISSUER = re.compile(
    r"(https://[^\s\"<>\\^`{|}@?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s\"<>\\^`{|}@?#]*)?)"
)
_ABOUT_VERSIONS = ("1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0")
_URL_OPTIONS = frozenset(
    {
        "host",
        "passfile",
        "password",
        "port",
        "prepared_statement_cache_size",
        "ssl",
        "target_session_attrs",
        "user",
    }
)


class SettingsError(Exception):
    """One or more environment variables cannot be used; the text names each, one per line."""


def _refuse(message: str) -> PydanticCustomError:
    # The text is no format string: a brace in it would otherwise be read as a placeholder.
    return PydanticCustomError("setting", "{message}", {"message": message})


def _database_url(value: object) -> str:
    """Return the URL as SQLAlchemy wants it, with asyncpg as the driver."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    scheme, separator, rest = text.strip().partition("://")
    if not separator or scheme not in _SCHEMES:
        raise _refuse("must look like postgresql://user:password@host:5432/database")
    options = [_url_option(name, value) for name, value in _options_of("//" + rest)]
    address = rest.partition("?")[0]
    query = f"?{urlencode(options, safe='/')}" if options else ""
    return f"postgresql+asyncpg://{address}{query}"


def _options_of(address: str) -> list[tuple[str, str]]:
    unreadable = _refuse(
        "the address cannot be read; characters such as @ : / ? # in a user name or password "
        "must be percent-encoded"
    )
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for what is no number
    except ValueError:
        raise unreadable from None
    if parts.fragment or "@" in parts.path + parts.query:  # pieces of a password, not to be shown
        raise unreadable
    return parse_qsl(parts.query, keep_blank_values=True)


def _url_option(name: str, value: str) -> tuple[str, str]:
    # libpq's spelling is what hosting providers hand out; asyncpg calls the same option ssl.
    name = "ssl" if name == "sslmode" else name
    if name not in _URL_OPTIONS:
        known = ", ".join(sorted(_URL_OPTIONS | {"sslmode"}))
        raise _refuse(f"the option {name!r} is not known; known are {known}")
    return name, value


def _xapi_version(value: object) -> object:
    lines = {"1.0": "1.0.3", "2.0": "2.0.0"}
    return lines[str(value)[:3]] if re.fullmatch(r"[12]\.0(\.\d)?", str(value)) else value


def _home_page(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s\"<>\\^`{|}]+", value):
        raise _refuse("must be an address such as https://lrs.example.org")
    return value


def _origins(value: str) -> str:
    """Return the origins as browsers write them, with commas alone between them."""
    origins = [each.strip().lower() for each in value.split(",")]
    if origins != ["*"] and not all(_ORIGIN.fullmatch(each) for each in origins):
        raise _refuse(
            "must be * or addresses with commas between them, such as https://lms.example.org, "
            "without path or slash at the end"
        )
    return ",".join(origins)


def _issuer(value: str) -> str:
    if not _ISSUER.fullmatch(value):
        raise _refuse(
            "must be an address such as https://login.example.org/realms/learning; http is for "
            "this machine alone"
        )
    return value


def _public_url(value: str) -> str:
    """Return the origin of an address, as browsers write it."""
    if not re.fullmatch(r"https?://[^\s/?#@*,]+/?", value.lower()):
        raise _refuse("must be an address such as https://lrs.example.org, without a path")
    return value.lower().rstrip("/")


def _account(value: str) -> str:
    names = re.findall(r"\{([^{}]+)\}", value)
    if not names or re.search(r"[{}]", re.sub(r"\{[^{}]+\}", "", value)):
        raise _refuse("must have a claim in braces, such as {client_id}")
    return value


def _networks(value: str) -> str:
    """Return addresses and networks in their usual form, with commas alone between them."""
    try:
        networks = [ip_network(each.strip()) for each in value.split(",")]
    except ValueError:
        raise _refuse(
            "must be addresses or networks with commas between them, such as 10.0.0.7,192.0.2.0/24"
        ) from None
    return ",".join(map(str, networks))


def _about_versions(value: str) -> str:
    versions = [each.strip() for each in value.split(",")]
    if not set(versions) <= set(_ABOUT_VERSIONS) or len(set(versions)) < len(versions):
        raise _refuse(f"must be some of {', '.join(_ABOUT_VERSIONS)}, with commas between them")
    return ",".join(versions)


def _time_zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _refuse("must be an IANA name such as Europe/Berlin") from None


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _basic_key(value: str) -> str:
    if ":" in value:
        raise _refuse("must not contain a colon (HTTP Basic ends the key there)")
    if not value.isprintable():
        raise _refuse("must not contain control characters")
    return value


def _basic_secret(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isprintable():
        raise _refuse("must not contain control characters")
    return value


DatabaseUrl = Annotated[SecretStr, BeforeValidator(_database_url)]
XapiVersion = Annotated[Literal["1.0.3", "2.0.0"], BeforeValidator(_xapi_version)]
AboutVersions = Annotated[str, AfterValidator(_about_versions)]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)
]
BasicKey = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_basic_key)]
BasicSecret = Annotated[
    SecretStr, Field(min_length=1, max_length=255), AfterValidator(_basic_secret)
]
HomePage = Annotated[str, AfterValidator(_home_page)]
Origins = Annotated[str, AfterValidator(_origins)]
Networks = Annotated[str, AfterValidator(_networks)]
IssuerAddress = Annotated[str, AfterValidator(_issuer)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
AccountTemplate = Annotated[str, AfterValidator(_account)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
MostOfRate = Annotated[int, Field(ge=1, le=1_000_000_000)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]

_MEBIBYTE = 1024 * 1024


_TOGETHER = (
    ("initial_key", "initial_secret"),
    ("oauth_issuer", "oauth_audience"),
    ("sign_on_issuer", "sign_on_client_id"),
    ("sign_on_claim", "sign_on_roles"),
)
_NEEDED = (
    ("database_read_url", "database_url", "where writes go"),
    ("migration_database_url", "database_url", "as the service sees it"),
    ("sign_on_issuer", "public_url", "where browsers come back to"),
)


class Settings(BaseSettings):
    """The settings, checked; `load_settings` reads them from the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    graceful_timeout: Seconds = 20
    log_level: LogLevel = "info"

    data_dir: Path = Path("data")
    privacy_dir: Path | None = None
    postgres_bin: Path | None = None
    database_url: DatabaseUrl | None = None
    database_read_url: DatabaseUrl | None = None
    migration_database_url: DatabaseUrl | None = None
    transaction_timeout: Seconds = 15
    query_timeout: Seconds = 30
    rollups: Annotated[Literal["on", "off"], BeforeValidator(_lower)] = "on"
    rollup_timezone: TimeZone = "UTC"
    max_lists: Annotated[int, Field(ge=1)] | None = None
    max_sums: Annotated[int, Field(ge=1)] | None = None
    query_wait: Seconds = 10

    initial_key: BasicKey | None = None
    initial_secret: BasicSecret | None = None
    server_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    cors_origins: Origins = "*"
    trusted_proxies: Networks | None = None
    oauth_issuer: IssuerAddress | None = None
    oauth_audience: str | None = None
    oauth_store_claim: str = "lrs_store"
    oauth_store: str | None = None
    oauth_scope_claim: str = "scope"
    oauth_scope_prefix: str | None = None
    oauth_authority: AccountTemplate = "{client_id}"
    oauth_leeway: Annotated[int, Field(ge=0, le=600)] = 60
    oauth_admin: Annotated[Literal["on", "off"], BeforeValidator(_lower)] = "off"
    public_url: PublicUrl | None = None
    session_hours: Annotated[int, Field(ge=1, le=720)] = 12
    sign_on_issuer: IssuerAddress | None = None
    sign_on_client_id: str | None = None
    sign_on_client_secret: SecretStr | None = None
    sign_on_scopes: str = "openid profile email"
    sign_on_claim: str | None = None
    sign_on_roles: str | None = None

    default_xapi_version: XapiVersion = "1.0.3"
    authority_home_page: HomePage = "http://lrs.local"
    statement_id_version: Literal["4", "7"] = "7"
    about_versions: AboutVersions = "1.0.3,2.0.0"
    newer_statements: Literal["unchanged", "reduced"] = "unchanged"
    max_connections: Annotated[int, Field(ge=1)] = 2_000
    max_connections_per_address: Annotated[int, Field(ge=1)] | None = None
    body_timeout: Seconds = 30
    requests_per_second: MostOfRate | None = None
    statements_per_minute: MostOfRate | None = None
    requests_at_once: MostOfRate | None = None
    requests_per_second_per_address: MostOfRate | None = None
    requests_at_once_per_address: MostOfRate | None = None
    failed_sign_ins_per_minute: MostOfRate = 60
    answer_timeout: Seconds = 30
    max_unsent_bytes: Annotated[int, Field(ge=1024)] = 128 * _MEBIBYTE
    max_body_bytes: Annotated[int, Field(ge=1024)] = 100 * _MEBIBYTE
    max_statement_bytes: Annotated[int, Field(ge=1024)] = 4 * _MEBIBYTE
    max_attachment_bytes: Annotated[int, Field(ge=1024)] = 256 * _MEBIBYTE
    max_multipart_bytes: Annotated[int, Field(ge=1024)] = 512 * _MEBIBYTE
    max_batch: Annotated[int, Field(ge=1)] = 10_000
    page_size: Annotated[int, Field(ge=1)] = 100
    max_page_size: Annotated[int, Field(ge=1)] = 1_000

    @property
    def privacy_directory(self) -> Path:
        """Where keys of pseudonyms and the ledger of erasures lie, apart from the database."""
        return self.privacy_dir or self.data_dir / "privacy"

    @model_rule(mode="after")
    def _fit_together(self) -> Self:
        for one, other in _TOGETHER:
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                names = f"{PREFIX}{one.upper()} and {PREFIX}{other.upper()}"
                raise _refuse(f"{names} go together: set both or none")
        for name, needed, why in _NEEDED:
            if getattr(self, name) is not None and getattr(self, needed) is None:
                raise _refuse(f"{PREFIX}{name.upper()} needs {PREFIX}{needed.upper()}, {why}")
        if self.page_size > self.max_page_size:
            raise _refuse("LRS_PAGE_SIZE must not be larger than LRS_MAX_PAGE_SIZE")
        return self


def variable_names() -> list[str]:
    """Return the environment variables that are read, in the order of the fields."""
    return [PREFIX + name.upper() for name in Settings.model_fields]


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a variable has a wrong value, or looks like a misspelt one.
    """
    complaints = list(_misspelt(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        complaints += [_complaint(detail) for detail in error.errors()]
        # The cause would show the values, and some are secret.
        raise SettingsError("\n".join(complaints)) from None
    if complaints:
        raise SettingsError("\n".join(complaints))
    return settings


def _misspelt(names: Iterable[str]) -> Iterator[str]:
    known = variable_names()
    for name in sorted(names):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(TEST_PREFIX) or upper in known:
            continue
        for meant in difflib.get_close_matches(upper, known, n=1, cutoff=_TYPO_LIKENESS):
            yield f"{name}: there is no such setting; did you mean {meant}?"


def _complaint(detail: ErrorDetails) -> str:
    if not detail["loc"]:
        return detail["msg"]
    field = str(detail["loc"][0])
    message = detail["msg"].removeprefix("Input ").rstrip(".")
    return f"{PREFIX}{field.upper()}: {message}{_shown(field, detail['input'])}"


def _shown(field: str, value: object) -> str:
    if "SecretStr" in str(Settings.model_fields[field].annotation):
        return ""
    hint = ""
    if field == "port" and str(value).startswith("tcp://"):
        hint = "; Kubernetes sets this for a service called lrs: use enableServiceLinks: false"
    return f" (it is {str(value)[:100]!r}{hint})"
