from lrs.cli.demo.access import all_access
from lrs.cli.demo.systems import SYSTEMS


def test_each_system_has_a_credential_of_its_own() -> None:
    access = all_access("server key")
    assert len({access[system].key for system in SYSTEMS}) == len(SYSTEMS)
    assert len({one.secret for one in access.values()}) == len(access)


def test_the_credentials_of_an_installation_stay_the_same() -> None:
    assert all_access("server key") == all_access("server key")


def test_secrets_of_one_installation_say_nothing_about_another() -> None:
    one, other = all_access("server key"), all_access("another key")
    assert all(one[system].secret != other[system].secret for system in SYSTEMS)
