"""A feature of the history is found again in an epoch, in the column of the same name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deskmatch.epochs import Epoch
from deskmatch.prediction import BoostedTrees, PartialPooling
from deskmatch.prediction.features import values_in_epoch

EXPERTS = pd.DataFrame(
    {
        "expert_id": ["ana", "bo"],
        "channels": "chat:3",
        "languages": "en",
        "topics": "billing",
        "occupancy": [0.3, 0.9],
        "idle_s": [50, None],
        "acceptance": [1, 0.5],
        "leaves_in_s": [None, 600],
        "site": ["Ulm", "Bonn"],
    }
)
TICKETS = pd.DataFrame(
    {
        "ticket_id": ["t1", "t2", "t3"],
        "channel": "chat",
        "language": "en",
        "topic": "billing",
        "tier": [1, 1, 2],
        "waited_s": [1, 2, 3],
        "due_s": [None, -5, 5],
        "promised_wait_s": [60, None, None],
        "patience_s": [None, 300, None],
        "priority": ["P1", "P2", None],
        "preferred_expert": ["bo", None, "nobody"],
        "offered_to": [None, "ana", None],
        "customer_id": ["C1", None, "C2"],
        "site": ["x", "y", "z"],
    }
)
EPOCH = Epoch.from_tables(TICKETS, EXPERTS, priority={"P1": 8, "P2": 3})
NAN = np.nan

FOUND = {
    "priority": ["P1", "P2", None],
    "importance": [8.0, 3.0, 1.0],
    "channel": ["chat"] * 3,
    "language": ["en"] * 3,
    "tier": [1.0, 1.0, 2.0],
    "waited_s": [1.0, 2.0, 3.0],
    "due_s": [NAN, -5.0, 5.0],
    "promised_wait_s": [60.0, NAN, NAN],
    "patience_s": [NAN, 300.0, NAN],
    "preferred_expert": ["bo", None, None],
    "offered_to": [None, "ana", None],
    "customer_id": ["C1", None, "C2"],
    "occupancy": [0.3, 0.9],
    "idle_s": [50.0, NAN],
    "acceptance": [1.0, 0.5],
    "leaves_in_s": [NAN, 600.0],
    "site": ["x", "y", "z"],  # the ticket's goes before the expert's
}


@pytest.mark.parametrize("name", FOUND)
def test_a_column_of_the_tables_is_found_by_its_name(name: str) -> None:
    found = values_in_epoch(EPOCH, name)
    assert found is not None
    values, of_tickets = found
    assert of_tickets == (len(FOUND[name]) == 3)
    if values.dtype.kind == "f":
        np.testing.assert_array_equal(values, FOUND[name])
    else:
        assert [None if value is None or value != value else value for value in values.tolist()] == FOUND[name]


def test_a_column_that_no_table_has_is_missing() -> None:
    assert values_in_epoch(EPOCH, "weather") is None


@pytest.mark.parametrize("kind", [PartialPooling, BoostedTrees])
def test_what_was_learnt_of_priorities_counts_in_an_epoch(kind: type[PartialPooling] | type[BoostedTrees]) -> None:
    if kind is BoostedTrees:
        pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    urgent = rng.random(800) < 0.5
    history = pd.DataFrame(
        {
            "expert_id": rng.choice(["ana", "bo"], 800),
            "topic": "billing",
            "priority": np.where(urgent, "P1", "P2"),
            "assigned_at": pd.date_range("2026-01-01", periods=800, freq="h"),
            "resolved_first_contact": rng.random(800) < np.where(urgent, 0.8, 0.3),
        }
    )
    model = kind.fit(history, features=["priority"])
    assert model.lacking(EPOCH) == ()
    ticket = np.array([0, 1], np.int32)
    nought = np.zeros(2, np.int32)
    found = model.probability(EPOCH, ticket=ticket, expert=nought, topic=nought)
    assert found[0] > 0.65 and found[1] < 0.45


def test_numbers_for_priorities_are_numbers_in_history_and_epoch() -> None:
    tickets = TICKETS.assign(priority=["1", "3", "2"])
    epoch = Epoch.from_tables(tickets, EXPERTS, priority={"1": 8, "2": 4, "3": 1})
    found = values_in_epoch(epoch, "priority")
    assert found is not None and found[0].astype(float).tolist() == [1.0, 3.0, 2.0]
    assert epoch.tickets.importance.tolist() == [8.0, 1.0, 4.0]
