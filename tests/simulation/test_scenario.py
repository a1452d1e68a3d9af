"""Scenarios: what is refused, by which name, and what is only odd."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from deskmatch.errors import ScenarioError
from deskmatch.simulation import Scenario


def scenario(**changes: Any) -> dict[str, Any]:
    return {
        "horizon_s": 3600,
        "channels": {"call": {"patience": 60}, "post": {}},
        "types": {"a": {"channel": "call", "arrivals": {"per_hour": 10}, "handling": 60}},
        "groups": {"g": {"experts": 2}},
        **changes,
    }


def a(**changes: Any) -> dict[str, Any]:
    return {"a": {"channel": "call", "arrivals": {"per_hour": 10}, "handling": 60, **changes}}


def g(**changes: Any) -> dict[str, Any]:
    return {"g": {"experts": 2, **changes}}


WRONG = {
    "negative rate": ({"types": a(arrivals={"per_hour": -3})}, r"types\.a\.arrivals\.per_hour\[1\] = -3"),
    "two kinds of arrivals": ({"types": a(arrivals={"per_hour": 3, "times_s": [1]})}, "either per_hour or times_s"),
    "unknown key": ({"types": a(handeling=3)}, "did you mean 'handling'"),
    "unknown top key": ({"horizon": 3}, "did you mean 'horizon_s'"),
    "no horizon": ({"horizon_s": None}, "horizon_s"),
    "warm-up too long": ({"warmup_s": 4000}, r"warmup_s = 4000: should be below horizon_s = 3600"),
    "unknown channel": ({"types": a(channel="cal")}, r"types\.a\.channel: 'cal' is not a channel.*did you mean 'call'"),
    "unknown topic": ({"groups": g(topics={"b": 1})}, r"groups\.g\.topics: 'b' is not a topic of a type"),
    "unknown language": ({"groups": g(languages=["xx"])}, r"groups\.g\.languages: 'xx'"),
    "unknown tag": ({"types": a(requires=["vip"])}, r"types\.a\.requires: 'vip'"),
    "unknown type in handling": ({"groups": g(handling={"b": 3})}, r"groups\.g\.handling: 'b'"),
    "unknown reward channel": ({"reward": {"channels": {"fax": {}}}}, r"reward\.channels: 'fax'"),
    "nobody for a type": ({"groups": g(channels=["post"])}, r"types\.a: nobody can serve 'a'"),
    "nobody of that tier": ({"types": a(tier=2)}, "nobody can serve 'a'.*tier 2"),
    "proficiency above 1": ({"groups": g(topics={"a": 1.5})}, r"groups\.g\.topics\.a = 1\.5"),
    "no experts": ({"groups": g(experts=0)}, r"groups\.g\.experts"),
    "acceptance 0": ({"groups": g(acceptance=0)}, "acceptance"),
    "too many staffed": ({"groups": g(staffing=[1, 5])}, "no more than its 2 experts"),
    "shifts and staffing": (
        {"groups": g(staffing=[1], shifts=[{"start": 0, "end": 3600}])},
        "either shifts, staffing or logins_s",
    ),
    "overlapping shifts": (
        {"groups": g(shifts=[{"start": "08:00", "end": "16:00"}, {"start": "15:00", "end": "18:00"}])},
        r"groups\.g\.shifts: overlap",
    ),
    "overlap over midnight": (
        {"groups": g(shifts=[{"start": "22:00", "end": "06:00"}, {"start": "05:00", "end": "09:00"}])},
        r"groups\.g\.shifts: overlap",
    ),
    "break outside": (
        {"groups": g(shifts=[{"start": "08:00", "end": "16:00", "breaks": [["17:00", "18:00"]]}])},
        "within the shift",
    ),
    "too many in shifts": (
        {"groups": g(shifts=[{"start": "08:00", "end": "16:00", "experts": 3}])},
        "are for 3 experts; the group has 2",
    ),
    "a time that is none": ({"groups": g(shifts=[{"start": "8 am", "end": "16:00"}])}, '"08:30"'),
    "a day that is none": ({"groups": g(shifts=[{"start": 0, "end": 1, "days": ["noday"]}])}, "days such as mon"),
    "posts that hang up": ({"types": a(channel="post", patience=60)}, "customers never hang up"),
    "confusion above 1": ({"types": a(seen_as={"?": 0.7, "a": 0.6})}, "sum to at most 1"),
    "no types": ({"types": {}}, "types"),
    "a key of a law": (
        {"types": a(handling={"law": "fixed", "mean": 3})},
        r"types\.a\.handling\.mean: is no setting; did you mean 'mean_s'",
    ),
    "no channels": ({"channels": {}}, "'call' is not a channel .known here: none"),
    "no costs": ({"cost_per_hour": []}, "cost_per_hour"),
    "a channel named as the whole desk": (
        {"channels": {"call": {}, "post": {}, "total": {}}},
        r"channels\.total: is what the whole desk is called",
    ),
    "channels that differ in case": ({"channels": {"call": {}, "Call": {}}}, "differs from 'call' in case only"),
    "a type named as a part of another": (
        {"types": {**a(language={"en": 1, "de": 1}), "a/en": a()["a"]}},
        "'a/en' would be the name of two queues",
    ),
    "staffing between seconds": ({"groups": g(staffing=[1, 2, 1], staffing_every_s=700.3)}, r"repeats every 2100\.9 s"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_by_its_key(name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(ScenarioError, match=message):
        Scenario.load(scenario(**changes))


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ScenarioError, match="3 problems") as caught:
        Scenario.load(scenario(types=a(handling=-1, balk=2), horizon_s=-5))
    assert all(key in str(caught.value) for key in ("types.a.handling", "types.a.balk", "horizon_s"))


def test_overload_without_abandonment_is_a_warning() -> None:
    odd = Scenario.load(scenario(channels={"call": {"patience": "never"}}, types=a(arrivals={"per_hour": 200})))
    assert "bring work for 3.3 experts and there are 2.0" in odd.warnings[0]
    assert Scenario.load(scenario(types=a(arrivals={"per_hour": 200}))).warnings == ()
    limited = scenario(
        channels={"call": {"patience": "never", "queue_capacity": 3}}, types=a(arrivals={"per_hour": 200})
    )
    assert Scenario.load(limited).warnings == ()
    assert Scenario.load(scenario(channels={"call": {"patience": "never"}})).warnings == ()


@pytest.mark.parametrize(
    ("changes", "overloaded"),
    [
        ({"types": a(arrivals={"per_hour": 100}, after_work=10)}, False),
        ({"types": a(arrivals={"per_hour": 100}, after_work=15)}, True),
        ({"types": a(arrivals={"per_hour": 200}, balk=0.5)}, False),
        ({"types": a(arrivals={"per_hour": 200}, balk=0.3)}, True),
        ({"types": a(arrivals={"per_hour": 200}), "groups": g(handling={"a": 30})}, False),
        ({"types": a(arrivals={"per_hour": 100}), "groups": g(handling={"a": 80})}, True),
        ({"types": a(arrivals={"per_hour": 200}), "groups": g(speeds={"a": 2})}, False),
        ({"types": a(arrivals={"per_hour": 200}), "groups": g(speeds={"a": 1.5})}, True),
    ],
)
def test_what_lightens_the_work_or_adds_to_it_counts_for_overload(changes: dict[str, Any], overloaded: bool) -> None:
    """Two experts do 120 tickets of 60 s an hour."""
    warnings = Scenario.load(scenario(channels={"call": {"patience": "never"}}, **changes)).warnings
    assert any("queue grows without end" in warning for warning in warnings) == overloaded
    assert len(warnings) == overloaded


def test_recorded_customers_who_give_up_keep_a_queue_from_growing() -> None:
    values = scenario(channels={"call": {"patience": "never"}}, types=a(arrivals=None))
    log = {"arrived_s": list(range(1000)), "type": ["a"] * 1000}
    assert "queue grows without end" in Scenario.load({**values, "recorded": log}).warnings[0]
    assert Scenario.load({**values, "recorded": {**log, "patience_s": [60.0] * 1000}}).warnings == ()


@pytest.mark.parametrize(
    "group",
    [
        {"staffing": [0]},
        {"logins_s": []},
        {"shifts": [{"start": 0, "end": 60, "days": ["sun"]}]},
        {"shifts": [{"start": 0, "end": 60, "breaks": [[0, 60]]}]},
        {"shifts": [{"start": 7200, "end": 9000}]},
    ],
)
def test_a_type_whose_experts_are_never_there_is_a_warning(group: dict[str, Any]) -> None:
    odd = Scenario.load(scenario(groups=g(**group)))
    assert odd.warnings == ("types.a: nobody who can serve 'a' is logged in at any time of the run",)


@pytest.mark.parametrize("arrivals", [{"per_hour": 0}, {"times_s": []}, {"times_s": [3600.0]}])
def test_a_type_of_which_nothing_comes_is_a_warning(arrivals: dict[str, Any]) -> None:
    odd = Scenario.load(scenario(types=a(arrivals=arrivals)))
    assert odd.warnings == ("types.a: no ticket of it arrives before the horizon",)


def test_a_group_without_work_is_a_warning() -> None:
    groups = {**g(), "idle": {"experts": 1, "channels": ["post"]}}
    assert Scenario.load(scenario(groups=groups)).warnings == ("groups.idle: no type of ticket can go to it",)


def test_names_with_shares_make_a_type_each() -> None:
    types = a(language={"en": 3, "de": 1}, topic={"x": 1, "y": 1})
    made = Scenario.load(scenario(types=types, groups=g(topics=["x", "y"]))).types
    assert [each.name for each in made] == ["a/en/x", "a/en/y", "a/de/x", "a/de/y"]
    assert [each.arrivals.per_hour[0] for each in made] == pytest.approx([3.75, 3.75, 1.25, 1.25])


def test_a_scenario_survives_pickling_and_changes() -> None:
    first = Scenario.load(scenario())
    again = pickle.loads(pickle.dumps(first))
    assert again.to_dict() == first.to_dict()
    assert first.replace(horizon_s=7200).tables.horizon_s == 7200
    assert Scenario.load(first) is first
    with pytest.raises(ScenarioError, match="expected a path"):
        Scenario.load(3)  # type: ignore[arg-type]
