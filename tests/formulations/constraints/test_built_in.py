"""Every constraint against its formula, said again here, over all assignments of small epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deskmatch import Epoch, Formulation
from deskmatch.formulations import Model
from deskmatch.formulations.constraints import (
    Balance,
    Bundle,
    Constraint,
    Forbid,
    GroupLimit,
    MinService,
    Pin,
    Reserve,
    Stability,
    TierQuota,
    check_constraint,
)

Make = Callable[..., Epoch]
Missed = Callable[[Epoch, np.ndarray, set[tuple[int, int]]], float]
"""By how many units an assignment misses a rule: epoch, expert of each ticket, pairs that could be."""


def small(make_epoch: Make, seed: int) -> Epoch:
    """Six tickets, four experts, some offers, and customers with several tickets."""
    epoch = make_epoch(seed, tickets=6, experts=4)
    rng = np.random.default_rng(seed)
    customers = tuple(rng.choice(["ada", "bob", "cy", None], 6).tolist())
    return replace(epoch, tickets=replace(epoch.tickets, offered_to=rng.integers(-1, 4, 6), customer_id=customers))


def assignments(model: Model) -> Iterator[np.ndarray]:
    """Every assignment that the desk's own rules allow, from rooms and capacities and not from the problem's limits."""
    from deskmatch.formulations.availability import capacity

    epoch, free = model.epoch, model.room
    most = capacity(epoch, model.situation.channels, free)
    problem = Formulation(model.formulation.formulation.routing).bind(epoch.desk).build(epoch).problem
    taken, channels = np.zeros(epoch.n_experts, int), np.zeros(free.shape, int)
    chosen = np.full(epoch.n_tickets, -1)

    def rest(ticket: int) -> Iterator[np.ndarray]:
        if ticket == epoch.n_tickets:
            yield chosen.copy()
            return
        chosen[ticket] = -1
        yield from rest(ticket + 1)
        channel = epoch.tickets.channel[ticket]
        for expert in problem.expert[problem.indptr[ticket] : problem.indptr[ticket + 1]].tolist():
            if taken[expert] < most[expert] and channels[expert, channel] < free[expert, channel]:
                taken[expert] += 1
                channels[expert, channel] += 1
                chosen[ticket] = expert
                yield from rest(ticket + 1)
                taken[expert] -= 1
                channels[expert, channel] -= 1
        chosen[ticket] = -1

    return rest(0)


def is_chat(epoch: Epoch, i: int) -> bool:
    return epoch.desk.channels[epoch.tickets.channel[i]] == "chat" if epoch.tickets.channel[i] >= 0 else False


def over_two_in_all(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    return max(0, int((chosen >= 0).sum()) - 2)


def over_one_each(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    return float(sum(max(0, int((chosen == j).sum()) - 1) for j in range(epoch.n_experts)))


def over_one_chat_each(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    counts = [sum(j == k and is_chat(epoch, i) for i, j in enumerate(chosen)) for k in range(epoch.n_experts)]
    return float(sum(max(0, count - 1) for count in counts))


def under_three_german(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    german = [i for i in range(epoch.n_tickets) if epoch.tickets.language[i] == 0]
    asked = min(3, sum(any((i, j) in able for j in range(epoch.n_experts)) for i in german))
    return max(0, asked - sum(chosen[i] >= 0 for i in german))


def easy_on_top(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    on_top = [i for i, j in enumerate(chosen) if j >= 0 and epoch.desk.tier[j] == 3]
    easy = sum(epoch.tickets.tier[i] < 3 for i in on_top)
    return max(0.0, easy - 0.4 * len(on_top))


def to_tier_two(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    return float(sum(j >= 0 and epoch.desk.tier[j] == 2 and is_chat(epoch, i) for i, j in enumerate(chosen)))


def not_pinned(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    """Ticket 0 to expert 0 or 1."""
    return float(chosen[0] not in (0, 1))


def moved(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    offered = epoch.tickets.offered_to
    return float(sum((i, int(o)) in able and chosen[i] != o for i, o in enumerate(offered)))


def free_slots(epoch: Epoch, chosen: np.ndarray, channel: int | None, member: np.ndarray) -> float:
    """Places left, of one channel or of all, one expert after the other."""
    free = 0
    for j in np.flatnonzero(member).tolist():
        limit, load, staffing = epoch.desk.channel_limit[j], epoch.staffing.load[j], epoch.staffing
        mine = [int(epoch.tickets.channel[i]) for i, k in enumerate(chosen) if k == j]
        room = [
            0 if staffing.free_in_s[j] > 0 or load[0] else max(0, int(a - b)) for a, b in zip(limit, load, strict=True)
        ]
        room[0] = int(limit[0] > 0 and load.sum() == 0 and staffing.free_in_s[j] == 0)  # callbacks are exclusive
        total = sum(room) if staffing.capacity[j] < 0 else min(int(staffing.capacity[j]), sum(room))
        total = min(total, 1) if limit[0] > 0 else total
        if channel is None:
            free += total - len(mine)
        elif not staffing.leaves_in_s[j] < (420.0, 720.0, 600.0)[channel]:
            free += min(room[channel] - mine.count(channel), total - len(mine))
    return free


def short_of_two_slots(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    german = epoch.desk.speaks[:, 0]
    now = free_slots(epoch, np.full(len(chosen), -1), None, german)
    return max(0.0, min(2, now) - free_slots(epoch, chosen, None, german))


def short_of_three_posts(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    everyone = np.ones(epoch.n_experts, bool)
    now = free_slots(epoch, np.full(len(chosen), -1), 2, everyone)
    return max(0.0, min(3, now) - free_slots(epoch, chosen, 2, everyone))


def too_uneven(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    handling = (420.0, 720.0, 600.0)
    now = epoch.staffing.occupancy
    after = now.copy()
    for i, j in enumerate(chosen):
        if j >= 0:
            after[j] += handling[epoch.tickets.channel[i]] / 7200.0
    known = ~np.isnan(now)
    if known.sum() < 2:
        return 0.0
    return max(0.0, np.ptp(after[known]) - max(0.3, np.ptp(now[known])))


def torn_apart(epoch: Epoch, chosen: np.ndarray, able: set[tuple[int, int]]) -> float:
    names = epoch.tickets.customer_id
    groups = [[i for i, name in enumerate(names) if name == customer] for customer in ("ada", "bob", "cy")]
    return float(sum(len(set(chosen[group])) > 1 for group in groups))


PINNED: dict[str, Any] = {"tickets": {"ticket_id": "t0"}, "experts": {"expert_id": ["e0", "e1"]}}
CASES: dict[str, tuple[Callable[[float | None], Constraint], Missed]] = {
    "limit": (lambda p: GroupLimit(at_most=2, penalty=p), over_two_in_all),
    "limit each": (lambda p: GroupLimit(at_most=1, each="expert", penalty=p), over_one_each),
    "limit of chats": (
        lambda p: GroupLimit(at_most=1, tickets={"channel": "Chat"}, each="expert", penalty=p),
        over_one_chat_each,
    ),
    "min service": (lambda p: MinService(at_least=3, tickets={"language": "de"}, penalty=p), under_three_german),
    "quota": (lambda p: TierQuota(tier=3, share=0.4, penalty=p), easy_on_top),
    "forbid": (lambda p: Forbid(tickets={"channel": "chat"}, experts={"tier": 2}, penalty=p), to_tier_two),
    "pin": (lambda p: Pin(**PINNED, penalty=p), not_pinned),
    "reserve": (lambda p: Reserve(slots=2, experts={"language": "de"}, penalty=p), short_of_two_slots),
    "reserve posts": (lambda p: Reserve(slots=3, channel="Post", penalty=p), short_of_three_posts),
    "balance": (lambda p: Balance(spread=0.3, window_s=7200, penalty=p), too_uneven),
    "bundle": (lambda p: Bundle(penalty=p), torn_apart),
    "stability": (lambda p: Stability(penalty=p), moved),
}


def best(model: Model, missed: Missed, penalty: float | None) -> float | None:
    """The best total over all assignments, by the formula; None where none keeps a hard rule."""
    bare = Formulation().bind(model.epoch.desk).build(model.epoch)
    problem = bare.problem
    able = set(zip(problem.ticket.tolist(), problem.expert.tolist(), strict=True))
    arcs = zip(problem.ticket.tolist(), problem.expert.tolist(), problem.points.tolist(), strict=True)
    points = {(i, j): value for i, j, value in arcs}
    best_total: float | None = None
    for chosen in assignments(bare):
        units = missed(model.epoch, chosen, able)
        if missed is not_pinned and penalty is not None and not {(0, 0), (0, 1)} & able:
            units = 0.0  # a soft pin that nobody could keep is void
        if penalty is None and units > 1e-5:
            continue
        total = sum(points[i, int(j)] for i, j in enumerate(chosen) if j >= 0) - (penalty or 0.0) * units
        best_total = total if best_total is None else max(best_total, total)
    return best_total


@pytest.mark.parametrize("penalty", [None, 0.35], ids=["hard", "soft"])
@pytest.mark.parametrize("case", CASES)
def test_the_best_plan_is_that_of_the_formula(make_epoch: Make, case: str, penalty: float | None) -> None:
    make, missed = CASES[case]
    for seed in range(12):
        epoch = small(make_epoch, seed)
        plan = Formulation(constraints=(make(penalty),)).bind(epoch.desk).assign(epoch)
        assert plan.objective == pytest.approx(best(plan.model, missed, penalty), abs=1e-5), seed
        if plan.objective is not None:
            assert np.isfinite(plan.assignments["points"]).all()  # checked against the columns on the way


@pytest.mark.parametrize("penalty", [None, 0.35], ids=["hard", "soft"])
@pytest.mark.parametrize("case", CASES)
def test_built_in_constraints_keep_the_contract(make_epoch: Make, case: str, penalty: float | None) -> None:
    check_constraint(CASES[case][0](penalty))
    check_constraint(CASES[case][0](penalty), epoch=small(make_epoch, 3))


@pytest.mark.parametrize("case", ["limit each", "limit of chats", "forbid", "pin", "stability"])
def test_nested_limits_and_filters_stay_a_network(make_epoch: Make, case: str) -> None:
    for seed in range(12):
        epoch = small(make_epoch, seed)
        model = Formulation(constraints=(CASES[case][0](None),)).bind(epoch.desk).build(epoch)
        impossible = case == "pin" and not np.isin(model.rules.base.expert[model.rules.base.ticket == 0], [0, 1]).any()
        assert model.problem.is_network or impossible
