"""What operations of SCIM say of members is read as sets of ids, whatever way it is said."""

import json
from typing import Any
from uuid import UUID

import pytest

from lrs.errors import InvalidScimError, TooLargeError
from lrs.people.scim_bodies import read_user
from lrs.people.scim_patches import (
    changed_members,
    patch_user,
    read_group_patch,
    read_id,
    read_user_patch,
)

# Always the same: parametrised tests are told by them, in each process that runs tests.
ONE, OTHER = UUID(int=0x4711), UUID(int=0x4712)
MEMBERS = "urn:ietf:params:scim:schemas:core:2.0:Group:members"
USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}


def body(*told: dict[str, Any]) -> bytes:
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return json.dumps({"schemas": [schema], "operations": told}).encode()


def value(*ids: UUID) -> list[dict[str, str]]:
    return [{"value": str(each)} for each in ids]


@pytest.mark.parametrize(
    ("told", "after"),
    [
        ({"op": "add", "path": "members", "value": value(OTHER)}, {ONE, OTHER}),
        ({"op": "Add", "path": MEMBERS, "value": value(OTHER)[0]}, {ONE, OTHER}),
        ({"op": "add", "value": {"Members": value(OTHER)}}, {ONE, OTHER}),
        ({"op": "replace", "path": "members", "value": value(OTHER)}, {OTHER}),
        ({"op": "replace", "path": "members", "value": None}, set()),
        ({"op": "remove", "path": "members"}, set()),
        ({"op": "remove", "path": "members", "value": value(ONE)}, set()),
        ({"op": "remove", "path": f'members[value eq "{ONE}"]'}, set()),
        ({"op": "remove", "path": f'members[value eq "{ONE}" or value eq "{OTHER}"]'}, set()),
        ({"op": "remove", "path": 'members[value eq "nobody"]'}, {ONE}),
    ],
    ids=str,
)
def test_members_are_changed(told: dict[str, Any], after: set[UUID]) -> None:
    patch = read_group_patch(body(told))
    assert patch.itself is None
    assert changed_members(frozenset({ONE}), patch.members) == after


def test_what_is_said_of_the_group_itself_is_kept_apart() -> None:
    told = {"displayName": "Sales", "members": value(OTHER)}
    patch = read_group_patch(body({"op": "add", "value": told}))
    assert changed_members(frozenset(), patch.members) == {OTHER}
    assert patch.itself is not None
    (operation,) = patch.itself.operations or []
    assert operation.value == {"displayName": "Sales"}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({"op": "remove", "path": 'members[display eq "Anna"]'}, "invalidPath"),
        ({"op": "remove", "path": 'members[not (value eq "x")]'}, "invalidPath"),
        ({"op": "add", "path": "members.value", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": f'members[value eq "{ONE}"]', "value": {}}, "mutability"),
        ({"op": "add", "path": "members", "value": ["x"]}, "invalidValue"),
    ],
    ids=str,
)
def test_members_are_told_by_their_ids(told: dict[str, Any], wanted: str) -> None:
    with pytest.raises(InvalidScimError) as raised:
        read_group_patch(body(told))
    assert raised.value.scim_type == wanted


def test_operations_of_a_user_may_not_heap_up_values() -> None:
    adding = [
        {"op": "add", "path": "emails", "value": [{"value": f"{each}@example.org"}]}
        for each in range(21)
    ]
    user = read_user(json.dumps(USER).encode())
    with pytest.raises(InvalidScimError, match="up to 20 values"):
        patch_user(read_user_patch(body(*adding)), user)
    with pytest.raises(TooLargeError):
        read_user_patch(body(*adding * 5))


@pytest.mark.parametrize("text", ["", "nobody", str(ONE).upper() + "x", f"urn:uuid:{ONE}", ONE.hex])
def test_an_id_is_spelled_in_one_way(text: str) -> None:
    assert read_id(text) is None
    assert read_id(str(ONE)) == ONE
