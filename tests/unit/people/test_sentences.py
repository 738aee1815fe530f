"""What somebody did, as a sentence in German and in English."""

import dataclasses

import pytest

from lrs.people.identifiers import account
from lrs.people.sentence_verbs import PHRASES
from lrs.people.sentences import Kind, Thing, Told, sentence, speaking_name
from lrs.xapi.accept_language import parse_accept_language
from lrs.xapi.keys import Ifi
from lrs.xapi.known_verbs import KNOWN_VERBS
from lrs.xapi.records import Measures

ADL = "http://adlnet.gov/expapi/verbs/"
TINCAN = "http://id.tincanapi.com/verb/"
VIDEO = "https://w3id.org/xapi/video/verbs/"
ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
OWN = "https://lxp.example/verbs/"
FIRE = Thing(Kind.ACTIVITY, "http://x.example/fire", {"de": "Brandschutz", "en": "Fire safety"})
DE, EN = parse_accept_language("de"), parse_accept_language("en")
RIGHT, WRONG = Measures(success=True), Measures(success=False)


def told(verb: str = ADL + "completed", thing: Thing = FIRE, **more: object) -> Told:
    plain = Told("Anna Berger", verb, {}, thing)
    return dataclasses.replace(plain, **more)  # type: ignore[arg-type]  # of whichever field


@pytest.mark.parametrize(
    ("verb", "result", "german", "english"),
    [
        ("launched", Measures(), "hat »Brandschutz« gestartet", "launched “Fire safety”"),
        ("initialized", Measures(), "hat »Brandschutz« begonnen", "started “Fire safety”"),
        ("attempted", WRONG, "hat »Brandschutz« versucht und nicht bestanden",
         "attempted “Fire safety” and did not pass"),
        ("completed", Measures(score_scaled=0.85), "hat »Brandschutz« mit 85 % abgeschlossen",
         "completed “Fire safety” with 85 %"),
        ("completed", Measures(score_scaled=0.855, success=True, completion=True),
         "hat »Brandschutz« mit 85,5 % abgeschlossen und bestanden",
         "completed “Fire safety” with 85.5 % and passed"),
        ("completed", Measures(duration=1500), "hat »Brandschutz« in 25 Minuten abgeschlossen",
         "completed “Fire safety” in 25 minutes"),
        ("passed", Measures(score_raw=17, score_max=20, success=True),
         "hat »Brandschutz« mit 17 von 20 Punkten bestanden",
         "passed “Fire safety” with 17 of 20 points"),
        ("failed", Measures(score_raw=1), "hat »Brandschutz« mit 1 Punkt nicht bestanden",
         "failed “Fire safety” with 1 point"),
        ("failed", Measures(score_scaled=-0.5), "hat »Brandschutz« mit \u221250 % nicht bestanden",
         "failed “Fire safety” with \u221250 %"),
        ("answered", RIGHT, "hat »Brandschutz« richtig beantwortet",
         "answered “Fire safety” correctly"),
        ("answered", WRONG, "hat »Brandschutz« falsch beantwortet",
         "answered “Fire safety” wrongly"),
        ("scored", Measures(score_raw=12.5, score_max=20),
         "hat bei »Brandschutz« ein Ergebnis von 12,5 von 20 Punkten erreicht",
         "scored 12.5 of 20 points on “Fire safety”"),
        ("scored", Measures(), "hat für »Brandschutz« ein Ergebnis erhalten",
         "got a result for “Fire safety”"),
        ("progressed", Measures(), "ist bei »Brandschutz« vorangekommen",
         "made progress in “Fire safety”"),
        ("terminated", Measures(completion=True, success=True),
         "hat »Brandschutz« beendet, abgeschlossen und bestanden",
         "ended “Fire safety”, completed it and passed"),
        ("experienced", Measures(), "hat sich »Brandschutz« angesehen",
         "experienced “Fire safety”"),
        ("attended", Measures(duration=3900),
         "hat in 1 Stunde 5 Minuten an »Brandschutz« teilgenommen",
         "attended “Fire safety” in 1 hour 5 minutes"),
        ("registered", Measures(), "hat sich für »Brandschutz« angemeldet",
         "registered for “Fire safety”"),
        ("mastered", Measures(), "hat »Brandschutz« gemeistert", "mastered “Fire safety”"),
        ("interacted", Measures(), "hat mit »Brandschutz« gearbeitet",
         "interacted with “Fire safety”"),
        ("shared", Measures(), "hat »Brandschutz« geteilt", "shared “Fire safety”"),
        ("rated", Measures(score_raw=4, score_max=5),
         "hat »Brandschutz« mit 4 von 5 Sternen bewertet",
         "rated “Fire safety” 4 out of 5 stars"),
        ("rated", Measures(score_raw=1), "hat »Brandschutz« mit 1 Stern bewertet",
         "rated “Fire safety” 1 star"),
        ("rated", Measures(score_raw=80, score_max=100),
         "hat »Brandschutz« mit 80 von 100 Punkten bewertet",
         "rated “Fire safety” with 80 of 100 points"),
        ("rated", Measures(), "hat »Brandschutz« bewertet", "rated “Fire safety”"),
    ],
)  # fmt: skip
def test_a_known_verb_is_told_by_its_own_grammar(
    verb: str, result: Measures, german: str, english: str
) -> None:
    said = told(ADL + verb, result=result)
    assert sentence(said, DE) == f"Anna Berger {german}."
    assert sentence(said, EN) == f"Anna Berger {english}."


