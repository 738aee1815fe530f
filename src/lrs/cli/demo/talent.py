"""The talent system of HR: roles, and competences with the evidence for them."""

from dataclasses import replace
from datetime import timedelta

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import happens
from lrs.cli.demo.company import Clerk, Learner, Team
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.enrolment import Enrolment
from lrs.cli.demo.statements import Setting, activity, statement_ref
from lrs.cli.demo.systems import TALENT
from lrs.cli.demo.vocabulary import Json, Text

_MASTERY = 0.7
_EXCELLENCE = 0.85
_EXPERIENCE = 3
_RECORDS = activity(TALENT.home, vocabulary.PROFILE, Text("Talentakte", "Talent records"))
_PERSONNEL_OFFICE = Clerk("Personalbüro", "personalbuero")
_ROLES = {
    "Production": ("fachkraft-fertigung", Text("Fachkraft Fertigung", "Production specialist")),
    "Engineering": ("konstrukteur", Text("Konstruktion Antriebe", "Drive engineer")),
    "Sales": ("vertrieb-innendienst", Text("Vertrieb Innendienst", "Inside sales")),
    "Purchasing": ("einkauf", Text("Strategischer Einkauf", "Strategic purchasing")),
    "IT": ("anwendungsbetreuung", Text("Anwendungsbetreuung", "Application support")),
    "Administration": ("sachbearbeitung", Text("Sachbearbeitung", "Clerical work")),
}
_WRONG_ROLE = ("nachtwache", Text("Nachtwache", "Night watch"))


def assign_role(diary: Diary, learner: Learner) -> None:
    """Enter the role of a learner; now and then a wrong one goes in first and is voided."""
    if happens(diary.rng, 0.02):
        mistake = _assign(diary, learner, *_WRONG_ROLE)
        office = diary.beside(_PERSONNEL_OFFICE, timedelta(hours=2))
        office.write(TALENT, vocabulary.VOIDED, statement_ref(mistake), Setting())
        diary.spend(timedelta(hours=2, minutes=5).total_seconds())
    _assign(diary, learner, *_ROLES[learner.department.en])


def _assign(diary: Diary, learner: Learner, slug: str, name: Text) -> str:
    role = activity(f"{TALENT.home}/roles/{slug}", vocabulary.ROLE, name)
    surroundings: Json = {
        vocabulary.DEPARTMENT: learner.department.de,
        vocabulary.SITE: learner.site.de,
    }
    setting = Setting(grouping=(_RECORDS,), extensions=surroundings)
    return diary.write(TALENT, vocabulary.WAS_ASSIGNED, role, setting)


def record_competence(diary: Diary, enrolment: Enrolment, team: Team) -> None:
    """Record the competence that a good grade shows; the completion is the evidence."""
    if enrolment.grade < _MASTERY:
        return
    level = 1 + (enrolment.grade >= _EXCELLENCE) + (enrolment.finished_before >= _EXPERIENCE)
    competence = enrolment.course.competence_activity()
    result: Json = {
        "success": True,
        "completion": True,
        "score": {"scaled": round(enrolment.grade, 2)},
        "extensions": {vocabulary.LEVEL: level},
    }
    setting = replace(enrolment.setting(_RECORDS), evidence=enrolment.certificate)
    mastered = diary.write(TALENT, vocabulary.MASTERED, competence, setting, result)
    if team.lead is not enrolment.learner and happens(diary.rng, 0.25):
        lead = diary.beside(team.lead, timedelta(hours=diary.rng.randint(2, 7)))
        lead.write(TALENT, vocabulary.APPROVED, statement_ref(mastered), Setting())
