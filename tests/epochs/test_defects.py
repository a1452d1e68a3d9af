"""Every kind of defect is found, placed, shown, and answered with what would be accepted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deskmatch.epochs import Epoch
from deskmatch.errors import Defect, InputError

NOW = "2026-03-02T09:30:00+01:00"
LEAST_0 = "expected a number ≥ 0"
SHARE = "expected a number from 0 to 1"
NAME = "a name without any of | , ; :"
CHANNELS = "expected names separated by |, with whole numbers ≥ 1, such as callback|chat:3|post:5"
LOADS = "expected names separated by |, with whole numbers ≥ 0, such as chat:2"
LANGUAGES = "expected names separated by |, such as en|de"
ONE_TOPIC = "expected one topic, or several with probabilities such as billing:0.7|seo:0.3"
TOPICS = (
    "expected topics separated by |, each with a number from 0 to 1, such as billing:0.9|*:0.5; "
    "proficiency_scale says what yours are counted up to"
)
TAGS = "expected tags separated by |, such as vip|region:eu"
UNKNOWN = "; leave the cell empty where it is unknown"

TICKET_CELLS = [
    ("ticket_id", "", "expected a value such as T1042"),
    ("channel", "", "expected a value such as chat"),
    ("language", "  ", "expected a value such as de"),
    ("topic", "", "expected a value such as billing:0.7|seo:0.3"),
    ("channel", "chat|post", f"expected one channel, {NAME}"),
    ("channel", "chat:2", f"expected one channel, {NAME}"),
    ("language", "en,de", f"expected one language, {NAME}"),
    ("language", "*", f"expected one language, {NAME}"),
    ("topic", "billing|seo", f"{ONE_TOPIC}, one for each"),
    ("topic", "billing:0.5|seo", f"{ONE_TOPIC}, one for each"),
    ("topic", "billing:0.7|seo:0.4", f"{ONE_TOPIC}, which sum to at most 1"),
    ("topic", "billing:0", f"{ONE_TOPIC}, each above 0 and at most 1"),
    ("topic", "billing:1.5", f"{ONE_TOPIC}, each above 0 and at most 1"),
    ("topic", "billing:0,7|seo:0.3", f"{ONE_TOPIC}, each above 0 and at most 1, with a decimal point"),
    ("topic", "billing:x", f"{ONE_TOPIC}, each above 0 and at most 1"),
    ("topic", "billing:0.5|Billing:0.5", "expected each entry once"),
    ("topic", "billing:0.5|", "expected entries such as billing:0.7|seo:0.3, no entry empty"),
    ("topic", "billing:", "expected entries such as billing:0.7|seo:0.3: a name, and after a colon its number"),
    ("topic", ":0.7", "expected entries such as billing:0.7|seo:0.3: a name, and after a colon its number"),
    ("topic", "*", ONE_TOPIC),
    ("topic", "billing;seo", ONE_TOPIC),
    ("tier", "0", "expected a whole number ≥ 1"),
    ("tier", "1.5", "expected a whole number ≥ 1"),
    ("tier", "second", "expected a whole number ≥ 1"),
    ("tier", "5000000000", "expected a whole number ≥ 1 and at most 1000000000"),
    ("waited_s", "-1", LEAST_0),
    ("waited_s", "inf", LEAST_0),
    ("waited_s", "1e999", LEAST_0),
    ("waited_s", "nan", LEAST_0 + UNKNOWN),
    ("waited_s", "n/a", LEAST_0 + UNKNOWN),
    ("waited_s", "1,5", f"{LEAST_0}, with a decimal point"),
    ("waited_s", "1_000", LEAST_0),
    ("waited_s", "5 min", LEAST_0),
    ("due_s", "soon", "expected a number"),
    ("promised_wait_s", "-3", LEAST_0),
    ("importance", "0", "expected a number > 0 and at most 1e+06"),
    ("importance", "-2", "expected a number > 0 and at most 1e+06"),
    ("importance", "high", "expected a number > 0 and at most 1e+06"),
    ("patience_s", "0", "expected a number > 0"),
    ("requires", "vip,gdpr", TAGS),
    ("requires", "vip||gdpr", "expected tags such as vip|gdpr, no entry empty"),
    ("requires", "vip|VIP", "expected each entry once"),
    ("preferred_expert", "e1|e2", "expected the id of one expert, such as E07"),
    ("offered_to", "e1|e2", "expected the id of one expert, such as E07"),
    ("excluded_experts", "e1|", "expected ids such as e1|e7, no entry empty"),
    ("excluded_experts", "e1|e1", "expected each entry once"),
    ("created_at", "yesterday", "expected an ISO 8601 time such as 2026-03-02T09:30:00+01:00"),
    ("created_at", "2026-03-02T09:00:00", "expected a time with a time zone, as now has one"),
    ("created_at", "2026-03-02T08:31:01Z", f"expected a time not after now ({NOW})"),
    ("priority", "P9", "expected one of P1, P2"),
]

EXPERT_CELLS = [
    ("expert_id", "", "expected a value such as E07"),
    ("expert_id", "e1|e2", "expected an id without |, which separates ids in lists"),
    ("channels", "", "expected a value such as callback|chat:3"),
    ("channels", "chat:0", CHANNELS),
    ("channels", "chat:2.5", CHANNELS),
    ("channels", "chat,post", CHANNELS),
    ("channels", "chat:3,post:5", CHANNELS),
    ("channels", "chat|chat:2", "expected each entry once"),
    ("load", "chat:-1", LOADS),
    ("load", "chat:two", LOADS),
    ("languages", "", "expected a value such as en|de"),
    ("languages", "en,de", LANGUAGES),
    ("languages", "en;de", LANGUAGES),
    ("languages", "en:0.5", LANGUAGES),
    ("languages", "*", LANGUAGES),
    ("languages", "en|EN", "expected each entry once"),
    ("languages", "en|", "expected names such as en|de, no entry empty"),
    ("topics", "", "expected a value such as billing:0.9|*:0.4"),
    ("topics", "billing:1.2", TOPICS),
    ("topics", "billing:-0.1", TOPICS),
    ("topics", "billing:0.9,seo:0.6", TOPICS),
    ("topics", "billing,seo", TOPICS),
    ("topics", "*|*:0.5", "expected each entry once"),
    ("tier", "-1", "expected a whole number ≥ 1"),
    ("has", "vip;gdpr", TAGS),
    ("capacity", "-1", "expected a whole number ≥ 0"),
    ("capacity", "1.5", "expected a whole number ≥ 0"),
    ("occupancy", "82", SHARE),
    ("occupancy", "unknown", SHARE + UNKNOWN),
    ("idle_s", "-1", LEAST_0),
    ("acceptance", "1.01", SHARE),
    ("leaves_in_s", "-60", LEAST_0),
    ("free_in_s", "now", LEAST_0),
]

PAIR_CELLS = [
    ("ticket_id", "", "expected a value such as T1042"),
    ("expert_id", "", "expected a value such as E07"),
    ("probability", "", "expected a value such as 0.74"),
    ("probability", "1.1", SHARE),
    ("probability", "-0.1", SHARE),
    ("probability", "high", SHARE),
]


def defects_of(*tables: object, **arguments: object) -> tuple[Defect, ...]:
    with pytest.raises(InputError) as caught:
        Epoch.from_tables(*tables, **arguments)  # type: ignore[arg-type]
    return caught.value.defects


def spoilt(frame: pd.DataFrame, column: str, text: str) -> pd.DataFrame:
    """The frame with `text` in its second row, whose label is 1."""
    values = list(frame[column]) if column in frame else [None] * len(frame)
    return frame.assign(**{column: [values[0], text, *values[2:]]})


def found(text: str) -> str:
    return repr(text) if text.strip() else "an empty cell"


@pytest.mark.parametrize(("column", "text", "accepted"), TICKET_CELLS)
def test_a_bad_cell_of_a_ticket_is_placed_and_answered(
    tickets: pd.DataFrame, experts: pd.DataFrame, column: str, text: str, accepted: str
) -> None:
    bad = spoilt(tickets, column, text)
    defects = defects_of(bad, experts, now=NOW, priority={"P1": 8, "P2": 2})
    assert defects == (Defect("tickets", "1", column, found(text), accepted),)


@pytest.mark.parametrize(("column", "text", "accepted"), EXPERT_CELLS)
def test_a_bad_cell_of_an_expert_is_placed_and_answered(
    tickets: pd.DataFrame, experts: pd.DataFrame, column: str, text: str, accepted: str
) -> None:
    defects = defects_of(tickets, spoilt(experts, column, text))
    assert defects == (Defect("experts", "1", column, found(text), accepted),)


@pytest.mark.parametrize(("column", "text", "accepted"), PAIR_CELLS)
def test_a_bad_cell_of_a_pair_is_placed_and_answered(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame, column: str, text: str, accepted: str
) -> None:
    bad = spoilt(pairs.astype(object), column, text)
    defects = defects_of(tickets, experts, resolution=bad)
    assert defects == (Defect("resolution", "1", column, found(text), accepted),)


def test_load_on_a_channel_that_the_expert_does_not_work_is_a_defect(
    tickets: pd.DataFrame, experts: pd.DataFrame
) -> None:
    assert defects_of(tickets, spoilt(experts, "load", "CHAT:1|post:2")) == (
        Defect("experts", "1", "load", "'post'", "expected channels of this expert: callback, chat"),
    )


def test_load_is_not_held_against_channels_that_could_not_be_read(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = spoilt(spoilt(experts, "channels", "chat:0"), "load", "post:2")
    assert [defect.column for defect in defects_of(tickets, bad)] == ["channels"]


def test_excluded_experts_with_a_wrong_separator_are_a_defect(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert defects_of(spoilt(tickets, "excluded_experts", "e1,e2"), experts) == (
        Defect("tickets", "1", "excluded_experts", "'e1,e2'", "expected ids separated by |, such as e1|e7"),
    )


@pytest.mark.parametrize("column", ["preferred_expert", "offered_to"])
@pytest.mark.parametrize("several", ["e1,e2", "e1; e2", "e1|e2"])
def test_several_experts_where_one_is_meant_are_a_defect(
    tickets: pd.DataFrame, experts: pd.DataFrame, column: str, several: str
) -> None:
    assert defects_of(spoilt(tickets, column, several), experts) == (
        Defect("tickets", "1", column, repr(several), "expected the id of one expert, such as E07"),
    )


@pytest.mark.parametrize("column", ["preferred_expert", "excluded_experts", "offered_to"])
def test_an_id_with_a_comma_may_be_named_where_the_desk_has_it(
    tickets: pd.DataFrame, experts: pd.DataFrame, column: str
) -> None:
    experts = experts.assign(expert_id=["Doe, Jo", "e2"])
    waiting = Epoch.from_tables(spoilt(tickets, column, "Doe, Jo"), experts).tickets
    assert {
        "preferred_expert": waiting.preferred[waiting.preferred >= 0].tolist(),
        "excluded_experts": waiting.excluded.tolist(),
        "offered_to": waiting.offered_to[waiting.offered_to >= 0].tolist(),
    }[column] == [0]


@pytest.mark.parametrize("second", ["t1", " t1 "])
def test_an_id_that_occurs_twice_names_the_other_row(tickets: pd.DataFrame, experts: pd.DataFrame, second: str) -> None:
    bad = tickets.assign(ticket_id=["t1", second, "t3"])
    assert defects_of(bad, experts) == (
        Defect("tickets", "1", "ticket_id", "'t1'", "expected each ticket_id once; row 0 has it too"),
    )


def test_integer_like_ids_that_are_the_same_number_occur_twice(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert defects_of(tickets, experts.assign(expert_id=["12", "12.0"])) == (
        Defect("experts", "1", "expert_id", "'12'", "expected each expert_id once; row 0 has it too"),
    )


def test_a_pair_that_occurs_twice_is_a_defect(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    bad = pairs.assign(ticket_id=["t1", "t1"])
    assert defects_of(tickets, experts, resolution=bad) == (
        Defect(
            "resolution", "1", "expert_id", "'e1'", "expected each pair of ticket and expert once; row 0 has it too"
        ),
    )


def test_a_time_without_a_zone_wants_a_now_without_a_zone(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = tickets.assign(created_at=["2026-03-02T09:00", "2026-03-02T09:00Z", ""])
    (defect,) = defects_of(bad, experts, now="2026-03-02T09:30")
    assert (defect.row, defect.accepted) == ("1", "expected a time without a time zone, as now is")


def test_a_scale_is_named_in_the_message(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    (defect,) = defects_of(tickets, spoilt(experts, "topics", "seo:6"), proficiency_scale=5)
    assert defect.accepted == (
        "expected topics separated by |, each with a number from 0 to 5, such as billing:4.5|*:2.5"
    )


def test_a_long_cell_is_cut_in_the_message(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    (defect,) = defects_of(spoilt(tickets, "waited_s", "x" * 500), experts)
    assert defect.value == repr("x" * 80 + "…")


def test_all_problems_of_all_tables_are_listed_at_once(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    bad_tickets = spoilt(spoilt(tickets, "waited_s", "-1"), "topic", "").rename(columns={"channel": " Channel"})
    bad_experts = spoilt(experts, "acceptance", "2").assign(Tier_=1)
    bad_pairs = spoilt(pairs.astype(object), "probability", "2").drop(columns="expert_id")
    defects = defects_of(bad_tickets, bad_experts, resolution=bad_pairs)
    assert [(defect.table, defect.row, defect.column) for defect in defects] == [
        ("tickets", None, "Channel"),
        ("tickets", "1", "topic"),
        ("tickets", "1", "waited_s"),
        ("experts", None, "Tier_"),
        ("experts", "1", "acceptance"),
        ("resolution", None, "expert_id"),
        ("resolution", "1", "probability"),
    ]


def test_several_unreadable_tables_are_reported_together(tmp_path: Path) -> None:
    defects = defects_of(tmp_path / "a.csv", 3, resolution=tmp_path / "b.xlsx")
    assert [defect.table for defect in defects] == ["a.csv", "experts", "b.xlsx"]


def test_the_message_holds_every_defect_on_a_line(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        Epoch.from_tables(spoilt(spoilt(tickets, "tier", "0"), "waited_s", "-1"), experts)
    assert str(caught.value).splitlines() == [
        "2 problems in the input:",
        "  tickets, row 1, column 'tier': found '0'; expected a whole number ≥ 1",
        "  tickets, row 1, column 'waited_s': found '-1'; expected a number ≥ 0",
    ]
