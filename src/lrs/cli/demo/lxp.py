"""The LXP: searches, recommendations that are followed, ratings."""

from dataclasses import replace

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import clamp, happens
from lrs.cli.demo.course import Clip, Course
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.enrolment import Enrolment
from lrs.cli.demo.statements import Setting, activity, score
from lrs.cli.demo.systems import LXP
from lrs.cli.demo.vocabulary import Json, Text

_SEARCH = activity(f"{LXP.home}/search", vocabulary.SEARCH_ENGINE, Text("Suche", "Search"))
_REASONS = ("colleagues-took-it", "fits-your-role", "popular-this-week", "you-searched-for-it")
_COMMENTS = {
    1: Text("Das hat mir nichts gebracht.", "This was of no use to me."),
    2: Text("Zu viel Text, zu wenig Beispiele.", "Too much text, too few examples."),
    3: Text("In Ordnung.", "All right."),
    4: Text("Gut erklärt, nah an der Praxis.", "Well explained, close to practice."),
    5: Text("Großartig, bitte mehr davon!", "Great, more of this please!"),
}


def search(diary: Diary, words: Text) -> None:
    """Search for something to learn."""
    hits = diary.rng.randint(0, 24)
    result = {
        "response": words.spoken(diary.author.language),
        "extensions": {vocabulary.HITS: hits},
    }
    diary.write(LXP, vocabulary.SEARCHED, _SEARCH, Setting(), result)
    diary.pause(5, 60)


def follow_recommendation(diary: Diary, course: Course) -> None:
    """Take up a course that the LXP recommends."""
    setting = Setting(
        grouping=(_SEARCH,), extensions={vocabulary.REASON: diary.rng.choice(_REASONS)}
    )
    diary.write(LXP, vocabulary.VIEWED, course.activity(), setting)
    diary.pause(10, 120)
    diary.write(LXP, vocabulary.FOLLOWED, course.activity(), setting)


def bookmark(diary: Diary, clip: Clip) -> None:
    """Keep a video for later."""
    diary.write(LXP, vocabulary.BOOKMARKED, clip.activity(), Setting(grouping=(_SEARCH,)))


def rate(diary: Diary, enrolment: Enrolment) -> None:
    """Rate a course with one to five stars: its quality counts, and how well it went."""
    opinion = 1.2 + 3.4 * enrolment.course.quality + 0.8 * (enrolment.grade - 0.7)
    stars = round(clamp(diary.rng.gauss(opinion, 0.7), 1, 5))
    result: Json = {"score": score(stars, 5, 1)}
    if happens(diary.rng, 0.35):
        result["response"] = _COMMENTS[stars].spoken(diary.author.language)
    setting = replace(enrolment.setting(), grouping=())
    diary.write(LXP, vocabulary.RATED, enrolment.course.activity(), setting, result)
