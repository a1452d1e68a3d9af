"""`with_roster`: an epoch with experts added or taken away, everything that points to them in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, PairTable, Staffing, Tickets, Vocabulary
from deskmatch.epochs.cells import fold
from deskmatch.errors import ARGUMENTS, Defect, InputError

if TYPE_CHECKING:
    import pandas as pd

    Added = Mapping[str, str] | pd.DataFrame | str | Path

__all__ = ["with_roster"]


def with_roster(epoch: Epoch, *, add: Added | None = None, remove: Iterable[str] | str = ()) -> Epoch:
    """The same instant with another roster.

    Parameters
    ----------
    epoch : the instant; not changed.
    add : ``{new id: id of an expert whom the new one is like}``: the same skills, limits, end of shift and predicted
        pairs, idle, of unknown occupancy; or a table of experts with the columns of docs/tables.md (of the columns
        that are the desk's own, only those stay that both tables have).
    remove : ids of experts who are not there. Tickets that prefer, exclude or were offered to them no longer do.

    Raises
    ------
    InputError
        Lists unknown ids, ids that the desk has already, and whatever is wrong in the table.
    """
    gone = [remove] if isinstance(remove, str) else list(remove)
    _check(epoch.desk, add, gone)
    kept = np.array([row for row, name in enumerate(epoch.desk.expert_ids) if name not in set(gone)], np.int32)
    if add is None:
        return _rows(epoch, kept)
    if isinstance(add, Mapping):
        like = np.array([epoch.desk.index_of(name) for name in add.values()], np.int32)
        return _rows(epoch, np.concatenate([kept, like]), copies=tuple(add))
    return _joined(_rows(epoch, kept), _read(add))


def _check(desk: Desk, add: Added | None, gone: list[str]) -> None:
    """Refuse ids that are not there, and new ones that are."""
    defects = [
        Defect(ARGUMENTS, None, "remove_experts", repr(name), "expected the id of an expert of this desk")
        for name in gone
        if desk.index_of(name) < 0
    ]
    if isinstance(add, Mapping):
        for new, like in add.items():
            if desk.index_of(new) >= 0:
                taken = "expected an id that no expert of this desk has"
                defects.append(Defect(ARGUMENTS, None, f"add_experts[{new!r}]", repr(new), taken))
            if desk.index_of(like) < 0:
                unknown = "expected the id of an expert of this desk, whom the new one is like"
                defects.append(Defect(ARGUMENTS, None, f"add_experts[{new!r}]", repr(like), unknown))
    if defects:
        raise InputError(defects)


def _rows(epoch: Epoch, rows: NDArray[np.int32], copies: tuple[str, ...] = ()) -> Epoch:
    """The epoch with these rows of experts; the last ones are new and idle, named by `copies`."""
    desk, staffing, tickets = epoch.desk, epoch.staffing, epoch.tickets
    kept = rows[: len(rows) - len(copies)]
    ids = (*(desk.expert_ids[row] for row in kept.tolist()), *copies)
    columns = ("channel_limit", "speaks", "proficiency", "general_proficiency", "tier", "has")
    new = replace(
        desk,
        expert_ids=ids,
        features={name: values[rows] for name, values in desk.features.items()},
        **{name: getattr(desk, name)[rows] for name in columns},
    )
    state = {field.name: getattr(staffing, field.name)[rows] for field in fields(Staffing)}
    if copies:
        idle = slice(len(kept), None)
        state["load"][idle], state["capacity"][idle], state["free_in_s"][idle] = 0, -1, 0.0
        state["occupancy"][idle] = state["idle_s"][idle] = np.nan
    moved = np.full(desk.n_experts + 1, -1, np.int32)  # the last one stands for the code −1
    moved[kept] = np.arange(len(kept))
    return replace(
        epoch,
        desk=new,
        tickets=_pointing(tickets, moved),
        staffing=Staffing(**state),
        resolution=None if epoch.resolution is None else _pairs(epoch.resolution, rows),
    )


def _pointing(tickets: Tickets, moved: NDArray[np.int32]) -> Tickets:
    """The tickets with their references to experts moved to the new rows; who is gone is forgotten."""
    excluded = moved[tickets.excluded]
    owner = np.repeat(np.arange(len(tickets)), np.diff(tickets.excluded_ptr))
    there = excluded >= 0
    counts = np.bincount(owner[there], minlength=len(tickets))
    return replace(
        tickets,
        preferred=moved[tickets.preferred],
        offered_to=moved[tickets.offered_to],
        excluded=excluded[there],
        excluded_ptr=np.concatenate([[0], np.cumsum(counts)]),
    )


def _pairs(table: PairTable, rows: NDArray[np.int32]) -> PairTable:
    """The pair table for these rows of experts; a row that occurs twice has its pairs twice."""
    ticket, expert, probability = [], [], []
    for new, old in enumerate(rows.tolist()):
        here = table.expert == old
        ticket.append(table.ticket[here])
        expert.append(np.full(int(here.sum()), new, np.int32))
        probability.append(table.probability[here])
    empty: list[Any] = [np.zeros(0, np.int32)]
    return PairTable(*(np.concatenate([*parts, *empty]) for parts in (ticket, expert, probability)))


def _read(source: pd.DataFrame | str | Path) -> Epoch:
    """The experts of a table, as an epoch without tickets."""
    import pandas as pd

    nobody = pd.DataFrame({name: pd.Series(dtype=str) for name in ("ticket_id", "channel", "language", "topic")})
    return Epoch.from_tables(nobody, source)


def _joined(epoch: Epoch, others: Epoch) -> Epoch:
    """The epoch with the experts of another one after its own; new names come after the old ones."""
    first, second = epoch.desk, others.desk
    twice = [name for name in second.expert_ids if first.index_of(name) >= 0]
    if twice:
        taken = "expected ids that no expert of this desk has"
        raise InputError([Defect("add_experts", None, "expert_id", repr(name), taken) for name in twice])
    names = {kind: _union(getattr(first, kind), getattr(second, kind)) for kind in _KINDS}
    channels = names["channels"]
    parts = [{key: _spread(desk, key, names) for key in _COLUMNS} for desk in (first, second)]
    changes: dict[str, Any] = {
        "expert_ids": (*first.expert_ids, *second.expert_ids),
        "general_proficiency": np.concatenate([first.general_proficiency, second.general_proficiency]),
        "tier": np.concatenate([first.tier, second.tier]),
        "features": _features(first, second),
        **names,
        **{key: np.concatenate([part[key] for part in parts]) for key in _COLUMNS},
    }
    desk = replace(first, **changes)
    loads = [_wide(one.staffing.load, one.desk.channels, channels, np.zeros(one.n_experts)) for one in (epoch, others)]
    state = {
        field.name: np.concatenate([getattr(one.staffing, field.name) for one in (epoch, others)])
        for field in fields(Staffing)
        if field.name != "load"
    }
    return replace(epoch, desk=desk, staffing=Staffing(load=np.concatenate(loads), **state))


_KINDS = ("channels", "languages", "topics", "tags")
_COLUMNS = {"channel_limit": "channels", "speaks": "languages", "proficiency": "topics", "has": "tags"}


def _union(first: Vocabulary, second: Vocabulary) -> Vocabulary:
    """The names of both, compared without upper and lower case; the codes of the first stay."""
    known = {fold(name) for name in first}
    return Vocabulary((*first, *(name for name in second if fold(name) not in known)))


def _spread(desk: Desk, column: str, names: Mapping[str, Vocabulary]) -> NDArray[Any]:
    kind = _COLUMNS[column]
    fill = desk.general_proficiency if column == "proficiency" else np.zeros(desk.n_experts)
    return _wide(getattr(desk, column), getattr(desk, kind), names[kind], fill)


def _wide(values: NDArray[Any], own: Vocabulary, names: Vocabulary, fill: NDArray[Any]) -> NDArray[Any]:
    """``(experts, names)`` the columns of a desk under a larger vocabulary; what it lacks is filled."""
    place = {fold(name): code for code, name in enumerate(names)}
    wide = np.repeat(fill[:, None], len(names), axis=1).astype(values.dtype)
    wide[:, [place[fold(name)] for name in own]] = values
    return wide


def _features(first: Desk, second: Desk) -> dict[str, NDArray[Any]]:
    """Features that both have; one that either lacks cannot be filled in truly."""
    shared = [name for name in first.features if name in second.features]
    return {name: np.concatenate([first.features[name], second.features[name]]) for name in shared}
