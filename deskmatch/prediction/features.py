"""Features of tickets and experts: how a model turns the columns of a history, or of an epoch, into numbers.

A feature is a column of the history that is not declared otherwise. In an epoch it is the column of the same name of
the table of tickets, or of experts. What an epoch lacks, and what training never saw, counts as missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.epochs.cells import fold
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.history import LATER_KNOWN, History
from deskmatch.prediction.history_columns import LONGEST_NAME

__all__ = ["Feature", "choose_features", "encoded_history", "feature_of", "lacking", "values_in_epoch"]

MOST_LEVELS = 250
"""Values of a category that are told apart; the others count as missing."""
LEAST_SEEN = 2
"""Tickets with a value below which it counts as missing: nothing can be learnt of it."""
LIKE_AN_ID = 0.5
"""Distinct values in a row of text, above which a column is free text or an id and no feature."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as a model keeps it.

    Parameters
    ----------
    name : the column.
    levels : the values that are told apart, without upper and lower case; None: it is a number.
    centre, scale : mean and deviation of a number.
    """

    name: str
    levels: tuple[str, ...] | None = None
    centre: float = 0.0
    scale: float = 1.0

    def encode(self, values: NDArray[Any]) -> Float64:
        """Numbers as they are, or the position of each level; nan: missing, or never seen in training."""
        if self.levels is None:
            return values if values.dtype == np.float64 else _as_numbers(values)
        place = {level: float(position) for position, level in enumerate(self.levels)}
        if values.dtype.kind in "iufb":
            distinct, inverse = np.unique(values, return_inverse=True)
            found = np.array([place.get(fold(_text(value)), np.nan) for value in distinct.tolist()])
            return found[inverse] if len(found) else np.empty(0)
        texts = [None if value is None else _text(value) for value in values.tolist()]
        known = {text: np.nan if text is None else place.get(fold(text), np.nan) for text in set(texts)}
        return np.array([known[text] for text in texts], np.float64)

    def to_header(self) -> dict[str, Any]:
        """The feature as JSON can hold it."""
        levels = None if self.levels is None else list(self.levels)
        return {"name": self.name, "levels": levels, "centre": self.centre, "scale": self.scale}

    @classmethod
    def from_header(cls, header: Any) -> Feature:
        """The feature that `to_header` wrote; a ValueError where it is none."""
        levels = header["levels"]
        names = [header["name"], *(levels or ())]
        numbers = [header["centre"], header["scale"]]
        if len(header) != 4 or any(type(name) is not str for name in names):
            raise ValueError("a feature without a name")
        if any(type(value) not in (int, float) for value in numbers) or not numbers[1] > 0:
            raise ValueError(f"feature {names[0]!r} has no scale")
        return cls(names[0], None if levels is None else tuple(levels), float(numbers[0]), float(numbers[1]))


def choose_features(history: History, wanted: Sequence[str] | None) -> tuple[tuple[Feature, ...], tuple[str, ...]]:
    """The features of a history that a model uses, and a note for each column that it leaves out.

    Parameters
    ----------
    history : whose counted rows decide which values are told apart.
    wanted : names of columns; None: all but ids, free text, constants, and what is known only later.

    Raises
    ------
    InputError
        Names each wanted column that the history lacks.
    """
    names = list(history.features) if wanted is None else list(dict.fromkeys(wanted))
    defects = []
    for name in names:
        if name not in history.features:
            near = get_close_matches(name, list(history.features), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            found = ", ".join(history.features) or "none"
            defects.append(Defect(ARGUMENTS, None, "features", repr(name), f"expected one of: {found}{hint}"))
    if defects:
        raise InputError(defects)
    chosen, notes = [], []
    for name in names:
        if wanted is None and name in LATER_KNOWN:
            notes.append(f"column {name!r} is known only later, and is no feature")
            continue
        found_feature = feature_of(name, history.features[name][history.weight > 0], asked_for=wanted is not None)
        if isinstance(found_feature, str):
            notes.append(found_feature)
        else:
            chosen.append(found_feature)
    return tuple(chosen), tuple(notes)


def feature_of(name: str, values: NDArray[Any], *, asked_for: bool) -> Feature | str:
    """The feature of a column, or why it is none."""
    if values.dtype.kind == "f":
        known = values[np.isfinite(values)]
        if not len(known) or known.min() == known.max():
            return f"column {name!r} is the same in all tickets, and is no feature"
        return Feature(name, None, float(known.mean()), max(float(known.std()), 1e-12))
    counts = Counter(fold(_text(value)) for value in values.tolist() if value is not None)
    if not asked_for and len(counts) > LIKE_AN_ID * max(sum(counts.values()), 1):
        return f"column {name!r} holds ids or free text, and is no feature"
    kept = [level for level, count in counts.most_common() if count >= LEAST_SEEN and len(level) <= LONGEST_NAME]
    levels = tuple(sorted(kept[:MOST_LEVELS]))
    if not levels or (len(levels) == 1 and counts[levels[0]] == len(values)):
        return f"column {name!r} is the same in all tickets, and is no feature"
    return Feature(name, levels)


def encoded_history(history: History, features: Sequence[Feature]) -> Float64:
    """``(rows, features)`` numbers; a column that the history lacks is missing throughout."""
    found = np.full((len(history), len(features)), np.nan)
    for column, feature in enumerate(features):
        if feature.name in history.features:
            found[:, column] = feature.encode(history.features[feature.name])
    return found


def values_in_epoch(epoch: Epoch, name: str) -> tuple[NDArray[Any], bool] | None:
    """The column of an epoch by its name, and whether it is of tickets; None where the epoch has none.

    Columns that are no feature for the epoch itself are found too: of tickets ``channel``, ``language``, ``tier``,
    ``waited_s``, ``due_s``, ``promised_wait_s``, ``importance``, ``patience_s``, ``preferred_expert``, ``offered_to``
    and ``customer_id``; of experts ``occupancy``, ``idle_s``, ``acceptance`` and ``leaves_in_s``.
    """
    tickets, desk = epoch.tickets, epoch.desk
    for features, of_tickets in ((tickets.features, True), (desk.features, False)):
        if name in features and features[name].ndim == 1:
            return features[name], of_tickets
    if name in CODES:
        codes, names = CODES[name](epoch)
        return np.array([*names, None], object)[codes], True
    if name in OF_TICKETS:
        return np.asarray(getattr(tickets, name), np.float64), True
    if name in OF_EXPERTS:
        return np.asarray(getattr(epoch.staffing, name), np.float64), False
    if name == "customer_id" and tickets.customer_id is not None:
        return np.array(tickets.customer_id, object), True
    return None


OF_TICKETS = ("tier", "waited_s", "due_s", "promised_wait_s", "importance", "patience_s")
OF_EXPERTS = ("occupancy", "idle_s", "acceptance", "leaves_in_s")
CODES: dict[str, Callable[[Epoch], tuple[NDArray[np.int32], tuple[str, ...]]]] = {
    "channel": lambda epoch: (epoch.tickets.channel, epoch.desk.channels.names),
    "language": lambda epoch: (epoch.tickets.language, epoch.desk.languages.names),
    "preferred_expert": lambda epoch: (epoch.tickets.preferred, epoch.desk.expert_ids),
    "offered_to": lambda epoch: (epoch.tickets.offered_to, epoch.desk.expert_ids),
}
"""Columns of tickets that an epoch keeps as codes, −1: none."""


def lacking(epoch: Epoch, features: Sequence[Feature]) -> tuple[str, ...]:
    """The features that an epoch does not have: they count as missing in every ticket."""
    return tuple(feature.name for feature in features if values_in_epoch(epoch, feature.name) is None)


def _as_numbers(values: NDArray[Any]) -> Float64:
    if values.dtype.kind in "iufb":
        return values.astype(np.float64)
    return np.array([_number(value) for value in values.tolist()], np.float64)


def _number(value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan
    return found if np.isfinite(found) else np.nan


def _text(value: Any) -> str:
    """A value as the text that a file would hold."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
