"""`Kind`: the four kinds of channel that bring defaults, and the common names of channels of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ALIASES", "DEFAULTS", "Kind", "KindDefaults", "kind_of"]


class Kind(StrEnum):
    """What a channel is like; it brings the defaults that the channel's settings do not give."""

    CALLBACK = "callback"
    CALL = "call"
    CHAT = "chat"
    POST = "post"


@dataclass(frozen=True, slots=True)
class KindDefaults:
    """What a channel of one kind takes where its settings say nothing; the units are those of `Channel`."""

    exclusive: bool
    target_s: float
    handling_s: float
    patience_s: float | None = None
    no_answer: float = 0.0
    no_answer_scale_s: float | None = None
    waiting_rate: float = 1 / 60
    power: float = 2.0


# Targets: 20 s comes from the "80/20" habit of telephone desks (80 % of calls answered within 20 s); the
# others are what desks commonly promise: a minute for chat, the hour for a callback, the day for post. Handling
# times, patience and no-answer are orders of magnitude to start from, not measurements: a desk's own history
# replaces them.
DEFAULTS: dict[Kind, KindDefaults] = {
    Kind.CALLBACK: KindDefaults(
        exclusive=True, target_s=3600.0, handling_s=420.0, no_answer=0.2, no_answer_scale_s=6 * 3600.0
    ),
    Kind.CALL: KindDefaults(exclusive=True, target_s=20.0, handling_s=300.0, patience_s=180.0),
    Kind.CHAT: KindDefaults(exclusive=False, target_s=60.0, handling_s=720.0, patience_s=300.0),
    Kind.POST: KindDefaults(exclusive=False, target_s=86_400.0, handling_s=600.0),
}

ALIASES: dict[Kind, tuple[str, ...]] = {
    Kind.CALLBACK: ("callback", "callbacks", "call_back", "outbound"),
    Kind.CALL: ("call", "calls", "inbound", "phone", "telephone", "video", "voice"),
    Kind.CHAT: (
        "chat",
        "chats",
        "livechat",
        "live_chat",
        "messaging",
        "messenger",
        "sms",
        "telegram",
        "webchat",
        "whatsapp",
    ),
    Kind.POST: (
        "post",
        "posts",
        "case",
        "email",
        "e_mail",
        "form",
        "letter",
        "mail",
        "social",
        "ticket",
        "webform",
    ),
}

_KIND_OF = {name: kind for kind, names in ALIASES.items() for name in names}


def kind_of(channel: str) -> Kind:
    """The kind of a channel that no setting describes, from its name; post where the name says nothing.

    Case, spaces and hyphens do not matter.

    Examples
    --------
    >>> kind_of("E-Mail"), kind_of("WhatsApp"), kind_of("Live chat"), kind_of("front desk")
    (<Kind.POST: 'post'>, <Kind.CHAT: 'chat'>, <Kind.CHAT: 'chat'>, <Kind.POST: 'post'>)
    """
    name = channel.strip().lower().replace(" ", "_").replace("-", "_")
    return _KIND_OF.get(name, Kind.POST)
