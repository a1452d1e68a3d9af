"""A made-up desk to start from: customer service of a company for hosting, online marketing and their invoices.

Every number is drawn, none is measured. The same seed makes the same files on every machine: only
`random.Random.random` is used, whose sequence Python keeps between versions.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import accumulate
from math import log
from pathlib import Path
from random import Random

from deskmatch.errors import Defect, InputError

__all__ = ["write_desk", "write_scenario"]

Row = dict[str, str]

CHANNELS = {"callback": 0.2, "chat": 0.45, "post": 0.35}
LANGUAGES = {  # what customers speak; nobody at the desk speaks Finnish
    "en": 0.28, "de": 0.22, "fr": 0.11, "es": 0.1, "it": 0.08,
    "nl": 0.06, "pl": 0.05, "pt": 0.04, "sv": 0.05, "fi": 0.01,
}  # fmt: skip
TOPICS = {
    "invoices": ("payments", "contracts"),
    "payments": ("invoices",),
    "contracts": ("invoices", "domains"),
    "domains": ("dns", "contracts"),
    "dns": ("domains", "mailboxes"),
    "web_hosting": ("ssl", "dns"),
    "mailboxes": ("dns", "web_hosting"),
    "ssl": ("web_hosting", "domains"),
    "seo": ("analytics", "search_ads"),
    "search_ads": ("seo", "social_ads"),
    "social_ads": ("search_ads", "analytics"),
    "analytics": ("seo", "search_ads"),
}
"""The topics, each with those that an expert on it mostly knows too."""

TIERS = {"1": 0.6, "2": 0.28, "3": 0.12}
TAGS = {"vip": 0.06, "eu_data": 0.04, "ads_certified": 0.03, "legal_hold": 0.01}
"""Tags that tickets ask for; nobody holds the last one."""

MEAN_WAIT_S = {"callback": 1500.0, "chat": 80.0, "post": 20_000.0}
HOUR_S = 3600


def write_desk(folder: Path, *, tickets: int = 120, experts: int = 40, seed: int = 7) -> list[Path]:
    """Write ``tickets.csv``, ``experts.csv`` and a commented ``routing.toml`` of a made-up desk.

    Three channels, ten languages, twelve topics, three tiers. Most optional columns are there and sparsely
    filled. Some tickets cannot be assigned: nobody speaks their language, holds their tag, reaches their tier, or
    those who could are busy, full or about to leave.

    Parameters
    ----------
    folder : made where it is missing.
    tickets, experts : how many rows.
    seed : the same seed makes the same files.

    Returns
    -------
    list
        The files.

    Raises
    ------
    InputError
        Where one of the files is there already; nothing is written then.
    """
    dice = Dice(seed)
    roster = [_expert(dice, f"E{number + 1:02}") for number in range(experts)]
    ids = [row["expert_id"] for row in roster]
    waiting = [_ticket(dice, f"T{number + 1:04}", ids) for number in range(tickets)]
    paths = [folder / "tickets.csv", folder / "experts.csv", folder / "routing.toml"]
    _refuse_existing(paths)
    folder.mkdir(parents=True, exist_ok=True)
    _write(paths[0], TICKET_COLUMNS, waiting)
    _write(paths[1], EXPERT_COLUMNS, roster)
    paths[2].write_text(files("deskmatch.cli").joinpath("desk_routing.toml").read_text("utf-8"), "utf-8")
    return paths


def write_scenario(folder: Path) -> list[Path]:
    """Write a commented ``scenario.toml`` of a made-up desk, for ``deskmatch simulate``.

    Parameters
    ----------
    folder : made where it is missing.

    Returns
    -------
    list
        The file.

    Raises
    ------
    InputError
        Where the file is there already.
    """
    path = folder / "scenario.toml"
    _refuse_existing([path])
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(files("deskmatch.cli").joinpath("new_scenario.toml").read_text("utf-8"), "utf-8")
    return [path]


class Dice:
    """The draws, all made of one reproducible sequence."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + int(self._random.random() * (most - least + 1))

    def share(self, least: float, most: float) -> str:
        """A number with two decimals."""
        return f"{least + self._random.random() * (most - least):.2f}"

    def wait(self, mean_s: float) -> int:
        """Whole seconds of an exponential distribution."""
        return int(-mean_s * log(1 - self._random.random()))

    def one(self, weights: Mapping[str, float] | Sequence[str]) -> str:
        """One of the names, by weight."""
        table = weights if isinstance(weights, Mapping) else dict.fromkeys(weights, 1.0)
        bounds = list(accumulate(table.values()))
        place = bisect_right(bounds, self._random.random() * bounds[-1])
        return list(table)[min(place, len(bounds) - 1)]  # the product may be rounded up to the last bound


# --- experts -----------------------------------------------------------------------------------------------

EXPERT_COLUMNS = (
    "expert_id", "channels", "load", "languages", "topics", "tier", "has",
    "capacity", "occupancy", "idle_s", "acceptance", "leaves_in_s", "free_in_s",
)  # fmt: skip


