"""What the desk wants: `Routing` (settings per channel), opening hours, the aims as pure array functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.routing import aims
    from deskmatch.routing.channel_table import ChannelTable
    from deskmatch.routing.hours import OpeningHours
    from deskmatch.routing.kinds import Kind
    from deskmatch.routing.relaxation import Relaxation
    from deskmatch.routing.reward import ChannelReward, Reward
    from deskmatch.routing.settings import Channel, Routing, Weights

__all__ = [
    "Channel",
    "ChannelReward",
    "ChannelTable",
    "Kind",
    "OpeningHours",
    "Relaxation",
    "Reward",
    "Routing",
    "Weights",
    "aims",
]

_PLACES = {
    "Channel": "settings",
    "ChannelReward": "reward",
    "ChannelTable": "channel_table",
    "Kind": "kinds",
    "OpeningHours": "hours",
    "Relaxation": "relaxation",
    "Reward": "reward",
    "Routing": "settings",
    "Weights": "settings",
    "aims": "aims",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
