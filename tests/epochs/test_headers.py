"""Columns are found, renamed, missed and mistaken as their names deserve."""

from __future__ import annotations

import pandas as pd
import pytest

from deskmatch.epochs import Epoch
from deskmatch.epochs.columns import EXPERTS, TICKETS
from deskmatch.epochs.headers import near_miss
from deskmatch.errors import Defect, InputError

NAMES = [column.name for column in (*TICKETS, *EXPERTS)]


def defects_of(*tables: object, **arguments: object) -> tuple[Defect, ...]:
    with pytest.raises(InputError) as caught:
        Epoch.from_tables(*tables, **arguments)  # type: ignore[arg-type]
    return caught.value.defects


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("Ticket ID", "ticket_id"),
        ("ticket-id", "ticket_id"),
        ("TICKETID", "ticket_id"),
        ("expertid", "expert_id"),
        ("waiteds", "waited_s"),
        ("waited", "waited_s"),
        ("waited_min", "waited_s"),
        ("wait_s", "waited_s"),
        ("Waited (s)", "waited_s"),
        ("due", "due_s"),
        ("idle_seconds", "idle_s"),
        ("langauge", "language"),
        ("teir", "tier"),
        ("loads", "load"),
        ("prefered_expert", "preferred_expert"),
    ],
)
def test_a_name_that_looks_like_ours_is_a_near_miss(header: str, meant: str) -> None:
    assert near_miss(header, NAMES) == meant


@pytest.mark.parametrize(
    "header", ["lead", "time", "type", "status", "customer", "updated_at", "due_date", "was", "", "subject", "région"]
)
def test_a_name_of_its_own_is_no_near_miss(header: str) -> None:
    assert near_miss(header, NAMES) is None


def test_a_near_miss_is_a_defect_that_says_what_was_meant(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert defects_of(tickets.assign(Waited=1), experts) == (
        Defect(
            "tickets",
            None,
            "Waited",
            None,
            "unknown column; did you mean 'waited_s'? Rename it, or pass columns={'waited_s': 'Waited'}; "
            "a further column needs a less similar name",
        ),
    )


def test_a_near_miss_of_a_column_that_is_there_is_a_feature(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets.assign(waited_s=60, waited_min=1), experts)
    assert list(epoch.tickets.features) == ["waited_min"]


def test_a_required_column_that_is_misspelt_is_reported_once(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    (defect,) = defects_of(tickets.rename(columns={"topic": "topics"}), experts, on_bad="hold")
    assert defect.column == "topics"
    assert "did you mean 'topic'?" in defect.accepted


def test_a_missing_required_column_raises_with_either_setting(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = tickets[["ticket_id", "channel", "topic"]]
    for on_bad in ("raise", "hold"):
        assert defects_of(bad, experts, on_bad=on_bad) == (
            Defect(
                "tickets",
                None,
                "language",
                None,
                "expected this required column; the table has: ticket_id, channel, topic; "
                "columns={'language': …} names yours",
            ),
        )


def test_a_renamed_required_column_that_one_table_lacks_is_named_by_its_name(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    theirs = experts.rename(columns={"expert_id": "agent"})
    (defect,) = defects_of(tickets, theirs, resolution=pairs.drop(columns="expert_id"), columns={"expert_id": "agent"})
    assert (defect.table, defect.column) == ("resolution", "expert_id")
    assert "called 'agent' by columns=" in defect.accepted


def test_a_column_that_stands_twice_is_a_defect(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = pd.concat([tickets, tickets[["topic"]]], axis=1)
    assert defects_of(bad, experts) == (
        Defect("tickets", None, "topic", None, "the table has this column twice; expected it once"),
    )


def test_a_feature_that_stands_twice_is_kept_twice(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    mood = pd.DataFrame({"mood": [1, 2, 3]})
    epoch = Epoch.from_tables(pd.concat([tickets, mood, mood + 1], axis=1), experts)
    assert {name: values.tolist() for name, values in epoch.tickets.features.items()} == {
        "mood": [1, 2, 3],
        "mood (column 6)": [2, 3, 4],
    }


def test_columns_are_renamed_in_every_table_that_has_them(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    epoch = Epoch.from_tables(
        tickets.rename(columns={"ticket_id": " number"}),
        experts.rename(columns={"expert_id": "agent_id"}),
        resolution=pairs.rename(columns={"ticket_id": "number"}),
        columns={"ticket_id": "number", "expert_id": "agent_id"},
    )
    assert epoch.tickets.ids == ("t1", "t2", "t3")
    assert epoch.resolution is not None and len(epoch.resolution) == 2


def test_two_columns_may_be_renamed_to_each_other(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    swapped = tickets.rename(columns={"language": "topic", "topic": "language"})
    epoch = Epoch.from_tables(swapped, experts, columns={"language": "topic", "topic": "language"})
    assert epoch.desk.languages.names == ("de", "en")


def test_a_renamed_column_beside_one_of_our_name_is_a_defect(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    (defect,) = defects_of(tickets.assign(subject="seo"), experts, columns={"topic": "subject"})
    assert defect.accepted == "the table has this column and 'subject', which columns= renames to it"


@pytest.mark.parametrize(
    ("column", "other", "values"),
    [("created_at", "waited_s", "2026-03-02T09:00:00"), ("priority", "importance", "P1")],
)
def test_two_columns_that_say_the_same_are_a_defect_and_held_desks_read_the_plain_one(
    tickets: pd.DataFrame, experts: pd.DataFrame, column: str, other: str, values: str
) -> None:
    both = tickets.assign(**{column: values, other: 7})
    (defect,) = defects_of(both, experts, now="2026-03-02T09:30:00", priority={"P1": 8})
    assert (defect.row, defect.column) == (None, column)
    assert defect.accepted == f"the table has {column!r} and {other!r}, which say the same; expected one of them"
    epoch = Epoch.from_tables(both, experts, on_bad="hold")
    read = epoch.tickets.waited_s if other == "waited_s" else epoch.tickets.importance
    assert read.tolist() == [7, 7, 7]
    assert epoch.intake.notes == {f"column {column!r} of tickets was not read, since {other!r} is there": 1}


def test_priority_without_its_mapping_says_how_to_map(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    for on_bad in ("raise", "hold"):
        (defect,) = defects_of(tickets.assign(priority="P1"), experts, on_bad=on_bad)
        assert defect.column == "priority"
        assert "priority={'P1': 8, 'P2': 4, 'P3': 1}" in defect.accepted
        assert "many desks count 1 as the most urgent" in defect.accepted


def test_created_at_without_now_is_one_defect(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    for on_bad in ("raise", "hold"):
        (defect,) = defects_of(tickets.assign(created_at="2026-03-02"), experts, on_bad=on_bad)
        assert (defect.column, defect.row) == ("created_at", None)
        assert defect.accepted.startswith("needs the argument now: the instant of the epoch")


def test_a_column_without_a_name_is_a_feature_by_its_place(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets.assign(**{"": [4, 5, 6]}), experts)
    assert epoch.tickets.features["column 5"].tolist() == [4, 5, 6]


def test_labels_of_columns_need_not_be_text(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets.assign(mood=1).rename(columns={"mood": 9}), experts)
    assert list(epoch.tickets.features) == ["9"]
