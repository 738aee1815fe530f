"""The exact rules by which identifiers are taken to be one person's.

What is only alike, such as a name, joins nobody: it makes a suggestion (`suggestions.py`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lrs.people.identifiers import account, address_of, sha1_of
from lrs.xapi.keys import Ifi


class RuleKind(StrEnum):
    """What a rule says; all but the first name the home page of the accounts."""

    # An mbox_sha1sum is the SHA-1 of a known mbox.
    MBOX_SHA1SUM = "mbox_sha1sum"
    # The name of an account is the mail address.
    ACCOUNT_IS_MAIL = "account_is_mail"
    # The name of an account is the value of an attribute, such as the personnel number.
    ACCOUNT_IS_ATTRIBUTE = "account_is_attribute"


@dataclass(frozen=True, slots=True)
class JoiningRule:
    """A rule of a store.

    Attributes:
        home_page: of the accounts; None for MBOX_SHA1SUM.
        attribute: whose value is the name; None but for ACCOUNT_IS_ATTRIBUTE.
    """

    kind: RuleKind
    home_page: str | None = None
    attribute: str | None = None

    @property
    def source(self) -> str:
        """What tells of an identifier that this rule has brought it."""
        return f"rule:{self.kind}"

    def implied(
        self, identifiers: Collection[Ifi], attributes: Mapping[str, Collection[str]]
    ) -> Iterator[Ifi]:
        """Give the identifiers that a person has by this rule."""
        mboxes = [each for each in identifiers if each.type == "mbox"]
        match self.kind:
            case RuleKind.MBOX_SHA1SUM:
                yield from map(sha1_of, mboxes)
            case RuleKind.ACCOUNT_IS_MAIL:
                addresses = (address_of(each) or "" for each in mboxes)
                yield from (account(self.home_page or "", each) for each in addresses)
            case RuleKind.ACCOUNT_IS_ATTRIBUTE:
                names = attributes.get(self.attribute or "", ())
                yield from (account(self.home_page or "", each) for each in names)


# What holds in every store: it follows from the standard, and can be wrong of nobody.
ALWAYS = (JoiningRule(RuleKind.MBOX_SHA1SUM),)


def implied_identifiers(
    rules: Iterable[JoiningRule],
    identifiers: Collection[Ifi],
    attributes: Mapping[str, Collection[str]],
) -> dict[Ifi, str]:
    """Return the identifiers that a person has by rules, and which rule says so.

    Args:
        rules: those of the store; `ALWAYS` is among them.
        identifiers: that the person is known to have.
        attributes: all values that the person ever had, by their names.
    """
    found: dict[Ifi, str] = {}
    for rule in rules:
        for each in rule.implied(identifiers, attributes):
            if each not in identifiers:
                found.setdefault(each, rule.source)
    return found
