"""``docs/routing.md`` and the example's routing.toml say what the code does."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from deskmatch.routing import Channel, Kind, OpeningHours, Relaxation, Routing, Weights
from deskmatch.routing.kinds import ALIASES, DEFAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "routing.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "desk" / "routing.toml"
MODELS = (Routing, Weights, Channel, OpeningHours, Relaxation)


def rows() -> dict[str, list[str]]:
    """The cells of every table row of the page, by its first cell."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def commented() -> str:
    """The example with the number signs before its opening hours taken away."""
    text = EXAMPLE.read_text("utf-8")
    head, mark, tail = text.partition("# [channels.callback.open]")
    return head + re.sub(r"(?m)^# ?", "", mark + tail)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_setting_stands_in_the_page(model: type[BaseModel]) -> None:
    assert [key for key in model.model_fields if f"`{key}`" not in PAGE] == []


def test_the_full_example_of_the_page_loads_and_names_every_setting() -> None:
    text = PAGE.partition("```toml\n")[2].partition("```")[0]
    routing = Routing.load(tomllib.loads(text))
    chat = routing.channel("live chat")
    assert chat.open is not None
    assert chat.open.holidays == {date(2026, 12, 25), date(2026, 12, 26)}
    said = set(re.findall(r"[a-z_]+", text))
    days = {"monday", "tuesday", "wednesday", "thursday", "saturday", "sunday"}  # friday stands for them
    unsaid = {key for model in MODELS for key in model.model_fields} - said - days
    assert unsaid == {"language"}


def test_the_defaults_of_the_kinds_are_those_of_the_page() -> None:
    table = rows()
    for key in DEFAULTS[Kind.CHAT].__dataclass_fields__:
        told = table[key][-4:]
        for cell, kind in zip(told, (Kind.CALLBACK, Kind.CALL, Kind.CHAT, Kind.POST), strict=True):
            value = getattr(DEFAULTS[kind], key)
            if isinstance(value, bool) or value is None:
                assert cell == {True: "true", False: "false", None: "never"}[value]
            else:
                above, _, below = cell.partition("/")
                assert float(above) / float(below or 1) == value


def test_the_default_weights_and_the_aliases_are_those_of_the_page() -> None:
    table = rows()
    assert {key: float(table[key][0]) for key in Weights.model_fields} == Weights().named()
    assert float(table["epoch_s"][0]) == Routing().epoch_s
    for kind, names in ALIASES.items():
        assert f"| `{kind}` | {', '.join(names)}" in PAGE


def test_the_example_loads_and_settles_its_three_channels() -> None:
    routing = Routing.load(EXAMPLE)
    assert set(routing.channels) == {"callback", "chat", "post"}
    assert [routing.channel(name).like for name in routing.channels] == ["callback", "chat", "post"]


def test_the_opening_hours_left_out_of_the_example_would_load() -> None:
    routing = Routing.load(tomllib.loads(commented()))
    assert routing.channel("callback").open is not None
    assert routing.channel("post").open is not None
    assert routing.channel("chat").open is None
