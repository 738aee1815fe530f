from datetime import date

from lrs.cli.demo.company import Company
from lrs.cli.demo.systems import AUTHORING, COLLABORATION, LMS, LXP, SYSTEMS, TALENT, VIDEO
from lrs.cli.demo.workdays import Period

PERIOD = Period.ending(date(2026, 8, 16), 90)
COMPANY = Company.staffed(120, 7, PERIOD)


def test_the_same_person_has_another_identifier_in_each_kind_of_system() -> None:
    learner = COMPANY.learners[0]
    assert set(learner.identity(LXP)) >= {"mbox"}
    assert set(learner.identity(VIDEO)) == {"objectType", "mbox_sha1sum"}
    assert set(learner.identity(COLLABORATION)) >= {"openid"}
    assert learner.identity(LMS)["account"] != learner.identity(TALENT)["account"]


def test_a_lesson_knows_a_person_by_the_account_of_the_lms_that_started_it() -> None:
    learner = COMPANY.learners[0]
    assert learner.identity(AUTHORING)["account"] == learner.identity(LMS)["account"]


def test_no_two_people_share_an_identifier() -> None:
    for system in SYSTEMS:
        identities = [
            {name: value for name, value in learner.identity(system).items() if name != "name"}
            for learner in COMPANY.learners
        ]
        assert len({str(identity) for identity in identities}) == len(COMPANY.learners)


def test_mail_addresses_are_plain_ascii_although_names_are_not() -> None:
    assert all(learner.mail.isascii() for learner in COMPANY.learners)
    assert not all(learner.name.isascii() for learner in COMPANY.learners)


def test_people_stay_the_same_when_the_company_grows() -> None:
    smaller = Company.staffed(30, 7, PERIOD)
    assert smaller.learners == COMPANY.learners[:30]


def test_both_languages_are_spoken() -> None:
    assert {learner.language for learner in COMPANY.learners} == {"de", "en"}


def test_everybody_has_a_team_of_their_department() -> None:
    for learner in COMPANY.learners:
        team = COMPANY.team_of(learner)
        assert learner in team.members
        assert team.department == learner.department


def test_a_team_is_a_group_with_its_members() -> None:
    group = COMPANY.teams[0].identity(COLLABORATION)
    assert group["objectType"] == "Group"
    assert group["member"] == [one.identity(COLLABORATION) for one in COMPANY.teams[0].members]


def test_nobody_learns_on_holiday_or_after_giving_up() -> None:
    quitter = next(learner for learner in COMPANY.learners if learner.quits)
    assert quitter.quits is not None
    assert not quitter.is_present(quitter.quits)
    assert not any(learner.is_present(learner.away[0].first) for learner in COMPANY.learners)
