"""Settings: defaults, kinds, files, and refusals that name the key."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch.epochs import Desk, Vocabulary
from deskmatch.errors import RoutingError
from deskmatch.routing import Channel, Kind, OpeningHours, Relaxation, Routing, Weights
from deskmatch.routing.kinds import ALIASES, DEFAULTS, kind_of
from deskmatch.routing.relaxation import in_order

FULL = """
epoch_s = 10
[weights]
waiting = 2
loyalty = 0.5
[channels."live chat"]
like = "chat"
target_s = 30
patience_s = "never"
weights = { tier = 0 }
relax = [{ after_s = 300, tiers_below = 1, tier_cost = 0.1 }, { after_s = 120, missing_topic = 0.3 }]
[channels."live chat".open]
zone = "Europe/Berlin"
weekdays = "09:00-17:00"
holidays = [2026-12-25]
"""


def desk(*channels: str) -> Desk:
    names = Vocabulary(channels)
    return Desk(("ana",), names, Vocabulary(("en",)), Vocabulary(()), channel_limit=1, speaks=True, proficiency=0.5)  # type: ignore[arg-type]


def refused(values: dict[str, Any]) -> str:
    with pytest.raises(RoutingError) as error:
        Routing.load(values)
    return str(error.value)


def test_no_settings_at_all_work() -> None:
    routing = Routing.load(None)
    assert routing == Routing() == Routing.load({})
    assert routing.epoch_s == 5
    assert routing.weights.named() == {
        "resolution": 1.0,
        "waiting": 1.0,
        "abandonment": 1.0,
        "tier": 0.2,
        "occupancy": 0.1,
        "affinity": 0.2,
        "proficiency": 0.1,
        "relaxation": 1.0,
    }


def test_a_file_a_path_a_mapping_and_a_routing_load_alike(tmp_path: Path) -> None:
    file = tmp_path / "routing.toml"
    file.write_text("\ufeff" + FULL, "utf-8")
    routing = Routing.load(file)
    assert Routing.load(str(file)) == routing
    assert Routing.load(routing) is routing
    assert Routing.load(routing.model_dump(exclude_unset=True)) == routing
    chat = routing.channel("live chat")
    assert (chat.like, chat.target_s, chat.patience_s, chat.exclusive) == (Kind.CHAT, 30.0, None, False)
    assert routing.weights.of("loyalty") == 0.5
    assert routing.weights.of("anything else") == 1.0


@pytest.mark.parametrize("kind", list(Kind))
def test_a_channel_that_is_not_described_takes_the_kind_of_its_name(kind: Kind) -> None:
    for name in ALIASES[kind]:
        assert Routing().channel(name.upper().replace("_", "-")).like is kind
        assert Routing().channel(name).target_s == DEFAULTS[kind].target_s


def test_aliases_are_unambiguous_and_other_names_are_posts() -> None:
    names = [name for aliases in ALIASES.values() for name in aliases]
    assert len(names) == len(set(names))
    assert kind_of("front desk") is Kind.POST


def test_exclusive_channels_are_those_of_the_voice() -> None:
    assert {kind for kind in Kind if DEFAULTS[kind].exclusive} == {Kind.CALLBACK, Kind.CALL}


def test_like_overrides_the_name_and_what_is_given_overrides_the_kind() -> None:
    channel = Channel(like="call", exclusive=False).settled("email")
    assert (channel.like, channel.exclusive, channel.target_s) == (Kind.CALL, False, 20.0)
    assert Channel(patience_s="never").settled("chat").patience_s is None
    assert Channel(patience_s=None).settled("chat").patience_s is None
    assert Channel().settled("chat").patience_s == 300


def test_every_setting_has_a_value_once_settled() -> None:
    for kind in Kind:
        settled = Channel(like=kind).settled("x")
        may_be_none = {"patience_s", "no_answer_scale_s", "open", "usage"}
        assert all(getattr(settled, key) is not None for key in Channel.model_fields if key not in may_be_none)


def test_all_findings_are_listed_at_once_by_their_keys() -> None:
    said = refused(
        {
            "epoch_s": 0,
            "epochs": 3,
            "weights": {"tier": True, "mine": -1, "resolutoin": 2},
            "channels": {
                "live chat": {
                    "like": "chatt",
                    "target": 3,
                    "power": 1.5,
                    "exclusive": "yes",
                    "patience_s": 0,
                    "no_answer_scale_s": "long",
                    "no_answer": 1.5,
                    "weights": {"waitin": 1},
                    "relax": [{"after_s": 5, "missing": 1}, {"tiers_below": True}],
                    "open": {"zone": "UTC", "mon": "24h", "holidays": ["soon"]},
                }
            },
        }
    )
    place = 'channels."live chat"'
    for line in (
        "problems in routing:",
        "epoch_s = 0: should be greater than 0",
        "epochs: is no setting; did you mean 'epoch_s'?",
        "(known here: channels, constraints, epoch_s, fairness, weights)",
        "weights.tier = True: should be a finite number",
        "weights.mine = -1: should be greater than or equal to 0",
        "weights.resolutoin: is no term of deskmatch and too near to one for a term of your own",
        f"{place}.like = 'chatt': should be 'callback', 'call', 'chat' or 'post'; did you mean 'chat'?",
        f"{place}.target: is no setting; did you mean 'target_s'?",
        f"{place}.power = 1.5: should be greater than or equal to 2",
        f"{place}.exclusive = 'yes': should be a valid boolean",
        f'{place}.patience_s = 0: should be a finite number above 0, or "never"',
        f"{place}.no_answer_scale_s = 'long': should be a finite number above 0, or \"never\"",
        f"{place}.no_answer = 1.5: should be less than or equal to 1",
        f"{place}.weights.waitin: is no term of deskmatch",
        f"{place}.relax[1].missing: is no setting; did you mean 'missing_topic'?",
        f"{place}.relax[2].after_s: is required",
        f"{place}.relax[2].tiers_below = True: should be a whole number",
        f"{place}.open.mon: is no setting; did you mean 'monday'?",
        f"{place}.open.holidays[1] = 'soon': should be a valid date",
    ):
        assert line in said


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -1, "5", None, [], 10**400], ids=lambda value: str(value)[:8]
)
def test_a_weight_is_a_finite_number_from_zero(value: object) -> None:
    assert "weights.waiting" in refused({"weights": {"waiting": value}})


def test_long_values_are_cut_in_messages() -> None:
    assert "..." in refused({"epoch_s": "x" * 1000})


def test_a_table_in_the_place_of_a_number_and_a_number_in_that_of_a_table_are_refused() -> None:
    assert "channels.chat = 3" in refused({"channels": {"chat": 3}})
    assert "epoch_s = {}" in refused({"epoch_s": {}})
    assert "weights = 3" in refused({"weights": 3})


def test_python_constructors_refuse_as_files_do() -> None:
    with pytest.raises(RoutingError, match=r"(?s)1 problem in routing:.*target_s = -1"):
        Channel(target_s=-1)
    with pytest.raises(RoutingError, match="zone: is required"):
        OpeningHours(monday="24h")  # type: ignore[call-arg]
    with pytest.raises(RoutingError, match="after_s = -1"):
        Relaxation(after_s=-1)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"epoch_s = ", "expected TOML"), (b"\xff\xfe", "expected UTF-8"), (b"epoch_s = -1", "epoch_s = -1")],
)
def test_a_file_that_makes_no_routing_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "routing.toml"
    file.write_bytes(content)
    with pytest.raises(RoutingError, match=said) as error:
        Routing.load(file)
    assert "routing.toml" in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RoutingError, match=r"absent\.toml: cannot be read"):
        Routing.load(tmp_path / "absent.toml")
    with pytest.raises(RoutingError, match="cannot be read"):
        Routing.load(tmp_path)
    with pytest.raises(RoutingError, match="found int; expected a path"):
        Routing.load(3)  # type: ignore[arg-type]


def test_settings_are_frozen_and_survive_pickling() -> None:
    routing = Routing.load({"weights": {"loyalty": 2}, "channels": {"chat": {"relax": [{"after_s": 1}]}}})
    with pytest.raises(ValueError, match="frozen"):
        routing.epoch_s = 3
    again = pickle.loads(pickle.dumps(routing))
    assert again == routing
    assert again.weights.of("loyalty") == 2


def test_later_steps_keep_what_earlier_ones_said() -> None:
    steps = in_order(
        [
            Relaxation(after_s=600, language=2),
            Relaxation(after_s=120, missing_topic=0.3),
            Relaxation(after_s=300, tiers_below=1, tier_cost=0.1),
            Relaxation(after_s=600, missing_topic=0.1),
        ]
    )
    assert steps == (
        Relaxation(after_s=120, missing_topic=0.3),
        Relaxation(after_s=300, missing_topic=0.3, tiers_below=1, tier_cost=0.1),
        Relaxation(after_s=600, missing_topic=0.1, tiers_below=1, tier_cost=0.1, language=2),
    )
    assert in_order(steps) == steps
    assert in_order([]) == ()


def test_nothing_is_relaxed_and_no_language_unless_said() -> None:
    assert all(Routing().channel(kind).relax == () for kind in Kind)
    assert Relaxation(after_s=0).language is None


def test_channels_that_the_desk_lacks_are_told() -> None:
    routing = Routing.load({"channels": {"chta": {}, "chat": {}}})
    assert routing.unused(desk("chat", "email")) == ("chta",)


names = st.text("abcdefghij_", min_size=1, max_size=12)


@given(st.dictionaries(names, st.floats(0, 1e6), max_size=4))
def test_weights_of_users_terms_come_back_by_their_names(extra: dict[str, float]) -> None:
    try:
        weights = Weights.model_validate(extra)
    except ValueError:
        return  # a name near a built-in one
    assert {name: weights.of(name) for name in extra} == extra


def test_channels_are_found_without_regard_to_case():
    routing = Routing.load({"channels": {"chat": {"target_s": 30}}})
    assert routing.channel("Chat").target_s == 30
    desk = Desk((), Vocabulary(("CHAT",)), Vocabulary(()), Vocabulary(()), np.zeros((0, 1)), True, np.zeros((0, 0)))
    assert routing.unused(desk) == ()


def test_one_channel_described_twice_is_refused():
    with pytest.raises(RoutingError, match="'chat' and 'Chat' differ in case only"):
        Routing.load({"channels": {"chat": {}, "Chat": {}}})
