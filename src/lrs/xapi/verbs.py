"""Verbs (Data 2.4.3)."""

from typing import Final

from lrs.xapi.iris import Iri
from lrs.xapi.languages import LanguageMap
from lrs.xapi.properties import Maybe, StrictModel

# The one verb that the standard reserves (Data 2.3.2).
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"


class Verb(StrictModel):
    """What was done; `display` carries no meaning (Data 2.4.3)."""

    id: Iri
    display: Maybe[LanguageMap] = None
