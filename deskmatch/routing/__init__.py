"""What the desk wants: `Routing` (settings per channel), opening hours, the aims as pure array functions."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskmatch.routing import aims
    from deskmatch.routing.channel_table import ChannelTable
    from deskmatch.routing.hours import OpeningHours
    from deskmatch.routing.kinds import Kind
    from deskmatch.routing.relaxation import Relaxation
    from deskmatch.routing.settings import Channel, Routing, Weights

__all__ = ["Channel", "ChannelTable", "Kind", "OpeningHours", "Relaxation", "Routing", "Weights", "aims"]

_HOME = {
    "Channel": "settings",
    "ChannelTable": "channel_table",
    "Kind": "kinds",
    "OpeningHours": "hours",
    "Relaxation": "relaxation",
    "Routing": "settings",
    "Weights": "settings",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "aims":
            return import_module("deskmatch.routing.aims")
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"deskmatch.routing.{_HOME[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