@pytest.mark.parametrize(
    ("verb", "german", "english"),
    [
        (VIDEO + "played", "hat »Brandschutz« abgespielt", "played “Fire safety”"),
        (VIDEO + "paused", "hat »Brandschutz« angehalten", "paused “Fire safety”"),
        (VIDEO + "seeked", "ist in »Brandschutz« an eine andere Stelle gesprungen",
         "jumped to another part of “Fire safety”"),
        (TINCAN + "viewed", "hat sich »Brandschutz« angesehen", "viewed “Fire safety”"),
        (ACROSSX + "watched", "hat sich »Brandschutz« angeschaut", "watched “Fire safety”"),
        (ACROSSX + "liked", "hat »Brandschutz« mit »Gefällt mir« markiert", "liked “Fire safety”"),
        (ACROSSX + "searched", "hat in »Brandschutz« gesucht", "searched “Fire safety”"),
        ("https://w3id.org/xapi/adl/verbs/abandoned", "hat »Brandschutz« abgebrochen",
         "abandoned “Fire safety”"),
    ],
)  # fmt: skip
def test_verbs_of_other_vocabularies_are_known_too(verb: str, german: str, english: str) -> None:
    assert sentence(told(verb), DE) == f"Anna Berger {german}."
    assert sentence(told(verb), EN) == f"Anna Berger {english}."


def test_every_known_verb_is_told_whatever_its_result() -> None:
    result = Measures(
        score_scaled=0.5, score_raw=2, score_max=4, success=True, completion=True, duration=90
    )
    assert {*KNOWN_VERBS.values()} == {*PHRASES}
    for verb in KNOWN_VERBS:
        for said in (told(verb), told(verb, result=result, response="So", share=0.4)):
            for languages in (DE, EN):
                line = sentence(said, languages)
                assert "{" not in line
                assert "  " not in line
                assert line.startswith("Anna Berger ")
                assert line.endswith(".")
                assert ("Brandschutz" if languages is DE else "Fire safety") in line


def test_what_was_said_is_told() -> None:
    def says(verb: str, response: str) -> str:
        return sentence(told(verb, response=response), EN)

    assert says(ADL + "commented", "Great!") == "Anna Berger commented on “Fire safety”: “Great!”."
    assert says(ADL + "answered", "a[,]c") == "Anna Berger answered “Fire safety”: “a, c”."
    assert says(ACROSSX + "searched", "exits") == "Anna Berger searched “Fire safety” for “exits”."
    assert says(ADL + "completed", "suspend data") == "Anna Berger completed “Fire safety”."
    assert sentence(told(ACROSSX + "searched", response="Notausgang"), DE) == (
        "Anna Berger hat in »Brandschutz« nach »Notausgang« gesucht."
    )


def test_how_far_somebody_has_come_is_told() -> None:
    said = told(ADL + "progressed", share=0.4)
    assert sentence(said, DE) == "Anna Berger hat bei »Brandschutz« 40 % erreicht."
    assert sentence(said, EN) == "Anna Berger reached 40 % of “Fire safety”."


