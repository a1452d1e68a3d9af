"""What a pair is worth: the terms by hand, weights, resolution models, and the guarantee that no ticket starves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from deskmatch import Arcs, Desk, Epoch, Formulation, PairTable, Staffing, Tickets, Vocabulary, assign, check_term
from deskmatch.errors import ContractError
from deskmatch.formulations import DEFAULT_TERMS, FunctionTerm

SEEDS = st.integers(0, 10_000)


def desk(**changes: object) -> Desk:
    given = {
        "expert_ids": ("ana", "bo"),
        "channels": Vocabulary(("callback", "chat", "post")),
        "languages": Vocabulary(("en",)),
        "topics": Vocabulary(("billing", "seo")),
        "channel_limit": [[0, 2, 2], [1, 2, 2]],
        "speaks": True,
        "proficiency": [[0.9, 0.2], [0.5, np.nan]],
        "tier": [3, 1],
    }
    return Desk(**{**given, **changes})  # type: ignore[arg-type]


def one_ticket(**changes: object) -> Tickets:
    given = {"ids": ("t",), "channel": [1], "language": [0], "topic": [0]}
    return Tickets(**{**given, **changes})  # type: ignore[arg-type]


def values(epoch: Epoch, term: str, routing: dict[str, object] | None = None) -> list[float]:
    """The weighted points of one term for ticket 0 and every expert on its arcs."""
    model = Formulation.of(routing).bind(epoch.desk).build(epoch)
    arcs = model.problem.ticket == 0
    return model.weighted_terms(model.problem.ticket, model.problem.expert)[term][arcs].tolist()


def test_resolution_is_the_expectation_over_topics() -> None:
    doubt = one_ticket(topic=[0, 1], topic_ptr=[0, 2], topic_probability=[0.7, 0.3])
    assert values(Epoch(desk(), doubt), "resolution") == pytest.approx([0.7 * 0.9 + 0.3 * 0.2, 0.7 * 0.5])


def test_what_is_left_of_the_topics_counts_for_those_who_know_every_topic() -> None:
    doubt = one_ticket(topic=[0], topic_probability=[0.6])
    generalist = desk(general_proficiency=[0.4, np.nan])
    assert values(Epoch(generalist, doubt), "resolution") == pytest.approx([0.6 * 0.9 + 0.4 * 0.4, 0.6 * 0.5])


def test_the_pair_table_goes_before_proficiency_and_a_model_before_both() -> None:
    epoch = Epoch(desk(), one_ticket(), resolution=PairTable([0], [1], [0.77]))
    assert values(epoch, "resolution") == pytest.approx([0.9, 0.77])

    class Flat:
        def probability(self, epoch: Epoch, **arrays: NDArray[np.int32]) -> NDArray[np.float64]:
            return np.full(len(arrays["ticket"]), 0.25)

    model = Formulation.of(resolution=Flat()).bind(epoch.desk).build(epoch)  # type: ignore[arg-type]
    assert model.weighted_terms(model.problem.ticket, model.problem.expert)["resolution"].tolist() == [0.25, 0.25]


def test_waiting_is_the_quadratic_cost_of_one_more_epoch() -> None:
    epoch = Epoch(desk(), one_ticket(waited_s=[120.0]))
    rate, target = 1 / 60, 60.0
    expected = rate * (125.0**2 - 120.0**2) / (2 * target)
    assert values(epoch, "waiting") == pytest.approx([expected, expected])


def test_a_promised_time_stands_where_the_target_stood() -> None:
    late = values(Epoch(desk(), one_ticket(due_s=[-60.0])), "waiting")
    assert late == pytest.approx(values(Epoch(desk(), one_ticket(waited_s=[120.0])), "waiting"))
    fresh = values(Epoch(desk(), one_ticket()), "waiting")
    assert values(Epoch(desk(), one_ticket(waited_s=[500.0], due_s=[3600.0])), "waiting") == fresh


def test_only_open_hours_count_as_waiting() -> None:
    hours = {"channels": {"chat": {"open": {"zone": "UTC", "monday": "09:00-17:00"}}}}
    over_the_weekend = one_ticket(waited_s=[3 * 86_400.0])  # since Friday 09:02, open for two minutes
    monday = Epoch(desk(), over_the_weekend, now=datetime(2026, 5, 4, 9, 2))
    assert values(monday, "waiting", hours) == pytest.approx(
        values(Epoch(desk(), one_ticket(waited_s=[120.0])), "waiting")
    )


def test_abandonment_is_exponential_on_the_line_and_the_rise_of_no_answer_on_a_callback() -> None:
    chat = Epoch(desk(), one_ticket(patience_s=[100.0]))
    assert values(chat, "abandonment") == pytest.approx([1 - math.exp(-0.05)] * 2)
    post = Epoch(desk(), one_ticket(channel=[2], patience_s=[100.0]))
    assert values(post, "abandonment") == [0.0, 0.0]
    settings = {"channels": {"callback": {"no_answer": 0.1, "no_answer_scale_s": 1000.0}}}
    callback = Epoch(desk(), one_ticket(channel=[0], waited_s=[500.0]))
    assert values(callback, "abandonment", settings) == pytest.approx([0.9 * (math.exp(-0.5) - math.exp(-0.505))])


def test_importance_scales_resolution_waiting_and_abandonment_only() -> None:
    plain = Epoch(
        desk(), one_ticket(waited_s=[60.0], preferred=[0]), Staffing(load=np.zeros((2, 3)), occupancy=[0.2, 0.6])
    )
    doubled = replace(plain, tickets=replace(plain.tickets, importance=2.0))
    for term, factor in [("resolution", 2), ("waiting", 2), ("abandonment", 2), ("affinity", 1), ("occupancy", 1)]:
        assert values(doubled, term) == pytest.approx([factor * value for value in values(plain, term)])


def test_tier_occupancy_and_affinity_by_hand() -> None:
    epoch = Epoch(desk(), one_ticket(preferred=[1]), Staffing(load=np.zeros((2, 3)), occupancy=[0.2, 0.6]))
    assert values(epoch, "tier") == pytest.approx([-0.2, 0.0])  # two of two tiers above need, weight 0.2
    assert values(epoch, "occupancy") == pytest.approx([0.1 * (0.4 - 0.2), 0.1 * (0.4 - 0.6)])
    assert values(epoch, "affinity") == pytest.approx([0.0, 0.2])
    assert values(epoch, "proficiency") == pytest.approx([0.09, 0.05])


def test_timed_relaxation_charges_for_what_it_lets_pass() -> None:
    relax = [{"after_s": 60, "missing_topic": 0.3}, {"after_s": 120, "tiers_below": 2, "tier_cost": 0.2}]
    settings = {"channels": {"chat": {"relax": relax}}}
    seo = {"topic": [1], "tier": [3]}
    assert values(Epoch(desk(), one_ticket(waited_s=[30.0], **seo)), "relaxation", settings) == [0.0]
    late = Epoch(desk(), one_ticket(waited_s=[130.0], **seo))
    assert values(late, "relaxation", settings) == pytest.approx([0.0, -0.3 - 2 * 0.2])
    foreign = {"channels": {"chat": {"relax": [{"after_s": 10, "language": 0.5}]}}}
    unspoken = Epoch(desk(), one_ticket(language=[-1], waited_s=[20.0]))
    assert values(unspoken, "relaxation", foreign) == [-0.5, -0.5]
    mute = desk(speaks=[[True], [False]])
    assert values(Epoch(mute, one_ticket(waited_s=[20.0])), "relaxation", foreign) == [0.0, -0.5]


def test_acceptance_scales_the_whole_pair_and_weights_may_differ_by_channel() -> None:
    epoch = Epoch(desk(), one_ticket(), Staffing(load=np.zeros((2, 3)), acceptance=[0.5, 1.0]))
    assert values(epoch, "resolution") == pytest.approx([0.45, 0.5])
    settings = {"weights": {"resolution": 2.0}, "channels": {"chat": {"weights": {"resolution": 3.0}}}}
    assert values(epoch, "resolution", settings) == pytest.approx([1.35, 1.5])
    post = replace(epoch, tickets=one_ticket(channel=[2]))
    assert values(post, "resolution", settings) == pytest.approx([0.9, 1.0])
    assert values(epoch, "resolution", {"weights": {"resolution": 0.0}}) == [0.0, 0.0]


@given(seed=SEEDS)
def test_the_terms_add_up_to_the_points_and_the_points_to_the_objective(
    make_epoch: Callable[..., Epoch], seed: int
) -> None:
    epoch = make_epoch(seed)
    plan = Formulation().bind(epoch.desk).assign(epoch)
    frame = plan.assignments
    assert np.allclose(frame.iloc[:, 3:].sum(axis=1), frame["points"], rtol=1e-12, atol=1e-15)
    assert plan.objective == pytest.approx(frame["points"].sum(), abs=1e-9)


@given(seed=SEEDS, boost=st.floats(1.01, 2.0))
def test_no_ticket_starves(make_epoch: Callable[..., Epoch], seed: int, boost: float) -> None:
    """A ticket is assigned once its waiting points exceed every competitor's by the bound in docs/concepts.md."""
    epoch = make_epoch(seed, tickets=15, plain=True)
    bound = Formulation().bind(epoch.desk)
    problem = bound.build(epoch).problem
    served = np.unique(problem.ticket)
    if not len(served):
        return
    chosen = served[seed % len(served)]
    terms = bound.build(epoch).weighted_terms(problem.ticket, problem.expert)
    others = np.abs(problem.points - terms["waiting"]).max()
    most = max(terms["waiting"].max(), 0.0) + boost * (2 * others + 1e-9)
    # the wait that earns this much: rate ((w + 5)² − w²) / (2 target) = most, for the channel's rate and target
    target = bound.channels.target_s[epoch.tickets.channel[chosen]]
    waited, due = epoch.tickets.waited_s.copy(), epoch.tickets.due_s.copy()
    waited[chosen], due[chosen] = 60 * target * most / 5 + 5, np.nan
    plan = bound.assign(replace(epoch, tickets=replace(epoch.tickets, waited_s=waited, due_s=due)))
    assert plan.solution.expert_of[chosen] >= 0


