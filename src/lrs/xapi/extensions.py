"""Extensions: a map from IRIs to any JSON (Data 4.1)."""

from lrs.xapi.iris import Iri

Extensions = dict[Iri, object]