def test_an_unknown_verb_is_told_by_its_display_in_the_language() -> None:
    both = {"en": "followed up", "de": "ging weiter mit"}
    said = told(OWN + "x", displays=both, result=Measures(score_scaled=1, success=True))
    assert sentence(said, DE) == "Anna Berger ging weiter mit »Brandschutz« mit 100 % (bestanden)."
    assert sentence(said, EN) == "Anna Berger followed up “Fire safety” with 100 % (passed)."


def test_an_unknown_verb_without_a_display_in_the_language_is_told_by_another() -> None:
    assert sentence(told(OWN + "x", displays={"fr": "suivi"}), DE) == (
        "Anna Berger suivi »Brandschutz«."
    )
    for displays in ({}, {"en": " "}):
        said = told(OWN + "wasRecommended-by_peers", displays=displays)
        assert sentence(said, EN) == "Anna Berger was Recommended by peers “Fire safety”."


def test_an_activity_without_a_name_is_told_by_the_last_part_of_its_id() -> None:
    for iri, title in [
        ("https://lms.example/courses/fire-safety", "fire safety"),
        ("https://lms.example/courses/fire%20safety/", "fire safety"),
        ("https://lms.example/view.php?id=42", "42"),
        ("urn:uuid:7e6b", "7e6b"),
        ("https://lms.example/#", "lms.example"),
    ]:
        thing = Thing(Kind.ACTIVITY, iri)
        assert sentence(told(thing=thing), EN) == f"Anna Berger completed “{title}”."


def test_a_name_in_another_language_is_better_than_none() -> None:
    thing = Thing(Kind.ACTIVITY, "http://x.example/1", {"fr": "Incendie"})
    assert sentence(told(thing=thing), DE) == "Anna Berger hat »Incendie« abgeschlossen."


@pytest.mark.parametrize(
    ("thing", "german", "english"),
    [
        (Thing(Kind.AGENT, None, {"": "Bernd Kraus"}), "Bernd Kraus", "Bernd Kraus"),
        (Thing(Kind.AGENT), "jemanden", "somebody"),
        (Thing(Kind.GROUP, None, {"": "Nord"}), "die Gruppe »Nord«", "the group “Nord”"),
        (Thing(Kind.GROUP), "eine Gruppe", "a group"),
        (Thing(Kind.STATEMENT_REF), "einen früheren Eintrag", "an earlier entry"),
        (Thing(Kind.SUB_STATEMENT, FIRE.iri, FIRE.names), "eine Angabe zu »Brandschutz«",
         "a note about “Fire safety”"),
        (Thing(Kind.SUB_STATEMENT), "eine Angabe", "a note"),
        (Thing(Kind.ACTIVITY), "etwas", "something"),
    ],
)  # fmt: skip
def test_what_is_no_activity_has_words_of_its_own(thing: Thing, german: str, english: str) -> None:
    said = told(ADL + "shared", thing)
    assert sentence(said, DE) == f"Anna Berger hat {german} geteilt."
    assert sentence(said, EN) == f"Anna Berger shared {english}."


def test_the_dative_is_another_word_than_the_accusative() -> None:
    for thing, words in [
        (Thing(Kind.AGENT), "jemandem"),
        (Thing(Kind.GROUP, None, {"": "Nord"}), "der Gruppe »Nord«"),
        (Thing(Kind.STATEMENT_REF), "einem früheren Eintrag"),
        (Thing(Kind.SUB_STATEMENT, FIRE.iri, FIRE.names), "einer Angabe zu »Brandschutz«"),
    ]:
        assert sentence(told(ADL + "interacted", thing), DE) == (
            f"Anna Berger hat mit {words} gearbeitet."
        )


@pytest.mark.parametrize("who", [None, "", " \t", "\u202e\u200b", "\u200d"], ids=repr)
def test_who_has_no_name_is_somebody(who: str | None) -> None:
    assert sentence(told(who=who), DE) == "Jemand hat »Brandschutz« abgeschlossen."
    assert sentence(told(who=who), EN) == "Somebody completed “Fire safety”."


def test_names_cannot_make_a_sentence_read_otherwise() -> None:
    """Neither by control characters nor by what turns the direction of writing."""
    thing = Thing(
        Kind.ACTIVITY, "http://x.example/1", {"en": "Fire\r\n\u2028\x00 \u2066safety\u2069"}
    )
    said = told(who="\u202eAnna\x1b[31m\tBerger\u200f", thing=thing)
    assert sentence(said, EN) == "Anna[31m Berger completed “Fire safety”."