@pytest.mark.parametrize("term", DEFAULT_TERMS, ids=lambda term: term.name)
def test_every_built_in_term_keeps_the_contract(term: object, make_epoch: Callable[..., Epoch]) -> None:
    check_term(term)  # type: ignore[arg-type]
    check_term(term, epoch=make_epoch(11, tickets=30))  # type: ignore[arg-type]


def unstable(arcs: Arcs) -> NDArray[np.float64]:
    return np.random.default_rng().random(len(arcs))


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (lambda arcs: np.zeros(3), "expected values of shape"),
        (lambda arcs: np.full(len(arcs), np.nan), "expected finite"),
        (unstable, "expected a pure function"),
        (lambda arcs: np.arange(float(len(arcs))), "changes with the other arcs"),
        (lambda arcs: np.zeros(max(len(arcs), 1)), "expected values of shape"),
        (
            FunctionTerm(type("F", (), {"__name__": "", "__call__": lambda self, arcs: arcs.resolution})()),
            "non-empty name",
        ),
    ],
)
def test_a_term_that_breaks_the_contract_is_told_how(term: object, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_term(term)  # type: ignore[arg-type]


def test_two_terms_of_one_name_are_refused() -> None:
    with pytest.raises(ContractError, match="resolution occur more than once"):
        Formulation().adding(DEFAULT_TERMS[0])


def test_a_function_is_a_term_with_its_own_weight_and_column() -> None:
    def bonus(arcs: Arcs) -> NDArray[np.float64]:
        return np.ones(len(arcs))

    formulation = Formulation.of({"weights": {"bonus": 0.5}}).adding(bonus)
    own = desk()
    frame = formulation.bind(own).assign(Epoch(own, one_ticket())).assignments
    assert frame["bonus"].tolist() == [0.5]


@pytest.mark.parametrize("name", ["ticket_id", "expert_id", "points", "reason"])
def test_a_term_cannot_take_the_name_of_a_column_of_every_plan(name: str) -> None:
    def own(arcs: Arcs) -> NDArray[np.float64]:
        return arcs.resolution

    own.__name__ = name
    with pytest.raises(ContractError, match=f"{name} is the name of a column"):
        Formulation().adding(own)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda n: np.full(n, 1.5), "1.5 for ticket 't', expert 'ana'; expected 0 to 1"),
        (lambda n: np.full(n, np.nan), "expected 0 to 1"),
        (lambda n: 0.5, "expected 2 probabilities"),
        (lambda n: np.full(n, "high"), "expected 2 probabilities"),
    ],
)
def test_a_resolution_model_that_answers_nonsense_is_named(answer: Callable[[int], object], message: str) -> None:
    class Rash:
        def probability(self, epoch: Epoch, *, ticket: NDArray[np.int32], **others: object) -> object:
            return answer(len(ticket))

    with pytest.raises(ContractError, match=f"resolution model Rash: .*{message}"):
        assign(Epoch(desk(), one_ticket()), resolution=Rash())  # type: ignore[arg-type]


