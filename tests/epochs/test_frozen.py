"""Nobody can write to the arrays of a frozen object, whoever holds what they were made of."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deskmatch.epochs import Desk, Epoch, PairTable, Staffing, Tickets, Vocabulary
from deskmatch.frozen import read_only


@pytest.fixture
def epoch(tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame) -> Epoch:
    return Epoch.from_tables(
        tickets.assign(mood=[1, 2, 3], requires="vip", excluded_experts="e1"),
        experts.assign(team=["red", "blue"]),
        resolution=pairs,
        now="2026-03-02T09:30:00Z",
    )


def arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    """Every array inside."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [array for entry in value.values() for array in arrays(entry)]
    if isinstance(value, Epoch | Desk | Tickets | Staffing | PairTable | Vocabulary):
        return [array for field in fields(value) for array in arrays(getattr(value, field.name))]
    return []


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("way", [lambda value: value, pickled, copy.copy, copy.deepcopy])
def test_every_array_stays_read_only(epoch: Epoch, way: Callable[[Any], Any]) -> None:
    found = arrays(way(epoch))
    assert len(found) > 30
    assert not any(array.flags.writeable for array in found)


@pytest.mark.parametrize("way", [pickled, copy.copy, copy.deepcopy])
def test_copies_hold_the_same(epoch: Epoch, way: Callable[[Any], Any]) -> None:
    again = way(epoch)
    for one, other in zip(arrays(epoch), arrays(again), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.desk.index_of("e2") == 1
    assert again.desk.topics.code("seo") == epoch.desk.topics.code("seo")
    assert (again.now, again.tickets.ids, again.intake.notes) == (epoch.now, epoch.tickets.ids, epoch.intake.notes)


def test_fields_cannot_be_set(epoch: Epoch) -> None:
    with pytest.raises(FrozenInstanceError):
        epoch.tickets.tier = np.ones(3, np.int32)  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        epoch.tickets.tier[0] = 5


def test_what_an_object_was_made_of_may_change_afterwards() -> None:
    load = np.zeros((2, 2), np.int32)
    mine = load[:1]
    staffing = Staffing(load=load)
    mine[0, 0] = 7
    assert staffing.load[0, 0] == 0
    load[0, 0] = 9  # and the caller's array stays writable


def test_a_read_only_view_of_a_writable_array_is_copied() -> None:
    base = np.zeros(3)
    view = base[:]
    view.flags.writeable = False
    kept = read_only(view)
    base[0] = 1
    assert kept[0] == 0


def test_a_read_only_array_is_taken_as_it_is() -> None:
    mine = np.zeros(3)
    mine.flags.writeable = False
    assert read_only(mine) is mine


def test_trusted_objects_are_read_only_too() -> None:
    tickets = Vocabulary._trusted(names=("a",), _code={"a": 0})
    assert tickets.code("a") == 0
    pairs = PairTable._trusted(ticket=np.zeros(1, np.int32), expert=np.zeros(1, np.int32), probability=np.ones(1))
    assert not pairs.probability.flags.writeable
