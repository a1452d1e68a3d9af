"""Every column means what ``docs/tables.md`` says that it means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deskmatch.epochs import Epoch

nan = np.nan


def test_absent_optional_columns_take_their_defaults(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets, experts)
    waiting, staffing, desk = epoch.tickets, epoch.staffing, epoch.desk
    assert waiting.tier.tolist() == [1, 1, 1]
    assert waiting.waited_s.tolist() == [0, 0, 0]
    assert waiting.importance.tolist() == [1, 1, 1]
    for times in (waiting.due_s, waiting.promised_wait_s, waiting.patience_s):
        assert np.isnan(times).all()
    assert waiting.requires_ptr.tolist() == waiting.excluded_ptr.tolist() == [0, 0, 0, 0]
    assert waiting.preferred.tolist() == waiting.offered_to.tolist() == [-1, -1, -1]
    assert (waiting.customer_id, waiting.features) == (None, {})
    assert staffing.load.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert staffing.capacity.tolist() == [-1, -1]
    assert staffing.acceptance.tolist() == [1, 1]
    assert staffing.free_in_s.tolist() == [0, 0]
    for unknown in (staffing.occupancy, staffing.idle_s, staffing.leaves_in_s, desk.general_proficiency):
        assert np.isnan(unknown).all()
    assert desk.tier.tolist() == [1, 1]
    assert (len(desk.tags), desk.has.shape) == (0, (2, 0))
    assert (epoch.now, epoch.resolution, epoch.intake.notes) == (None, None, {})


def test_empty_cells_take_the_defaults_of_absent_columns(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    empty = dict.fromkeys(("tier", "waited_s", "due_s", "importance", "requires", "preferred_expert"))
    epoch = Epoch.from_tables(tickets.assign(**empty), experts.assign(tier=None, capacity="", load=None))
    assert (epoch.tickets.tier.tolist(), epoch.tickets.importance.tolist()) == ([1, 1, 1], [1, 1, 1])
    assert np.isnan(epoch.tickets.due_s).all()
    assert epoch.staffing.capacity.tolist() == [-1, -1]


def test_the_numbers_of_tickets_are_read(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(
        tickets.assign(
            tier=[1, 2, 3],
            waited_s=[0, 1.5, "2e3"],
            due_s=[-60, None, 60],
            promised_wait_s=[0, 300, None],
            importance=[0.5, None, 8],
            patience_s=[None, 60, 1],
            customer_id=["c1", None, 7.0],
        ),
        experts,
    )
    waiting = epoch.tickets
    assert waiting.tier.tolist() == [1, 2, 3]
    assert waiting.waited_s.tolist() == [0, 1.5, 2000]
    np.testing.assert_array_equal(waiting.due_s, [-60, nan, 60])
    np.testing.assert_array_equal(waiting.promised_wait_s, [0, 300, nan])
    assert waiting.importance.tolist() == [0.5, 1, 8]
    np.testing.assert_array_equal(waiting.patience_s, [nan, 60, 1])
    assert waiting.customer_id == ("c1", None, "7")


def test_topics_of_tickets_carry_probabilities(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets.assign(topic=["seo", "billing:0.7|seo:0.1", " seo : 1 "]), experts)
    assert [epoch.desk.topics[code] for code in epoch.tickets.topic] == ["seo", "billing", "seo", "seo"]
    assert epoch.tickets.topic_ptr.tolist() == [0, 1, 3, 4]
    assert epoch.tickets.topic_probability.tolist() == [1, 0.7, 0.1, 1]


def test_probabilities_that_were_rounded_may_sum_to_a_hair_more_than_one(
    tickets: pd.DataFrame, experts: pd.DataFrame
) -> None:
    thirds = "billing:0.3333333334|seo:0.3333333334|dns:0.3333333334"
    assert len(Epoch.from_tables(tickets.assign(topic=thirds), experts).tickets) == 3


def test_references_to_experts_become_rows(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(
        tickets.assign(
            preferred_expert=["e2", None, "e1"],
            excluded_experts=["e1|e2", "", "e2"],
            offered_to=[None, "e1", None],
        ),
        experts,
    )
    assert epoch.tickets.preferred.tolist() == [1, -1, 0]
    assert epoch.tickets.excluded.tolist() == [0, 1, 1]
    assert epoch.tickets.excluded_ptr.tolist() == [0, 2, 2, 3]
    assert epoch.tickets.offered_to.tolist() == [-1, 0, -1]


def test_tags_are_required_and_held(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(
        tickets.assign(requires=["vip|region:eu", None, "gdpr"]), experts.assign(has=["vip", "region:eu|vip"])
    )
    assert epoch.desk.tags.names == ("gdpr", "region:eu", "vip")
    assert epoch.desk.has.tolist() == [[False, False, True], [False, True, True]]
    assert epoch.tickets.requires.tolist() == [2, 1, 0]
    assert epoch.tickets.requires_ptr.tolist() == [0, 2, 2, 3]


def test_channels_have_limits_and_loads(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets, experts.assign(load=["chat:2|post", None]))
    assert epoch.desk.channels.names == ("callback", "chat", "post")
    assert epoch.desk.channel_limit.tolist() == [[0, 3, 5], [1, 1, 0]]
    assert epoch.staffing.load.tolist() == [[0, 2, 1], [0, 0, 0]]


def test_an_expert_may_be_over_the_limit_already(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert Epoch.from_tables(tickets, experts.assign(load=["chat:9", None])).staffing.load[0, 1] == 9


def test_a_star_is_every_topic_that_is_not_named(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(
        tickets.assign(topic=["dns", "billing", "seo"]), experts.assign(topics=["*:0.5|billing:0.9|seo:0", "seo"])
    )
    assert epoch.desk.topics.names == ("billing", "dns", "seo")
    np.testing.assert_array_equal(epoch.desk.proficiency, [[0.9, 0.5, 0], [nan, nan, 1]])
    np.testing.assert_array_equal(epoch.desk.general_proficiency, [0.5, nan])


def test_a_star_alone_is_full_proficiency(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets, experts.assign(topics="*"))
    assert epoch.desk.proficiency.tolist() == [[1, 1], [1, 1]]


def test_the_scale_divides_given_proficiencies_and_leaves_full_ones(
    tickets: pd.DataFrame, experts: pd.DataFrame
) -> None:
    epoch = Epoch.from_tables(tickets, experts.assign(topics=["billing:9|seo", "*:4"]), proficiency_scale=10)
    np.testing.assert_array_equal(epoch.desk.proficiency, [[0.9, 1], [0.4, 0.4]])


def test_the_numbers_of_experts_are_read(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(
        tickets,
        experts.assign(
            tier=[2, None],
            capacity=[0, "3.0"],
            occupancy=[0.5, None],
            idle_s=[None, 40],
            acceptance=[0, None],
            leaves_in_s=[0, None],
            free_in_s=[None, 12],
        ),
    )
    assert epoch.desk.tier.tolist() == [2, 1]
    assert epoch.staffing.capacity.tolist() == [0, 3]
    np.testing.assert_array_equal(epoch.staffing.occupancy, [0.5, nan])
    np.testing.assert_array_equal(epoch.staffing.idle_s, [nan, 40])
    assert epoch.staffing.acceptance.tolist() == [0, 1]
    np.testing.assert_array_equal(epoch.staffing.leaves_in_s, [0, nan])
    assert epoch.staffing.free_in_s.tolist() == [0, 12]


@pytest.mark.parametrize(
    ("now", "created"),
    [
        ("2026-03-02T09:30:00", ["2026-03-02T09:29:00", "2026-03-02 09:30", None]),
        ("2026-03-02T09:30:00+01:00", ["2026-03-02T08:29:00Z", "2026-03-02T10:30:00+02:00", None]),
        ("2026-03-02T09:30:00", pd.to_datetime(["2026-03-02T09:29:00", "2026-03-02T09:30:00", None])),
        ("2026-03-02T09:30:00Z", pd.to_datetime(["2026-03-02T09:29:00Z", "2026-03-02T09:30:00Z", None])),
        (
            "2026-03-02T09:30:00Z",
            [pd.Timestamp("2026-03-02T10:29", tz="Europe/Berlin"), pd.Timestamp("2026-03-02T09:30Z"), pd.NaT],
        ),
    ],
)
def test_created_at_becomes_the_time_waited_until_now(
    tickets: pd.DataFrame, experts: pd.DataFrame, now: str, created: object
) -> None:
    epoch = Epoch.from_tables(tickets.assign(created_at=created), experts, now=now)
    assert epoch.tickets.waited_s.tolist() == [60, 0, 0]


def test_the_pair_table_is_kept_by_rows(tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets, experts, resolution=pairs.iloc[::-1].assign(model="v2"))
    assert epoch.resolution is not None
    assert epoch.resolution.ticket.tolist() == [0, 1]
    assert epoch.resolution.expert.tolist() == [0, 0]
    assert epoch.resolution.probability.tolist() == [0.8, 0.4]


def test_names_are_compared_without_case_and_keep_the_experts_spelling(
    tickets: pd.DataFrame, experts: pd.DataFrame
) -> None:
    epoch = Epoch.from_tables(tickets.assign(language=["EN", "De", "en"], topic=["Billing", "SEO", "seo"]), experts)
    assert epoch.desk.languages.names == ("de", "en")
    assert epoch.desk.topics.names == ("billing", "seo")
    assert epoch.tickets.language.tolist() == [1, 0, 1]
    assert epoch.intake.notes == {"name that differs only in upper and lower case": 4}


def test_the_order_of_rows_changes_no_vocabulary(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    experts = experts.assign(languages=["EN|de", "en"])
    one = Epoch.from_tables(tickets, experts).desk
    other = Epoch.from_tables(tickets.iloc[::-1], experts.iloc[::-1]).desk
    assert one.languages.names == other.languages.names == ("EN", "de")


def test_other_columns_are_features_of_good_rows(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(
        tickets.assign(mood=[0.1, 0.2, 0.3], subject=["a", None, "c"], tier=["x", 1, 1]),
        experts.assign(team=pd.Categorical(["red", "blue"])),
        on_bad="hold",
    )
    assert epoch.tickets.features["mood"].tolist() == [0.2, 0.3]
    assert epoch.desk.features["team"].tolist() == ["red", "blue"]
    assert not epoch.tickets.features["mood"].flags.writeable
    assert set(epoch.tickets.features) == {"mood", "subject"}
