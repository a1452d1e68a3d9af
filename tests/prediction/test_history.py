"""Reading a history: what its optional columns mean, and how each bad cell is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import InputError
from deskmatch.prediction.history import read_history

TABLE = pd.DataFrame(
    {
        "ticket_id": ["t1", "t2", "t3"],
        "expert_id": ["bo", "ana", "bo"],
        "topic": ["seo", "SEO", "dns"],
        "group": ["web", None, "Web"],
        "assigned_at": ["2026-03-02T10:00", "2026-03-01T10:00", "2026-03-03T10:00"],
        "closed_at": ["2026-03-05T10:00", "2026-03-01T11:00", "2026-03-03T10:00"],
        "resolved_first_contact": [True, False, 0],
        "transfer_reason": [None, "Outage", "skill"],
        "load": [2, None, 0],
        "priority": ["P1", None, "P2 😀"],
        "length": [10, 20, np.nan],
    }
)


def defects(table: pd.DataFrame) -> list[str]:
    with pytest.raises(InputError) as error:
        read_history(table)
    return [str(defect) for defect in error.value.defects]


def test_columns_are_read_as_what_they_mean() -> None:
    history = read_history(TABLE, unavoidable=["outage"])
    assert (history.expert_ids, history.topics, history.groups) == (("ana", "bo"), ("SEO", "dns"), ("Web",))
    assert history.group.tolist() == [0, -1, 0]
    assert history.weight.tolist() == [1, 0, 1]
    assert history.unavoidable.tolist() == [False, True, False]
    assert np.array_equal(history.load, [2, np.nan, 0], equal_nan=True)
    assert (history.closed_at - history.assigned_at).tolist() == [3 * 86_400, 3600, 0]
    assert list(history.features) == ["priority", "length"]
    assert history.features["priority"].tolist() == ["P1", None, "P2 😀"]
    assert np.array_equal(history.features["length"], [10, 20, np.nan], equal_nan=True)


def test_rows_are_taken_and_sorted_with_all_their_columns() -> None:
    late = read_history(TABLE).sorted_by_time()
    assert late.ticket_ids == ("t2", "t1", "t3")
    assert late.features["priority"].tolist() == [None, "P1", "P2 😀"]
    one = late.take(late.expert == 0)
    assert (one.ticket_ids, one.topics) == (("t2",), ("SEO", "dns"))


def test_each_bad_cell_is_named() -> None:
    bad = TABLE.assign(
        ticket_id=["t1", "t1", None],
        topic=["seo", "x" * 1_000_000, "dns"],
        group=["y" * 300, "web", None],
        load=[-1, "many", 2],
        closed_at=["soon", None, "2026-03-03T10:00+01:00"],
    )
    found = defects(bad)
    assert [text.split(": ")[0] for text in found] == [
        "history, row 1, column 'topic'",
        "history, row 0, column 'load'",
        "history, row 1, column 'load'",
        "history, row 2, column 'ticket_id'",
        "history, row 1, column 'ticket_id'",
        "history, row 0, column 'closed_at'",
        "history, row 1, column 'closed_at'",
        "history, row 0, column 'group'",
    ]
    assert max(map(len, found)) < 300


def test_an_outcome_before_the_assignment_and_mixed_zones_are_refused() -> None:
    early = TABLE.assign(closed_at=["2026-03-01T10:00", "2026-03-01T10:00", "2026-03-03T10:00"])
    assert defects(early) == [
        "history, row 0, column 'closed_at': found 2026-03-01 10:00:00; expected a time not before assigned_at"
    ]
    mixed = TABLE.assign(closed_at=TABLE["closed_at"] + "+00:00")
    assert all("all times with a time zone, or none" in text for text in defects(mixed))
