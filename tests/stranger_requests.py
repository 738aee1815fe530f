"""For each route, what somebody of another store asks of it who knows the names of everything.

`tests/api/test_strangers.py` sends these. Who adds a route adds a line to `ASKED`.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx

from builders import Json, a_statement
from lrs.xapi.keys import Ifi, ifi_key
from multipart_requests import Part, multipart

# Where the owner has hidden something that nobody else knows, and so never sends.
DATA = b"what was handed in "
TEXT = {"Content-Type": "text/plain"}
JSON_TYPE = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Names:
    """What the things in a store are called, all of which a stranger may know or guess.

    Attributes:
        person: what the learner is told by, as are `activity` and `verb`.
        data: of an attachment; `sha2` is its hash.
        etag: of a document.
        more: the token of a link to the next page of statements.
        key: of the owner's credential, `other_key` of another one in the store.
        email: of the user.
        kept: a person who is kept, `merged` one who was merged into them, `merge` that this was so.
        attribute: that persons can have; `team` and `rule` are ids.
        archived: a person of whom an `archive` is made.
        forgettable: a person of whom an `erasure` is wanted.
        retention: a retention rule, `trial` a dry run of it, `hold` a legal hold.
    """

    statement: str
    voided: str
    registration: str
    person: str
    activity: str
    verb: str
    document: str
    data: str
    sha2: str
    etag: str
    more: str
    key: str
    other_key: str
    store: str
    launch: str
    user: str
    email: str
    kept: str
    merged: str
    merge: str
    attribute: str
    team: str
    rule: str
    archived: str
    archive: str
    forgettable: str
    erasure: str
    retention: str
    trial: str
    hold: str

    def all(self) -> Mapping[str, str]:
        """Return them by what they name."""
        return asdict(self)

    @property
    def agent(self) -> Json:
        return {"objectType": "Agent", "mbox": f"mailto:{self.person}@example.org"}

    @property
    def agent_text(self) -> str:
        return f'{{"objectType":"Agent","mbox":"mailto:{self.person}@example.org"}}'

    @property
    def object(self) -> Json:
        return {"objectType": "Activity", "id": self.activity}

    @property
    def about(self) -> Json:
        """What a statement says that is about the learner."""
        return a_statement(actor=self.agent, verb={"id": self.verb}, object=self.object)

    @property
    def proof(self) -> Json:
        return {
            "usageType": "http://example.org/attachments/proof",
            "display": {"en": "Proof"},
            "contentType": "application/octet-stream",
            "length": len(self.data),
            "sha2": self.sha2,
        }


def new_names(**known: str) -> Names:
    """Return names that nobody has, but for those that are given."""
    unique = uuid4().hex
    data = f"data {unique}"
    made = {
        "statement": str(uuid4()),
        "voided": str(uuid4()),
        "registration": str(uuid4()),
        "person": f"person-{unique}",
        "activity": f"http://example.org/activities/{unique}",
        "verb": f"http://example.org/verbs/{unique}",
        "document": f"document-{unique}",
        "data": data,
        "sha2": hashlib.sha256(data.encode()).hexdigest(),
        "etag": hashlib.sha1(data.encode(), usedforsecurity=False).hexdigest(),
        "more": "none",
        "key": uuid4().hex,
        "other_key": uuid4().hex,
        "store": uuid4().hex,
        "launch": str(uuid4()),
        "user": str(uuid4()),
        "email": f"{unique}@example.org",
        **{name: str(uuid4()) for name in ("kept", "merged", "merge", "team", "rule")},
        "attribute": f"a{unique}",
        **{name: str(uuid4()) for name in ("archived", "archive", "retention", "trial", "hold")},
        **{name: str(uuid4()) for name in ("forgettable", "erasure")},
    }
    return Names(**(made | known))


@dataclass(frozen=True)
class Ask:
    """A request to a route.

    Attributes:
        place: what stands in the path for its parameters.
        owner: the status that the owner gets for the same; None is any success. It shows that the
            request asks for something that is there. 0 is for what has no owner.
        stranger: the status that a stranger gets, where it is not enough that it is the same for
            what is nowhere.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    owner: int | None = None
    stranger: int | None = None

    async def send(self, client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
        """Send it."""
        return await client.request(
            method,
            "http://lrs.test" + path.format(**self.place),
            params=self.params,
            json=self.json,
            content=self.content,
            headers=self.headers,
        )


Asking = Callable[[Names], Ask]


def _with(**parameters: str) -> Asking:
    """Ask with the agent, the activity or both."""
    return lambda it: Ask({name: getattr(it, of) for name, of in parameters.items()})


def _state(it: Names) -> dict[str, str]:
    return {"activityId": it.activity, "agent": it.agent_text, "stateId": it.document}


def _activity_profile(it: Names) -> dict[str, str]:
    return {"activityId": it.activity, "profileId": it.document}


def _agent_profile(it: Names) -> dict[str, str]:
    return {"agent": it.agent_text, "profileId": it.document}


def _without(parameters: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name not in names}


def _documents(path: str, which: Callable[[Names], dict[str, str]]) -> Mapping[Any, Any]:
    """Ask a document resource for a document, with and without what is known of it."""
    if_match: Callable[[Names], dict[str, str]] = lambda it: {"If-Match": f'"{it.etag}"'}  # noqa: E731 - a short word
    if_other: Callable[[Names], dict[str, str]] = lambda it: {"If-None-Match": f'"{it.etag}"'}  # noqa: E731 - a short word
    return {
        ("GET", path): [
            lambda it: Ask(which(it)),
            lambda it: Ask(_without(which(it), "stateId", "profileId")),
            lambda it: Ask(which(it), headers=if_other(it)),
        ],
        ("PUT", path): [
            lambda it: Ask(which(it), content=b"mine", headers=TEXT | if_match(it)),
            lambda it: Ask(
                which(it), content=b"mine", headers=TEXT | {"If-None-Match": "*"}, owner=412
            ),
        ],
        ("POST", path): [
            lambda it: Ask(which(it), content=b"{}", headers=JSON_TYPE | if_match(it)),
            lambda it: Ask(which(it), content=b'{"mine":1}', headers=JSON_TYPE),
        ],
        ("DELETE", path): [
            lambda it: Ask(which(it), headers=if_match(it)),
            lambda it: Ask(which(it)),
        ],
    }


def _sent_with_data(it: Names) -> Ask:
    statement = it.about | {"id": str(uuid4()), "attachments": [it.proof]}
    body, headers = multipart(statement, Part(it.data.encode()))
    return Ask(content=body, headers=headers)


def _sum(_: Names, **more: Any) -> Ask:
    return Ask(
        json={
            "measures": ["statements.count", "actors.unique"],
            "dimensions": ["activity.id", "verb.id"],
            **more,
        }
    )


def _filter(member: str, name: str) -> Asking:
    return lambda it: _sum(
        it, filters=[{"member": member, "operator": "equals", "values": [getattr(it, name)]}]
    )


def _plain(_: Names) -> Ask:
    return Ask()


def _plain_for_nobody(**place: str) -> Asking:
    """Ask for what is for everybody, or for whom it is made out to: it has no owner."""
    return lambda _: Ask(place=place, json={}, owner=0)


def _of(**place: str) -> Asking:
    """Ask for one thing, by its name in the path."""
    return lambda it: Ask(place={name: getattr(it, of) for name, of in place.items()})


def account_of(it: Names) -> Json:
    """Return what the person who is kept is told by."""
    return {"account": {"homePage": "https://hr.example.org", "name": it.document}}


def account_key(it: Names) -> str:
    """Return the key of that."""
    return str(ifi_key(Ifi("account", f"https://hr.example.org {it.document}")))


def _person(it: Names) -> Ask:
    """Ask for the learner, by the key of the identifier."""
    key = ifi_key(Ifi("mbox", f"mailto:{it.person}@example.org"))
    return Ask(place={"id": str(key)})


def _elsewhere(ask: Asking) -> Asking:
    """Ask for the same and name the store."""

    def asking(it: Names) -> Ask:
        asked = ask(it)
        return replace(asked, params={**asked.params, "store": it.store}, stranger=403)

    return asking


def _kept(**more: Any) -> Asking:
    """Ask for the person who is kept."""
    return lambda it: Ask(place={"id": it.kept}, **more)


def _archive(**more: Any) -> Asking:
    """Ask for the archive of a person."""
    return lambda it: Ask(place={"id": it.archived, "archive": it.archive}, **more)


def _erasure(**more: Any) -> Asking:
    """Ask for the erasure of a person."""
    return lambda it: Ask(place={"id": it.forgettable, "erasure": it.erasure}, **more)


def _attribute(it: Names) -> dict[str, str]:
    return {"id": it.kept, "name": it.attribute}


def _member(it: Names) -> dict[str, str]:
    return {"team": it.team, "person": it.kept}


def _pair(it: Names) -> dict[str, str]:
    return {"first": it.kept, "second": it.merged}


_DEFINITION = {"type": "text", "title": {"de": "Mein", "en": "Mine"}}
_RETENTION = {"name": "Mine", "action": "erase", "conditions": {"age": {"days": 100}}}
_RULE = {"kind": "account_is_mail", "home_page": "https://mine.example.org"}
_NEW_CREDENTIAL = {"label": "Mine", "system": "Moodle", "scopes": ["statements/write"]}


def _scim_user(it: Names) -> Json:
    """Return what a provider of identities says of the person who is kept."""
    told = {"userName": it.email, "emails": [{"value": it.email}]}
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], **told}


