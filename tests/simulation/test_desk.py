"""What happens on a desk: every way in which a ticket can fare, counted against what must come out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.errors import ScenarioError
from deskmatch.policies import fcfs, longest_queue, preference_lists, priority_fcfs
from deskmatch.simulation import Outcome, Run, Scenario, simulate

HOUR = 3600
ENDS = (Outcome.WAITING, Outcome.IN_HAND, Outcome.AWAY)


def small(**changes: Any) -> dict[str, Any]:
    """Ten hours of one channel, one type and one group."""
    values: dict[str, Any] = {
        "horizon_s": 100 * HOUR,
        "channels": {"call": {"patience": "never"}},
        "types": {"t": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 120}},
        "groups": {"g": {"experts": 4}},
    }
    for key, value in changes.items():
        table, _, name = key.partition("__")
        if name:
            first = next(iter(values[table]))
            values[table] = {first: {**values[table][first], name: value}}
        else:
            values[table] = value
    return values


def shares(run: Run) -> dict[str, float]:
    """Contacts by outcome, as shares of those that were served."""
    count = np.bincount(run.rows["outcome"], minlength=len(Outcome))
    return {each.name: count[each] / count[:5].sum() for each in Outcome}


def everything(**changes: Any) -> dict[str, Any]:
    """A desk on which everything happens that can."""
    return {
        "horizon_s": 40 * HOUR,
        "warmup_s": 2 * HOUR,
        "drain_s": 20 * HOUR,
        "busyness_cv": 0.1,
        "channels": {
            "callback": {"max_calls": 2, "retry_after_s": 900},
            "chat": {"patience": 300, "balk": 0.1, "concurrency": [1, 1.6, 2.0], "queue_capacity": 8},
            "call": {"patience": {"law": "weibull", "mean_s": 120, "shape": 0.8}},
            "post": {},
        },
        "types": {
            "billing": {
                "channel": "call", "language": {"en": 0.7, "de": 0.3}, "arrivals": {"per_hour": 14}, "handling": 240,
                "after_work": 40, "unavoidable": 0.1, "outside": 0.3, "repeat": 0.3, "repeat_after": 1800,
                "seen_as": {"dns": 0.1, "?": 0.1}, "importance": 2.0, "redial": 0.5, "redial_after": 1200,
            },
            "dns": {
                "channel": "chat", "language": "en",
                "arrivals": {"per_hour": [10, 30, 20], "linear": True, "batch": 1.5},
                "handling": {"law": "lognormal", "mean_s": 400, "cv": 1.2}, "repeat": 0.1, "hand_on": "across",
            },
            "seo": {
                "channel": "callback", "language": "de", "arrivals": {"per_hour": 8}, "requires": ["ads"],
                "handling": {"law": "gamma", "mean_s": 300, "cv": 0.5}, "max_hops": 1,
            },
            "form": {
                "channel": "post", "language": "en", "topic": {"billing": 2, "dns": 1}, "arrivals": {"per_hour": 9},
                "handling": {"law": "empirical", "sample_s": [200, 300, 700]},
                "hand_on": {"dns": 0.7, "seo": 0.2},
            },
        },
        "groups": {
            "first": {
                "experts": 5, "channels": {"call": 1, "chat": 3, "post": 2}, "topics": {"billing": 0.7, "dns": 0.6},
                "acceptance": 0.9,
            },
            "second": {
                "experts": 3, "channels": {"call": 1, "chat": 2, "callback": 1, "post": 1}, "tier": 2, "tags": ["ads"],
                "topics": {"*": 0.9}, "speed": 1.2,
                "shifts": [{"start": "06:00", "end": "22:00", "breaks": [["12:00", "12:30"]], "experts": 2},
                           {"start": "22:00", "end": "06:00", "experts": 1}],
            },
            "ads": {
                "experts": 2, "languages": ["de"], "channels": ["callback"], "tags": ["ads"], "topics": {"seo": 0.6},
            },
        },
        **changes,
    }  # fmt: skip


RULES = {
    "fcfs": fcfs(),
    "random": fcfs("random"),
    "least occupied": fcfs("least_occupied"),
    "round robin": fcfs("round_robin"),
    "priority": priority_fcfs("fastest"),
    "longest queue": longest_queue("least_busy"),
}


@pytest.mark.parametrize("name", RULES)
def test_where_everything_happens_every_ticket_is_accounted_for(theory: SimpleNamespace, name: str) -> None:
    run = simulate(everything(), RULES[name], seed=1)
    assert theory.conserved(run)
    assert theory.little(run) < 1e-9
    happened = {Outcome(code) for code in np.unique(run.rows["outcome"])}
    assert happened >= set(Outcome) - {*ENDS, Outcome.BALKED, Outcome.BLOCKED}
    check_nobody_does_too_much(run)


def check_nobody_does_too_much(run: Run) -> None:
    """No expert ever holds more tickets of a channel than the limit, nor one beside an exclusive one."""
    desk, rows = run.scenario.desk, run.rows[run.rows["expert"] >= 0]
    channel = np.array([run.scenario.channels.index(each.settings.channel) for each in run.scenario.types])
    exclusive = np.array([name in ("call", "callback") for name in run.scenario.channels])
    until = np.where(np.isnan(rows["ended"]), np.inf, rows["ended"])
    for expert in range(desk.n_experts):
        own = rows["expert"] == expert
        begins, ends, kinds = rows["started"][own], until[own], channel[rows["type"][own]]
        order = np.argsort(begins)
        for k in order:
            at = (begins <= begins[k]) & (ends > begins[k])
            assert (np.bincount(kinds[at], minlength=len(exclusive)) <= desk.channel_limit[expert]).all()
            if exclusive[kinds[at]].any():
                assert at.sum() == 1


def test_the_same_seed_gives_the_same_records_and_another_one_others() -> None:
    scenario = Scenario.load(everything())
    first, again, other = (simulate(scenario, fcfs("random"), seed=seed).rows for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert first.tobytes() != simulate(scenario, fcfs("random"), seed=1, replication=1).rows.tobytes()


def test_two_policies_see_the_same_customers() -> None:
    """Arrivals are the same, and whoever is served in the same contact by the same group takes the same time."""
    runs = [simulate(everything(), rule, seed=3).rows for rule in (fcfs(), priority_fcfs())]
    firsts = [np.sort(rows[rows["attempt"] == 0], order="root") for rows in runs]
    assert (firsts[0]["arrived"] == firsts[1]["arrived"]).all()
    assert (firsts[0]["type"] == firsts[1]["type"]).all()
    call = firsts[0]["type"] <= 1  # one at a time, so that the time in service is the drawn one
    both = call & (firsts[0]["expert"] >= 0) & (firsts[1]["expert"] >= 0)
    same_group = (firsts[0]["expert"] < 5) == (firsts[1]["expert"] < 5)
    lengths = [rows["ended"] - rows["started"] for rows in firsts]
    assert (both & same_group).sum() > 100
    assert np.allclose(lengths[0][both & same_group], lengths[1][both & same_group])
    assert np.allclose(firsts[0]["after_s"][both], firsts[1]["after_s"][both])


@pytest.mark.parametrize("seed", [4, 5])
def test_a_kernel_that_runs_uncompiled_writes_the_same_records(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario.load(everything(horizon_s=6 * HOUR, warmup_s=0, drain_s=3 * HOUR))
    rule = (fcfs("random"), longest_queue("least_occupied"))[seed - 4]
    compiled = simulate(scenario, rule, seed=seed).rows
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    interpreted = simulate(scenario, rule, seed=seed).rows
    for name in compiled.dtype.names or ():
        # the compiler may contract products and sums, which changes last digits
        assert np.allclose(compiled[name], interpreted[name], rtol=1e-9, atol=1e-9, equal_nan=True), name


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(sorted(RULES)), st.floats(0.2, 3), st.integers(1, 6), st.booleans())
def test_no_ticket_is_lost_on_any_desk(
    theory: SimpleNamespace, seed: int, name: str, busy: float, experts: int, drained: bool
) -> None:
    values = everything(horizon_s=8 * HOUR, warmup_s=HOUR, drain_s=50 * HOUR if drained else 0)
    values["types"]["billing"]["arrivals"] = {"per_hour": 14 * busy}
    values["groups"]["first"]["experts"] = experts
    run = simulate(values, RULES[name], seed=seed)
    assert theory.conserved(run)
    assert theory.little(run) < 1e-9


def test_resolution_is_by_proficiency_and_hand_ons_stop_at_the_limit() -> None:
    values = small(types__repeat=0.25, types__max_hops=2, types__repeat_after=600, groups__topics={"t": 0.7})
    run = simulate(values, fcfs(), seed=5)
    found = shares(run)
    assert found["RESOLVED"] == pytest.approx(0.7, abs=0.02)
    assert found["REPEAT"] == pytest.approx(0.25 * 0.3 * 0.91, abs=0.01)
    unresolved = run.outcomes()["unresolved"] / run.arrived
    assert unresolved == pytest.approx(0.3**3, abs=0.006)
    assert run.rows["hop"].max() == 2


def test_unavoidable_transfers_are_nobodys_fault() -> None:
    run = simulate(small(types__unavoidable=0.2, types__outside=0.5), fcfs(), seed=6)
    served_first = run.rows[(run.rows["hop"] == 0) & (run.rows["expert"] >= 0)]
    assert (served_first["outcome"] == Outcome.UNAVOIDABLE_TRANSFER).mean() == pytest.approx(0.1, abs=0.02)
    assert (served_first["outcome"] == Outcome.UNRESOLVED).mean() == pytest.approx(0.1, abs=0.02)
    assert (run.rows["outcome"] == Outcome.PREVENTABLE_TRANSFER).sum() == 0


def test_some_who_give_up_come_again_after_a_while(theory: SimpleNamespace) -> None:
    values = small(types__patience=60, types__redial=0.6, types__redial_after={"law": "fixed", "mean_s": 900})
    values["groups"]["g"]["experts"], values["drain_s"] = 1, 500 * HOUR
    run = simulate(values, fcfs(), seed=5)
    assert theory.conserved(run)
    assert theory.little(run) < 1e-9
    frame = run.tickets.sort_values(["root", "attempt"])
    gave_up = frame["outcome"].isin(["abandoned", "redial"])
    assert gave_up.sum() > 3000
    share = (frame["outcome"][gave_up] == "redial").mean()
    assert share == pytest.approx(0.6, abs=4 * (0.24 / gave_up.sum()) ** 0.5)
    later = frame.groupby("root")["entered_s"].diff()[frame["attempt"] > 0]
    before = frame.groupby("root")["ended_s"].shift()[frame["attempt"] > 0]
    np.testing.assert_allclose(frame["entered_s"][frame["attempt"] > 0] - before, 900)
    assert (later > 900).all()
    assert (frame["hop"] == 0).all()
    assert run.outcomes()["abandoned"] == (frame["outcome"] == "abandoned").sum()
    assert run.kpis()["abandonment"] == pytest.approx(run.outcomes()["abandoned"] / run.arrived)


def test_who_comes_again_finds_the_queue_full_as_others_do() -> None:
    values = small(types__patience=60, types__redial=1.0, types__redial_after=300, channels__queue_capacity=1)
    values["groups"]["g"]["experts"] = 1
    frame = simulate(values, fcfs(), seed=5).tickets
    assert set(frame["outcome"][frame["attempt"] > 0]) >= {"blocked", "redial", "resolved"}


@pytest.mark.parametrize("to", ["resolver", "anyone"])
def test_a_repeat_contact_goes_to_its_resolver_or_to_anyone(to: str) -> None:
    values = small(types__repeat=1.0, types__repeat_to=to, types__repeat_after=600, groups__topics={"t": 0.5})
    frame = simulate(values, fcfs("random"), seed=5).tickets.sort_values(["root", "attempt"])
    same = (frame["expert_id"] == frame.groupby("root")["expert_id"].shift())[frame["attempt"] > 0].mean()
    assert (same > 0.6) if to == "resolver" else (same < 0.4)  # a resolver who is busy does not get it


def handed_on(**changes: Any) -> dict[str, Any]:
    """Calls of `front` become `billing` or `dns`, a chat, which hands some of its own back to itself."""
    return {
        "horizon_s": 100 * HOUR,
        "drain_s": 100 * HOUR,
        "channels": {"call": {"patience": "never"}, "chat": {"patience": "never"}},
        "types": {
            "front": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 60, "unavoidable": 0.1,
                      "hand_on": {"billing": 0.5, "dns": 0.3}},
            "billing": {"channel": "call", "handling": 200, "max_hops": 0},
            "dns": {"channel": "chat", "handling": 300, "hand_on": {"dns": 1.0}, "arrivals": {"per_hour": 5}},
        },
        "groups": {
            "first": {"experts": 4, "topics": {"front": 0.4}},
            "second": {"experts": 9, "topics": {"billing": 0.9, "dns": 0.5}},
        },
        **changes,
    }  # fmt: skip


def test_tickets_become_other_types_in_the_shares_that_are_written(theory: SimpleNamespace) -> None:
    run = simulate(handed_on(), fcfs(), seed=5)
    assert theory.conserved(run)
    frame = run.tickets
    front = frame[frame["type"] == "front"]
    failed = 0.1 + 0.9 * 0.6
    came = len(front)
    assert (front["outcome"] == "resolved").mean() == pytest.approx(1 - failed, abs=0.02)
    assert (front["outcome"] == "unresolved").mean() == pytest.approx(failed * 0.2, abs=0.02)
    assert (frame["type"] == "billing").sum() == pytest.approx(came * failed * 0.5, rel=0.05)
    handed = frame[(frame["type"] == "dns") & (frame["hop"] > 0)]
    # half of them go on to the next, up to three hops
    assert len(handed) == pytest.approx(came * failed * 0.3 * 1.75 + 500 * (0.5 + 0.25 + 0.125), rel=0.06)
    assert (handed["channel"] == "chat").all()
    assert handed["expert_id"].str.startswith("second").all()
    assert not frame[frame["expert_id"].notna()].duplicated(["root", "expert_id"]).any()
    served = frame[frame["type"] == "billing"]
    assert (served["ended_s"] - served["started_s"]).mean() == pytest.approx(200, rel=0.06)


def test_whoever_becomes_another_type_fares_the_same_under_two_policies() -> None:
    runs = [simulate(handed_on(), rule, seed=3).tickets.set_index(["root", "attempt"]) for rule in RULES.values()]
    for other in runs[1:]:
        both = runs[0].merge(other, left_index=True, right_index=True, suffixes=("", "_other"))
        assert len(both) > 9000
        assert (both["type"].astype(str) == both["type_other"].astype(str)).all()
        lengths = [both[f"ended_s{name}"] - both[f"started_s{name}"] for name in ("", "_other")]
        assert np.allclose(*lengths)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hand_on", "down", 'should be "up", "across", "never", or types with shares above 0'),
        ("hand_on", {"billing": 0.8, "dns": 0.4}, "sum to at most 1"),
        ("hand_on", {"billing": 0.0}, "above 0"),
        ("hand_on", {}, "types with shares"),
        ("hand_on", {"biling": 0.5}, "'biling' is not a type.*billing"),
        ("hand_on", {"several": 0.5}, "types.several: tickets are handed on to it"),
        ("arrivals", None, r"types.front.arrivals: is required"),
    ],
)
def test_wrong_hand_ons_are_refused_by_name(key: str, value: object, said: str) -> None:
    values = handed_on()
    values["types"]["several"] = {"channel": "call", "topic": {"billing": 1, "dns": 1}, "arrivals": {"per_hour": 1}}
    values["types"]["front"][key] = value
    with pytest.raises(ScenarioError, match=said):
        Scenario.load(values)


def test_who_is_never_handed_on_comes_back_or_stays_unresolved() -> None:
    values = small(types__hand_on="never", types__repeat=0.4, types__repeat_after=60, types__max_hops=15)
    values["groups"]["g"]["topics"] = {"t": 0.5}
    run = simulate(values, fcfs(), seed=5)
    served = run.rows["outcome"][run.rows["expert"] >= 0]
    assert (served == Outcome.RESOLVED).mean() == pytest.approx(0.5, abs=0.02)
    assert (served == Outcome.REPEAT).mean() == pytest.approx(0.5 * 0.4, abs=0.02)
    assert (served == Outcome.UNRESOLVED).mean() == pytest.approx(0.5 * 0.6, abs=0.02)
    tossed, expected = run.kpis()["reward"], run.kpis()["reward_expected"]
    assert abs(tossed - expected) < 4 * len(served) ** 0.5  # the score of a contact deviates by less than 1 point


def test_a_type_that_is_only_handed_on_to_needs_no_arrivals_and_is_not_odd() -> None:
    assert Scenario.load(handed_on()).warnings == ()


def test_a_ticket_that_is_handed_on_never_meets_the_same_expert_again() -> None:
    run = simulate(small(groups__topics={"t": 0.3}, types__max_hops=3), fcfs(), seed=7)
    frame = run.tickets[run.tickets["expert_id"].notna()]
    assert not frame.duplicated(["root", "expert_id"]).any()
    assert frame.groupby("root").size().max() == 4


def test_a_transfer_goes_up_where_there_is_a_higher_tier() -> None:
    groups = {"low": {"experts": 3, "topics": {"t": 0.5}}, "high": {"experts": 2, "tier": 2}}
    run = simulate(small(groups=groups), preference_lists(groups={"t": ["low", "high"]}, queues={}), seed=8)
    frame = run.tickets
    second = frame[(frame["hop"] == 1) & frame["expert_id"].notna()]
    assert len(second) > 1000
    assert second["expert_id"].str.startswith("high").all()
    assert (second["queue"] == "t@2").all()


def test_a_repeat_contact_prefers_its_resolver() -> None:
    run = simulate(
        small(types__repeat=1.0, types__repeat_after=600, groups__topics={"t": 0.5}, types__arrivals={"per_hour": 4}),
        fcfs(),
        seed=9,
    )
    frame = run.tickets[run.tickets["expert_id"].notna()].sort_values(["root", "attempt"])
    before = frame.groupby("root")["expert_id"].shift()
    repeated = frame["attempt"] > 0
    assert (frame["expert_id"].astype(str)[repeated] == before.astype(str)[repeated]).mean() > 0.95


def test_callbacks_are_answered_less_the_longer_they_wait() -> None:
    channels = {
        "callback": {"no_answer": 0.2, "no_answer_scale_s": 7200, "attempt_s": 25, "max_calls": 3, "retry_after_s": 600}
    }
    types = {"t": {"channel": "callback", "arrivals": {"per_hour": 28}, "handling": 120}}
    run = simulate(small(channels=channels, types=types, groups__experts=1, horizon_s=3000 * HOUR), fcfs(), seed=10)
    rows = run.rows[run.rows["expert"] >= 0]
    rows = rows[~np.isnan(rows["ended"])]
    wait = rows["started"] - rows["entered"]
    vain = np.isin(rows["outcome"], (Outcome.NO_ANSWER, Outcome.UNANSWERED))
    for low, high in ((0, 1), (600, 900), (1800, 2700)):
        here = (wait >= low) & (wait < high)
        expected = 1 - 0.8 * np.exp(-wait[here] / 7200)
        assert here.sum() > 500
        assert vain[here].mean() == pytest.approx(expected.mean(), abs=4 * 0.5 / here.sum() ** 0.5)
    assert np.allclose((rows["ended"] - rows["started"])[vain], 25)
    calls = run.tickets[run.tickets["outcome"] == "unanswered"].attempt
    assert (calls == 2).all()


def test_posts_and_callbacks_are_never_abandoned() -> None:
    run = simulate(
        small(channels={"post": {}}, types__channel="post", types__arrivals={"per_hour": 200}), fcfs(), seed=11
    )
    assert run.outcomes()["abandoned"] == 0
    assert run.outcomes()["in_system"] > 1000


def test_after_work_keeps_the_expert_and_not_the_customer() -> None:
    plain = simulate(small(), fcfs(), seed=12)
    run = simulate(small(types__after_work=60), fcfs(), seed=12)
    rows = run.rows[~np.isnan(run.rows["started"])]
    assert rows["after_s"].mean() == pytest.approx(60, rel=0.05)
    assert run.kpis()["occupancy"] == pytest.approx(60 * (120 + 60) / 3600 / 4, rel=0.03)
    assert plain.kpis()["occupancy"] == pytest.approx(60 * 120 / 3600 / 4, rel=0.03)
    for expert in range(4):
        own = np.sort(rows[rows["expert"] == expert], order="started")
        assert (own["started"][1:] >= own["ended"][:-1] + own["after_s"][:-1] - 1e-6).all()


def test_declined_offers_return_to_their_place_and_go_to_somebody_else() -> None:
    run = simulate(small(groups__acceptance=0.6, types__arrivals={"per_hour": 90}), fcfs(), seed=13)
    experts = run.experts
    assert experts["declined"].sum() / experts["offers"].sum() == pytest.approx(0.4, abs=0.02)
    assert experts["offers"].sum() == pytest.approx(run.rows["offers"].sum(), abs=20)
    rows = run.rows[(run.rows["offers"] > 1) & ~np.isnan(run.rows["started"])]
    assert (rows["started"] - rows["entered"] >= 15 * (rows["offers"] - 1) - 1e-6).all()


def test_a_customer_can_hang_up_while_it_rings(theory: SimpleNamespace) -> None:
    run = simulate(small(groups__acceptance=0.3, channels={"call": {"patience": 20}}), fcfs(), seed=14)
    gone = run.rows[run.rows["outcome"] == Outcome.ABANDONED]
    assert (gone["offers"] > 0).mean() > 0.9
    assert theory.conserved(run)


def test_shifts_breaks_and_overtime() -> None:
    shifts = [
        {"start": "08:00", "end": "16:00", "days": ["mon", "tue", "wed", "thu", "fri"], "breaks": [["12:00", "13:00"]]}
    ]
    run = simulate(small(horizon_s=14 * 24 * HOUR, groups__shifts=shifts), fcfs(), seed=15)
    rows = run.rows[run.rows["expert"] >= 0]
    hour, day = rows["started"] / HOUR % 24, (rows["started"] // 86_400) % 7
    assert (day < 5).all()
    assert ((hour >= 8) & (hour <= 16)).all()
    assert not ((hour > 12) & (hour < 13)).any()
    logged = run.experts["logged_s"] / HOUR
    assert (logged >= 70).all()  # 10 days of 7 hours, and what had to be finished after them
    assert (logged < 75).all()
    overtime = rows[
        (rows["ended"] / HOUR % 24 > 16) | ((rows["ended"] / HOUR % 24 > 12) & (rows["ended"] / HOUR % 24 < 13))
    ]
    assert len(overtime) > 10


def test_staffing_levels_say_how_many_are_at_work() -> None:
    run = simulate(
        small(groups__staffing=[4, 0, 2], horizon_s=300 * HOUR, channels={"call": {"patience": 60}}), fcfs(), seed=16
    )
    logged = run.experts["logged_s"].to_numpy() / HOUR
    assert logged == pytest.approx([200, 200, 100, 100], rel=0.03)


def test_a_misjudged_topic_brings_the_ticket_to_the_wrong_experts() -> None:
    values = small(
        types={
            "a": {"channel": "call", "arrivals": {"per_hour": 40}, "handling": 60, "seen_as": {"b": 0.3}},
            "b": {"channel": "call", "arrivals": {"per_hour": 20}, "handling": 60},
        },
        groups={"ga": {"experts": 2, "topics": ["a"]}, "gb": {"experts": 2, "topics": ["b"]}},
    )
    run = simulate(values, fcfs(), seed=17)
    first = run.tickets[(run.tickets["hop"] == 0) & run.tickets["expert_id"].notna()]
    first = first[first["ended_s"].notna()]
    wrong = first[(first["type"] == "a") & first["expert_id"].str.startswith("gb")]
    assert len(wrong) / (first["type"] == "a").sum() == pytest.approx(0.3, abs=0.03)
    assert (wrong["outcome"] == "preventable_transfer").all()
    assert (first["queue"][wrong.index] == "b").all()
    after = run.tickets[run.tickets["hop"] == 1]
    assert after["expert_id"].dropna().str.startswith("ga").all()


def test_recorded_arrivals_are_replayed() -> None:
    times = [10.0, 10.0, 400.5, 3599.0]
    run = simulate(small(types__arrivals={"times_s": times}, horizon_s=HOUR), fcfs(), seed=18)
    assert np.sort(run.rows["arrived"]).tolist() == times


def test_group_and_type_say_how_long_it_takes() -> None:
    values = small(
        groups={
            "slow": {"experts": 2, "speed": 0.5},
            "own": {"experts": 2, "handling": {"t": {"law": "fixed", "mean_s": 33}}},
        }
    )
    rows = simulate(values, fcfs(), seed=19).rows
    rows = rows[~np.isnan(rows["ended"])]
    lengths = rows["ended"] - rows["started"]
    assert np.allclose(lengths[rows["expert"] >= 2], 33)
    assert lengths[rows["expert"] < 2].mean() == pytest.approx(240, rel=0.05)


def test_several_rules_by_channel() -> None:
    values = everything(horizon_s=10 * HOUR, warmup_s=0, drain_s=0)
    mixed = {"callback": fcfs(), "chat": fcfs("least_busy"), "call": priority_fcfs(), "post": longest_queue()}
    run = simulate(values, mixed, seed=20)
    assert sum(run.outcomes().values()) == run.arrived
    check_nobody_does_too_much(run)


def test_a_freed_resolver_takes_the_own_repeat_contacts_before_all_who_have_waited_longer() -> None:
    run = simulate(
        small(
            types__repeat=1.0, types__repeat_after=600, groups__topics={"t": 0.8}, types__arrivals={"per_hour": 150},
            horizon_s=20 * HOUR,
        ),
        fcfs(),
        seed=21,
    )  # fmt: skip
    frame = run.tickets[run.tickets["expert_id"].notna()].sort_values(["root", "attempt"])
    before = frame.groupby("root")["expert_id"].shift()
    repeated = (frame["attempt"] > 0) & (frame["entered_s"] > 5 * HOUR)  # by then the queue is long
    assert repeated.sum() > 200
    assert (frame["expert_id"].astype(str)[repeated] == before.astype(str)[repeated]).all()
    waits = (frame["started_s"] - frame["entered_s"])[repeated]
    assert waits.mean() < 200  # while the others wait for hours


def lazy(**changes: Any) -> dict[str, Any]:
    """One ticket, and experts of whom the first hardly ever take an offer."""
    return {
        "horizon_s": HOUR,
        "offer_s": 15,
        "channels": {"call": {"patience": "never"}},
        "types": {"t": {"channel": "call", "arrivals": {"times_s": [0.0]}, "handling": 60}},
        "groups": {"lazy": {"experts": 3, "acceptance": 1e-6}, **changes},
    }


def test_whoever_declined_is_not_asked_again_while_there_are_others() -> None:
    rule = preference_lists(groups={"t": ["lazy", "keen"]}, queues={})
    run = simulate(lazy(keen={"experts": 1}), rule, seed=1)
    assert run.experts["offers"].tolist() == [1, 1, 1, 0]
    assert run.tickets["expert_id"].tolist() == ["keen-1"]
    assert run.tickets["started_s"].tolist() == [45.0]


def test_once_all_have_declined_a_new_round_begins() -> None:
    offers = simulate(lazy(), fcfs(), seed=1).experts["offers"]
    assert offers.sum() == HOUR / 15
    assert offers.max() - offers.min() <= 1


def test_more_than_can_be_remembered_are_asked_in_turn() -> None:
    values = lazy()
    values["groups"] = {"lazy": {"experts": 50, "acceptance": 1e-6}}
    offers = simulate(values, fcfs(), seed=1).experts["offers"]
    assert offers.sum() == HOUR / 15
    assert offers.max() <= HOUR / 15 / 17


def test_those_who_declined_are_asked_again_once_the_others_have_gone_home() -> None:
    values = lazy(leaving={"experts": 1, "shifts": [{"start": "00:00", "end": "00:10"}]})
    values["types"] = {
        "t": {"channel": "call", "arrivals": {"times_s": [0.0, 10.0]}, "handling": {"law": "fixed", "mean_s": 1800}}
    }
    values["groups"]["lazy"]["experts"] = 1
    rule = preference_lists(groups={"t": ["leaving", "lazy"]}, queues={})
    experts = simulate(values, rule, seed=1).experts.set_index("expert_id")
    assert experts["offers"]["lazy-1"] == 1 + (HOUR - 600) / 15
