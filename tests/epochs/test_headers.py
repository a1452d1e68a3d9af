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
        ("created", "created_at"),
        ("Preferred", "preferred_expert"),
        ("excluded", "excluded_experts"),
        ("leaves_at_s", "leaves_in_s"),
    ],
)
def test_a_name_that_looks_like_ours_is_a_near_miss(header: str, meant: str) -> None:
    assert near_miss(header, NAMES) == meant


@pytest.mark.parametrize(
    "header", ["lead", "time", "type", "status", "customer", "updated_at", "due_date", "was", "", "subject", "région"]
)
def test_a_name_of_its_own_is_no_near_miss(header: str) -> None:
    assert near_miss(header, NAMES) is None


NATURAL = [
    ("tickets", "created", "created_at"),
    ("tickets", "opened_at", "created_at"),
    ("tickets", "wait_time", "waited_s"),
    ("tickets", "waiting_time_s", "waited_s"),
    ("tickets", "Waiting time (min)", "waited_s"),
    ("tickets", "due_in_s", "due_s"),
    ("tickets", "preferred", "preferred_expert"),
    ("tickets", "excluded", "excluded_experts"),
    ("tickets", "tags", "requires"),
    ("tickets", "Required Tags", "requires"),
    ("tickets", "skill", "topic"),
    ("experts", "tags", "has"),
    ("experts", "skills", "topics"),
    ("experts", "capacities", "capacity"),
    ("experts", "idle_time", "idle_s"),
    ("experts", "idle_time_min", "idle_s"),
    ("experts", "language", "languages"),
    ("experts", "channel", "channels"),
]


@pytest.mark.parametrize(("table", "header", "meant"), NATURAL)
def test_what_a_column_is_often_called_is_a_near_miss_where_the_column_is_absent(
    tickets: pd.DataFrame, experts: pd.DataFrame, table: str, header: str, meant: str
) -> None:
    tables = {"tickets": tickets, "experts": experts}
    tables[table] = tables[table].drop(columns=meant, errors="ignore").assign(**{header: 1})
    (defect,) = defects_of(*tables.values())
    assert (defect.table, defect.column) == (table, header)
    assert defect.accepted.startswith(f"unknown column; did you mean {meant!r}?")


FEATURES = {
    "tickets": [
        *("region", "product", "language_level", "created_by", "customer", "customer_ip", "updated_at", "due_date"),
        *("category", "tag_count", "skill_level", "channel_detail", "offered_by", "wait_reason", "segment", "mood"),
    ],
    "experts": [
        *("region", "team", "name", "language_level", "tag_count", "skill_group", "idle_reason", "created_by"),
        *("site", "manager", "hired_at", "shift", "channel_group", "capacity_note"),
    ],
}


def test_names_of_further_columns_are_features(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    ours, theirs = FEATURES["tickets"], FEATURES["experts"]
    epoch = Epoch.from_tables(tickets.assign(**dict.fromkeys(ours, 1)), experts.assign(**dict.fromkeys(theirs, 1)))
    assert (list(epoch.tickets.features), list(epoch.desk.features)) == (ours, theirs)
    assert epoch.intake.notes == {}


@pytest.mark.parametrize(
    ("there", "value", "header"),
    [
        ("waited_s", 60, "created"),
        ("waited_s", 60, "opened_at"),
        ("created_at", "2026-03-02T09:00", "wait_time"),
        ("importance", 2, "Priority"),
        ("requires", "", "tags"),
        ("due_s", 60, "due_in_min"),
    ],
)
def test_a_near_miss_beside_a_column_that_says_the_same_is_a_feature(
    tickets: pd.DataFrame, experts: pd.DataFrame, there: str, value: object, header: str
) -> None:
    epoch = Epoch.from_tables(tickets.assign(**{there: value, header: 1}), experts, now="2026-03-02T09:30")
    assert list(epoch.tickets.features) == [header]


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
