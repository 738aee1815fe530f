"""What a record's hash is over: everything, and each field by itself."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lrs.auth.audit import Action, AuditEvent, Caller, Outcome, WhoKind
from lrs.auth.audit_chain import (
    BEGINNING,
    ERASABLE,
    AuditRecord,
    BrokenLink,
    ChainCheck,
    chained,
    hash_of,
    moment,
    record_of,
    without_person,
)

AT = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
STORE = 7

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_records = st.builds(
    AuditRecord,
    number=st.integers(1, 2**62),
    at=st.datetimes(timezones=st.just(UTC)),
    who_kind=st.sampled_from([kind.value for kind in WhoKind]),
    who=_texts | st.none(),
    address=_texts | st.none(),
    action=st.sampled_from([action.value for action in Action]),
    target=_texts | st.none(),
    outcome=st.sampled_from([outcome.value for outcome in Outcome]),
    request_id=_texts,
    details=_texts | st.none(),
    seals=st.tuples(*[st.binary(min_size=16, max_size=16)] * len(ERASABLE)),
    hash=st.just(b""),
)
_FIELDS = sorted(set(AuditRecord.__slots__) - {"hash"})


def event(target: str = "moodle", **details: object) -> AuditEvent:
    caller = Caller(WhoKind.USER, "ada", "192.0.2.1", "request-1")
    return AuditEvent(caller, Action.CREDENTIAL_MADE, target, details=details)


def chain(length: int) -> list[AuditRecord]:
    records = [record_of(event(f"key {place}"), place, AT) for place in range(1, length + 1)]
    hashes = chained(STORE, records, BEGINNING)
    return [replace(record, hash=digest) for record, digest in zip(records, hashes, strict=True)]


def followed(records: list[AuditRecord], number: int, digest: bytes) -> BrokenLink | None:
    check = ChainCheck(STORE)
    for record in records:
        broken = check.follow(record)
        if broken is not None:
            return broken
    return check.end(number, digest)


@given(_records, _records, st.sampled_from(_FIELDS), st.binary(min_size=32, max_size=32))
def test_no_field_can_be_another_without_another_hash(
    record: AuditRecord, other: AuditRecord, name: str, previous: bytes
) -> None:
    value: Any = getattr(other, name)
    assume(value != getattr(record, name))
    changed = replace(record, **{name: value})
    assert hash_of(STORE, changed, previous) != hash_of(STORE, record, previous)


@given(_records)
def test_the_hash_depends_on_the_one_before_and_on_the_store(record: AuditRecord) -> None:
    first = hash_of(STORE, record, BEGINNING)
    assert hash_of(STORE, record, first) != first
    assert hash_of(STORE + 1, record, BEGINNING) != first


@given(_records, st.integers(-14 * 60, 14 * 60))
def test_the_hash_does_not_depend_on_how_a_moment_is_written(
    record: AuditRecord, minutes: int
) -> None:
    assume(2 < record.at.year < 9998)
    elsewhere = replace(record, at=record.at.astimezone(timezone(timedelta(minutes=minutes))))
    assert hash_of(STORE, elsewhere, BEGINNING) == hash_of(STORE, record, BEGINNING)


@given(_records, st.data())
def test_an_erased_record_has_the_same_hash_and_tells_nothing_of_the_person(
    record: AuditRecord, data: st.DataObject
) -> None:
    person = data.draw(st.sampled_from([record.who, record.target]))
    assume(person is not None)
    erased = without_person(record, person or "")
    assert hash_of(STORE, erased, BEGINNING) == hash_of(STORE, record, BEGINNING)
    assert person not in (erased.who, erased.target)
    assert erased.erased
    assert without_person(erased, person or "") == erased


@given(st.text())
def test_what_postgresql_cannot_keep_is_replaced(text: str) -> None:
    record = record_of(event(text), 1, AT)
    assert record.target is not None
    assert "\0" not in record.target
    record.target.encode()


def test_a_moment_always_has_microseconds_and_is_in_utc() -> None:
    assert moment(AT.replace(microsecond=0)) == "2026-01-02T03:04:05.000000Z"
    berlin = timezone(timedelta(hours=1))
    assert moment(AT.astimezone(berlin)) == "2026-01-02T03:04:05.000006Z"


def test_two_records_of_the_same_are_sealed_differently() -> None:
    one, other = (record_of(event(), 1, AT) for _ in range(2))
    assert hash_of(STORE, one, BEGINNING) != hash_of(STORE, other, BEGINNING)


def test_details_are_kept_as_one_text_whatever_their_order() -> None:
    one = record_of(event(a=1, b=2), 1, AT)
    other = record_of(event(b=2, a=1), 1, AT)
    assert one.details == other.details == '{"a":1,"b":2}'


def test_a_whole_chain_holds() -> None:
    records = chain(5)
    assert followed(records, 5, records[-1].hash) is None
    assert followed([], 0, BEGINNING) is None


@pytest.mark.parametrize(
    ("order", "number", "what"),
    [
        ([1, 2, 4, 5], 3, "missing"),
        ([2, 3, 4, 5], 1, "missing"),
        ([1, 2, 3], 4, "from here to the end"),
        ([], 1, "from here to the end"),
    ],
)
def test_missing_records_are_told(order: list[int], number: int, what: str) -> None:
    records = chain(5)
    broken = followed([records[place - 1] for place in order], 5, records[-1].hash)
    assert broken is not None
    assert broken.number == number
    assert what in broken.what


def test_two_that_changed_places_are_told_by_the_first() -> None:
    records = chain(5)
    second, fourth = records[1], records[3]
    records[1], records[3] = replace(fourth, number=2), replace(second, number=4)
    broken = followed(records, 5, records[-1].hash)
    assert broken is not None
    assert broken.number == 2


def test_a_record_beyond_the_end_is_told() -> None:
    records = chain(5)
    broken = followed(records, 4, records[3].hash)
    assert broken is not None
    assert broken.number == 5


def test_an_end_that_is_another_is_told() -> None:
    assert followed(chain(3), 3, bytes(32)) is not None


def test_fields_that_were_erased_without_a_record_of_it_are_told() -> None:
    records = chain(3)
    records[1] = without_person(records[1], "ada")
    broken = followed(records, 3, records[-1].hash)
    assert broken is not None
    assert "2 fields are erased, 0 by what is recorded" in broken.what


def test_fields_that_were_erased_by_a_recorded_erasure_are_fine() -> None:
    records = chain(3)
    records[1] = without_person(records[1], "ada")
    said = AuditEvent(
        Caller(WhoKind.SYSTEM, "lrs"), Action.AUDIT_ERASED, details={"records": 1, "fields": 2}
    )
    last = record_of(said, 4, AT)
    last = replace(last, hash=hash_of(STORE, last, records[-1].hash))
    assert json.loads(last.details or "") == {"records": 1, "fields": 2}
    assert followed([*records, last], 4, last.hash) is None
