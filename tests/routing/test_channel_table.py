"""`ChannelTable`: the settings of a desk's channels as arrays."""

from __future__ import annotations

import pickle
from datetime import datetime

import numpy as np
import pytest

from deskmatch.epochs import Desk, Vocabulary
from deskmatch.errors import RoutingError
from deskmatch.routing import ChannelTable, Relaxation, Routing

ROUTING = Routing.load(
    {
        "weights": {"tier": 0.4, "loyalty": 0.5},
        "channels": {
            "chat": {"target_s": 30, "weights": {"tier": 0, "speed": 3}, "relax": [{"after_s": 9, "language": 1}]},
            "email": {"like": "post", "open": {"zone": "UTC", "weekdays": "09:00-17:00"}},
        },
    }
)


def table(*channels: str) -> ChannelTable:
    desk = Desk(
        expert_ids=(),
        channels=Vocabulary(channels),
        languages=Vocabulary(()),
        topics=Vocabulary(()),
        channel_limit=np.zeros((0, len(channels)), np.int32),
        speaks=np.zeros((0, 0), bool),
        proficiency=np.zeros((0, 0)),
    )
    return ROUTING.for_desk(desk)


def test_the_rows_stand_in_the_order_of_the_desk() -> None:
    found = table("email", "callback", "chat")
    assert len(found) == 3
    assert repr(found) == "ChannelTable(email, callback, chat)"
    assert found.target_s.tolist() == [86_400, 3600, 30]
    assert found.exclusive.tolist() == [False, True, False]
    np.testing.assert_equal(found.patience_s, [np.nan, np.nan, 300])
    np.testing.assert_equal(found.no_answer_scale_s, [np.nan, 21_600, np.nan])
    assert found.no_answer.tolist() == [0, 0.2, 0]
    assert found.relax == ((), (), (Relaxation(after_s=9, language=1),))
    assert found.hours[0] is not None
    assert found.hours[1:] == (None, None)
    arrays = (found.handling_s, found.waiting_rate, found.power, found.target_s, found.exclusive)
    assert not any(array.flags.writeable for array in arrays)


def test_weights_are_the_channels_own_where_it_has_one() -> None:
    found = table("email", "chat")
    assert found.weight("tier").tolist() == [0.4, 0.0]
    assert found.weight("loyalty").tolist() == [0.5, 0.5]
    assert found.weight("speed").tolist() == [1.0, 3.0]
    assert found.weight("nobody named it").tolist() == [1.0, 1.0]


def test_only_open_time_counts_as_waiting() -> None:
    found = table("chat", "email")
    monday = datetime(2026, 6, 1, 10)
    channel = np.array([0, 1, 1, -1], np.int32)
    waited = np.array([86_400.0, 86_400.0, 60.0, 5.0])
    assert found.open_waited_s(channel, waited, monday).tolist() == [86_400.0, 3600.0, 60.0, 5.0]
    assert waited.tolist() == [86_400.0, 86_400.0, 60.0, 5.0]
    assert found.open_ahead_s(monday.replace(hour=16, minute=59), 300.0).tolist() == [300.0, 60.0]


def test_opening_hours_need_the_time_and_only_they_do() -> None:
    found = table("chat", "email")
    rows = np.zeros(2, np.int32)
    assert found.open_waited_s(rows, np.ones(2), None).tolist() == [1.0, 1.0]
    assert table("chat").open_ahead_s(None, 5.0).tolist() == [5.0]
    with pytest.raises(RoutingError, match=r"channels\.email\.open: opening hours need the epoch's instant"):
        found.open_waited_s(rows + 1, np.ones(2), None)
    with pytest.raises(RoutingError, match=r"channels\.email\.open"):
        found.open_ahead_s(None, 5.0)


def test_a_desk_without_channels_has_an_empty_table() -> None:
    found = table()
    assert len(found) == 0
    assert found.weight("tier").shape == found.weight("x").shape == found.target_s.shape == (0,)


def test_it_survives_pickling_with_read_only_arrays() -> None:
    again = pickle.loads(pickle.dumps(table("email", "chat")))
    assert again.target_s.tolist() == [86_400, 30]
    assert not again.target_s.flags.writeable
