"""The arguments beside the tables are checked before anything is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from deskmatch.epochs import Epoch
from deskmatch.errors import Defect, InputError

TIME = "expected a datetime or an ISO 8601 time such as 2026-03-02T09:30:00+01:00"
SCALE = "expected a number > 0, such as 5 or 10"
FIRST = "expected the name of a column of deskmatch first"


@pytest.mark.parametrize(
    ("arguments", "column", "value", "accepted"),
    [
        ({"now": "noon"}, "now", "'noon'", TIME),
        ({"now": pd.NaT}, "now", "NaT", TIME),
        ({"now": 12}, "now", "12", TIME),
        ({"priority": {"P1": 0}}, "priority['P1']", "0", "expected a number > 0 and at most 1e+06"),
        ({"priority": {1: "8"}}, "priority['1']", "'8'", "expected a number > 0 and at most 1e+06"),
        ({"priority": {"P1": float("nan")}}, "priority['P1']", "nan", "expected a number > 0 and at most 1e+06"),
        ({"priority": {"P1": None}}, "priority['P1']", "None", "expected a number > 0 and at most 1e+06"),
        ({"proficiency_scale": 0}, "proficiency_scale", "0", SCALE),
        ({"proficiency_scale": float("inf")}, "proficiency_scale", "inf", SCALE),
        ({"on_bad": "skip"}, "on_bad", "'skip'", "expected 'raise' or 'hold'"),
        ({"columns": {"experts": "agent"}}, "columns", "'experts'", FIRST),
        ({"columns": {"expertid": "agent"}}, "columns", "'expertid'", f"{FIRST}; did you mean 'expert_id'?"),
        (
            {"columns": {"agent": "expert_id"}},
            "columns",
            "'agent'",
            f"{FIRST}, the other way round: columns={{'expert_id': 'agent'}}",
        ),
        ({"columns": {"topic": "x", "channel": "x"}}, "columns", "'x'", "expected each of your columns once"),
    ],
)
@pytest.mark.parametrize("on_bad", ["raise", "hold"])
def test_a_wrong_argument_is_named(
    tickets: pd.DataFrame,
    experts: pd.DataFrame,
    arguments: dict[str, object],
    column: str,
    value: str,
    accepted: str,
    on_bad: str,
) -> None:
    with pytest.raises(InputError) as caught:
        Epoch.from_tables(tickets, experts, **{"on_bad": on_bad, **arguments})  # type: ignore[arg-type]
    assert caught.value.defects == (Defect("arguments", None, column, value, accepted),)
    assert str(caught.value) == f"1 problem in the input:\n  argument {column}: found {value}; {accepted}"


def test_all_wrong_arguments_are_listed_at_once(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        Epoch.from_tables(tickets, experts, now="noon", proficiency_scale=-1, priority={"P1": -8})
    assert len(caught.value.defects) == 3


def test_a_renamed_column_that_no_table_has_is_named(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="expected the name of one of your columns: tickets has ticket_id, channel"):
        Epoch.from_tables(tickets, experts, columns={"tier": "level"})


def test_renames_do_not_mind_a_frame_made_of_no_records(experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(pd.DataFrame([]), experts, columns={"ticket_id": "number"})
    assert epoch.n_tickets == 0


@pytest.mark.parametrize(
    "now",
    ["2026-03-02T09:30:00Z", datetime(2026, 3, 2, 9, 30, tzinfo=UTC), pd.Timestamp("2026-03-02T09:30:00Z")],
)
def test_now_is_text_or_a_datetime(tickets: pd.DataFrame, experts: pd.DataFrame, now: object) -> None:
    epoch = Epoch.from_tables(tickets, experts, now=now)  # type: ignore[arg-type]
    assert epoch.now == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert type(epoch.now) is datetime


def test_a_mapping_of_priorities_without_the_column_is_fine(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert Epoch.from_tables(tickets, experts, priority={"P1": 8}).tickets.importance.tolist() == [1, 1, 1]


@pytest.mark.parametrize("values", [[1, 2, 1], [1.0, 2.0, 1.0], ["1", "2.0", " 1 "]])
def test_priorities_may_be_numbers(tickets: pd.DataFrame, experts: pd.DataFrame, values: list[object]) -> None:
    epoch = Epoch.from_tables(tickets.assign(priority=values), experts, priority={1: 8, 2: 3})  # type: ignore[dict-item]
    assert epoch.tickets.importance.tolist() == [8, 3, 8]
