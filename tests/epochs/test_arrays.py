"""The array constructors take what is right, spread scalars, and list everything that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Desk, Epoch, PairTable, Staffing, Tickets, Vocabulary
from deskmatch.errors import Defect, InputError

nan = np.nan

DESK: dict[str, Any] = {
    "expert_ids": ("ana", "bo"),
    "channels": Vocabulary(("callback", "chat")),
    "languages": Vocabulary(("de", "en")),
    "topics": Vocabulary(("billing", "seo")),
    "channel_limit": [[1, 3], [0, 2]],
    "speaks": [[True, True], [False, True]],
    "proficiency": [[0.9, nan], [0.4, 0.8]],
}
TICKETS: dict[str, Any] = {"ids": ("t1", "t2"), "channel": [0, 1], "language": [1, 1], "topic": [0, -1]}
STAFFING: dict[str, Any] = {"load": [[0, 1], [0, 0]]}
PAIRS: dict[str, Any] = {"ticket": [1, 0], "expert": [0, 1], "probability": [0.5, 1]}
KINDS: dict[type, dict[str, Any]] = {Desk: DESK, Tickets: TICKETS, Staffing: STAFFING, PairTable: PAIRS}

LEAST_0 = "expected a finite number ≥ 0"
WHOLE = "expected a whole number from -2147483648 to 2147483647"
NUMBERS = "expected numbers (these are of type"
SHARE = "expected a number from 0 to 1"


def defects_of(kind: type, **fields: Any) -> list[tuple[str | None, str | None, str | None, str]]:
    with pytest.raises(InputError) as caught:
        kind(**KINDS[kind] | fields)
    return [(defect.row, defect.column, defect.value, defect.accepted) for defect in caught.value.defects]


@pytest.mark.parametrize(
    ("kind", "fields", "defect"),
    [
        (Desk, {"expert_ids": ("ana", "ana")}, ("1", "expert_id", "'ana'", "expected each id once")),
        (Desk, {"channel_limit": [[1, -3], [0, 2]]}, ("0", "channels", "-3", LEAST_0)),
        (Desk, {"channel_limit": [[1, 3]]}, (None, "channels", "shape (1, 2)", "expected shape (2, 2)")),
        (Desk, {"channel_limit": [[1.5, 3], [0, 2]]}, ("0", "channels", "1.5", WHOLE)),
        (Desk, {"channel_limit": [[nan, 3], [0, 2]]}, ("0", "channels", "nan", WHOLE)),
        (Desk, {"channel_limit": [[np.inf, 3], [0, 2]]}, ("0", "channels", "inf", WHOLE)),
        (Desk, {"channel_limit": [[2**32 + 1, 3], [0, 2]]}, ("0", "channels", "4294967297", WHOLE)),
        (Desk, {"speaks": [[0, 1], [2, 1]]}, ("1", "languages", "2", "expected true or false")),
        (Desk, {"speaks": [[0, nan], [1, 1]]}, ("0", "languages", "nan", "expected true or false")),
        (
            Desk,
            {"speaks": [["no", ""], ["yes", ""]]},
            (None, "languages", None, "expected numbers (these are of type <U3)"),
        ),
        (Desk, {"proficiency": [[0.9, 1.1], [0, 0]]}, ("0", "topics", "1.1", SHARE)),
        (Desk, {"proficiency": 0.5j}, (None, "topics", None, f"{NUMBERS} complex128)")),
        (Desk, {"general_proficiency": [-0.1, nan]}, ("0", "topics", "-0.1", SHARE)),
        (Desk, {"tier": [1, 0]}, ("1", "tier", "0", "expected a finite number ≥ 1")),
        (Desk, {"features": {"team": [1]}}, (None, "team", "shape (1,)", "expected 2 rows")),
        (Tickets, {"ids": ("t1", "t1")}, ("1", "ticket_id", "'t1'", "expected each id once")),
        (Tickets, {"tier": [0, 1]}, ("0", "tier", "0", "expected a finite number ≥ 1")),
        (Tickets, {"waited_s": [0, -1]}, ("1", "waited_s", "-1.0", LEAST_0)),
        (Tickets, {"waited_s": [nan, 1]}, ("0", "waited_s", "nan", LEAST_0)),
        (Tickets, {"due_s": [np.inf, 1]}, ("0", "due_s", "inf", "expected a finite number, or nan for none")),
        (Tickets, {"promised_wait_s": [-1, nan]}, ("0", "promised_wait_s", "-1.0", LEAST_0)),
        (Tickets, {"importance": [1, 0]}, ("1", "importance", "0.0", "expected a finite number > 0")),
        (Tickets, {"patience_s": [0, nan]}, ("0", "patience_s", "0.0", "expected a finite number > 0")),
        (
            Tickets,
            {"importance": ["high", "low"]},
            (None, "importance", None, f"{NUMBERS} <U4)"),
        ),
        (Tickets, {"importance": [1, None, 2]}, (None, "importance", "shape (3,)", "expected shape (2,)")),
        (
            Tickets,
            {"topic_probability": [0, 1]},
            ("0", "topic", "0.0", "expected a probability above 0 and at most 1"),
        ),
        (
            Tickets,
            {"topic": [0, 1, 1], "topic_ptr": [0, 2, 3], "topic_probability": [0.7, 0.4, 1]},
            ("0", "topic", "1.1", "expected probabilities that sum to at most 1"),
        ),
        (
            Tickets,
            {"topic_ptr": [0, 2, 2], "topic_probability": 0.5},
            ("1", "topic", "0", "expected at least one topic"),
        ),
        (Tickets, {"topic_ptr": [0, 1, 1]}, (None, "topic", None, "expected offsets that rise from 0 to 2")),
        (Tickets, {"topic_ptr": [0, 1]}, (None, "topic", "shape (2,)", "expected shape (3,)")),
        (Tickets, {"requires": [0]}, (None, "requires", None, "expected offsets that rise from 0 to 1")),
        (
            Tickets,
            {"excluded": [0, 1], "excluded_ptr": [0, 3, 2]},
            (None, "excluded_experts", None, "expected offsets that rise from 0 to 2"),
        ),
        (Tickets, {"customer_id": ("c1",)}, (None, "customer_id", "1 values", "expected 2")),
        (Tickets, {"features": {"mood": 3}}, (None, "mood", "shape ()", "expected 2 rows")),
        (Staffing, {"load": [[-1, 0], [0, 0]]}, ("0", "load", "-1", LEAST_0)),
        (Staffing, {"load": [0, 0]}, (None, "load", "shape (2,)", "expected shape (experts, channels)")),
        (Staffing, {"load": [[0], [0, 0]]}, (None, "load", "shape ()", "expected shape (experts, channels)")),
        (Staffing, {"capacity": [-2, 0]}, ("0", "capacity", "-2", "expected a finite number ≥ -1")),
        (Staffing, {"occupancy": [0.5, 1.5]}, ("1", "occupancy", "1.5", SHARE)),
        (Staffing, {"idle_s": [-1, nan]}, ("0", "idle_s", "-1.0", LEAST_0)),
        (Staffing, {"acceptance": [nan, 1]}, ("0", "acceptance", "nan", SHARE)),
        (Staffing, {"leaves_in_s": [-1, nan]}, ("0", "leaves_in_s", "-1.0", LEAST_0)),
        (Staffing, {"free_in_s": [nan, 0]}, ("0", "free_in_s", "nan", LEAST_0)),
        (PairTable, {"ticket": [0, -1]}, ("1", "ticket_id", "-1", LEAST_0)),
        (PairTable, {"expert": [-2, 0]}, ("0", "expert_id", "-2", LEAST_0)),
        (PairTable, {"probability": [0.5, 2]}, ("1", "probability", "2.0", SHARE)),
        (
            PairTable,
            {"ticket": [0, 0], "expert": [1, 1]},
            ("1", "expert_id", "1", "expected each pair of ticket and expert once"),
        ),
    ],
)
def test_one_wrong_entry_is_one_defect(
    kind: type, fields: dict[str, Any], defect: tuple[str | None, str | None, str | None, str]
) -> None:
    assert defects_of(kind, **fields) == [defect]


def test_ragged_entries_are_refused() -> None:
    columns = {column for _, column, _, _ in defects_of(Tickets, topic=[[0], [0, 1]])}
    assert columns == {"topic"}
    assert ("ticket_id") in {column for _, column, _, _ in defects_of(PairTable, ticket=[[0], [0, 1]])}


def test_all_wrong_entries_are_listed_at_once() -> None:
    assert [column for _, column, _, _ in defects_of(Tickets, tier=0, waited_s=[-1, 0], importance="x")] == [
        "importance",
        "tier",
        "tier",
        "waited_s",
    ]


def test_scalars_are_spread_over_all_rows() -> None:
    waiting = Tickets(**TICKETS | {"waited_s": 7, "tier": 2})
    assert (waiting.waited_s.tolist(), waiting.tier.tolist()) == ([7, 7], [2, 2])
    desk = Desk(**DESK | {"speaks": True, "channel_limit": 3})
    assert desk.speaks.all() and desk.channel_limit.shape == (2, 2)


def test_arrays_have_the_types_that_the_rest_relies_on() -> None:
    waiting, desk = Tickets(**TICKETS), Desk(**DESK)
    assert {array.dtype for array in (waiting.channel, waiting.topic_ptr, desk.channel_limit)} == {np.dtype(np.int32)}
    assert {array.dtype for array in (waiting.waited_s, desk.proficiency)} == {np.dtype(float)}


def test_the_desk_says_who_knows_what() -> None:
    desk = Desk(**DESK | {"general_proficiency": [0.3, nan]})
    known = desk.known(np.array([0, 0, 1, 0, 1]), np.array([0, 1, 1, -1, -1]))
    np.testing.assert_array_equal(known, [0.9, nan, 0.8, 0.3, nan])
    assert (desk.n_experts, desk.index_of("bo"), desk.index_of("cy")) == (2, 1, -1)


def test_a_desk_without_topics_knows_them_in_general() -> None:
    desk = Desk(**DESK | {"topics": Vocabulary(()), "proficiency": np.empty((2, 0)), "general_proficiency": [0.3, nan]})
    np.testing.assert_array_equal(desk.known(np.array([0, 1]), np.array([-1, -1])), [0.3, nan])


def test_vocabularies_give_codes_and_names() -> None:
    names = Vocabulary(("chat", "post"))
    assert names.codes(["post", "fax", "chat"]).tolist() == [1, -1, 0]
    assert (names.code("post"), names.code("fax"), names[1], len(names), list(names)) == (
        1,
        -1,
        "post",
        2,
        ["chat", "post"],
    )
    assert "chat" in names and 3 not in names


def test_a_vocabulary_has_each_name_once() -> None:
    with pytest.raises(InputError) as caught:
        Vocabulary(("chat", "post", "chat"))
    assert caught.value.defects == (Defect("vocabulary", None, None, "'chat'", "each name once"),)


def test_the_pair_table_is_sorted_and_looked_up() -> None:
    table = PairTable(ticket=[1, 0, 1], expert=[2, 5, 0], probability=[0.1, 0.2, 0.3])
    assert table.ticket.tolist() == [0, 1, 1]
    assert table.expert.tolist() == [5, 0, 2]
    found = table.lookup(np.array([1, 1, 0, 0, 9], np.int32), np.array([0, 2, 5, 0, 9], np.int32))
    np.testing.assert_array_equal(found, [0.3, 0.1, 0.2, nan, nan])
    assert len(table) == 3


def test_an_empty_pair_table_knows_nothing() -> None:
    table = PairTable(ticket=[], expert=[], probability=[])
    assert np.isnan(table.lookup(np.array([0, 1], np.int32), np.array([0, 1], np.int32))).all()


def test_an_epoch_takes_everyone_as_idle_unless_it_is_told() -> None:
    epoch = Epoch(Desk(**DESK), Tickets(**TICKETS))
    assert epoch.staffing.load.tolist() == [[0, 0], [0, 0]]
    assert (epoch.n_tickets, epoch.n_experts, epoch.now, epoch.resolution) == (2, 2, None, None)


@pytest.mark.parametrize(
    ("fields", "column", "accepted"),
    [
        ({"channel": [0, 2]}, "channel", "expected a code from 0 to 1, or −1"),
        ({"language": [-2, 0]}, "language", "expected a code from 0 to 1, or −1"),
        ({"topic": [0, 5]}, "topic", "expected a code from 0 to 1, or −1"),
        ({"requires": [0], "requires_ptr": [0, 1, 1]}, "requires", "expected a code from 0 to -1, or −1"),
        ({"preferred": [2, 0]}, "preferred_expert", "expected a code from 0 to 1, or −1"),
        ({"excluded": [2], "excluded_ptr": [0, 1, 1]}, "excluded_experts", "expected a code from 0 to 1, or −1"),
        ({"offered_to": [2, 0]}, "offered_to", "expected a code from 0 to 1, or −1"),
    ],
)
def test_an_epoch_refuses_codes_that_its_desk_does_not_have(fields: dict[str, Any], column: str, accepted: str) -> None:
    with pytest.raises(InputError) as caught:
        Epoch(Desk(**DESK), Tickets(**TICKETS | fields))
    (defect,) = caught.value.defects
    assert (defect.table, defect.column, defect.accepted) == ("tickets", column, accepted)


def test_an_epoch_refuses_a_staffing_of_another_desk() -> None:
    with pytest.raises(InputError, match=r"load.*found shape \(3, 2\); expected shape \(2, 2\)"):
        Epoch(Desk(**DESK), Tickets(**TICKETS), Staffing.idle(3, 2))


def test_an_epoch_refuses_pairs_of_another_epoch() -> None:
    with pytest.raises(InputError) as caught:
        Epoch(Desk(**DESK), Tickets(**TICKETS), resolution=PairTable(ticket=[2], expert=[3], probability=[1]))
    assert [(defect.table, defect.column) for defect in caught.value.defects] == [
        ("resolution", "ticket_id"),
        ("resolution", "expert_id"),
    ]


def test_replacing_a_field_validates_again() -> None:
    waiting = Tickets(**TICKETS)
    assert replace(waiting, waited_s=[5, 6]).waited_s.tolist() == [5, 6]
    with pytest.raises(InputError):
        replace(waiting, waited_s=[5, -6])
    desk = replace(Desk(**DESK), expert_ids=("cy", "bo"))
    assert (desk.index_of("cy"), desk.index_of("ana")) == (0, -1)


def test_objects_say_what_they_are() -> None:
    epoch = Epoch(Desk(**DESK), Tickets(**TICKETS), Staffing(load=[[0, 0], [0, 0]], free_in_s=[3, 0]))
    assert [repr(part) for part in (epoch, epoch.desk, epoch.tickets, epoch.staffing, PairTable(**PAIRS))] == [
        "Epoch(2 tickets, 2 experts)",
        "Desk(2 experts, 2 channels, 2 languages, 2 topics)",
        "Tickets(2 waiting)",
        "Staffing(2 experts, 1 busy)",
        "PairTable(2 pairs)",
    ]
