"""Reads changes of resources (RFC 7644 3.5.2), and makes those of users.

The members of a group can be many thousands. So their changes are read as what they are, sets of
ids, and the group never becomes one large resource for them.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from scim2_models import Context, PatchOp, PatchOperation, Path
from scim2_models.messages.message import Message
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
)

from lrs.errors import InvalidScimError, TooLargeError
from lrs.people.scim_bodies import Json, check_several, read_json, scim_errors
from lrs.people.scim_resources import POLICY, Group, GroupMember, ScimUser

# Of a group they are sets of ids mostly; of a user, each works on the whole resource.
MOST_OF_GROUP: Final = 1_000
MOST_OF_USER: Final = 100
_MANAGER: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager"
_MEMBERS: Final = frozenset(("members", f"{Group.__schema__}:members".lower()))


AnyPatch = TypeVar("AnyPatch", bound=Message)
UserPatch = PatchOp[ScimUser]
OwnPatch = PatchOp[Group]


class MemberOp(StrEnum):
    """What happens to members."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class MemberChange(NamedTuple):
    """A change of the members of a group; to replace them by none is to remove all."""

    op: MemberOp
    ids: frozenset[UUID]


class GroupPatch(NamedTuple):
    """A change of a group: of the group itself, and of its members."""

    itself: OwnPatch | None
    members: tuple[MemberChange, ...]


def read_user_patch(body: bytes) -> UserPatch:
    """Read a change of a user.

    Raises:
        InvalidScimError: it cannot be understood, or names what no user has.
        TooLargeError: it has too many operations.
    """
    told = read_json(body)
    for operation in _operations(told, MOST_OF_USER):
        _spell_out_superior(operation)
        check_several(operation)
    return _read(UserPatch, told)


def read_group_patch(body: bytes) -> GroupPatch:
    """Read a change of a group.

    Raises:
        InvalidScimError: it cannot be understood, names what no group has, or tells members by
            anything but their ids.
        TooLargeError: it has too many operations.
    """
    told = read_json(body)
    operations = _operations(told, MOST_OF_GROUP)
    patch = _read(OwnPatch, told)
    kept: list[Json] = []
    members: list[MemberChange] = []
    for operation, raw in zip(patch.operations or [], operations, strict=True):
        with scim_errors():
            members += _member_changes(operation)
        if rest := _without_members(operation, raw):
            kept.append(rest)
    operations[:] = kept
    itself = _read(OwnPatch, told) if kept else None
    return GroupPatch(itself, tuple(members))


def patch_user(patch: UserPatch, user: ScimUser) -> bool:
    """Change a user, and tell whether anything is other than before.

    Raises:
        InvalidScimError: it cannot be changed so; it may be half changed, and is of no more use.
    """
    is_changed = False
    for operation in patch.operations or []:
        # One by one: an operation takes as long as there are values that others have added.
        one = UserPatch.model_construct(operations=[operation])
        with scim_errors():
            is_changed |= one.patch(user, scim_policy=POLICY)
        check_several(user.__dict__)
    return is_changed


def patch_group(patch: OwnPatch, group: Group) -> bool:
    """Change a group but for its members, and tell whether anything is other than before.

    Raises:
        InvalidScimError: it cannot be changed so.
    """
    with scim_errors():
        return patch.patch(group, scim_policy=POLICY)


def changed_members(members: frozenset[UUID], changes: Iterable[MemberChange]) -> frozenset[UUID]:
    """Return who is in a group after changes."""
    for op, ids in changes:
        match op:
            case MemberOp.ADD:
                members |= ids
            case MemberOp.REMOVE:
                members -= ids
            case MemberOp.REPLACE:
                members = ids
    return members


def member_ids(members: Iterable[GroupMember]) -> frozenset[UUID]:
    """Return the ids of members.

    Raises:
        InvalidScimError: one has no id of a user, or is a group.
    """
    return frozenset(_member_id(each) for each in members)


