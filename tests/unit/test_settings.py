"""What the environment may say, and what is said to who gets it wrong."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from lrs.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("LRS_")]:
        monkeypatch.delenv(name)


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def complaint(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, **variables)
    return str(caught.value)


def url(settings: Settings) -> str | None:
    return settings.database_url.get_secret_value() if settings.database_url else None


def test_nothing_set_is_enough() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8080, 1)
    assert settings.database_url is None


def test_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, LRS_PORT="", LRS_DATABASE_URL="") == Settings()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_spellings_of_a_database_address(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    settings = read(monkeypatch, LRS_DATABASE_URL=f"{scheme}://ada:pw@db:5433/lrs")
    assert url(settings) == "postgresql+asyncpg://ada:pw@db:5433/lrs"


def test_sslmode_becomes_what_asyncpg_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, LRS_DATABASE_URL="postgres://db/lrs?sslmode=require")
    assert url(settings) == "postgresql+asyncpg://db/lrs?ssl=require"


def test_address_of_a_unix_socket_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "postgresql+asyncpg://lrs@/lrs?host=/var/run/a%20b"
    assert url(read(monkeypatch, LRS_DATABASE_URL=address)) == address.replace("%20", "+")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://ada:hush@db/lrs", "must look like postgresql://"),
        ("postgresql+psycopg://ada:hush@db/lrs", "must look like postgresql://"),
        ("hush", "must look like postgresql://"),
        ("postgresql://ada:hu#sh@db/lrs", "percent-encoded"),
        ("postgresql://ada:hu?sh@db/lrs", "percent-encoded"),
        ("postgresql://ada:hu/sh@db/lrs", "percent-encoded"),
        ("postgresql://ada:hush@db:port/lrs", "percent-encoded"),
        ("postgresql://ada:hush@db/lrs?channel_binding=require", "'channel_binding' is not known"),
    ],
)
def test_wrong_address_is_explained_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    text = complaint(monkeypatch, LRS_DATABASE_URL=address)
    assert text.startswith("LRS_DATABASE_URL: ")
    assert said in text
    assert "hu" not in text


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LRS_PORT", "abc", "valid integer"),
        ("LRS_PORT", "65536", "less than or equal to 65535"),
        ("LRS_PORT", "-1", "greater than or equal to 0"),
        ("LRS_PORT", "tcp://10.0.0.1:8080", "enableServiceLinks"),
        ("LRS_WORKERS", "0", "greater than or equal to 1"),
        ("LRS_LOG_LEVEL", "loud", "'debug'"),
        ("LRS_DEFAULT_XAPI_VERSION", "0.95", "'1.0.3' or '2.0.0'"),
        ("LRS_GRACEFUL_TIMEOUT", "0", "greater than or equal to 1"),
        ("LRS_AUTHORITY_HOME_PAGE", "lrs.example.org", "must be an address"),
        ("LRS_NEWER_STATEMENTS", "removed", "'unchanged' or 'reduced'"),
        ("LRS_BODY_TIMEOUT", "0", "greater than or equal to 1"),
        ("LRS_ABOUT_VERSIONS", "1.0.3;2.0.0", "must be some of 1.0.0, 1.0.1"),
        ("LRS_ABOUT_VERSIONS", "0.95", "must be some of"),
        ("LRS_ABOUT_VERSIONS", "1.0.3,1.0.3", "must be some of"),
        ("LRS_ABOUT_VERSIONS", "1.0.3,", "must be some of"),
    ],
)
def test_wrong_value_is_shown_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    text = complaint(monkeypatch, **{variable: value})
    assert text.startswith(f"{variable}: ")
    assert said in text
    assert repr(value) in text


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, LRS_PORT="abc", LRS_WORKERS="none", LRS_HSOT="::")
    assert [line.partition(":")[0] for line in text.splitlines()] == [
        "LRS_HSOT",
        "LRS_PORT",
        "LRS_WORKERS",
    ]


def test_misspelt_name_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did you mean LRS_DATABASE_URL?" in complaint(monkeypatch, LRS_DATABSE_URL="x")


@pytest.mark.parametrize(
    "name", ["LRS_TEST_POSTGRES_BIN", "LRS_SERVICE_PORT", "LRS_IMAGE", "LRS_KEY", "LRS_SECRET"]
)
def test_names_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert read(monkeypatch, **{name: "x"}) == Settings()


@pytest.mark.parametrize("alone", ["LRS_INITIAL_KEY", "LRS_INITIAL_SECRET"])
def test_key_and_secret_go_together(monkeypatch: pytest.MonkeyPatch, alone: str) -> None:
    text = complaint(monkeypatch, **{alone: "hush"})
    assert "LRS_INITIAL_KEY and LRS_INITIAL_SECRET" in text
    assert "hush" not in text


def test_key_with_a_colon_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, LRS_INITIAL_KEY="a:b", LRS_INITIAL_SECRET="hush")
    assert text.startswith("LRS_INITIAL_KEY: must not contain a colon")


def test_read_address_needs_a_write_address(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, LRS_DATABASE_READ_URL="postgres://db/lrs")
    assert "needs LRS_DATABASE_URL" in text


def test_page_larger_than_the_largest_page(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, LRS_PAGE_SIZE="200", LRS_MAX_PAGE_SIZE="100")
    assert "LRS_PAGE_SIZE must not be larger than LRS_MAX_PAGE_SIZE" in text


def test_short_server_key_is_refused_unshown(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, LRS_SERVER_KEY="hush")
    assert text.startswith("LRS_SERVER_KEY: ")
    assert "hush" not in text


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1.0", "1.0.3"), ("1.0.0", "1.0.3"), ("2.0", "2.0.0"), ("2.0.1", "2.0.0")],
)
def test_versions_are_named_by_their_line(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    assert read(monkeypatch, LRS_DEFAULT_XAPI_VERSION=written).default_xapi_version == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("*", "*"),
        (" * ", "*"),
        ("https://lms.example.org", "https://lms.example.org"),
        ("https://LMS.example.org , null", "https://lms.example.org,null"),
        ("http://localhost:3000,app://content", "http://localhost:3000,app://content"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    assert read(monkeypatch, LRS_CORS_ORIGINS=written).cors_origins == meant


@pytest.mark.parametrize(
    "written",
    [
        "lms.example.org",
        "https://lms.example.org/",
        "https://lms.example.org/course",
        "https://*.example.org",
        "https://ada@lms.example.org",
        "*,https://lms.example.org",
        "https://lms.example.org,",
        "https://a.example.org https://b.example.org",
    ],
)
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    text = complaint(monkeypatch, LRS_CORS_ORIGINS=written)
    assert text.startswith("LRS_CORS_ORIGINS: must be * or addresses")


def test_versions_that_are_told_may_have_spaces_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = read(monkeypatch, LRS_ABOUT_VERSIONS=" 2.0.0 , 1.0.3 ,1.0.2 ")
    assert settings.about_versions == "2.0.0,1.0.3,1.0.2"


def test_secrets_do_not_show_in_the_settings() -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://ada:hush@db/lrs"),
        initial_key="ada",
        initial_secret=SecretStr("hush"),
        server_key=SecretStr("hush" * 8),
    )
    assert "hush" not in repr(settings) + str(settings.model_dump())


@given(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8")))
def test_any_text_is_an_address_or_a_complaint(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        try:
            read_url = url(read(patch, LRS_DATABASE_URL=f"postgresql://{text}"))
        except SettingsError:
            return
        assert (read_url or "").startswith("postgresql+asyncpg://")
