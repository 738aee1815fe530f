"""Which types of activities are courses, and which are competences: closed lists."""

from typing import Final

# What somebody enrols for, and what all that they do in it belongs to.
COURSE_TYPES: Final = (
    "http://adlnet.gov/expapi/activities/course",
    "https://w3id.org/xapi/cmi5/activitytype/course",
    "https://w3id.org/xapi/acrossx/activities/course",
    "http://id.tincanapi.com/activitytype/course",
    "http://vocab.xapi.fr/activities/course",
)
COMPETENCE_TYPES: Final = (
    "https://w3id.org/xapi/tla/activity-types/competency",
    "http://id.tincanapi.com/activitytype/competency",
    "http://id.tincanapi.com/activitytype/skill",
)