def test_what_is_no_resolution_model_is_refused() -> None:
    with pytest.raises(ContractError, match="int is no ResolutionModel"):
        assign(Epoch(desk(), one_ticket()), resolution=3)  # type: ignore[arg-type]


def test_a_term_that_answers_text_is_refused() -> None:
    with pytest.raises(ContractError, match="expected numbers"):
        check_term(lambda arcs: np.full(len(arcs), "much"))  # type: ignore[arg-type,return-value]


def test_proficiency_counts_an_unknown_topic_as_resolution_does() -> None:
    doubt = one_ticket(topic=[0], topic_probability=[0.6])
    generalist = desk(general_proficiency=[0.4, np.nan])
    assert values(Epoch(generalist, doubt), "proficiency") == pytest.approx([0.07, 0.03])


class Nameless:
    scales_with_importance = False

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        return arcs.resolution


def meddling(arcs: Arcs) -> NDArray[np.float64]:
    arcs.situation.waited_s[:] = 0
    return arcs.resolution


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (Nameless(), "missing: name"),
        (Nameless, "expected one of its objects"),
        (3, "expected a named function"),
        (partial(unstable), "expected a named function"),
        (meddling, "writes to what it is shown"),
        (lambda arcs: [0.0], "expected values of shape"),
    ],
)
def test_what_is_no_term_is_told_what_a_term_is(term: object, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_term(term)  # type: ignore[arg-type]


def test_a_list_of_numbers_is_as_good_as_an_array() -> None:
    check_term(lambda arcs: arcs.resolution.tolist())