def _scim_group(it: Names) -> Json:
    told = {"displayName": it.document, "members": [{"value": it.kept}]}
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], **told}


def _scim_patch(**change: Any) -> Json:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", **change}],
    }


def _scim(name: str, **more: Any) -> Asking:
    """Ask for a resource of SCIM, which a stranger does not find."""
    return lambda it: Ask(place={"resource": getattr(it, name)}, stranger=404, **more)


_EXTERNAL_ID = _scim_patch(path="externalId", value="mine")


ASKED: Mapping[tuple[str, str], Sequence[Asking]] = {
    ("GET", "/xapi/statements"): [
        _plain,
        _with(statementId="statement"),
        _with(voidedStatementId="voided"),
        _with(registration="registration"),
        _with(activity="activity"),
        _with(verb="verb"),
        _with(agent="agent_text"),
        lambda it: Ask({"agent": it.agent_text, "related_agents": "true"}),
        lambda it: Ask({"activity": it.activity, "related_activities": "true"}),
        lambda it: Ask({"statementId": it.statement, "attachments": "true"}),
        lambda it: Ask({"activity": it.activity, "format": "canonical"}),
        lambda it: Ask({"more": it.more}, stranger=400),
    ],
    ("PUT", "/xapi/statements"): [
        lambda it: Ask({"statementId": it.statement}, json=it.about, owner=409, stranger=204),
        lambda it: Ask({"statementId": it.voided}, json=it.about),
    ],
    ("POST", "/xapi/statements"): [
        lambda it: Ask(json=[it.about | {"id": it.statement}, it.about], owner=409, stranger=200),
        lambda it: Ask(
            json=a_statement(
                actor=it.agent,
                verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
                object={"objectType": "StatementRef", "id": it.statement},
            )
        ),
        lambda it: Ask(
            json=it.about | {"object": it.object | {"definition": {"name": {"en": "Mine"}}}}
        ),
        _sent_with_data,
    ],
    **_documents("/xapi/activities/state", _state),
    **_documents("/xapi/activities/profile", _activity_profile),
    **_documents("/xapi/agents/profile", _agent_profile),
    ("GET", "/xapi/activities"): [_with(activityId="activity")],
    ("GET", "/xapi/agents"): [_with(agent="agent_text")],
    ("GET", "/xapi/about"): [_plain],
    ("POST", "/api/v1/analytics/query"): [
        _sum,
        _filter("activity.id", "activity"),
        _filter("verb.id", "verb"),
        lambda it: _sum(it, dimensions=["system"]),
    ],
    ("GET", "/api/v1/statements/{statement_id}"): [
        _of(statement_id="statement"),
        _of(statement_id="voided"),
    ],
    ("GET", "/api/v1/attachments/{sha2}"): [_of(sha2="sha2")],
    ("GET", "/api/v1/stores"): [_plain],
    ("POST", "/api/v1/stores"): [lambda it: Ask(json={"name": it.store}, owner=409)],
    ("GET", "/api/v1/stores/{name}"): [_of(name="store")],
    ("PATCH", "/api/v1/stores/{name}"): [
        lambda it: Ask(place={"name": it.store}, json={"mode": "tolerant"})
    ],
    ("DELETE", "/api/v1/stores/{name}"): [
        lambda it: Ask(place={"name": it.store}, json={"confirm": it.store}, owner=409)
    ],
    ("GET", "/api/v1/stores/{name}/deletion"): [
        lambda it: Ask(place={"name": it.store}, owner=404)
    ],
    ("GET", "/api/v1/credentials"): [_plain, _elsewhere(_plain)],
    ("POST", "/api/v1/credentials"): [
        lambda _: Ask(json=_NEW_CREDENTIAL),
        _elsewhere(lambda _: Ask(json=_NEW_CREDENTIAL)),
        lambda it: Ask(json=_NEW_CREDENTIAL | {"authority": it.agent}),
    ],
    ("GET", "/api/v1/credentials/{key}"): [_of(key="key"), _elsewhere(_of(key="key"))],
    ("PATCH", "/api/v1/credentials/{key}"): [
        lambda it: Ask(place={"key": it.other_key}, json={"label": "Mine"}),
        _elsewhere(lambda it: Ask(place={"key": it.other_key}, json={"label": "Mine"})),
    ],
    ("POST", "/api/v1/credentials/{key}/rotate"): [
        lambda it: Ask(place={"key": it.other_key}, json={}),
        _elsewhere(lambda it: Ask(place={"key": it.other_key}, json={})),
    ],
    ("DELETE", "/api/v1/credentials/{key}"): [
        _elsewhere(lambda it: Ask(place={"key": it.other_key})),
        lambda it: Ask(place={"key": it.other_key}, owner=404),
    ],
    ("GET", "/api/v1/launch-tokens"): [_plain],
    ("POST", "/api/v1/launch-tokens"): [
        lambda it: Ask(
            json={"actor": it.agent, "activity": it.activity, "registration": it.registration}
        )
    ],
    ("DELETE", "/api/v1/launch-tokens/{id}"): [_of(id="launch")],
    ("POST", "/api/v1/launch-tokens/fetch/{ticket}"): [_plain_for_nobody(ticket="none")],
    ("GET", "/api/v1/audit"): [
        _plain,
        _elsewhere(_plain),
        lambda it: Ask({"who": it.key}),
        lambda it: Ask({"target": it.other_key}),
    ],
    ("GET", "/api/v1/people"): [
        _plain,
        lambda it: Ask({"identifier": it.agent_text}),
        lambda it: Ask({"attribute": f"{it.attribute}=x"}),
        lambda it: Ask({"team": it.team}),
        lambda it: Ask({"more": it.more}, owner=400, stranger=400),
    ],
    ("POST", "/api/v1/people"): [
        lambda it: Ask(json={"name": "Mine", "identifiers": [it.agent]}),
        lambda it: Ask(json={"attributes": [{"name": it.attribute, "value": "x"}]}),
    ],
    ("GET", "/api/v1/people/{id}"): [_kept(), _person],
    ("PATCH", "/api/v1/people/{id}"): [
        _kept(json={"name": "Mine"}),
        lambda it: replace(_person(it), json={"name": "Mine"}),
    ],
    ("GET", "/api/v1/people/{id}/changes"): [_kept()],
    ("DELETE", "/api/v1/people/{id}"): [_kept()],
    ("POST", "/api/v1/people/{id}/identifiers"): [
        lambda it: Ask(place={"id": it.kept}, json={"identifiers": [it.agent]})
    ],
    ("DELETE", "/api/v1/people/{id}/identifiers/{key}"): [
        lambda it: Ask(place={"id": it.kept, "key": account_key(it)})
    ],
    ("PUT", "/api/v1/people/{id}/attributes/{name}"): [
        lambda it: Ask(place=_attribute(it), json={"value": "mine"})
    ],
    ("DELETE", "/api/v1/people/{id}/attributes/{name}"): [lambda it: Ask(place=_attribute(it))],
    ("GET", "/api/v1/people/{id}/restrictions"): [_kept(), _person],
    ("POST", "/api/v1/people/{id}/restrictions"): [_kept(json={"reason": "mine"})],
    ("DELETE", "/api/v1/people/{id}/restrictions"): [
        lambda it: Ask(place={"id": it.kept}, owner=409)
    ],
    ("GET", "/api/v1/people/{id}/erasures"): [_of(id="forgettable"), _person],
    ("POST", "/api/v1/people/{id}/erasures"): [
        _kept(json={"mode": "erase"}),
        lambda it: replace(_person(it), json={"mode": "anonymise"}),
    ],
    ("GET", "/api/v1/people/{id}/erasures/{erasure}"): [_erasure()],
    ("DELETE", "/api/v1/people/{id}/erasures/{erasure}"): [_erasure()],
    ("POST", "/api/v1/people/{id}/erasures/{erasure}/confirmation"): [
        _erasure(json={"confirm": str(uuid4())}, owner=409)
    ],
    # The key is that of the installation.
    ("GET", "/api/v1/privacy/keys"): [lambda _: Ask(owner=0)],
    ("GET", "/api/v1/people/{id}/merges"): [_kept()],
    ("POST", "/api/v1/people/{id}/merges"): [
        lambda it: replace(_person(it), json={"other": it.kept}),
    ],
    ("DELETE", "/api/v1/people/{id}/merges/{merge}"): [
        lambda it: Ask(place={"id": it.kept, "merge": it.merge})
    ],
    ("POST", "/api/v1/people/{id}/splits"): [
        lambda it: Ask(place={"id": it.kept}, json={"identifiers": [account_of(it)]})
    ],
    ("GET", "/api/v1/people/suggestions"): [_plain],
    ("POST", "/api/v1/people/suggestions/{first}/{second}/accept"): [
        lambda it: Ask(place=_pair(it), owner=409)
    ],
    ("POST", "/api/v1/people/suggestions/{first}/{second}/refuse"): [
        lambda it: Ask(place=_pair(it), owner=409)
    ],
    ("GET", "/api/v1/attribute-definitions"): [_plain],
    ("PUT", "/api/v1/attribute-definitions/{name}"): [
        lambda it: Ask(place={"name": it.attribute}, json=_DEFINITION)
    ],
    ("DELETE", "/api/v1/attribute-definitions/{name}"): [
        lambda it: Ask(place={"name": it.attribute}, owner=409)
    ],
    ("GET", "/api/v1/joining-rules"): [_plain],
    ("POST", "/api/v1/joining-rules"): [lambda _: Ask(json=_RULE)],
    ("DELETE", "/api/v1/joining-rules/{rule}"): [_of(rule="rule")],
    ("GET", "/api/v1/teams"): [_plain],
    ("POST", "/api/v1/teams"): [lambda it: Ask(json={"name": it.document})],
    ("GET", "/api/v1/teams/{team}"): [_of(team="team")],
    ("PATCH", "/api/v1/teams/{team}"): [
        lambda it: Ask(place={"team": it.team}, json={"external_id": "mine"})
    ],
    ("DELETE", "/api/v1/teams/{team}"): [_of(team="team")],
    ("GET", "/api/v1/teams/{team}/members"): [_of(team="team")],
    ("PUT", "/api/v1/teams/{team}/members/{person}"): [
        lambda it: Ask(place=_member(it), json={"until": "2020-01-01"}, owner=409)
    ],
    ("DELETE", "/api/v1/teams/{team}/members/{person}"): [lambda it: Ask(place=_member(it))],
    ("POST", "/api/v1/people/imports"): [
        lambda it: Ask(json=[{"mail": it.email, "name": "Mine", "identifiers": [it.agent]}]),
    ],
    ("GET", "/api/v1/people/{id}/history"): [
        _person,
        lambda it: replace(_person(it), params={"course": it.activity, "verb": it.verb}),
        lambda it: replace(_person(it), headers={"Accept": "application/x-ndjson"}),
        lambda it: replace(_person(it), params={"cursor": "none"}, owner=400, stranger=400),
    ],
    ("GET", "/api/v1/people/{id}/summary"): [_person],
    ("GET", "/metrics"): [_plain],
    ("GET", "/api/v1/users"): [_plain],
    ("GET", "/api/v1/users/{user}"): [_of(user="user")],
    ("PATCH", "/api/v1/users/{user}"): [
        lambda it: Ask(place={"user": it.user}, json={"name": "Mine"})
    ],
    ("PUT", "/api/v1/users/{user}/grants"): [
        lambda it: Ask(place={"user": it.user}, json={"grants": []}),
        lambda it: Ask(
            place={"user": it.user},
            json={"grants": [{"role": "analyst", "store": it.store}]},
        ),
    ],
    ("POST", "/api/v1/users/{user}/set-up-link"): [_of(user="user")],
    ("POST", "/api/v1/users"): [
        lambda it: Ask(
            json={
                "name": "Mine",
                "email": f"of-{it.email}",
                "grants": [{"role": "analyst", "store": it.store}],
            }
        )
    ],
    ("GET", "/api/v1/reidentifications"): [_plain],
    ("GET", "/api/v1/people/{id}/archives"): [_of(id="archived"), _person],
    ("POST", "/api/v1/people/{id}/archives"): [
        lambda it: replace(_person(it), json={}),
        _kept(json={"language": "de"}),
    ],
    ("GET", "/api/v1/people/{id}/archives/{archive}"): [_archive()],
    ("DELETE", "/api/v1/people/{id}/archives/{archive}"): [_archive()],
    # What is in it the owner has once it is made: `tests/api/test_archives.py` shows it.
    ("GET", "/api/v1/people/{id}/archives/{archive}/content"): [_archive(owner=0)],
    ("GET", "/api/v1/retention-rules"): [_plain],
    ("POST", "/api/v1/retention-rules"): [lambda _: Ask(json=_RETENTION)],
    ("GET", "/api/v1/retention-rules/{rule}"): [_of(rule="retention")],
    ("PUT", "/api/v1/retention-rules/{rule}"): [
        lambda it: Ask(place={"rule": it.retention}, json=_RETENTION)
    ],
    ("DELETE", "/api/v1/retention-rules/{rule}"): [_of(rule="retention")],
    ("GET", "/api/v1/retention-rules/{rule}/dry-runs"): [_of(rule="retention")],
    # One is being made, or is over: the owner gets the one or the other answer.
    ("POST", "/api/v1/retention-rules/{rule}/dry-runs"): [
        lambda it: Ask(place={"rule": it.retention}, owner=0)
    ],
    ("GET", "/api/v1/retention-rules/{rule}/dry-runs/{run}"): [_of(rule="retention", run="trial")],
    ("POST", "/api/v1/retention-rules/{rule}/activation"): [
        lambda it: Ask(place={"rule": it.retention}, owner=0)
    ],
    ("DELETE", "/api/v1/retention-rules/{rule}/activation"): [_of(rule="retention")],
    ("GET", "/api/v1/retention-runs"): [
        _plain,
        lambda it: Ask({"rule": it.retention}),
        lambda it: Ask({"before": it.trial}),
    ],
    ("GET", "/api/v1/retention-runs/{run}"): [lambda it: Ask(place={"run": it.trial}, owner=404)],
    ("GET", "/api/v1/legal-holds"): [_plain],
    ("POST", "/api/v1/legal-holds"): [
        lambda it: Ask(json={"reason": "mine", "person": it.kept}),
        lambda it: Ask(json={"reason": "mine", "activity": it.activity}),
    ],
    ("GET", "/api/v1/legal-holds/{hold}"): [_of(hold="hold")],
    ("DELETE", "/api/v1/legal-holds/{hold}"): [_of(hold="hold")],
    # Of people alone: a tool gets nowhere, in whatever store it is.
    ("GET", "/api/v1/me/export"): [_plain_for_nobody()],
    ("POST", "/api/v1/me/export"): [_plain_for_nobody()],
    ("DELETE", "/api/v1/me/export"): [_plain_for_nobody()],
    ("GET", "/api/v1/me/export/content"): [_plain_for_nobody()],
    ("POST", "/api/v1/reidentifications"): [
        lambda _: Ask(json={"pseudonym": "a" * 52, "reason": "a guess of mine"}, owner=0)
    ],
    ("POST", "/api/v1/reidentifications/{reidentification}/approval"): [
        _plain_for_nobody(reidentification=str(uuid4()))
    ],
    ("GET", "/api/v1/reidentifications/{reidentification}"): [
        _plain_for_nobody(reidentification=str(uuid4()))
    ],
    ("GET", "/api/v1/me/history"): [_plain_for_nobody()],
    ("GET", "/api/v1/me/summary"): [_plain_for_nobody()],
    ("GET", "/scim/v2/Users"): [_plain, lambda it: Ask({"filter": f'id eq "{it.kept}"'})],
    ("POST", "/scim/v2/Users"): [lambda it: Ask(json=_scim_user(it), stranger=201)],
    ("POST", "/scim/v2/Users/.search"): [
        lambda it: Ask(json={"filter": f'userName co "{it.kept}" or id eq "{it.kept}"'})
    ],
    ("GET", "/scim/v2/Users/{resource}"): [_scim("kept")],
    ("PUT", "/scim/v2/Users/{resource}"): [
        lambda it: Ask(place={"resource": it.kept}, json=_scim_user(it), stranger=404)
    ],
    ("PATCH", "/scim/v2/Users/{resource}"): [_scim("kept", json=_EXTERNAL_ID)],
    ("DELETE", "/scim/v2/Users/{resource}"): [_scim("kept")],
    ("GET", "/scim/v2/Groups"): [_plain, lambda it: Ask({"filter": f'members eq "{it.kept}"'})],
    ("POST", "/scim/v2/Groups"): [lambda it: Ask(json=_scim_group(it), stranger=400)],
    ("POST", "/scim/v2/Groups/.search"): [
        lambda it: Ask(json={"filter": f'members eq "{it.kept}" or id eq "{it.team}"'})
    ],
    ("GET", "/scim/v2/Groups/{resource}"): [_scim("team")],
    ("PUT", "/scim/v2/Groups/{resource}"): [
        lambda it: Ask(place={"resource": it.team}, json=_scim_group(it), stranger=404)
    ],
    ("PATCH", "/scim/v2/Groups/{resource}"): [
        _scim("team", json=_EXTERNAL_ID),
        lambda it: Ask(
            place={"resource": it.team},
            json=_scim_patch(path="members", value=[{"value": it.kept}]),
            stranger=404,
        ),
    ],
    ("DELETE", "/scim/v2/Groups/{resource}"): [_scim("team")],
    ("POST", "/scim/v2/.search"): [lambda it: Ask(json={"filter": f'id eq "{it.team}"'})],
    # What is the same for everybody.
    ("GET", "/scim/v2/ServiceProviderConfig"): [_plain],
    ("GET", "/scim/v2/ResourceTypes"): [_plain],
    ("GET", "/scim/v2/ResourceTypes/{resource}"): [_plain_for_nobody(resource="User")],
    ("GET", "/scim/v2/Schemas"): [_plain],
    ("GET", "/scim/v2/Schemas/{resource}"): [_plain_for_nobody(resource="none")],
    ("GET", "/api/v1/api-tokens"): [_plain_for_nobody()],
    ("POST", "/api/v1/api-tokens"): [
        lambda it: Ask(json={"label": "Mine", "store": it.store}, owner=0)
    ],
    ("GET", "/api/v1/api-tokens/{token}"): [_plain_for_nobody(token=str(uuid4()))],
    ("DELETE", "/api/v1/api-tokens/{token}"): [_plain_for_nobody(token=str(uuid4()))],
    ("GET", "/api/v1/session"): [_plain_for_nobody()],
    ("POST", "/api/v1/session"): [
        lambda it: Ask(json={"email": it.email, "password": "a guess of mine"}, owner=0)
    ],
    ("PATCH", "/api/v1/session"): [
        lambda it: Ask(json={"store": it.store, "role": "analyst"}, owner=0)
    ],
    ("DELETE", "/api/v1/session"): [_plain_for_nobody()],
    # Pages, which know nobody without a cookie or a link of one's own.
    ("GET", "/sign-in"): [_plain_for_nobody()],
    ("POST", "/sign-in"): [_plain_for_nobody()],
    ("GET", "/sign-out"): [_plain_for_nobody()],
    ("POST", "/sign-out"): [_plain_for_nobody()],
    ("GET", "/set-up/{token}"): [_plain_for_nobody(token="none")],
    ("POST", "/set-up/{token}"): [_plain_for_nobody(token="none")],
    ("GET", "/sign-on/start"): [_plain_for_nobody()],
    ("GET", "/sign-on/callback"): [_plain_for_nobody()],
    ("GET", "/pages.css"): [_plain_for_nobody()],
    ("GET", "/docs"): [_plain_for_nobody()],
    ("GET", "/docs/oauth2-redirect"): [_plain_for_nobody()],
    ("GET", "/redoc"): [_plain_for_nobody()],
    ("GET", "/openapi.json"): [_plain_for_nobody()],
}