def _read(patch: type[AnyPatch], told: Json) -> AnyPatch:
    with scim_errors():
        return patch.model_validate(
            told, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )


def _operations(told: Json, most: int) -> list[Any]:
    """Return the operations as they were sent, whatever they are.

    Raises:
        TooLargeError: they are too many.
    """
    found = next((value for name, value in told.items() if name.lower() == "operations"), None)
    operations = found if isinstance(found, list) else []
    if len(operations) > most:
        raise TooLargeError(f"a PATCH has up to {most} operations here")
    return operations


def _spell_out_superior(operation: object) -> None:
    """Write a manager in full whom Entra ID names by the id alone, or in a list of one."""
    if not isinstance(operation, dict) or str(operation.get("path", "")).lower() != _MANAGER:
        return
    match operation.get("value"):
        case str(id_) if id_:
            operation["value"] = {"value": id_}
        case [dict() as manager]:
            operation["value"] = manager


def _member_changes(operation: PatchOperation[Group]) -> Iterator[MemberChange]:
    op, path = MemberOp(operation.op.value), operation.path
    if path:
        yield from _changes_at(op, path, operation.value)
    elif isinstance(operation.value, dict):
        for name, entries in operation.value.items():
            if name.lower() in _MEMBERS:
                yield MemberChange(op, _ids(entries))


def _changes_at(op: MemberOp, path: Path[Any], value: object) -> Iterator[MemberChange]:
    binding = path.resolve()
    if binding is None or binding.field_name != "members":
        return
    if binding.sub_field_name is not None:
        raise InvalidScimError("members are changed as a whole, by their ids", "invalidPath")
    if path.value_filter is not None:
        if op is not MemberOp.REMOVE:
            raise InvalidScimError("a member can be added and removed only", "mutability")
        yield MemberChange(op, frozenset(_ids_of_filter(path.value_filter)))
    elif op is MemberOp.REMOVE and value is None:
        yield MemberChange(MemberOp.REPLACE, frozenset())
    else:
        yield MemberChange(op, _ids(value))


def _without_members(operation: PatchOperation[Group], raw: Json) -> Json | None:
    """Return an operation without what it says of members; None if it says nothing else."""
    path = operation.path
    if path:
        binding = path.resolve()
        return None if binding is not None and binding.field_name == "members" else raw
    value = {name: each for name, each in raw["value"].items() if name.lower() not in _MEMBERS}
    return {**raw, "value": value} if value else None


def _ids(entries: object) -> frozenset[UUID]:
    told = entries if isinstance(entries, list) else [] if entries is None else [entries]
    if not all(isinstance(each, dict) for each in told):
        raise InvalidScimError("a member is an object with the id of a user", "invalidValue")
    with scim_errors():
        return member_ids(GroupMember.model_validate(each, scim_policy=POLICY) for each in told)


def _ids_of_filter(node: FilterNode) -> Iterator[UUID]:
    match node:
        case LogicalExpr(op=LogicalOperator.or_, terms=terms):
            for term in terms:
                yield from _ids_of_filter(term)
        case Comparison(op=CompareOperator.eq, value=str(id_)) if (
            str(node.attr_path).lower() == "value"
        ):
            if (found := read_id(id_)) is not None:
                yield found
        case _:
            raise InvalidScimError(
                'members are told by their ids, such as members[value eq "..."]', "invalidPath"
            )


def _member_id(member: GroupMember) -> UUID:
    if member.type is not None and member.type.lower() != "user":
        raise InvalidScimError(
            f"members are users, and none is a {member.type[:80]}", "invalidValue"
        )
    found = read_id(member.value or "")
    if found is None:
        raise InvalidScimError(
            f"there is no user {(member.value or '')[:80]!r} to be a member", "invalidValue"
        )
    return found


def read_id(text: str) -> UUID | None:
    """Return an id; None if it is spelled as none of ours is."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
