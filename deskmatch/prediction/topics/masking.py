"""Personal data in texts: e-mail addresses, telephone numbers, cards, IBANs and what links carry, masked.

What is masked has a form that can be checked. Names and street addresses have none; a desk that must remove them too
does so before it hands over its texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from deskmatch.prediction.topics.extras import needed

__all__ = ["REGIONS", "Masking"]

REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "TR", "IN", "JP")
"""Where telephone numbers without a country's code are looked for, unless told otherwise."""

EMAIL = re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
LINK = re.compile(r"\b((?:https?|ftp)://|www\.)(\S{1,2000})", re.IGNORECASE)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){2,8}\b", re.IGNORECASE)
CARD = re.compile(r"(?<!\d)\d(?:[ .-]?\d){11,18}(?!\d)")
DIGITS = re.compile(r"\d")
FEWEST_DIGITS = 6
"""No telephone number that is looked for has fewer."""
DENSEST = 2000
"""Digits in one text above which it is no message but a log or a table, in which each number would be looked up: all
long numbers are then masked as telephone numbers."""
LONG_NUMBER = re.compile(r"\+?\d[\d ()./-]{4,24}\d")


@dataclass(frozen=True, slots=True)
class Masking:
    """Replaces personal data that has a checkable form by what it is, in brackets.

    - e-mail addresses: ``[email]``;
    - payment cards of 12 to 19 digits with a right check digit (Luhn): ``[card]``;
    - IBANs with right check digits, in groups or not: ``[iban]``;
    - links: the host stays, ``[link example.com]``, as it may tell the topic; path, user, query and anchor go;
    - telephone numbers that are valid in one of the `regions`, or internationally: ``[phone]``.

    Full-width digits and letters count as their plain forms. Text without any of this stays as it is, to the letter.

    Parameters
    ----------
    regions : ISO 3166 codes of countries whose national telephone numbers are looked for.

    Examples
    --------
    >>> Masking()(["Mail ana@example.org, card 4111 1111 1111 1111, order 4111111111111112"])
    ['Mail [email], card [card], order 4111111111111112']
    >>> Masking()(["https://shop.example.com/reset?token=s3cret fails", "call +49 30 123456 please"])
    ['[link shop.example.com] fails', 'call [phone] please']
    >>> Masking()(["DE89 3704 0044 0532 0130 00 is mine"])
    ['[iban] is mine']
    """

    regions: tuple[str, ...] = REGIONS

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The texts, masked, in the same order."""
        return [self._masked(text) for text in texts]

    def _masked(self, text: str) -> str:
        if not text.isascii() and any("\uff00" <= sign <= "\uffef" for sign in text):
            text = unicodedata.normalize("NFKC", text)
        if "@" in text or "://" in text or "www." in text.lower():
            text = LINK.sub(_link, text)
            text = EMAIL.sub("[email]", text)
        digits = len(DIGITS.findall(text))
        if digits < FEWEST_DIGITS:
            return text
        text = CARD.sub(_card, IBAN.sub(_iban, text))
        return self._without_phones(text, digits)

    def _without_phones(self, text: str, digits: int) -> str:
        if digits > DENSEST:
            return LONG_NUMBER.sub("[phone]", text)
        if not LONG_NUMBER.search(text):
            return text
        phones = needed("phonenumbers", extra="text", purpose="masking telephone numbers")
        for region in (None, *self.regions):
            found = [(match.start, match.end) for match in phones.PhoneNumberMatcher(text, region)]
            for start, end in reversed(found):
                text = f"{text[:start]}[phone]{text[end:]}"
            if found and not LONG_NUMBER.search(text):
                break
        return text


def _link(match: re.Match[str]) -> str:
    host = re.split(r"[/?#\\]", match[2], maxsplit=1)[0].rpartition("@")[2].partition(":")[0].rstrip(".,;)>]\"'")
    return f"[link {host.lower()}]" if re.fullmatch(r"[\w.-]{1,253}", host) else "[link]"


def _card(match: re.Match[str]) -> str:
    luhn = needed("stdnum.luhn", extra="text", purpose="masking cards")
    digits = re.sub(r"\D", "", match[0])
    return "[card]" if luhn.is_valid(digits) and len(set(digits)) > 1 else match[0]


def _iban(match: re.Match[str]) -> str:
    iban = needed("stdnum.iban", extra="text", purpose="masking IBANs")
    words = match[0].split(" ")
    for count in range(len(words), 0, -1):  # the pattern may have taken the words after it as well
        if iban.is_valid(" ".join(words[:count])):
            return " ".join(["[iban]", *words[count:]])
    return match[0]
