"""What our pages say, in English and in German."""

from dataclasses import dataclass

from lrs.xapi.accept_language import choose, parse_accept_language


@dataclass(frozen=True, slots=True)
class Texts:
    """All that pages say in one language."""

    language: str
    sign_in: str
    sign_in_by_provider: str
    sign_out: str
    signed_in_as: str
    signed_out: str
    email: str
    password: str
    new_password: str
    password_hint: str
    password_again: str
    set_password: str
    password_is_set: str
    passwords_differ: str
    wrong: str
    too_many: str
    weak: str
    no_link: str
    form_is_old: str


_ENGLISH = Texts(
    language="en",
    sign_in="Sign in",
    sign_in_by_provider="Sign in with your organisation",
    sign_out="Sign out",
    signed_in_as="You are signed in as {name}.",
    signed_out="You are signed out.",
    email="E-mail address",
    password="Password",  # noqa: S106 - a label
    new_password="New password",  # noqa: S106 - a label
    password_hint="At least 12 characters. Several words in a row are easy to remember.",  # noqa: S106 - a hint
    password_again="The same password again",  # noqa: S106 - a label
    set_password="Set the password",  # noqa: S106 - a button
    password_is_set="The password is set. You can sign in with it now.",  # noqa: S106 - a message
    passwords_differ="The two passwords differ.",
    wrong=(
        "The address or the password is wrong, or too many wrong ones came before."
        " Wait a little and try again."
    ),
    too_many="Too many wrong passwords came from here. Wait a few minutes and try again.",
    weak="This password is too short, or one of those that are tried first. Choose another one.",
    no_link="This link was used already, is too old, or was replaced by a newer one.",
    form_is_old="The form was open for too long. Please send it again.",
)
_GERMAN = Texts(
    language="de",
    sign_in="Anmelden",
    sign_in_by_provider="Mit Ihrer Organisation anmelden",
    sign_out="Abmelden",
    signed_in_as="Sie sind angemeldet als {name}.",
    signed_out="Sie sind abgemeldet.",
    email="E-Mail-Adresse",
    password="Passwort",  # noqa: S106 - a label
    new_password="Neues Passwort",  # noqa: S106 - a label
    password_hint="Mindestens 12 Zeichen. Mehrere Wörter hintereinander sind leicht zu merken.",  # noqa: S106 - a hint
    password_again="Dasselbe Passwort noch einmal",  # noqa: S106 - a label
    set_password="Passwort festlegen",  # noqa: S106 - a button
    password_is_set="Das Passwort ist festgelegt. Sie können sich jetzt damit anmelden.",  # noqa: S106 - a message
    passwords_differ="Die beiden Passwörter sind verschieden.",
    wrong=(
        "Die Adresse oder das Passwort ist falsch, oder es gab zuvor zu viele falsche Versuche."
        " Warten Sie etwas und versuchen Sie es erneut."
    ),
    too_many=(
        "Von hier kamen zu viele falsche Passwörter. Warten Sie einige Minuten und versuchen Sie"
        " es erneut."
    ),
    weak=(
        "Dieses Passwort ist zu kurz oder gehört zu denen, die zuerst ausprobiert werden. Wählen"
        " Sie ein anderes."
    ),
    no_link="Dieser Link wurde schon benutzt, ist zu alt oder wurde durch einen neueren ersetzt.",
    form_is_old="Das Formular war zu lange offen. Bitte senden Sie es noch einmal ab.",
)


def texts_for(accept_language: str) -> Texts:
    """Return the texts in the language that is wanted most of those there are."""
    known = {texts.language: texts for texts in (_ENGLISH, _GERMAN)}
    return known[choose(parse_accept_language(accept_language), [*known])]
