"""Odd but honest input: clocks that disagree, weights beyond reason, copies of a desk, one text for many."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from deskmatch import Desk, Epoch, InputError, Tickets, Vocabulary

EXPERTS = pd.DataFrame({"expert_id": ["e"], "channels": ["chat"], "languages": ["en"], "topics": ["seo"]})


def waiting(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"ticket_id": ["t"], "channel": ["chat"], "language": ["en"], "topic": ["seo"], **columns})


def test_a_ticket_created_within_a_minute_after_now_has_not_waited_yet() -> None:
    epoch = Epoch.from_tables(waiting(created_at=["2026-03-02T09:30:40"]), EXPERTS, now="2026-03-02T09:30:00")
    assert epoch.tickets.waited_s.tolist() == [0.0]


def test_an_importance_that_drowns_everything_else_is_refused_in_tables_and_arrays() -> None:
    for heavy in (10_000_000, 1e200):
        with pytest.raises(InputError, match=r"'importance': found '.*'; expected a number > 0 and at most 1e\+06$"):
            Epoch.from_tables(waiting(importance=[heavy]), EXPERTS)
    assert Epoch.from_tables(waiting(importance=[1e6]), EXPERTS).tickets.importance.tolist() == [1e6]
    with pytest.raises(InputError, match=r"at most 1e\+06"):
        Tickets(("t",), channel=[0], language=[0], topic=[0], importance=1e7)


def test_a_copy_of_a_desk_equals_it_and_a_changed_one_does_not() -> None:
    desk = Desk(
        ("a",), Vocabulary(("chat",)), Vocabulary(("en",)), Vocabulary(("seo",)), [[1]], [[True]], [[np.nan]], 0.5
    )
    assert desk.equals(desk) and desk.equals(pickle.loads(pickle.dumps(desk)))
    assert not desk.equals(replace(desk, tier=2))
    assert not desk.equals(replace(desk, expert_ids=("b",)))


def test_one_text_is_no_vocabulary() -> None:
    with pytest.raises(InputError, match="several names"):
        Vocabulary("abc")  # type: ignore[arg-type]


def test_the_instant_is_a_datetime() -> None:
    epoch = Epoch.from_tables(waiting(), EXPERTS)
    with pytest.raises(InputError, match="'now': found '2026-01-01'; expected a datetime"):
        replace(epoch, now="2026-01-01")
