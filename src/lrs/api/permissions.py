"""Tells of each route whom it lets in, for `docs/permissions.md` and for the test of it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from lrs.api.credentials import May
from lrs.auth.roles import SCOPES_OF_ROLES
from lrs.auth.scopes import Scope, Scopes, with_implied

# Where FastAPI shows the OpenAPI document to people.
_DOCUMENTATION = ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc")
_METHODS_OF_OURS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Permission(NamedTuple):
    """Whom a route lets in.

    Attributes:
        any_of: scopes of which one is enough; empty if it is enough to be known; None if nobody
            has to be known.
    """

    method: str
    path: str
    any_of: tuple[Scope, ...] | None

    def allows(self, scopes: Scopes) -> bool:
        """Tell whether it lets in somebody with these scopes, with all that they bring along."""
        return not self.any_of or not scopes.isdisjoint(self.any_of)


def permissions_of(app: FastAPI) -> list[Permission]:
    """Return what each route of an app asks for, in the order of their paths."""
    return sorted(_permissions(app), key=lambda each: (each.path, _METHODS_OF_OURS.index(each[0])))


def _permissions(app: FastAPI) -> Iterator[Permission]:
    for route in iter_route_contexts(app.routes):
        if route.path is None or route.path in _DOCUMENTATION:
            continue
        for method in sorted({*(route.methods or ())} - {"HEAD"}):
            yield Permission(method, route.path, _asked(getattr(route.route, "dependant", None)))


def _asked(dependant: Dependant | None) -> tuple[Scope, ...] | None:
    for each in dependant.dependencies if dependant else ():
        if isinstance(each.call, May):
            return each.call.any_of
    return None


def as_page(permissions: Sequence[Permission]) -> str:
    """Return the page that shows which scope and which role may use which route."""
    by_scope = {scope.value: with_implied([scope]) for scope in Scope}
    by_role = {role.value: with_implied(scopes) for role, scopes in SCOPES_OF_ROLES.items()}
    return _PAGE.format(
        asked="\n".join(map(_line, permissions)),
        scopes=_table(permissions, by_scope),
        roles=_table(permissions, by_role),
    )


def _line(permission: Permission) -> str:
    if permission.any_of is None:
        asked = "nothing: who asks need not be known"
    else:
        asked = " or ".join(f"`{scope}`" for scope in permission.any_of) or "to be known"
    return f"| {permission.method} | `{permission.path}` | {asked} |"


def _table(permissions: Sequence[Permission], columns: dict[str, Scopes]) -> str:
    head = ["", *(f"`{name}`" for name in columns)]
    lines = [_row(head), _row(["---"] + [":-:"] * len(columns))]
    for each in permissions:
        if each.any_of is not None:
            marks = ["x" if each.allows(scopes) else "403" for scopes in columns.values()]
            lines.append(_row([f"{each.method} `{each.path}`", *marks]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_PAGE = """\
# Who may use which route

Written by `lrs permissions`, from the routes themselves; a test compares this page with them, and
asks each route with each scope and each role whether it is true.

Without credentials every route but those that ask for nothing answers 401. With the credentials of
another store each shows that other store. HEAD is allowed where GET is. What a scope or a role may
see of a store can be limited further, to activities or to people: see `credentials.md` and
`sign-on.md`. What is shown by `statements/read/mine` is only what has the same authority.

## What each route asks for

| method | route | asks for |
|---|---|---|
{asked}

## Each scope alone

{scopes}

## Each role

{roles}
"""
