"""Where ended contacts go: into memory, or into a Parquet file as they end."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import DeskmatchError
from deskmatch.simulation.engine.records import ROW, Outcome
from deskmatch.simulation.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["InMemory", "ToParquet", "as_frame", "read_rows"]

TIMES = ("arrived", "entered", "started", "ended")


class InMemory:
    """Keeps all rows; ``parts`` are those of each time that some were handed over."""

    def __init__(self) -> None:
        self.parts: list[NDArray[Any]] = []

    def write(self, rows: NDArray[Any]) -> None:
        """Take over records."""
        self.parts.append(rows)

    def source(self) -> NDArray[Any]:
        """All of them, read-only."""
        rows = np.concatenate(self.parts) if self.parts else np.zeros(0, ROW)
        rows.flags.writeable = False
        return rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class ToParquet:
    """Writes rows into a Parquet file as they come; the file is there once the run has ended.

    Parameters
    ----------
    path : the file; its folder is made where it is missing.
    scenario : whose names stand in the file instead of codes.

    Raises
    ------
    DeskmatchError
        Where pyarrow is not installed.
    """

    def __init__(self, path: Path, scenario: Scenario) -> None:
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise DeskmatchError("writing Parquet needs pyarrow: pip install 'deskmatch[parquet]'") from None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._partial = path, path.with_name(f".{path.name}.partial")
        self._scenario = scenario
        self._writer: Any = None

    def write(self, rows: NDArray[Any]) -> None:
        """Append records."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(as_frame(rows, self._scenario), preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._partial, table.schema)
        self._writer.write_table(table)

    def source(self) -> Path:
        """The file."""
        return self._path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)


def as_frame(rows: NDArray[Any], scenario: Scenario) -> pd.DataFrame:
    """Rows with names instead of codes; see `Run.tickets`."""
    import pandas as pd

    types = np.array([each.name for each in scenario.types])
    channels = np.array([each.settings.channel for each in scenario.types])
    queues = np.array([each.name for each in scenario.queues])
    experts = np.array(scenario.desk.expert_ids)
    outcomes = np.array([each.name.lower() for each in Outcome])
    return pd.DataFrame(
        {
            "root": rows["root"],
            "attempt": rows["attempt"],
            "hop": rows["hop"],
            "type": _named(rows["type"], types),
            "channel": pd.Categorical(channels[rows["type"]], categories=list(scenario.channels)),
            "queue": _named(rows["queue"], queues),
            "expert_id": _named(rows["expert"], experts),
            "outcome": _named(rows["outcome"], outcomes),
            "offers": rows["offers"],
            **{f"{name}_s": rows[name] for name in TIMES},
            "after_s": rows["after_s"],
            "promised_wait_s": rows["promised_s"],
            "somebody_else": rows["onward"] == 1,
        }
    )


def _named(codes: NDArray[Any], names: NDArray[Any]) -> pd.Categorical:
    """Codes as names; −1 is empty."""
    import pandas as pd

    return pd.Categorical.from_codes(codes, names)  # type: ignore[call-overload, no-any-return]


def read_rows(path: Path, scenario: Scenario) -> NDArray[Any]:
    """The rows of a file that `ToParquet` has written for this scenario."""
    import pandas as pd

    frame = pd.read_parquet(path)
    rows = np.zeros(len(frame), ROW)
    for name in ("root", "attempt", "hop", "offers", "after_s"):
        rows[name] = frame[name]
    for name in TIMES:
        rows[name] = frame[f"{name}_s"]
    rows["promised_s"], rows["onward"] = frame["promised_wait_s"], frame["somebody_else"]
    codes = {
        "type": ("type", [each.name for each in scenario.types]),
        "queue": ("queue", [each.name for each in scenario.queues]),
        "expert": ("expert_id", list(scenario.desk.expert_ids)),
        "outcome": ("outcome", [each.name.lower() for each in Outcome]),
    }
    for name, (column, categories) in codes.items():
        rows[name] = pd.Categorical(frame[column], categories=categories).codes
    rows.flags.writeable = False
    return rows
