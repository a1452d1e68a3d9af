"""The language of a text where nobody says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deskmatch.prediction.topics.extras import needed
from deskmatch.prediction.topics.inquiries import Inquiries

__all__ = ["detect_languages", "with_languages"]

FEWEST_LETTERS = 3
_identifiers: dict[tuple[str, ...] | None, Any] = {}


def detect_languages(
    texts: Sequence[str], *, among: Iterable[str] | None = None, least: float = 0.5
) -> tuple[str | None, ...]:
    """ISO 639-1 codes of the languages of texts, by letters (py3langid, 97 languages).

    Parameters
    ----------
    texts : the texts.
    among : the languages that the desk expects: the fewer, the more often short texts are right; None: all.
    least : the probability below which a language is unknown.

    Returns
    -------
    One code a text; None: fewer than three letters, or too unsure.

    Raises
    ------
    MissingExtraError
        Where py3langid is not installed.

    Examples
    --------
    >>> detect_languages(["Where is my invoice?", "Wo ist meine Rechnung?", "42"], among=["en", "de"])
    ('en', 'de', None)
    """
    identifier = _identifier(None if among is None else tuple(sorted(set(among))))
    found: list[str | None] = []
    for text in texts:
        if sum(map(str.isalpha, text[:2000])) < FEWEST_LETTERS:
            found.append(None)
            continue
        code, probability = identifier.classify(text[:2000])
        found.append(str(code) if probability >= least else None)
    return tuple(found)


def with_languages(inquiries: Inquiries, *, among: Iterable[str] | None = None) -> Inquiries:
    """The inquiries with the detected language where none is known."""
    known = inquiries.language or (None,) * len(inquiries)
    rows = [row for row, language in enumerate(known) if language is None]
    if not rows:
        return inquiries
    detected = dict(zip(rows, detect_languages([inquiries.text[row] for row in rows], among=among), strict=True))
    return Inquiries(inquiries.text, inquiries.category, [detected.get(row, code) for row, code in enumerate(known)])


def _identifier(among: tuple[str, ...] | None) -> Any:
    if among not in _identifiers:
        langid = needed("py3langid.langid", extra="text", purpose="detecting languages")
        identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
        if among is not None:
            identifier.set_languages(list(among))
        _identifiers[among] = identifier
    return _identifiers[among]
