"""Each known verb is of one family."""

from lrs.analytics.measures import COMPLETION_VERBS, RATING_VERBS
from lrs.analytics.verb_families import FAMILY_OF_WORDS, VerbFamily, family_of, verbs_of
from lrs.xapi.iris import is_iri
from lrs.xapi.known_verbs import KNOWN_VERBS


def test_each_known_verb_is_of_a_family_and_each_family_has_verbs() -> None:
    assert {*KNOWN_VERBS.values()} == {*FAMILY_OF_WORDS}
    assert {*FAMILY_OF_WORDS.values()} == {*VerbFamily}
    assert [iri for iri in KNOWN_VERBS if not is_iri(iri)] == []


def test_a_verb_is_found_by_its_family() -> None:
    for iri in KNOWN_VERBS:
        family = family_of(iri)
        assert family is not None
        assert iri in verbs_of(family)
    both = verbs_of(VerbFamily.PASSED, VerbFamily.FAILED)
    assert {*both} == {f"http://adlnet.gov/expapi/verbs/{name}" for name in ("passed", "failed")}


def test_others_are_of_none() -> None:
    assert family_of("http://adlnet.gov/expapi/verbs/slept") is None
    assert family_of("completed") is None
    assert verbs_of() == ()


def test_families_agree_with_measures() -> None:
    assert {family_of(iri) for iri in COMPLETION_VERBS} == {VerbFamily.COMPLETED}
    assert {*RATING_VERBS} == {*verbs_of(VerbFamily.RATED)} & {*RATING_VERBS}
