"""`Scenario`: a desk, its customers and its hours, ready to be simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from deskmatch.epochs import Desk
from deskmatch.errors import ScenarioError
from deskmatch.frozen import Frozen
from deskmatch.routing import Routing
from deskmatch.routing.toml_source import read_toml
from deskmatch.routing.validation import findings
from deskmatch.simulation.checks import problems_of, warnings_of
from deskmatch.simulation.laws import Law
from deskmatch.simulation.naming import QueueClass, SimulatedType, desk_of, expand_types, queue_classes, settled
from deskmatch.simulation.settings import ScenarioTables, plain
from deskmatch.simulation.toml_text import toml_text
from deskmatch.simulation.validation import scenario_error

__all__ = ["Scenario"]


@dataclass(frozen=True, slots=True, eq=False)
class Scenario(Frozen):
    """What is simulated: arrivals, tickets, experts, hours, and what outcomes are worth; no policy.

    Make it with `Scenario.load` from a TOML file or a mapping, or with `deskmatch.simulation.ScenarioBuilder`.

    Parameters
    ----------
    tables : the settings as they were written.

    Attributes
    ----------
    types : the types of tickets, one for each language and topic of those written.
    queues : the classes of tickets that look alike to the desk.
    desk : the experts.
    group_of : ``(experts,)`` row of each expert's group.
    eligible : ``(queues, groups)`` true where the desk's rules let the group serve the queue.
    warnings : what is odd and no error, such as more work than the experts can do.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown or out of range, names that nothing defines, types that nobody can serve.

    Examples
    --------
    >>> scenario = Scenario.load({
    ...     "horizon_s": 3600,
    ...     "channels": {"call": {}},
    ...     "types": {"billing": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 180}},
    ...     "groups": {"front": {"experts": 4}},
    ... })
    >>> scenario
    Scenario('scenario': 1 type, 1 group, 4 experts, 3600 s)
    """

    tables: ScenarioTables
    types: tuple[SimulatedType, ...] = field(init=False)
    queues: tuple[QueueClass, ...] = field(init=False)
    desk: Desk = field(init=False)
    group_of: NDArray[np.int64] = field(init=False)
    eligible: NDArray[np.bool_] = field(init=False)
    warnings: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        tables = self.tables
        problems = problems_of(tables)
        if problems:
            raise scenario_error(problems)
        types = expand_types(tables)
        desk, group_of = desk_of(tables, types)
        queues, eligible = queue_classes(tables, types, desk, group_of)
        twice = [name for name, count in Counter(queue.name for queue in queues).items() if count > 1]
        if twice:
            raise scenario_error(
                [f"types: {name!r} would be the name of two queues; expected another" for name in twice]
            )
        unserved = [
            f"types.{types[q.type].written}: nobody can serve {q.name!r} ({q.needs}); expected a group that can"
            for row, q in enumerate(queues)
            if not eligible[row].any()
        ]
        if unserved:
            raise scenario_error(unserved)
        group_of.flags.writeable = eligible.flags.writeable = False
        self._set(types=types, queues=queues, desk=desk, group_of=group_of, eligible=eligible)
        self._set(warnings=warnings_of(tables, types, eligible))

    @classmethod
    def load(cls, source: Scenario | ScenarioTables | Mapping[str, Any] | str | Path) -> Scenario:
        """A scenario from a TOML file, a mapping with the keys of such a file, or one that is there already.

        Raises
        ------
        ScenarioError
            Where the file cannot be read or is no TOML; and lists all that is wrong in it.
        """
        if isinstance(source, Scenario):
            return source
        if isinstance(source, ScenarioTables):
            return cls(source)
        where, values = _read(source)
        try:
            return cls(ScenarioTables.model_validate(values))
        except ValidationError as error:
            raise scenario_error(findings(error, ScenarioTables), where) from None

    def replace(self, **changes: Any) -> Scenario:
        """This scenario with some of its keys changed, checked again.

        Parameters
        ----------
        changes : top-level keys of the file, such as ``horizon_s``; tables such as ``types`` are replaced whole.

        Raises
        ------
        ScenarioError
            Lists all that is wrong, by key.
        """
        return Scenario.load({**self.to_dict(), **changes})

    def to_dict(self) -> dict[str, Any]:
        """The settings that were written, as plain values that `load` takes."""
        return plain(self.tables)

    def save(self, path: str | Path) -> None:
        """Write the settings as a TOML file that `load` takes; one that is there is overwritten.

        Raises
        ------
        OSError
            Where the file cannot be written.
        """
        Path(path).write_text(toml_text(self.to_dict()), encoding="utf-8")

    @property
    def n_experts(self) -> int:
        """Number of experts, at work or not."""
        return self.desk.n_experts

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.tables.groups)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return tuple(self.tables.channels)

    @property
    def routing(self) -> Routing:
        """Settings for policies that agree with the scenario on what its channels are like."""
        channels = {}
        for name, model in self.tables.channels.items():
            kind, defaults = settled(name, model)
            exclusive = defaults.exclusive if model.exclusive is None else model.exclusive
            work = [each.handling.mean for each in self.types if each.settings.channel == name]
            channels[name] = {"like": kind, "exclusive": exclusive, "handling_s": float(np.mean(work or [60.0]))}
        return Routing.load({"channels": channels})

    def patience_law(self, row: int) -> Law | None:
        """How long customers of a type wait, None: forever; what the type does not say, its channel or kind does."""
        settings = self.types[row].settings
        model = self.tables.channels[settings.channel]
        for source in (settings, model):
            if "patience" in source.model_fields_set:
                return source.patience
        default = settled(settings.channel, model)[1].patience_s
        return None if default is None else Law(mean_s=default)

    def patience_of(self, row: int) -> float:
        """Mean patience of a type in seconds; nan: endless."""
        law = self.patience_law(row)
        return float("nan") if law is None else law.mean

    def __repr__(self) -> str:
        counts = ((len(self.types), "type"), (len(self.groups), "group"), (self.n_experts, "expert"))
        parts = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
        return f"Scenario({self.tables.name!r}: {parts}, {self.tables.horizon_s:g} s)"

    def _state(self) -> dict[str, Any]:
        return {"tables": self.tables}

    def __reduce__(self) -> tuple[Any, tuple[ScenarioTables]]:  # type: ignore[override]
        return Scenario, (self.tables,)


def _read(source: Mapping[str, Any] | str | Path) -> tuple[str, dict[str, Any]]:
    """The name of the source for messages, and its values."""
    expected = "a path, a mapping or a Scenario"
    name, values = read_toml(source, kind="scenario", name="the scenario", expected=expected, error=ScenarioError)
    if isinstance(source, str | Path) and isinstance(values.get("recorded"), str):
        values["recorded"] = str(Path(source).parent / values["recorded"])
    return name, values
