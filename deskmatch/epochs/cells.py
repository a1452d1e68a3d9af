"""What one cell of a table may say: parsers from text to a value, which tell what they would accept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

__all__ = ["CellError", "Given", "Parser", "fold", "number", "shown", "whole"]

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
INTEGER_LIKE = re.compile(r"(\d+)\.0+", re.ASCII)
UNKNOWN = frozenset({"-", "--", "?", "n/a", "na", "nan", "nat", "none", "null", "unknown", "<na>"})
LARGEST = 1_000_000_000  # of whole numbers: far above any desk, below the limit of int32
ROUNDING = 1e-9  # probabilities that were rounded on their way may sum to this much more than 1
NEVER_IN_NAMES = "|,;:"
EVERY = "*"
ONE_EXPERT = "expected the id of one expert, such as E07"
SEVERAL_EXPERTS = "expected ids separated by |, such as e1|e7"


class CellError(ValueError):
    """A cell that cannot be read; the message says what would be accepted."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller gave beside the tables, and what the meaning of some cells depends on.

    Parameters
    ----------
    now : the instant of the epoch, None: not given.
    priority : importance of each text of a column ``priority``; None: no such column is accepted.
    proficiency_scale : what proficiencies are counted up to.
    columns : what the caller calls declared columns.
    """

    now: datetime | None = None
    priority: Mapping[str, float] | None = None
    proficiency_scale: float = 1.0
    columns: Mapping[str, str] = field(default_factory=dict)


Parser = Callable[[str, Given], Any]


def shown(text: str, *, most: int = 80) -> str:
    """`text` as a message shows it: quoted, and cut where it is long."""
    return repr(text if len(text) <= most else f"{text[:most]}…")


def fold(name: str) -> str:
    """What two spellings of one name share: names are compared without upper and lower case."""
    return unicodedata.normalize("NFC", name).casefold()


# --- numbers -----------------------------------------------------------------------------------------------


def number(*, least: float | None = None, above: float | None = None, most: float | None = None) -> Parser:
    """Parser of a finite number within bounds (`above` is exclusive)."""
    accepted = f"expected {_bounds('a number', least, above, most)}"

    def parse(text: str, given: Given) -> float:
        return _number(text, accepted, least=least, above=above, most=most)

    return parse


def whole(*, least: int) -> Parser:
    """Parser of a whole number; ``2.0`` is one too."""
    accepted = f"expected a whole number ≥ {least}"

    def parse(text: str, given: Given) -> int:
        return _whole(text, accepted, least)

    return parse


def _bounds(what: str, least: float | None, above: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{what} from {least:g} to {most:g}"
    if least is not None:
        return f"{what} ≥ {least:g}"
    bounds = [*([] if above is None else [f"> {above:g}"]), *([] if most is None else [f"at most {most:g}"])]
    return " ".join([what, " and ".join(bounds)]).rstrip()


def _number(
    text: str,
    accepted: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> float:
    value = float(text) if NUMBER.fullmatch(text) else float("nan")
    good = isfinite(value)
    good = good and (least is None or value >= least) and (above is None or value > above)
    if not good or (most is not None and value > most):
        raise CellError(accepted + _hint(text))
    return value


def _whole(text: str, accepted: str, least: int) -> int:
    value = _number(text, accepted, least=least)
    if value != int(value):
        raise CellError(accepted)
    if value > LARGEST:
        raise CellError(f"{accepted} and at most {LARGEST}")
    return int(value)


def _hint(text: str) -> str:
    if text.casefold() in UNKNOWN:
        return "; leave the cell empty where it is unknown"
    if text.count(",") == 1 and NUMBER.fullmatch(text.replace(",", ".")):
        return ", with a decimal point"
    return ""


# --- ids and names -----------------------------------------------------------------------------------------


def identifier(text: str, given: Given) -> str:
    """An id: any text; ``12.0`` is 12 (a spreadsheet's doing), and leading zeros stay."""
    like = INTEGER_LIKE.fullmatch(text)
    return like[1] if like else text


def expert_id(text: str, given: Given) -> str:
    """The id of an expert: it may stand in a list, so it holds no separator of lists."""
    if "|" in text:
        raise CellError("expected an id without |, which separates ids in lists")
    return identifier(text, given)


def one_expert(text: str, given: Given) -> str:
    """The id of one expert, where several would be a mistake."""
    if "|" in text:
        raise CellError(ONE_EXPERT)
    return identifier(text, given)


def identifiers(text: str, given: Given) -> tuple[str, ...]:
    """A list of ids such as ``e1|e7``."""
    return _each_once(tuple(identifier(entry, given) for entry in _entries(text, "ids such as e1|e7")))


def one_name(what: str) -> Parser:
    """Parser of exactly one name."""
    accepted = f"expected one {what}, a name without any of {' '.join(NEVER_IN_NAMES)}"

    def parse(text: str, given: Given) -> str:
        return _name(text, accepted)

    return parse


def names(example: str) -> Parser:
    """Parser of a list of names such as ``en|de``."""
    accepted = f"expected names separated by |, such as {example}"

    def parse(text: str, given: Given) -> tuple[str, ...]:
        return _each_once(tuple(_name(entry, accepted) for entry in _entries(text, f"names such as {example}")))

    return parse


def tags(text: str, given: Given) -> tuple[str, ...]:
    """A list of tags such as ``vip|region:eu``; unlike other names a tag may hold a colon."""
    accepted = "expected tags separated by |, such as vip|region:eu"
    return _each_once(tuple(_name(entry, accepted, never="|,;") for entry in _entries(text, "tags such as vip|gdpr")))


def _entries(text: str, what: str) -> list[str]:
    entries = [entry.strip() for entry in text.split("|")]
    if not all(entries):
        raise CellError(f"expected {what}, no entry empty")
    return entries


def _name(text: str, accepted: str, *, never: str = NEVER_IN_NAMES) -> str:
    if text == EVERY or any(mark in text for mark in never):
        raise CellError(accepted)
    return text


def _each_once(entries: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(map(fold, entries))) < len(entries):
        raise CellError("expected each entry once")
    return entries


# --- names with numbers ------------------------------------------------------------------------------------


def counted(example: str, *, least: int) -> Parser:
    """Parser of names with whole numbers such as ``chat:3|post``; a name alone counts 1."""
    accepted = f"expected names separated by |, with whole numbers ≥ {least}, such as {example}"

    def parse(text: str, given: Given) -> tuple[tuple[str, int], ...]:
        pairs = _named_numbers(text, example)
        read = tuple((_name(name, accepted), 1 if at is None else _whole(at, accepted, least)) for name, at in pairs)
        _each_once(tuple(name for name, _ in read))
        return read

    return parse


def known_topics(text: str, given: Given) -> tuple[tuple[str, float], ...]:
    """Topics with proficiencies such as ``billing:0.9|seo``; 1 where none stands; ``*``: all others."""
    scale = given.proficiency_scale
    tail = "; proficiency_scale says what yours are counted up to" if scale == 1 else ""
    accepted = "expected topics separated by |, each with a number from 0 to {:g}, such as billing:{:g}|*:{:g}{}"
    accepted = accepted.format(scale, 0.9 * scale, 0.5 * scale, tail)
    read = []
    for name, at in _named_numbers(text, "billing:0.9|seo"):
        share = 1.0 if at is None else min(_number(at, accepted, least=0, most=scale) / scale, 1.0)
        read.append((name if name == EVERY else _name(name, accepted), share))
    _each_once(tuple(name for name, _ in read))
    return tuple(read)


def asked_topics(text: str, given: Given) -> tuple[tuple[str, float], ...]:
    """The topic of a ticket, or several with probabilities such as ``billing:0.7|seo:0.3``."""
    accepted = "expected one topic, or several with probabilities such as billing:0.7|seo:0.3"
    pairs = _named_numbers(text, "billing:0.7|seo:0.3")
    if len(pairs) > 1 and any(at is None for _, at in pairs):
        raise CellError(f"{accepted}, one for each")
    share = f"{accepted}, each above 0 and at most 1"
    read = tuple(
        (_name(name, accepted), 1.0 if at is None else _number(at, share, above=0, most=1)) for name, at in pairs
    )
    _each_once(tuple(name for name, _ in read))
    if sum(probability for _, probability in read) > 1 + ROUNDING:
        raise CellError(f"{accepted}, which sum to at most 1")
    return read


def _named_numbers(text: str, example: str) -> list[tuple[str, str | None]]:
    """``[(name, number as text or None)]``, cut at the first colon of each entry."""
    read: list[tuple[str, str | None]] = []
    for entry in _entries(text, f"entries such as {example}"):
        name, colon, at = (part.strip() for part in entry.partition(":"))
        if not name or (colon and not at):
            raise CellError(f"expected entries such as {example}: a name, and after a colon its number")
        read.append((name, at if colon else None))
    return read


# --- times and priorities ----------------------------------------------------------------------------------


CLOCK_SKEW_S = 60.0
"""Clocks of two systems disagree: a ticket created so little after ``now`` has waited 0 seconds."""


def created(text: str, given: Given) -> float:
    """Seconds from an ISO 8601 time to ``now``, 0 where it lies less than a minute after it."""
    now = given.now
    assert now is not None  # without it the column is refused as a whole
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CellError("expected an ISO 8601 time such as 2026-03-02T09:30:00+01:00") from None
    if (moment.utcoffset() is None) != (now.utcoffset() is None):
        zone = "without a time zone, as now is" if now.utcoffset() is None else "with a time zone, as now has one"
        raise CellError(f"expected a time {zone}")
    waited = (now - moment).total_seconds()
    if waited < -CLOCK_SKEW_S:
        raise CellError(f"expected a time not after now ({now.isoformat()})")
    return max(waited, 0.0)


def priority(text: str, given: Given) -> float:
    """The importance that the caller's mapping gives to this text."""
    mapping = given.priority
    assert mapping is not None  # without it the column is refused as a whole
    like = INTEGER_LIKE.fullmatch(text)
    found = mapping.get(text, mapping.get(like[1]) if like else None)
    if found is None:
        raise CellError(f"expected one of {', '.join(mapping)}")
    return found