def _expert(dice: Dice, expert_id: str) -> Row:
    tier = dice.one(TIERS)
    limits = _limits(dice)
    busy = dice.chance(0.15)
    load = _load(dice, limits)
    return {
        "expert_id": expert_id,
        "channels": "|".join(name if most == 1 else f"{name}:{most}" for name, most in limits.items()),
        "load": "|".join(f"{name}:{count}" for name, count in load.items() if count),
        "languages": "|".join(_spoken(dice)),
        "topics": "|".join(_known(dice, tier)),
        "tier": tier,
        "has": "|".join(tag for tag in list(TAGS)[:-1] if dice.chance(0.15 * int(tier))),
        "capacity": "1" if dice.chance(0.1) else "",
        "occupancy": dice.share(0.35, 0.95),
        "idle_s": "" if busy or any(load.values()) else str(dice.wait(240)),
        "acceptance": dice.share(0.7, 0.99) if dice.chance(0.3) else "",
        "leaves_in_s": _leaves(dice),
        "free_in_s": str(dice.between(20, 900)) if busy else "",
    }


def _leaves(dice: Dice) -> str:
    """Seconds to the end of the shift, known of most; of some it is near."""
    soon = dice.chance(0.2)
    return str(dice.between(1, 8) * 60 if soon else dice.between(20, 8 * 60) * 60) if dice.chance(0.6) else ""


def _limits(dice: Dice) -> dict[str, int]:
    """The most tickets at once, by channel: callbacks, writing, or all."""
    kind = dice.one({"callback": 0.25, "writing": 0.5, "all": 0.25})
    writing = {"chat": dice.between(2, 3), "post": dice.between(2, 5)}
    return {"callback": 1} if kind == "callback" else writing if kind == "writing" else {"callback": 1} | writing


def _load(dice: Dice, limits: Mapping[str, int]) -> dict[str, int]:
    """Tickets in progress: nobody on the telephone writes at the same time."""
    if "callback" in limits:
        return {}
    return {name: min(most, dice.between(0, 2)) for name, most in limits.items() if dice.chance(0.5)}


def _spoken(dice: Dice) -> list[str]:
    spoken = {name: weight for name, weight in LANGUAGES.items() if name != "fi"}
    first = dice.one(spoken)
    others = [name for name in spoken if name != first and dice.chance(0.85 if name == "en" else 0.9 * spoken[name])]
    return [first, *others]


def _known(dice: Dice, tier: str) -> list[str]:
    """Three topics and their neighbours; those of the third tier know something of everything."""
    main = list(dict.fromkeys(dice.one(tuple(TOPICS)) for _ in range(3)))
    beside = dict.fromkeys(near for name in main for near in TOPICS[name] if near not in main)
    known = [f"{name}:{dice.share(0.7, 0.98)}" for name in main]
    known += [f"{name}:{dice.share(0.3, 0.75)}" for name in beside if dice.chance(0.7)]
    return [*known, f"*:{dice.share(0.25, 0.5)}"] if tier == "3" else known


# --- tickets -----------------------------------------------------------------------------------------------

TICKET_COLUMNS = (
    "ticket_id", "channel", "language", "topic", "tier", "waited_s", "due_s", "importance", "patience_s",
    "requires", "preferred_expert", "excluded_experts", "customer_id",
)  # fmt: skip


def _ticket(dice: Dice, ticket_id: str, experts: Sequence[str]) -> Row:
    channel = dice.one(CHANNELS)
    waited_s = dice.wait(MEAN_WAIT_S[channel])
    due_s = dice.between(-HOUR_S // 4, 2 * HOUR_S) if channel == "callback" and dice.chance(0.5) else None
    return {
        "ticket_id": ticket_id,
        "channel": channel,
        "language": dice.one(LANGUAGES),
        "topic": _asked(dice),
        "tier": dice.one({"": 0.75, "2": 0.17, "3": 0.08}),
        "waited_s": str(waited_s),
        "due_s": "" if due_s is None else str(due_s),
        "importance": dice.one({"": 0.8, "2": 0.12, "0.5": 0.04, "5": 0.04}),
        "patience_s": str(dice.between(12, 60) * 10) if channel == "chat" and dice.chance(0.3) else "",
        "requires": "|".join(tag for tag, share in TAGS.items() if dice.chance(share)),
        "preferred_expert": dice.one(experts) if dice.chance(0.08) else "",
        "excluded_experts": "|".join(_some(dice, experts)) if dice.chance(0.04) else "",
        "customer_id": f"C{dice.between(1000, 1999)}" if dice.chance(0.7) else "",
    }


def _asked(dice: Dice) -> str:
    """Mostly one topic; sometimes two that a reader of the ticket could not tell apart."""
    topic = dice.one(tuple(TOPICS))
    if not dice.chance(0.15):
        return topic
    return f"{topic}:{dice.one(('0.5', '0.6', '0.7'))}|{dice.one(TOPICS[topic])}:{dice.one(('0.2', '0.3'))}"


def _some(dice: Dice, experts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(dice.one(experts) for _ in range(dice.between(1, 2))))


# --- files -------------------------------------------------------------------------------------------------


def _refuse_existing(paths: Iterable[Path]) -> None:
    there = [path for path in paths if path.exists()]
    if there:
        accepted = "there is such a file already; expected a new folder, or one without it"
        raise InputError([Defect(str(path), None, None, None, accepted) for path in there])


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
