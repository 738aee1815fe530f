"""What 1.0.x does not know is taken out of a statement, and nothing else is touched."""

import json

import pytest

from builders import a_statement, a_substatement, activity, agent, group, reference
from lrs.xapi.older_readers import reduced

CONTEXT_AGENT = {"objectType": "contextAgent", "agent": agent()}
CONTEXT_GROUP = {"objectType": "contextGroup", "group": group(agent())}
NEW = {"contextAgents": [CONTEXT_AGENT], "contextGroups": [CONTEXT_GROUP]}
OLD = {"platform": "A Moodle", "contextActivities": {"parent": [activity("parent")]}}


def of(payload: dict[str, object]) -> object:
    return json.loads(reduced(json.dumps(payload).encode()))


@pytest.mark.parametrize("name", NEW)
def test_what_is_new_in_a_context_is_left_out(name: str) -> None:
    newer = a_statement(context={"language": "de", name: NEW[name]} | OLD)
    assert of(newer) == a_statement(context={"language": "de"} | OLD)


def test_what_is_new_in_the_context_of_a_substatement_is_left_out() -> None:
    newer = a_statement(object=a_substatement(context=NEW | OLD))
    assert of(newer) == a_statement(object=a_substatement(context=OLD))


def test_a_context_that_would_be_empty_is_left_out() -> None:
    newer = a_statement(context=NEW, object=a_substatement(context=NEW))
    assert of(newer) == a_statement(object=a_substatement())


def test_an_empty_context_that_was_sent_stays() -> None:
    newer = a_statement(context={}, version="2.0.0")
    assert of(newer) == a_statement(context={}, version="1.0.0")


@pytest.mark.parametrize("version", ["2.0", "2.0.0", "2.0.1"])
def test_a_newer_version_becomes_the_oldest(version: str) -> None:
    assert of(a_statement(version=version)) == a_statement(version="1.0.0")


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "1.0.3", "1.0.9"])
def test_an_older_version_stays_though_the_context_is_newer(version: str) -> None:
    assert of(a_statement(version=version, context=NEW)) == a_statement(version=version)


def test_the_order_of_properties_stays() -> None:
    newer = b'{"version":"2.0.0","object":{},"context":{"b":1,"contextAgents":[],"a":2},"id":"x"}'
    older = b'{"version":"1.0.0","object":{},"context":{"b":1,"a":2},"id":"x"}'
    assert reduced(newer) == older


UNTOUCHED = '{ "score" : 1.50e0, "x": "\\u00e4\\/ä", "y":[ 1 , 10000000000000000000000 ] }'.encode()


def test_the_text_of_all_else_stays() -> None:
    newer = b'{"result":%s,"context":{"extensions":%s,"contextAgents":[]},"version":"2.0.0"}'
    older = b'{"result":%s,"context":{"extensions":%s},"version":"1.0.0"}'
    both = (UNTOUCHED, UNTOUCHED)
    assert reduced(newer % both) == older % both


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (rb'{"version":"\u0032.0.0"}', b'{"version":"1.0.0"}'),
        (rb'{"\u0076ersion":"2.0"}', b'{"version":"1.0.0"}'),
        (rb'{"context":{"context\u0041gents":[],"x":1}}', b'{"context":{"x":1}}'),
        (
            rb'{"object":{"objectType":"Sub\u0053tatement","context":{"\u0063ontextGroups":[]}}}',
            rb'{"object":{"objectType":"Sub\u0053tatement"}}',
        ),
    ],
)  # fmt: skip
def test_letters_may_be_escaped(newer: bytes, older: bytes) -> None:
    assert reduced(newer) == older


KEPT = {
    "an old statement": b'{ "version" : "1.0.0" }',
    "new words in an extension": b'{ "context": {"extensions": {"x:y": {"contextAgents": 1}}} }',
    "new words in a text": rb'{ "result" : {"response": "\"contextAgents\" \"2.0"} }',
    "a number that looks like a version": b'{ "result" : {"response": "2.0.0"} }',
    "a version in an extension": b'{ "result": {"extensions": {"x:y": {"version": "2.0.0"}}} }',
    "escaped letters": rb'{ "result" : {"response": "\u0041"} }',
    "a reference": b'{ "object" : %s, "x":"2.0" }' % json.dumps(reference("x")).encode(),
    "an activity with a context": b'{ "object" : {"id": "x:y", "context": {"contextAgents": []}} }',
}  # fmt: skip


@pytest.mark.parametrize("payload", KEPT.values(), ids=KEPT.keys())
def test_what_is_not_newer_stays_to_the_letter(payload: bytes) -> None:
    assert reduced(payload) == payload


def test_what_shows_no_mark_of_a_newer_version_is_not_parsed() -> None:
    assert (
        reduced(rb'not JSON, "version":"1.0.0", \u00e4') == rb'not JSON, "version":"1.0.0", \u00e4'
    )