def test_braces_and_quotes_in_names_stay_what_they_are() -> None:
    thing = Thing(Kind.ACTIVITY, "http://x.example/1", {"en": "The “{how}” of »{acc}«"})
    said = told(OWN + "x", thing, who="{who}", displays={"en": "did {it} to", "de": "tat {dat}"})
    assert sentence(said, EN) == "{who} did {it} to “The \u2018{how}\u2019 of »{acc}«”."
    assert sentence(said, DE) == "{who} tat {dat} »The “{how}” of \u203a{acc}\u2039«."


def test_a_sentence_has_an_end() -> None:
    endless = "x" * 1_000_000
    thing = Thing(Kind.ACTIVITY, "http://x.example/" + endless, {"en": endless})
    said = told(OWN + endless, thing, who=endless, displays={"en": endless}, response=endless)
    assert len(sentence(said, EN)) < 700
    assert len(sentence(dataclasses.replace(said, thing=Thing(Kind.ACTIVITY, endless)), EN)) < 700


def test_emoji_and_other_scripts_stay_as_they_are() -> None:
    thing = Thing(Kind.ACTIVITY, "http://x.example/1", {"hi": "क्\u200dष", "en": "👩\u200d🚒"})
    assert "क्\u200dष" in sentence(told(thing=thing), parse_accept_language("hi, de;q=0.1"))
    assert "👩\u200d🚒" in sentence(told(thing=thing), EN)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, EN),
        ("", EN),
        ("de-AT", DE),
        ("de-AT, en;q=0.5", DE),
        ("fr, de;q=0.8, en;q=0.7", DE),
        ("de;q=0, fr", EN),
        ("*", EN),
        ("fr", EN),
    ],
)
def test_the_language_is_whichever_of_the_two_is_wanted_more(
    header: str | None, expected: tuple[object, ...]
) -> None:
    by_language = {DE: "Anna Berger hat »Brandschutz«", EN: "Anna Berger completed “Fire safety”"}
    assert sentence(told(), parse_accept_language(header)).startswith(by_language[expected])  # type: ignore[index]  # one of the two


@pytest.mark.parametrize(
    ("seconds", "german", "english"),
    [
        (0.4, None, None),
        (1, "1 Sekunde", "1 second"),
        (59.6, "1 Minute", "1 minute"),
        (150, "2 Minuten 30 Sekunden", "2 minutes 30 seconds"),
        (600, "10 Minuten", "10 minutes"),
        (3_599, "1 Stunde", "1 hour"),
        (3_660, "1 Stunde 1 Minute", "1 hour 1 minute"),
        (86_399, "1 Tag", "1 day"),
        (86_400, "1 Tag", "1 day"),
        (180_000, "2 Tagen 2 Stunden", "2 days 2 hours"),
        (1e15, "11574074074 Tagen 2 Stunden", "11574074074 days 2 hours"),
    ],
)
def test_a_length_of_time_is_told_by_its_largest_units(
    seconds: float, german: str | None, english: str | None
) -> None:
    said = told(result=Measures(duration=seconds))
    in_german, in_english = (f" in {each}" if each else "" for each in (german, english))
    assert sentence(said, DE) == f"Anna Berger hat »Brandschutz«{in_german} abgeschlossen."
    assert sentence(said, EN) == f"Anna Berger completed “Fire safety”{in_english}."


def test_no_number_is_longer_than_it_is_read() -> None:
    for raw in (1e300, -1e300, 5e-324, 0.0, -0.001):
        line = sentence(told(result=Measures(score_raw=raw)), EN)
        assert len(line) < 80
    assert "0 points" in sentence(told(result=Measures(score_raw=-0.001)), EN)


def test_a_name_that_tells_an_identifier_is_no_name() -> None:
    mine = [Ifi("mbox", "mailto:anna@firma.example"), account("https://lms.example", "4711")]
    assert speaking_name(["4711", "anna@firma.example", "Anna"], mine) == "Anna"
    assert speaking_name(["ANNA@FIRMA.EXAMPLE", "https://lms.example/4711"], mine) is None
    assert speaking_name(["Anna (4711)", "Anna <a@b.example>", None, ""], mine) is None
    assert speaking_name(["Anna\u202e Berger"], mine) == "Anna Berger"
    assert speaking_name([], mine) is None
