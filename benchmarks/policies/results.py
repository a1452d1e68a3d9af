"""`Results`: what was measured, one row for each replication, contestant and channel, and how contestants were set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deskmatch.simulation.kpis import TOTAL

__all__ = ["BOUND", "KEYS", "Record", "Results", "series"]

KEYS = ["part", "desk", "load", "variant", "contestant"]
"""What tells records apart: the part of the track that made them, then where, and who."""
BOUND = "clairvoyant bound"
ROWS, NOTES = "replications.parquet", "contestants.json"


@dataclass(frozen=True)
class Record:
    """A contestant on a desk at a load.

    Parameters
    ----------
    part, desk, load, variant, contestant : see `KEYS`.
    kind : of contestant.
    rows : one mapping for each replication and channel: indicators by name, beside ``replication`` and ``channel``.
    settings : that were tuned.
    took_ms : processor time of a decision, median and 99th percentile; empty: the engine decides itself.
    """

    part: str
    desk: str
    load: float
    variant: str
    contestant: str
    kind: str
    rows: list[dict[str, Any]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    took_ms: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """Which it is."""
        return tuple(getattr(self, name) for name in KEYS)


class Results:
    """The records of a run, or of several that were put together.

    Parameters
    ----------
    records : later ones replace earlier ones of the same key.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: dict[tuple[Any, ...], Record] = {}
        self.add(records)

    def add(self, records: Iterable[Record]) -> None:
        """Further records."""
        self.records.update({record.key: record for record in records})

    def of(self, part: str, desk: str | None = None, load: float | None = None, variant: str = "") -> dict[str, Record]:
        """Records of a part by contestant, in the order in which they were added."""
        found = (each for each in self.records.values() if each.part == part and each.variant == variant)
        return {
            each.contestant: each for each in found
            if (desk is None or each.desk == desk) and (load is None or each.load == load)
        }  # fmt: skip

    def places(self, part: str) -> list[tuple[str, float]]:
        """Desks and loads of a part, in the order in which they were added."""
        return list(dict.fromkeys((each.desk, each.load) for each in self.records.values() if each.part == part))

    def save(self, folder: Path) -> None:
        """Write a table of replications and a file of settings and times; both are overwritten."""
        folder.mkdir(parents=True, exist_ok=True)
        whole = [
            dict(zip(KEYS, each.key, strict=True)) | {"kind": each.kind} | row
            for each in self.records.values()
            for row in each.rows
        ]
        pd.DataFrame(whole).to_parquet(folder / ROWS, index=False)
        notes = [
            dict(zip(KEYS, each.key, strict=True))
            | {"kind": each.kind, "settings": dict(each.settings), "took_ms": list(each.took_ms)}
            for each in self.records.values()
        ]
        (folder / NOTES).write_text(json.dumps(notes, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Results:
        """What `save` has written; nothing where it has not."""
        if not (folder / NOTES).exists():
            return cls()
        table = pd.read_parquet(folder / ROWS)
        rows = {key: own.drop(columns=[*KEYS, "kind"]) for key, own in table.groupby(KEYS, sort=False)}
        return cls(
            Record(
                **{name: each[name] for name in (*KEYS, "kind", "settings")},
                took_ms=tuple(each["took_ms"]),
                rows=rows[tuple(each[name] for name in KEYS)].to_dict("records"),  # type: ignore[arg-type]
            )
            for each in json.loads((folder / NOTES).read_text("utf-8"))
        )


def series(record: Record, indicator: str, channel: str = TOTAL) -> NDArray[np.float64]:
    """``(replications,)`` an indicator of the whole desk, or of one channel."""
    own = [row for row in record.rows if row["channel"] == channel]
    return np.array([row[indicator] for row in sorted(own, key=lambda row: row["replication"])], np.float64)
