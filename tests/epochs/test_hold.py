"""With ``on_bad="hold"`` one bad row never stops a desk, and nothing is lost."""

from __future__ import annotations

import pandas as pd
import pytest

from deskmatch.epochs import Epoch


def hold(tickets: object, experts: object, **arguments: object) -> Epoch:
    return Epoch.from_tables(tickets, experts, on_bad="hold", **arguments)  # type: ignore[arg-type]


def test_a_bad_ticket_is_held_with_all_its_reasons(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(tickets.assign(tier=["0", "1", "2"], waited_s=["-1", "5", ""]), experts)
    assert epoch.tickets.ids == ("t2", "t3")
    assert epoch.tickets.tier.tolist() == [1, 2]
    assert epoch.intake.held == (
        (
            "t1",
            "column 'tier': found '0'; expected a whole number ≥ 1 / "
            "column 'waited_s': found '-1'; expected a number ≥ 0",
        ),
    )


def test_a_bad_expert_is_left_out_and_the_others_work(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = experts.assign(acceptance=[1.5, 0.5], load=["", "chat:1"])
    epoch = hold(tickets.assign(preferred_expert="e1"), bad)
    assert epoch.desk.expert_ids == ("e2",)
    assert epoch.staffing.load.tolist() == [[0, 1, 0]]
    assert epoch.intake.left_out == (("e1", "column 'acceptance': found '1.5'; expected a number from 0 to 1"),)
    assert epoch.tickets.preferred.tolist() == [-1, -1, -1]
    assert epoch.intake.notes["preferred expert not on the desk"] == 3


def test_the_vocabularies_take_no_names_from_bad_rows(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(tickets.assign(tier=["1", "x", "1"]), experts.assign(tier=[None, "x"]))
    assert epoch.desk.channels.names == ("callback", "chat", "post")
    assert hold(tickets.iloc[:1], experts.assign(tier=[None, "x"])).desk.channels.names == ("chat", "post")


def test_of_rows_with_one_id_the_first_is_routed(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(tickets.assign(ticket_id=["t1", "t1", "t1"]), experts)
    assert epoch.tickets.ids == ("t1",)
    assert epoch.desk.channels[epoch.tickets.channel[0]] == "chat"
    assert [name for name, _ in epoch.intake.held] == ["t1 (row 1)", "t1 (row 2)"]


def test_a_bad_row_does_not_keep_an_id_from_a_good_one(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(tickets.assign(ticket_id=["t1", "t1", "t1"], tier=["x", "1", "1"]), experts)
    assert epoch.desk.channels[epoch.tickets.channel[0]] == "post"
    assert [name for name, _ in epoch.intake.held] == ["t1 (row 0)", "t1 (row 2)"]


def test_of_experts_with_one_id_the_first_good_row_counts(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = experts.assign(expert_id=["e1", "e1"], load=["callback:1", ""])
    epoch = hold(tickets, bad)
    assert epoch.desk.expert_ids == ("e1",)
    assert epoch.desk.proficiency.tolist()[0][-1] == 1.0
    assert [name for name, _ in epoch.intake.left_out] == ["e1 (row 0)"]


def test_rows_without_an_id_are_called_by_their_row(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(tickets.assign(ticket_id=[None, "", "row 0"]), experts)
    assert epoch.tickets.ids == ("row 0",)
    assert [name for name, _ in epoch.intake.held] == ["row 0 (row 0)", "row 1"]


def test_held_names_stay_apart_where_labels_repeat(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    bad = tickets.assign(ticket_id=None).set_axis([5, 5, 5])
    names = [name for name, _ in hold(bad, experts).intake.held]
    assert names == ["row 5", "row 5 (row 5)", "row 5 (row 5) (row 5)"]


def test_bad_pairs_are_ignored_and_counted(tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame) -> None:
    bad = pd.concat([pairs, pairs.assign(probability=[2, 0.1])], ignore_index=True)
    epoch = hold(tickets, experts, resolution=bad)
    assert epoch.resolution is not None
    assert epoch.resolution.probability.tolist() == [0.8, 0.4]
    assert epoch.intake.notes == {"bad row in the pair table": 2}


def test_pairs_of_held_tickets_are_outside_the_epoch(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    epoch = hold(tickets.assign(tier=["x", "1", "1"]), experts, resolution=pairs)
    assert epoch.resolution is not None
    assert (epoch.resolution.ticket.tolist(), epoch.resolution.probability.tolist()) == ([0], [0.4])
    assert epoch.intake.notes == {"pair outside this epoch": 1}


@pytest.mark.parametrize(
    ("column", "note"),
    [
        ("teir", "column 'teir' of tickets looks like 'tier' and was not read as it"),
        ("Waited", "column 'Waited' of tickets looks like 'waited_s' and was not read as it"),
    ],
)
def test_a_column_that_is_probably_misspelt_is_a_feature_and_noted(
    tickets: pd.DataFrame, experts: pd.DataFrame, column: str, note: str
) -> None:
    epoch = hold(tickets.assign(**{column: 3}), experts)
    assert epoch.tickets.features[column].tolist() == [3, 3, 3]
    assert epoch.intake.notes == {note: 1}


def test_of_a_column_that_stands_twice_the_first_is_read(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(pd.concat([tickets, tickets[["topic"]].assign(topic="")], axis=1), experts)
    assert len(epoch.tickets) == 3
    assert epoch.intake.notes == {"column 'topic' of tickets stands there twice; the first was read": 1}


def test_a_desk_whose_rows_are_all_bad_is_an_empty_one(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = hold(tickets.assign(tier=0), experts.assign(tier=0))
    assert (epoch.n_tickets, epoch.n_experts, len(epoch.intake.held), len(epoch.intake.left_out)) == (0, 0, 3, 2)
    assert repr(epoch) == "Epoch(0 tickets, 0 experts, 3 bad rows held)"
