"""Constraints of one's own, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from deskmatch import Epoch, Formulation, assign
from deskmatch.errors import ContractError, RoutingError
from deskmatch.formulations import ModelArcs, Rows, check_constraint
from deskmatch.formulations.constraints import ExpertFilter, Forbid, GroupLimit, Pin, TicketFilter, TierQuota
from deskmatch.solver import Side

Make = Callable[..., Epoch]


@dataclass(frozen=True)
class Spread:
    """max_j n_j ≤ most, by a column that is no less than any expert's number of tickets."""

    most: float
    name: str = "spread"
    penalty: float | None = None

    def rows(self, arcs: ModelArcs) -> Rows:
        experts, row = np.unique(arcs.expert, return_inverse=True)
        over = np.zeros((len(experts) + 1, len(arcs)))
        over[row, np.arange(len(arcs))] = 1.0
        extra = np.append(-np.ones(len(experts)), 1.0)[:, None]
        right = np.append(np.zeros(len(experts)), self.most)
        side = Side.from_matrix(over, "<=", right, over_extra=extra, upper=100.0)
        return Rows(side, defines=np.arange(len(right)) < len(experts))


@dataclass(frozen=True)
class Odd:
    """Something that a test makes wrong."""

    answer: object = None
    name: str = "odd"
    penalty: object = None

    def rows(self, arcs: ModelArcs) -> Rows:
        return self.answer(arcs) if callable(self.answer) else self.answer  # type: ignore[no-any-return]


def test_a_constraint_of_ones_own_may_have_columns(make_epoch: Make) -> None:
    check_constraint(Spread(1.0))
    for seed in range(8):
        epoch = make_epoch(seed, tickets=20)
        hard = assign(epoch, constraints=[Spread(1.0)])
        assert np.bincount(hard.solution.expert_of[hard.solution.expert_of >= 0], minlength=1).max() <= 1
        same = assign(epoch, constraints=[GroupLimit(at_most=1, each="expert")])
        assert hard.objective == pytest.approx(same.objective, abs=1e-7)
        soft = assign(epoch, constraints=[Spread(1.0, penalty=0.5)])
        most = max(1, np.bincount(soft.solution.expert_of[soft.solution.expert_of >= 0], minlength=1).max())
        points = soft.assignments["points"].sum()
        assert soft.objective == pytest.approx(points - 0.5 * (most - 1), abs=1e-7)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Odd(None), "rows.arcs. gave NoneType; expected Rows"),
        (Odd(lambda arcs: Rows.of([0], [len(arcs)], 1.0, sense="<=", rhs=[1])), "names arc .*; expected an arc from 0"),
        (Odd(lambda arcs: Rows.of([0], [0], np.nan, sense="<=", rhs=[1])), "found nan"),
        (Odd(lambda arcs: Rows.one(np.random.default_rng().random(len(arcs)), "<=", 1)), "two calls .* differ"),
        (Odd(lambda arcs: arcs.expert.sort()), "writes to what it is shown"),
        (Odd(name=""), "found the name ''"),
        (Odd(penalty=-1), "found the penalty -1; expected points ≥ 0, or None"),
        (Odd(penalty="much"), "found the penalty 'much'"),
        (Odd, "found the class Odd"),
        (3, r"expected an object with name, penalty and rows\(arcs\)"),
    ],
)
def test_what_breaks_the_contract_is_told(wrong: object, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        check_constraint(wrong)  # type: ignore[arg-type]


def test_rows_whose_shapes_disagree_are_refused() -> None:
    with pytest.raises(ContractError, match="2 labels and 1 entries of defines for 1 rows"):
        Rows(Side.from_matrix([[1.0]], "<=", 1), ("a", "b"))
    with pytest.raises(ContractError, match="found int; expected a Side"):
        Rows(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: GroupLimit(at_most=-1), "at_most = -1: should be greater than or equal to 0"),
        (lambda: GroupLimit(most=1), "most: is no setting; did you mean 'at_most'"),
        (lambda: GroupLimit(at_most=1, each="team"), "each = 'team': should be 'expert'"),
        (lambda: GroupLimit(at_most=1, penalty=-2), "penalty = -2"),
        (lambda: GroupLimit(at_most=True), "should be a whole number"),
        (lambda: TierQuota(tier=1, share=0.2), "tier = 1: should be greater than or equal to 2"),
        (lambda: TierQuota(tier=3, share=1.2), "share = 1.2"),
        (lambda: Pin(), "should have pairs, or tickets, or experts"),
        (lambda: Forbid(tickets={"chanel": "chat"}), "tickets.chanel: is no setting; did you mean 'channel'"),
        (lambda: Forbid(tickets={"channel": []}), "should name at least one"),
        (lambda: Forbid(tickets={"tier": [True]}), "should be a whole number"),
    ],
)
def test_wrong_parameters_are_told_by_key(make: Callable[[], object], told: str) -> None:
    with pytest.raises(RoutingError, match=told):
        make()


def test_names_of_constraints_are_told_apart() -> None:
    formulation = Formulation().under(GroupLimit(at_most=1), GroupLimit(at_most=2, name="mine"), GroupLimit(at_most=3))
    assert list(formulation.named_constraints) == ["group_limit", "mine", "group_limit 2"]
    with pytest.raises(ContractError, match="waiting is the name of a column"):
        Formulation().under(GroupLimit(at_most=1, name="waiting"))


def test_filters_match_by_every_key(make_epoch: Make) -> None:
    epoch = make_epoch(5, tickets=40)
    desk, tickets = epoch.desk, epoch.tickets
    mask = TicketFilter(channel=["chat", "POST"], tier=1, topic="dns").mask(epoch)
    for i in range(epoch.n_tickets):
        topics = tickets.topic[tickets.topic_ptr[i] : tickets.topic_ptr[i + 1]]
        assert mask[i] == (tickets.channel[i] in (1, 2) and tickets.tier[i] == 1 and 1 in topics)
    mask = TicketFilter(tag="vip", language="en").mask(epoch)
    for i in range(epoch.n_tickets):
        assert mask[i] == (0 in tickets.requires[slice(*tickets.requires_ptr[i : i + 2])] and tickets.language[i] == 1)
    mask = ExpertFilter(channel="chat", language="de", topic="seo", tag="eu", tier=[1, 2]).mask(desk)
    able = (desk.channel_limit[:, 1] > 0) & desk.speaks[:, 0] & ~np.isnan(desk.proficiency[:, 2]) & desk.has[:, 1]
    assert mask.tolist() == (able & (desk.tier < 3)).tolist()
    assert TicketFilter().mask(epoch).all()
    assert TicketFilter(customer_id="c").mask(epoch).sum() == 0
    assert ExpertFilter(language=["de", "nl"], tag="VIP").unknown(desk) == ("language 'nl'",)


def test_a_soft_pair_is_charged_also_where_the_expert_is_busy(make_epoch: Make) -> None:
    """Pairs that are no arcs of the epoch have the same penalties as those that are."""
    for seed in range(6):
        epoch = make_epoch(seed)
        rule = Forbid(experts={"tier": [1, 2, 3]}, penalty=0.25)
        model = Formulation(constraints=(rule,)).bind(epoch.desk).build(epoch)
        if "forbid" not in model.rules.charging():  # type: ignore[union-attr]
            continue
        ticket = np.repeat(np.arange(epoch.n_tickets, dtype=np.int32), epoch.n_experts)
        expert = np.tile(np.arange(epoch.n_experts, dtype=np.int32), epoch.n_tickets)
        assert (model.weighted_terms(ticket, expert)["forbid"] == -0.25).all()
