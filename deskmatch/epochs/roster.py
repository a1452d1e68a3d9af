"""From the rows of the table of experts to a `Desk` and its `Staffing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import EVERY, fold
from deskmatch.epochs.desk import Desk
from deskmatch.epochs.names import Naming
from deskmatch.epochs.rows import Rows
from deskmatch.epochs.staffing import Staffing

__all__ = ["Namings", "build_desk", "build_staffing", "check_load", "mentioned_by_experts"]


@dataclass(frozen=True, slots=True, eq=False)
class Namings:
    """The vocabularies of one desk, with the codes of all spellings."""

    channels: Naming
    languages: Naming
    topics: Naming
    tags: Naming


def check_load(experts: Rows) -> None:
    """A load on a channel that the expert does not work is a defect."""
    for row, load in enumerate(experts.values["load"]):
        works = experts.values["channels"][row]
        if not load or works is None:
            continue
        worked = {fold(name) for name, _ in works}
        for name, _ in load:
            if fold(name) not in worked:
                accepted = f"expected channels of this expert: {', '.join(name for name, _ in works)}"
                experts.findings.add(row, "load", repr(name), accepted)


def mentioned_by_experts(experts: Rows, good: list[int]) -> dict[str, list[str]]:
    """Every mention of a channel, language, topic and tag."""
    channels = [name for entry in experts.pick("channels", good) for name, _ in entry]
    topics = [name for entry in experts.pick("topics", good) for name, _ in entry if name != EVERY]
    return {
        "channels": channels + [name for entry in experts.pick("load", good) for name, _ in entry],
        "languages": [name for entry in experts.pick("languages", good) for name in entry],
        "topics": topics,
        "tags": [name for entry in experts.pick("has", good) for name in entry],
    }


def build_desk(experts: Rows, good: list[int], namings: Namings) -> Desk:
    """The desk of the good rows."""
    general, proficiency = _proficiency(experts, good, namings.topics)
    return Desk(
        expert_ids=tuple(experts.pick("expert_id", good)),
        channels=namings.channels.vocabulary,
        languages=namings.languages.vocabulary,
        topics=namings.topics.vocabulary,
        channel_limit=_numbers(experts.pick("channels", good), namings.channels),
        speaks=_flags(experts.pick("languages", good), namings.languages),
        proficiency=proficiency,
        general_proficiency=general,
        tier=np.array(experts.pick("tier", good), np.int32),
        tags=namings.tags.vocabulary,
        has=_flags(experts.pick("has", good), namings.tags),
        features=experts.pick_features(good),
    )


def build_staffing(experts: Rows, good: list[int], namings: Namings) -> Staffing:
    """What the experts of the good rows are doing now."""
    columns: Mapping[str, NDArray[np.float64]] = {
        name: np.array(experts.pick(name, good), float)
        for name in ("occupancy", "idle_s", "acceptance", "leaves_in_s", "free_in_s")
    }
    return Staffing(
        load=_numbers(experts.pick("load", good), namings.channels),
        capacity=np.array(experts.pick("capacity", good), np.int32),
        **columns,
    )


def _numbers(entries: list[tuple[tuple[str, int], ...]], naming: Naming) -> NDArray[np.int32]:
    table = np.zeros((len(entries), len(naming.vocabulary)), np.int32)
    for row, entry in enumerate(entries):
        for name, value in entry:
            table[row, naming.code[name]] = value
    return table


def _flags(entries: list[tuple[str, ...]], naming: Naming) -> NDArray[np.bool_]:
    table = np.zeros((len(entries), len(naming.vocabulary)), bool)
    for row, entry in enumerate(entries):
        table[row, [naming.code[name] for name in entry]] = True
    return table


def _proficiency(experts: Rows, good: list[int], topics: Naming) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(experts,)`` and ``(experts, topics)``; ``*`` fills every topic that is not named."""
    entries = experts.pick("topics", good)
    general = np.array([dict(entry).get(EVERY, np.nan) for entry in entries], float)
    table = np.repeat(general[:, None], len(topics.vocabulary), axis=1)
    for row, entry in enumerate(entries):
        for name, share in entry:
            if name != EVERY:
                table[row, topics.code[name]] = share
    return general, table
