"""The verbs, activity types, categories and extensions that the company's systems use."""

from typing import NamedTuple

Json = dict[str, object]

_ADL = "http://adlnet.gov/expapi/verbs/"
_TINCAN = "http://id.tincanapi.com/verb/"
_ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
_VIDEO = "https://w3id.org/xapi/video/"
_CMI5 = "https://w3id.org/xapi/cmi5/context/"


class Text(NamedTuple):
    """What a person reads, in the two languages of the company."""

    de: str
    en: str

    def language_map(self) -> Json:
        """Return the text as a language map (Data 4.2)."""
        return {"de": self.de, "en": self.en}

    def spoken(self, language: str) -> str:
        """Return the text in one of the two languages."""
        return self.de if language == "de" else self.en


class Verb(NamedTuple):
    """A verb and how a person reads it (Data 2.4.3)."""

    iri: str
    display: Text

    def as_json(self) -> Json:
        """Return the verb as it stands in a statement."""
        return {"id": self.iri, "display": self.display.language_map()}


ABANDONED = Verb("https://w3id.org/xapi/adl/verbs/abandoned", Text("brach ab", "abandoned"))
ANSWERED = Verb(_ADL + "answered", Text("beantwortete", "answered"))
APPROVED = Verb("http://activitystrea.ms/schema/1.0/approve", Text("bestätigte", "approved"))
ASKED = Verb(_ADL + "asked", Text("fragte", "asked"))
ATTEMPTED = Verb(_ADL + "attempted", Text("versuchte", "attempted"))
ATTENDED = Verb(_ADL + "attended", Text("nahm teil an", "attended"))
BOOKMARKED = Verb(_TINCAN + "bookmarked", Text("merkte vor", "bookmarked"))
COMMENTED = Verb(_ADL + "commented", Text("kommentierte", "commented"))
COMPLETED = Verb(_ADL + "completed", Text("schloss ab", "completed"))
EARNED = Verb(_TINCAN + "earned", Text("erwarb", "earned"))
FAILED = Verb(_ADL + "failed", Text("bestand nicht", "failed"))
FOLLOWED = Verb(
    "https://lernkompass.quellbach.example/xapi/verbs/followed-recommendation",
    Text("folgte der Empfehlung", "followed the recommendation"),
)
INITIALIZED = Verb(_ADL + "initialized", Text("begann", "initialized"))
LAUNCHED = Verb(_ADL + "launched", Text("startete", "launched"))
LIKED = Verb(_ACROSSX + "liked", Text("gefällt", "liked"))
LOGGED_IN = Verb("https://w3id.org/xapi/adl/verbs/logged-in", Text("meldete sich an", "logged in"))
MASTERED = Verb(_ADL + "mastered", Text("beherrscht", "mastered"))
MENTORED = Verb(_TINCAN + "mentored", Text("begleitete", "mentored"))
PASSED = Verb(_ADL + "passed", Text("bestand", "passed"))
PAUSED = Verb(_VIDEO + "verbs/paused", Text("hielt an", "paused"))
PLAYED = Verb(_VIDEO + "verbs/played", Text("spielte ab", "played"))
POSTED = Verb(_ACROSSX + "posted", Text("schrieb", "posted"))
RATED = Verb(_TINCAN + "rated", Text("bewertete", "rated"))
REGISTERED = Verb(_ADL + "registered", Text("schrieb sich ein in", "registered"))
SEARCHED = Verb(_ACROSSX + "searched", Text("suchte", "searched"))
SEEKED = Verb(_VIDEO + "verbs/seeked", Text("sprang", "seeked"))
TERMINATED = Verb(_ADL + "terminated", Text("beendete", "terminated"))
VIEWED = Verb(_TINCAN + "viewed", Text("sah an", "viewed"))
VOIDED = Verb(_ADL + "voided", Text("erklärte für ungültig", "voided"))
WAS_ASSIGNED = Verb(_ACROSSX + "was-assigned", Text("erhielt", "was assigned"))

ASSESSMENT = "http://adlnet.gov/expapi/activities/assessment"
CERTIFICATE = "https://www.opigno.org/en/tincan_registry/activity_type/certificate"
COMPETENCY = "https://w3id.org/xapi/tla/activity-types/competency"
COURSE = "http://adlnet.gov/expapi/activities/course"
DISCUSSION = "http://id.tincanapi.com/activitytype/discussion"
FORUM_REPLY = "http://id.tincanapi.com/activitytype/forum-reply"
FORUM_TOPIC = "http://id.tincanapi.com/activitytype/forum-topic"
INTERACTION = "http://adlnet.gov/expapi/activities/cmi.interaction"
LESSON = "http://adlnet.gov/expapi/activities/lesson"
LMS_SITE = "http://id.tincanapi.com/activitytype/lms"
MEETING = "http://adlnet.gov/expapi/activities/meeting"
MODULE = "http://adlnet.gov/expapi/activities/module"
PROFILE = "http://adlnet.gov/expapi/activities/profile"
ROLE = "https://talentakte.quellbach.example/xapi/activity-types/role"
SEARCH_ENGINE = "https://w3id.org/xapi/acrossx/activities/search-engine"
VIDEO = _VIDEO + "activity-type/video"

CMI5_CATEGORY = _CMI5 + "categories/cmi5"
MOVE_ON_CATEGORY = _CMI5 + "categories/moveon"
VIDEO_CATEGORY = "https://w3id.org/xapi/video"

CMI5_MASTERY_SCORE = _CMI5 + "extensions/masteryscore"
CMI5_SESSION = _CMI5 + "extensions/sessionid"
VIDEO_LENGTH = _VIDEO + "extensions/length"
VIDEO_PLAYED_SEGMENTS = _VIDEO + "extensions/played-segments"
VIDEO_PROGRESS = _VIDEO + "extensions/progress"
VIDEO_SESSION = _VIDEO + "extensions/session-id"
VIDEO_SPEED = _VIDEO + "extensions/speed"
VIDEO_THRESHOLD = _VIDEO + "extensions/completion-threshold"
VIDEO_TIME = _VIDEO + "extensions/time"
VIDEO_TIME_FROM = _VIDEO + "extensions/time-from"
VIDEO_TIME_TO = _VIDEO + "extensions/time-to"

_OWN = "https://xapi.quellbach.example/extensions/"
DEPARTMENT = _OWN + "department"
HITS = _OWN + "hits"
LEVEL = _OWN + "level"
REASON = _OWN + "reason"
SITE = _OWN + "site"
WORDS = _OWN + "words"
