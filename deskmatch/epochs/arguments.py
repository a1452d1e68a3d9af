"""The arguments beside the tables: checked before anything is read, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from deskmatch.epochs.cells import Given
from deskmatch.epochs.columns import EXPERTS, RESOLUTION, TICKETS
from deskmatch.epochs.headers import near_miss
from deskmatch.epochs.reading import Sheet
from deskmatch.epochs.tickets import MOST_IMPORTANT
from deskmatch.errors import ARGUMENTS, Defect, InputError

__all__ = ["check_renames", "read_arguments"]

DECLARED = tuple(dict.fromkeys(column.name for table in (TICKETS, EXPERTS, RESOLUTION) for column in table))


def read_arguments(
    now: datetime | str | None,
    columns: Mapping[str, str] | None,
    priority: Mapping[str, float] | None,
    proficiency_scale: float | None,
    on_bad: str,
) -> Given:
    """What the caller gave beside the tables.

    Raises
    ------
    InputError
        Lists every argument that is wrong.
    """
    defects: list[Defect] = []
    given = Given(
        now=_now(now, defects),
        priority=_priority(priority, defects),
        proficiency_scale=_scale(proficiency_scale, defects),
        columns=_columns(columns or {}, defects),
    )
    if on_bad not in ("raise", "hold"):
        defects.append(_argument("on_bad", on_bad, "expected 'raise' or 'hold'"))
    if defects:
        raise InputError(defects)
    return given


def _argument(name: str, value: object, accepted: str) -> Defect:
    return Defect(ARGUMENTS, None, name, repr(value), accepted)


def _now(now: Any, defects: list[Defect]) -> datetime | None:
    if now is None:
        return None
    try:
        moment = datetime.fromisoformat(now.strip() if isinstance(now, str) else now.isoformat())
    except (AttributeError, ValueError):  # pandas' NaT has an isoformat that is none
        defects.append(
            _argument("now", now, "expected a datetime or an ISO 8601 time such as 2026-03-02T09:30:00+01:00")
        )
        return None
    return moment


def _priority(priority: Mapping[str, float] | None, defects: list[Defect]) -> Mapping[str, float] | None:
    if priority is None:
        return None
    read = {str(name).strip(): importance for name, importance in priority.items()}
    for name, importance in read.items():
        if not (_is_positive(importance) and importance <= MOST_IMPORTANT):
            accepted = f"expected a number > 0 and at most {MOST_IMPORTANT:g}"
            defects.append(_argument(f"priority[{name!r}]", importance, accepted))
    return {name: float(importance) for name, importance in read.items() if _is_positive(importance)}


def _scale(scale: float | None, defects: list[Defect]) -> float:
    if scale is None:
        return 1.0
    if not _is_positive(scale):
        defects.append(_argument("proficiency_scale", scale, "expected a number > 0, such as 5 or 10"))
        return 1.0
    return float(scale)


def _is_positive(value: Any) -> bool:
    try:
        return not isinstance(value, str | bool) and isfinite(float(value)) and float(value) > 0
    except (TypeError, ValueError):
        return False


def _columns(columns: Mapping[str, str], defects: list[Defect]) -> dict[str, str]:
    for ours, theirs in columns.items():
        if ours in DECLARED:
            continue
        near = near_miss(str(ours), DECLARED)
        tail = f"; did you mean {near!r}?" if near else ""
        if theirs in DECLARED:
            tail = f", the other way round: columns={{{theirs!r}: {ours!r}}}"
        defects.append(_argument("columns", ours, f"expected the name of a column of deskmatch first{tail}"))
    named = list(columns.values())
    twice = dict.fromkeys(theirs for theirs in named if named.count(theirs) > 1)
    defects.extend(_argument("columns", theirs, "expected each of your columns once") for theirs in twice)
    return {str(ours): str(theirs).strip() for ours, theirs in columns.items()}


def check_renames(columns: Mapping[str, str], sheets: Sequence[Sheet]) -> None:
    """Each renamed column stands in at least one table.

    Parameters
    ----------
    columns : what the caller calls declared columns.
    sheets : the tables of tickets, experts and pairs. Nothing is said where one of the first two was
        made of no records, since such a frame has no columns.

    Raises
    ------
    InputError
        Lists those that stand in none.
    """
    tables = [sheet for sheet in sheets if sheet.headers]
    headers = {header for sheet in tables for header in sheet.headers}
    missing = [theirs for theirs in columns.values() if theirs not in headers]
    if missing and all(sheet.headers for sheet in sheets[:2]):
        has = "; ".join(f"{sheet.name} has {', '.join(sheet.headers)}" for sheet in tables)
        raise InputError(
            [_argument("columns", theirs, f"expected the name of one of your columns: {has}") for theirs in missing]
        )
