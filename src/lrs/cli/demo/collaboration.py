"""The collaboration tool: questions and answers, posts, mentoring, the team's retrospective."""

from datetime import timedelta

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import happens, uuid_from
from lrs.cli.demo.company import Learner, Team
from lrs.cli.demo.course import Course
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.statements import Setting, activity, duration, reference
from lrs.cli.demo.systems import COLLABORATION
from lrs.cli.demo.vocabulary import Json, Text

_QUESTIONS = (
    Text("Wer hat das schon einmal gemacht?", "Has anybody done this before?"),
    Text("Wo finde ich dazu ein Beispiel?", "Where can I find an example?"),
    Text("Gilt das auch bei uns in der Halle?", "Does this hold in our hall too?"),
    Text("Wie habt ihr die dritte Aufgabe gelöst?", "How did you solve the third exercise?"),
)
_ANSWERS = (
    Text("Schau in Kapitel 2, da steht es.", "Look at chapter 2, it is there."),
    Text("Komm vorbei, ich zeige es dir.", "Come over, I will show you."),
    Text("Bei uns hat der zweite Weg geholfen.", "The second way worked for us."),
)
_POSTS = (
    Text("Gelernt und gleich ausprobiert.", "Learned it and tried it at once."),
    Text("Kleiner Hinweis zum Kurs im Anhang.", "A small hint on the course, attached."),
    Text("Das Video lohnt sich.", "The video is worth your time."),
)
_RETROSPECTIVE = Text("Rückblick der Woche", "Retrospective of the week")
_MENTORING = Text("Lernbegleitung", "Mentoring session")


def ask(diary: Diary, team: Team, course: Course, colleague: Learner | None) -> None:
    """Ask about a course; a colleague may answer, and the answer refers to the question."""
    setting = _in_space(team, course)
    topic = _post(diary, vocabulary.FORUM_TOPIC, course.name)
    words = diary.rng.choice(_QUESTIONS).spoken(diary.author.language)
    question = diary.write(COLLABORATION, vocabulary.ASKED, topic, setting, {"response": words})
    if colleague is None or happens(diary.rng, 0.3):
        return
    other = diary.beside(colleague, timedelta(minutes=diary.rng.randint(4, 200)))
    reply = _post(other, vocabulary.FORUM_REPLY, course.name)
    words = diary.rng.choice(_ANSWERS).spoken(colleague.language)
    answering = Setting(
        parent=(topic,), grouping=setting.grouping, team=setting.team, evidence=question
    )
    other.write(COLLABORATION, vocabulary.ANSWERED, reply, answering, {"response": words})
    if happens(diary.rng, 0.5):
        thanks = other.beside(diary.author, timedelta(minutes=diary.rng.randint(1, 30)))
        thanks.write(COLLABORATION, vocabulary.LIKED, reply, _in_space(team, course))


def post(diary: Diary, team: Team, course: Course) -> None:
    """Share something about a course with the team."""
    words = diary.rng.choice(_POSTS).spoken(diary.author.language)
    target = _post(diary, vocabulary.DISCUSSION, course.name)
    verb = diary.rng.choice((vocabulary.POSTED, vocabulary.COMMENTED))
    diary.write(COLLABORATION, verb, target, _in_space(team, course), {"response": words})


def mentor(diary: Diary, team: Team, course: Course, mentor: Learner) -> None:
    """Meet a mentor: one statement of the learner, one of the mentor about the learner."""
    seconds = diary.pause(900, 3600)
    meeting = _post(diary, vocabulary.MEETING, _MENTORING)
    setting = Setting(
        grouping=(reference(course.iri),),
        instructor=mentor.identity(COLLABORATION),
        team=team.identity(COLLABORATION),
    )
    result = {"completion": True, "duration": duration(seconds)}
    attended = diary.write(COLLABORATION, vocabulary.ATTENDED, meeting, setting, result)
    mentee = diary.author.identity(COLLABORATION)
    about = Setting(parent=(meeting,), evidence=attended)
    diary.beside(mentor).write(COLLABORATION, vocabulary.MENTORED, mentee, about)


def look_back(diary: Diary, team: Team) -> None:
    """Hold the team's retrospective: the whole Group acts."""
    meeting = _post(diary, vocabulary.MEETING, _RETROSPECTIVE)
    result = {"completion": True, "duration": duration(diary.pause(1200, 2700))}
    setting = Setting(instructor=team.lead.identity(COLLABORATION))
    diary.write(COLLABORATION, vocabulary.ATTENDED, meeting, setting, result)


def _post(diary: Diary, kind: str, name: Text) -> Json:
    """Return a new thing in the collaboration tool."""
    return activity(f"{COLLABORATION.home}/p/{uuid_from(diary.rng)}", kind, name)


def _in_space(team: Team, course: Course) -> Setting:
    return Setting(grouping=(reference(course.iri),), team=team.identity(COLLABORATION))
