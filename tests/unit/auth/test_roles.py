import pytest

from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.roles import LIMITS, SCOPES_OF_ROLES, Limit, Role, check_grant
from lrs.auth.scopes import EVERYTHING as ALL_SCOPES
from lrs.auth.scopes import Scope
from lrs.errors import InvalidRequestError

ADA = '{"mbox": "mailto:ada@example.org"}'
COURSE = "http://example.org/courses/1"
AGENTS, ACTIVITIES = Grant(agents=(ADA,)), Grant(activities=(COURSE,))
BOTH = Grant((ADA,), (COURSE,))

READING = {"statements/read", "statements/read/mine", "analytics/read"}
EXPECTED = {
    Role.PLATFORM_OWNER: set(ALL_SCOPES),
    Role.PRIVACY_OFFICER: {"privacy", "people/read", "reidentify", "audit/read"},
    Role.AUDITOR: {"audit/read"},
    Role.ANALYST: {"analytics/read"},
    Role.CONTENT_OWNER: READING,
    Role.TEAM_LEAD: READING | {"analytics/personal", "people/read"},
    Role.LEARNER: READING | {"analytics/personal"},
}


@pytest.mark.parametrize("role", Role)
def test_a_role_has_what_is_written_and_no_more(role: Role) -> None:
    assert SCOPES_OF_ROLES[role] == EXPECTED[role]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PLATFORM_OWNER])
def test_only_the_owner_of_the_platform_writes_or_manages(role: Role) -> None:
    managing = {Scope.STATEMENTS_WRITE, Scope.STATE, Scope.PROFILE, Scope.ADMIN, Scope.PLATFORM}
    assert SCOPES_OF_ROLES[role].isdisjoint(managing)


@pytest.mark.parametrize(
    ("role", "good", "bad"),
    [
        (Role.PLATFORM_OWNER, [EVERYTHING], [AGENTS, ACTIVITIES, BOTH]),
        (Role.AUDITOR, [EVERYTHING], [AGENTS, ACTIVITIES, BOTH]),
        (Role.ANALYST, [EVERYTHING, ACTIVITIES], [AGENTS, BOTH]),
        (Role.CONTENT_OWNER, [ACTIVITIES, BOTH], [EVERYTHING, AGENTS]),
        (Role.TEAM_LEAD, [AGENTS, BOTH], [EVERYTHING, ACTIVITIES]),
        (Role.LEARNER, [AGENTS, BOTH], [EVERYTHING, ACTIVITIES]),
    ],
)
def test_a_role_has_the_limits_that_it_needs_and_no_others(
    role: Role, good: list[Grant], bad: list[Grant]
) -> None:
    for grant in good:
        check_grant(role, grant, everywhere=True)
    for grant in bad:
        with pytest.raises(InvalidRequestError):
            check_grant(role, grant, everywhere=True)


@pytest.mark.parametrize(
    "grant",
    [
        Grant(agents=()),
        Grant(agents=("{}",)),
        Grant(agents=('{"mbox": "ada"}',)),
        Grant(agents=("no JSON",)),
        Grant(agents=(ADA,), activities=()),
        Grant(agents=(ADA,), activities=("no IRI",)),
    ],
)
def test_a_limit_that_means_nothing_is_refused(grant: Grant) -> None:
    with pytest.raises(InvalidRequestError):
        check_grant(Role.TEAM_LEAD, grant, everywhere=False)


def test_a_platform_owner_owns_all_stores() -> None:
    with pytest.raises(InvalidRequestError):
        check_grant(Role.PLATFORM_OWNER, EVERYTHING, everywhere=False)


def test_each_role_says_how_it_can_be_limited() -> None:
    assert set(LIMITS) == set(SCOPES_OF_ROLES) == set(Role)
    assert LIMITS[Role.LEARNER].agents is Limit.NEEDED
