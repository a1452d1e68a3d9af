"""Usage: the share of an expert that a ticket takes, against fractions added up by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from deskmatch import Desk, Epoch, Formulation, Routing, Staffing, Tickets, Vocabulary, assign
from deskmatch.errors import RoutingError
from deskmatch.formulations.attention import MOST_UNITS, attention

Make = Callable[..., Epoch]
LIMIT = {"channels": {"chat": {"usage": "limit"}}}
THIRDS = {"channels": {"chat": {"usage": "1/3"}, "post": {"usage": 0.2}, "callback": {"exclusive": False}}}


def one_expert(limits: list[int], *, load: list[int] | None = None, capacity: int = -1, waiting: list[int]) -> Epoch:
    """One expert, and so many waiting tickets of callback, chat and post."""
    desk = Desk(
        ("ana",),
        Vocabulary(("callback", "chat", "post")),
        Vocabulary(("en",)),
        Vocabulary(("billing",)),
        channel_limit=[limits],
        speaks=True,
        proficiency=0.5,
    )
    channel = np.repeat([0, 1, 2], waiting)
    tickets = Tickets([f"t{k}" for k in range(len(channel))], channel=channel, language=0, topic=[0] * len(channel))
    return Epoch(desk, tickets, Staffing(load=[load or [0, 0, 0]], capacity=capacity))


def taken(epoch: Epoch, routing: object) -> dict[str, int]:
    """How many tickets of each channel the best plan assigns."""
    plan = assign(epoch, routing=routing)  # type: ignore[arg-type]
    assert plan.solution.status == "optimal", plan
    rows = [epoch.tickets.ids.index(name) for name in plan.expert_of]
    return {name: int((epoch.tickets.channel[rows] == k).sum()) for k, name in enumerate(epoch.desk.channels)}


def test_a_chat_is_one_of_three_and_a_post_one_of_five() -> None:
    worth = {"channels": {"chat": {"usage": "limit", "weights": {"resolution": 1.1}}}}
    epoch = one_expert([0, 3, 5], waiting=[0, 2, 5])
    assert taken(epoch, worth) == {"callback": 0, "chat": 0, "post": 5}
    assert taken(epoch, None) == {"callback": 0, "chat": 2, "post": 5}
    epoch = one_expert([0, 3, 5], load=[0, 2, 0], waiting=[0, 2, 5])
    assert taken(epoch, worth) == {"callback": 0, "chat": 1, "post": 0}
    model = Formulation.of(worth).bind(epoch.desk).build(epoch)
    assert (model.problem.usage.tolist(), model.problem.capacity.tolist()) == ([5, 5, 3, 3, 3, 3, 3], [5])


def test_an_exclusive_channel_takes_the_whole_expert() -> None:
    epoch = one_expert([1, 3, 0], waiting=[1, 2, 0])
    assert taken(epoch, LIMIT) == {"callback": 0, "chat": 2, "post": 0}
    assert taken(one_expert([1, 3, 0], load=[0, 1, 0], waiting=[1, 0, 0]), LIMIT)["callback"] == 0
    assert taken(one_expert([1, 3, 0], load=[1, 0, 0], waiting=[0, 2, 0]), LIMIT)["chat"] == 0


def test_the_number_of_new_tickets_still_binds() -> None:
    epoch = one_expert([0, 3, 5], capacity=2, waiting=[0, 3, 5])
    assert sum(taken(epoch, LIMIT).values()) == 2
    assert Formulation.of(LIMIT).bind(epoch.desk).build(epoch).problem.side.n_rows == 1
    assert sum(taken(one_expert([0, 0, 5], capacity=2, waiting=[0, 0, 5]), LIMIT).values()) == 2


def test_experts_of_one_channel_stay_a_network() -> None:
    problem = Formulation.of(LIMIT).bind((epoch := one_expert([0, 3, 5], waiting=[0, 2, 0])).desk).build(epoch).problem
    assert problem.is_network
    assert problem.capacity.tolist() == [2]


@pytest.mark.parametrize("routing", [LIMIT, THIRDS], ids=["limit", "thirds"])
@pytest.mark.parametrize("seed", range(10))
def test_the_best_plan_keeps_shares_limits_and_numbers(make_epoch: Make, seed: int, routing: dict[str, object]) -> None:
    epoch = make_epoch(seed, tickets=6, experts=4)
    epoch = replace(epoch, tickets=replace(epoch.tickets, channel=np.maximum(epoch.tickets.channel, 0)))
    plan = assign(epoch, routing=routing)
    problem, table = plan.model.problem, Routing.load(routing).for_desk(epoch.desk)
    points = {(int(i), int(j)): p for i, j, p in zip(problem.ticket, problem.expert, problem.points, strict=True)}
    limit, load, own = epoch.desk.channel_limit, epoch.staffing.load, epoch.staffing.capacity
    exclusive = table.exclusive

    def share(j: int, c: int) -> Fraction:
        given = table.usage[c]
        return Fraction(1, int(limit[j, c])) if given is None else given

    def fits(chosen: tuple[int, ...]) -> bool:
        for j in range(epoch.n_experts):
            mine = [int(epoch.tickets.channel[i]) for i, k in enumerate(chosen) if k == j]
            busy = sum(load[j, c] * share(j, c) for c in range(3) if limit[j, c])
            if mine and busy + sum(share(j, c) for c in mine) > 1:
                return False
            if any(load[j, c] + mine.count(c) > (1 if exclusive[c] else limit[j, c]) for c in mine):
                return False
            if own[j] >= 0 and len(mine) > own[j]:
                return False
        return True

    choices = [[-1, *(j for j in range(4) if (i, j) in points)] for i in range(6)]
    totals = (sum(points[i, j] for i, j in enumerate(c) if j >= 0) for c in product(*choices) if fits(c))
    assert plan.objective == pytest.approx(max(totals), abs=1e-7)


def test_shares_that_need_too_many_units_are_rounded_down() -> None:
    desk = Desk(
        ("a",),
        Vocabulary(("p", "q", "r", "s")),
        Vocabulary(("en",)),
        Vocabulary(("x",)),
        channel_limit=[[97, 89, 83, 79]],
        speaks=True,
        proficiency=1.0,
    )
    tickets = Tickets(("t",), channel=[0], language=0, topic=[0])
    given = attention(Epoch(desk, tickets), Routing.load({"channels": {"p": {"usage": "limit"}}}).for_desk(desk))
    assert given.whole.tolist() == [MOST_UNITS]
    assert (given.units[0] * desk.channel_limit[0] <= MOST_UNITS).all()
    assert (given.units[0] * (desk.channel_limit[0] + 1) > MOST_UNITS).all()


@pytest.mark.parametrize("wrong", ["0", "4/3", "third", -0.1, True, [1], "1/0", float("inf"), 1e-9])
def test_a_wrong_share_is_told(wrong: object) -> None:
    with pytest.raises(RoutingError, match=r"channels.chat.usage = .*: should be a share above 0 and at most 1"):
        Routing.load({"channels": {"chat": {"usage": wrong}}})


def test_whoever_lacks_attention_is_full_and_told_so() -> None:
    epoch = one_expert([0, 3, 1], load=[0, 2, 0], waiting=[0, 0, 1])
    plan = assign(epoch, routing=LIMIT)
    assert plan.held["reason"].tolist() == ["all eligible are full"]
    told = str(plan.why_not("t0", "ana"))
    assert "2 chat in progress, which leaves too little attention for post" in told
