"""Rows and columns of a model's tables for the experts and topics that an epoch, or another history, names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.epochs.cells import fold
from deskmatch.prediction.history import History

__all__ = ["Names", "group_of_experts", "rows_of_epoch", "rows_of_history"]

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What a model calls its experts, topics and groups.

    Its tables have a row for each expert, then one for a stranger of each group, then one for a stranger of none; and a
    column for each topic, then one for an unknown one. Topics and groups are compared without upper and lower case.

    Parameters
    ----------
    expert_ids, topics, groups : in the order of the tables.
    expert_group : ``(experts,)`` the group of each, −1: none.
    """

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    expert_group: NDArray[Any]
    expert_row: dict[str, int] = field(init=False)
    topic_column: dict[str, int] = field(init=False)
    group_row: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        experts = len(self.expert_ids)
        for name, value in (
            ("expert_row", {each: row for row, each in enumerate(self.expert_ids)}),
            ("topic_column", {fold(each): column for column, each in enumerate(self.topics)}),
            ("group_row", {fold(each): experts + row for row, each in enumerate(self.groups)}),
        ):
            object.__setattr__(self, name, value)

    @property
    def stranger(self) -> int:
        """The row of an expert whom nothing is known of."""
        return len(self.expert_ids) + len(self.groups)

    def row(self, expert: str, group: object) -> int:
        """The row of an expert, by the group that is told of him where he is a stranger."""
        found = self.expert_row.get(expert)
        if found is not None:
            return found
        return self.stranger if group is None else self.group_row.get(fold(str(group)), self.stranger)

    def column(self, topic: str) -> int:
        """The column of a topic."""
        return self.topic_column.get(fold(topic), len(self.topics))


def rows_of_epoch(names: Names, epoch: Epoch, expert: Rows, topic: Rows) -> tuple[Rows, Rows]:
    """The row and the column of each pair of an epoch; its experts may have a column ``group``."""
    desk = epoch.desk
    told = desk.features.get("group")
    groups = [None] * desk.n_experts if told is None or told.ndim != 1 else told.tolist()
    rows = [names.row(name, group) for name, group in zip(desk.expert_ids, groups, strict=True)]
    # One entry more for the unknown topic, whose code −1 indexes the last.
    columns = [*(names.column(name) for name in desk.topics), len(names.topics)]
    return np.array(rows, np.int32)[expert], np.array(columns, np.int32)[topic]


def rows_of_history(names: Names, history: History) -> tuple[Rows, Rows]:
    """The row and the column of each ticket of a history, strangers by the group of their latest ticket there."""
    group = group_of_experts(history).tolist()
    rows = [
        names.row(name, history.groups[group[row]] if group[row] >= 0 else None)
        for row, name in enumerate(history.expert_ids)
    ]
    columns = [names.column(name) for name in history.topics]
    return np.array(rows, np.int32)[history.expert], np.array(columns, np.int32)[history.topic]


def group_of_experts(history: History) -> NDArray[np.int64]:
    """``(experts,)`` the group of each expert's latest ticket that tells one, −1: none does."""
    found = np.full(len(history.expert_ids), -1, np.int64)
    order = np.argsort(history.assigned_at, kind="stable")
    order = order[history.group[order] >= 0]
    found[history.expert[order]] = history.group[order]
    return found
