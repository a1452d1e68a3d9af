"""Which pairs become arcs, and how many tickets an expert may take: against the rules said plainly, pair by pair."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch import Desk, Epoch, Formulation, InputError, Routing, Staffing, Tickets, Vocabulary, assign
from deskmatch.errors import RoutingError

RELAXED = {
    "channels": {
        "chat": {
            "relax": [{"after_s": 100, "missing_topic": 0.3}, {"after_s": 300, "tiers_below": 1, "tier_cost": 0.2}]
        },
        "post": {"relax": [{"after_s": 150, "language": 0.5}]},
    }
}
EXCLUSIVE = {"callback"}
HANDLING = {"callback": 420.0, "chat": 720.0, "post": 600.0}
SEEDS = st.integers(0, 10_000)


def may_serve(epoch: Epoch, i: int, j: int, *, relaxed: bool) -> bool:
    """The rules of docs/concepts.md for one pair, from the page and not from the code."""
    desk, tickets, now = epoch.desk, epoch.tickets, epoch.staffing
    c, language, waited = int(tickets.channel[i]), int(tickets.language[i]), tickets.waited_s[i]
    if c < 0 or desk.channel_limit[j, c] == 0:
        return False
    channel = desk.channels[c]
    any_language = relaxed and channel == "post" and waited >= 150
    any_topic = relaxed and channel == "chat" and waited >= 100
    below = 1 if relaxed and channel == "chat" and waited >= 300 else 0
    if not any_language and (language < 0 or not desk.speaks[j, language]):
        return False
    topics = tickets.topic[tickets.topic_ptr[i] : tickets.topic_ptr[i + 1]]
    rates = [desk.general_proficiency[j] if t < 0 else desk.proficiency[j, t] for t in topics]
    if not any_topic and all(math.isnan(rate) for rate in rates):
        return False
    tags = tickets.requires[tickets.requires_ptr[i] : tickets.requires_ptr[i + 1]]
    if desk.tier[j] < tickets.tier[i] - below or not all(desk.has[j, tag] for tag in tags):
        return False
    if j in tickets.excluded[tickets.excluded_ptr[i] : tickets.excluded_ptr[i + 1]]:
        return False
    if now.free_in_s[j] > 0 or now.capacity[j] == 0 or now.leaves_in_s[j] < HANDLING[channel]:
        return False
    load = {name: int(now.load[j, k]) for k, name in enumerate(desk.channels)}
    if channel in EXCLUSIVE:
        return sum(load.values()) == 0
    return load[channel] < desk.channel_limit[j, c] and not any(load[name] for name in EXCLUSIVE)


@given(seed=SEEDS, relaxed=st.booleans())
def test_the_arcs_are_exactly_the_pairs_that_the_rules_allow(
    make_epoch: Callable[..., Epoch], seed: int, relaxed: bool
) -> None:
    epoch = make_epoch(seed)
    problem = Formulation.of(RELAXED if relaxed else None).bind(epoch.desk).build(epoch).problem
    arcs = set(zip(problem.ticket.tolist(), problem.expert.tolist(), strict=True))
    pairs = ((i, j) for i in range(epoch.n_tickets) for j in range(epoch.n_experts))
    assert arcs == {(i, j) for i, j in pairs if may_serve(epoch, i, j, relaxed=relaxed)}


@given(seed=SEEDS)
def test_no_expert_gets_more_than_channels_and_capacity_allow(make_epoch: Callable[..., Epoch], seed: int) -> None:
    epoch = make_epoch(seed, tickets=25)
    desk, now = epoch.desk, epoch.staffing
    plan = Formulation().bind(desk).assign(epoch)
    assert plan.status == "optimal"
    chosen = plan.solution.expert_of
    taken = Counter((int(j), int(epoch.tickets.channel[i])) for i, j in enumerate(chosen) if j >= 0)
    for j in range(epoch.n_experts):
        mine = {channel: count for (expert, channel), count in taken.items() if expert == j}
        serves_exclusive = desk.channel_limit[j, 0] > 0
        assert sum(mine.values()) <= (1 if serves_exclusive else 99)
        assert now.capacity[j] < 0 or sum(mine.values()) <= now.capacity[j]
        for channel, count in mine.items():
            assert count + now.load[j, channel] <= max(desk.channel_limit[j, channel], 1)
        assert not mine.get(0) or now.load[j].sum() == 0


@given(seed=SEEDS)
def test_channel_limits_inside_the_total_are_optimal_against_clones(
    make_epoch: Callable[..., Epoch], seed: int
) -> None:
    """With no total capacity each channel of an expert is an expert of its own: another problem, the same optimum."""
    epoch = make_epoch(seed, tickets=20)
    free = replace(epoch.staffing, capacity=-1)
    epoch = replace(epoch, staffing=free)
    model = Formulation.of({"channels": {"callback": {"exclusive": False}}}).bind(epoch.desk).build(epoch)
    from deskmatch import Problem, solve

    problem, channels = model.problem, 3
    channel = epoch.tickets.channel[problem.ticket]
    apart = Problem.from_arcs(
        epoch.n_tickets,
        epoch.n_experts * channels,
        problem.ticket,
        problem.expert * channels + channel,
        problem.points,
        capacity=model.room.ravel(),
    )
    assert solve(apart).objective == pytest.approx(solve(problem).objective, abs=1e-9)


def test_a_limit_is_only_made_where_it_can_bind() -> None:
    desk = Desk(("a", "b"), *vocabularies(), channel_limit=[[0, 2, 2], [0, 2, 0]], speaks=True, proficiency=0.5)
    tickets = Tickets([f"t{k}" for k in range(8)], channel=[1, 1, 1, 1, 2, 2, 2, 2], language=0, topic=[0] * 8)
    limits = Formulation().bind(desk).build(Epoch(desk, tickets)).problem.limits
    assert limits is not None and limits.bound.tolist() == [2, 2]
    few = Tickets(("t0", "t1"), channel=[1, 2], language=0, topic=[0, 0])
    assert Formulation().bind(desk).build(Epoch(desk, few)).problem.limits is None


def vocabularies() -> tuple[Vocabulary, Vocabulary, Vocabulary]:
    return Vocabulary(("callback", "chat", "post")), Vocabulary(("en",)), Vocabulary(("billing",))


def test_an_epoch_of_another_desk_is_refused(make_epoch: Callable[..., Epoch]) -> None:
    with pytest.raises(InputError, match="the desk that the formulation is bound to"):
        Formulation().bind(make_epoch(1).desk).build(make_epoch(2))


def test_an_epoch_from_another_process_has_the_same_desk(make_epoch: Callable[..., Epoch]) -> None:
    epoch = make_epoch(1)
    bound = Formulation().bind(epoch.desk)
    assert bound.assign(pickle.loads(pickle.dumps(epoch))).objective == bound.assign(epoch).objective


@pytest.mark.parametrize("wrong", [None, "tickets.csv"])
def test_what_is_no_epoch_is_refused_by_a_sentence(make_epoch: Callable[..., Epoch], wrong: object) -> None:
    with pytest.raises(InputError, match="expected an Epoch"):
        assign(wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected an Epoch"):
        Formulation().bind(make_epoch(1).desk).assign(wrong)  # type: ignore[arg-type]


def test_opening_hours_need_the_instant(make_epoch: Callable[..., Epoch]) -> None:
    routing = Routing.load({"channels": {"chat": {"open": {"zone": "Europe/Berlin", "monday": "09:00-17:00"}}}})
    epoch = make_epoch(3)
    with pytest.raises(RoutingError, match=r"channels\.chat\.open"):
        Formulation(routing).bind(epoch.desk).build(epoch)


def test_an_empty_epoch_makes_an_empty_plan() -> None:
    desk = Desk((), *vocabularies(), channel_limit=np.zeros((0, 3)), speaks=True, proficiency=0.5)
    plan = Formulation().bind(desk).assign(Epoch(desk, Tickets((), channel=[], language=[], topic=[])))
    assert (plan.status, plan.objective, len(plan.assignments), len(plan.held)) == ("optimal", 0.0, 0, 0)
    assert "0 of 0 tickets" in str(plan)


def test_the_memory_of_classes_is_bounded(make_epoch: Callable[..., Epoch], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskmatch.formulations.eligibility.CLASSES_KEPT", 2)
    epoch = make_epoch(5)
    bound = Formulation().bind(epoch.desk)
    fresh = Formulation().bind(epoch.desk).build(epoch).problem
    assert np.array_equal(bound.build(epoch).problem.expert, fresh.expert)


def test_staffing_without_known_shift_ends_lets_everyone_stay() -> None:
    desk = Desk(("a",), *vocabularies(), channel_limit=[[0, 1, 0]], speaks=True, proficiency=0.5)
    tickets = Tickets(("t",), channel=[1], language=[0], topic=[0])
    for leaves, arcs in ((np.nan, 1), (100.0, 0), (720.0, 1)):
        epoch = Epoch(desk, tickets, Staffing(load=[[0, 0, 0]], leaves_in_s=leaves))
        assert Formulation().bind(desk).build(epoch).problem.n_arcs == arcs
