"""`Range`: which numbers a setting takes, and what is said of those that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

__all__ = ["COUNT", "NON_NEGATIVE", "NUMBER", "PART", "POSITIVE", "SHARE", "WHOLE", "Range", "entries", "refuse"]


class Range(NamedTuple):
    """Numbers that are accepted; nan, text and truth values never are.

    Parameters
    ----------
    says : what they are, as the end of "expected …".
    least, above, most, below : limits, of which `above` and `below` themselves are outside.
    whole : integers only.
    endless : infinity too.

    Examples
    --------
    >>> COUNT.problems({"rounds": 2.5, "steps": 1})
    ['rounds: found 2.5; expected a whole number ≥ 1']
    """

    says: str
    least: float = -inf
    above: float = -inf
    most: float = inf
    below: float = inf
    whole: bool = False
    endless: bool = False

    def takes(self, value: object) -> bool:
        """Whether it is one of them."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            return False
        if self.whole and not isinstance(value, int | np.integer):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        if not isfinite(number):
            return self.endless and number == inf
        return self.least <= number <= self.most and self.above < number < self.below

    def problems(self, values: Mapping[str, object]) -> list[str]:
        """A sentence for each value, by the setting's name, that is none of them."""
        return [
            f"{name}: found {value!r}; expected {self.says}" for name, value in values.items() if not self.takes(value)
        ]


NUMBER = Range("a finite number")
POSITIVE = Range("a finite number above 0", above=0)
NON_NEGATIVE = Range("a finite number ≥ 0", least=0)
SHARE = Range("a share from 0 to 1", least=0, most=1)
PART = Range("a share between 0 and 1", above=0, below=1)
COUNT = Range("a whole number ≥ 1", least=1, whole=True)
WHOLE = Range("a whole number ≥ 0", least=0, whole=True)


def entries(what: str, values: Mapping[str, Any]) -> dict[str, object]:
    """The numbers of a setting that goes by names, each by what it is called in a message.

    Examples
    --------
    >>> entries("reserves", {"billing": {"calls": 1, "chats": 2}})
    {"reserves['billing']['calls']": 1, "reserves['billing']['chats']": 2}
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        place = f"{what}[{name!r}]"
        found |= entries(place, value) if isinstance(value, Mapping) else {place: value}
    return found


def refuse(problems: list[str], error: type[Exception] = ValueError) -> None:
    """Raise an error that tells all problems, where there are any."""
    if problems:
        raise error("; ".join(problems))
