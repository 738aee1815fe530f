"""What a Group of SCIM says of a team, and what a team is as a Group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from scim2_models import Reference

from lrs.errors import InvalidScimError
from lrs.people.scim_resources import Group, GroupMember
from lrs.people.scim_users import check_lengths, meta_of


class Team(NamedTuple):
    """What a Group says of a team itself."""

    name: str
    external_id: str | None


class Member(NamedTuple):
    """A user in a team today."""

    id: UUID
    name: str | None


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """A team as it is kept, with its members of today."""

    id: UUID
    told: Team
    created: datetime
    updated: datetime
    version: int
    members: Sequence[Member] = ()


def team_of(group: Group) -> Team:
    """Return what a Group says of the team itself.

    Raises:
        InvalidScimError: a value is missing or too long.
    """
    name = group.display_name or ""
    if not name.strip():
        raise InvalidScimError("displayName must not be empty", "invalidValue")
    check_lengths([("displayName", name), ("externalId", group.external_id)])
    return Team(name, group.external_id or None)


def group_of(kept: KeptGroup, base: str) -> Group:
    """Return a team as a Group.

    Args:
        kept: the team.
        base: the address of SCIM here, up to the version.
    """
    group = Group(display_name=kept.told.name)
    group.id, group.external_id = str(kept.id), kept.told.external_id
    group.meta = meta_of("Group", kept, f"{base}/Groups/{kept.id}")
    # Past the checks of the library, which would look at each of thousands again.
    group.__dict__["members"] = [_member(each, base) for each in kept.members] or None
    return group


def _member(member: Member, base: str) -> GroupMember:
    id_ = str(member.id)
    return GroupMember.model_construct(
        value=id_, ref=Reference(f"{base}/Users/{id_}"), type="User", display=member.name
    )
