"""Names for the people of the company."""

from itertools import product
from random import Random

from lrs.cli.demo.chance import happens

_SHARE_OF_ENGLISH_SPEAKERS = 0.2


def _words(text: str) -> list[str]:
    return text.split()


_GERMAN_GIVEN = _words("""
Anna Lena Jürgen Björn Zeynep Katarzyna Thomas Sabine Mehmet Nora Felix Käthe Jonas Marlene
Uwe Heike Emre Paul Clara Stefan Özlem Ralf Birgit Tobias Svenja Nils Elif Günther Miriam Lukas
Renate Piotr Johanna Sören Aylin Matthias Greta Holger Franziska Deniz
""")
_GERMAN_FAMILY = _words("""
Müller Schäfer Vogel Yilmaz Kowalski Groß Weiß Krüger Baumann Öztürk Lehmann Köhler Sommer Brandl
Jäger Nowak Häberle Pfeiffer Wirth Maurer Schwab Bühler Demir Renz Kern Löffler Haas Ziegler
Wójcik Böhm Dietz Engel Fink Geiger Hummel Kaya Lutz Mössner Rapp Stark
""")
_ENGLISH_GIVEN = _words("""
Olivia James Priya Liam Chloé Noah Grace Kwame Emily Ravi Hannah Owen Fatima Ethan Zoë Daniel
Ruth Samuel Amara George
""")
_ENGLISH_FAMILY = _words("""
Smith O'Neill Patel Walker Mensah Hughes Campbell Singh Bennett Okafor Murphy Clarke Reid Shah
Turner Lewis Ward Khan Foster Byrne
""")


def full_names(count: int, rng: Random) -> list[tuple[str, str, str]]:
    """Return so many different people as given name, family name and language."""
    german = list(product(_GERMAN_GIVEN, _GERMAN_FAMILY, ("de",)))
    english = list(product(_ENGLISH_GIVEN, _ENGLISH_FAMILY, ("en",)))
    rng.shuffle(german)
    rng.shuffle(english)
    return [
        (english if happens(rng, _SHARE_OF_ENGLISH_SPEAKERS) else german).pop()
        for _ in range(count)
    ]
