"""`compare`: policies on the same customers, with intervals of their paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.protocol import Policy
from deskmatch.simulation.kpis import INDICATORS, TOTAL, targets
from deskmatch.simulation.replications import Anything, file_stem, replicate
from deskmatch.simulation.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "Interval", "compare"]

LEAST = 5
"""Replications before an interval is trusted to stop the run."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the half-width of its confidence interval (Student's t); nan where there is nothing to tell."""

    mean: float
    halfwidth: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.halfwidth:.2g}"


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Frozen):
    """What policies came to on the same customers; made by `compare`.

    Parameters
    ----------
    policies : their names; differences are told against the first.
    rows : the channels, and ``"total"``.
    indicators : their names.
    values : ``(replications, policies, indicators, rows)``.
    confidence : of the intervals.
    twin_error : of a calibrated scenario that was evaluated, by indicator the twin's expected error against reality.
    """

    policies: tuple[str, ...]
    rows: tuple[str, ...]
    indicators: tuple[str, ...]
    values: NDArray[np.float64]
    confidence: float
    twin_error: Mapping[str, float] = field(default_factory=dict)

    @property
    def replications(self) -> int:
        """How many there are."""
        return len(self.values)

    def of(self, policy: str, indicator: str, row: str = TOTAL) -> Interval:
        """An indicator under one policy, by its name, for one channel or the whole desk.

        Raises
        ------
        ContractError
            On an unknown policy, indicator or row.
        """
        return _interval(self._series(policy, indicator, row), self.confidence)

    def difference(self, policy: str, indicator: str, row: str = TOTAL, *, to: str | None = None) -> Interval:
        """How much greater an indicator is under one policy than under another, in pairs of the same customers.

        Parameters
        ----------
        policy, to : names of policies; default of `to`: the first.
        indicator, row : what is compared.

        Raises
        ------
        ContractError
            On an unknown policy, indicator or row.
        """
        other = self.policies[0] if to is None else to
        pairs = self._series(policy, indicator, row) - self._series(other, indicator, row)
        return _interval(pairs, self.confidence)

    def below_twin_error(self, policy: str, indicator: str, *, to: str | None = None) -> bool | None:
        """Whether a difference, in total, is smaller than the twin's error against reality; None: that is not known.

        Both policies share much of the twin's error, so that a difference can be right where the level is wrong. One
        below the error is no proof of anything yet: try it on the desk before it is believed.
        """
        error = self.twin_error.get(indicator)
        return None if error is None else bool(abs(self.difference(policy, indicator, to=to).mean) < error)

    def frame(self, row: str = TOTAL) -> pd.DataFrame:
        """One row an indicator: mean and half-width under each policy, and the paired difference to the first.

        Of a calibrated scenario that was evaluated, in total, also ``twin, error``, and whether each difference is
        ``below_error``; empty where the error of an indicator is not known.
        """
        import pandas as pd

        columns: dict[tuple[str, str], Sequence[Any]] = {}
        for policy in self.policies:
            own = [self.of(policy, name, row) for name in self.indicators]
            columns[policy, "mean"] = [each.mean for each in own]
            columns[policy, "halfwidth"] = [each.halfwidth for each in own]
            if policy != self.policies[0]:
                pairs = [self.difference(policy, name, row) for name in self.indicators]
                columns[policy, "difference"] = [each.mean for each in pairs]
                columns[policy, "difference_halfwidth"] = [each.halfwidth for each in pairs]
                if self.twin_error and row == TOTAL:
                    columns[policy, "below_error"] = [self.below_twin_error(policy, name) for name in self.indicators]
        if self.twin_error and row == TOTAL:
            columns["twin", "error"] = [self.twin_error.get(name, float("nan")) for name in self.indicators]
        return pd.DataFrame(columns, index=list(self.indicators))

    def plot(self, path: str | Path, indicators: Sequence[str] = ()) -> None:
        """Write a picture of indicators under each policy with their intervals (needs the extra ``plot``).

        Parameters
        ----------
        path : the file; its ending says which format.
        indicators : at most nine; default: wait, abandonment, transfers, occupancy and reward.
        """
        from deskmatch.simulation.pictures import draw_comparison

        draw_comparison(self, Path(path), indicators)

    def _series(self, policy: str, indicator: str, row: str) -> NDArray[np.float64]:
        known = (("policy", policy, self.policies), ("indicator", indicator, self.indicators), ("row", row, self.rows))
        for what, name, names in known:
            if name not in names:
                raise ContractError(f"{what}: found {name!r}; expected one of {', '.join(names)}")
        at = (self.policies.index(policy), self.indicators.index(indicator), self.rows.index(row))
        return self.values[:, at[0], at[1], at[2]]

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self.policies)}: {self.replications} replications)"


def compare(
    scenario: Scenario | Mapping[str, Any] | str | Path,
    policies: Mapping[str, Anything] | Sequence[Policy],
    *,
    replications: int = 20,
    until_halfwidth: Mapping[str, float] | None = None,
    most: int = 1000,
    seed: int = 0,
    n_jobs: int | None = None,
    confidence: float = 0.95,
    target_s: float | Mapping[str, float] | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Simulate a scenario under several policies, each replication with the same customers for all of them.

    Parameters
    ----------
    scenario : a `Scenario`, or what `Scenario.load` takes.
    policies : by name, or policies that have a ``name``; differences are told against the first.
    replications : how many, ≥ 2; with `until_halfwidth`, how many at least.
    until_halfwidth : go on until the paired difference of each of these indicators, in total and between every policy
        and the first, is known so precisely; with one policy, the indicator itself. The precision is looked at after
        each batch of as many replications as there were at first, which makes the intervals a little optimistic.
    most : never more replications than that.
    seed, n_jobs, target_s, out, progress : as in `replicate`.
    confidence : of all intervals, each by itself.

    Returns
    -------
    Comparison
        Interrupted, with what is there.

    Raises
    ------
    ContractError
        On fewer than two replications, something that is no policy, policies whose names are the same or would be the
        same file, an unknown indicator or channel, or a half-width that is not above 0.
    ScenarioError
        Where the scenario is wrong.
    """
    scenario = Scenario.load(scenario)
    named = _named(policies)
    targets(scenario, target_s)
    for name, halfwidth in (until_halfwidth or {}).items():
        if name not in INDICATORS:
            raise ContractError(f"until_halfwidth: found {name!r}; expected some of {', '.join(INDICATORS)}")
        if not halfwidth > 0:
            raise ContractError(f"until_halfwidth of {name!r}: found {halfwidth!r}; expected a number above 0")
    whole: object = replications
    if not isinstance(whole, int | np.integer) or whole < 2 or not 0 < confidence < 1:
        raise ContractError("replications: expected 2 or more, and a confidence between 0 and 1")
    if n_jobs == 0:
        raise ContractError("n_jobs: found 0; expected how many processes, or −1 for all cores")
    folder = None if out is None else Path(out)
    batch = max(replications, LEAST) if until_halfwidth else replications
    done: list[NDArray[np.float64]] = []
    while True:
        numbers = range(len(done), min(len(done) + batch, max(most, replications)))
        found = replicate(
            scenario, named, numbers, seed=seed, n_jobs=n_jobs, target_s=target_s, out=folder, progress=progress
        )
        own = [found[number] for number in sorted(found)]
        done += [np.array([list(each[name].values.values()) for name in named]) for each in own]
        if not done:
            raise ContractError("no replication has ended")
        any_one = next(iter(own[0].values())) if own else None
        if any_one is not None:
            result = Comparison._trusted(
                policies=tuple(named),
                rows=any_one.rows,
                indicators=tuple(any_one.values),
                values=np.array(done),
                confidence=confidence,
                twin_error=_errors(scenario),
            )
        enough = until_halfwidth is None or _precise(result, until_halfwidth)
        if enough or len(done) >= most or len(found) < len(numbers):
            return result


def _errors(scenario: Scenario) -> dict[str, float]:
    """What the scenario carries of its error against reality."""
    found = scenario.tables.calibration
    return {} if found is None else {row.indicator: row.error for row in found.errors}


def _named(policies: Mapping[str, Anything] | Sequence[Policy]) -> dict[str, Anything]:
    given: object = policies
    if isinstance(given, str) or not isinstance(given, Mapping | Sequence):
        raise ContractError(f"policies: found {given!r}; expected several, by name or in a list")
    if isinstance(policies, Mapping):
        named = dict(policies)
    else:
        names = [str(getattr(policy, "name", type(policy).__name__)) for policy in policies]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ContractError(f"policies: {', '.join(twice)} occur more than once; give them names in a mapping")
        named = dict(zip(names, policies, strict=True))
    if not named:
        raise ContractError("policies: expected at least one")
    files: dict[str, str] = {}
    for name in named:
        other = files.setdefault(file_stem(name), name)
        if other != name:
            raise ContractError(f"policies: {other!r} and {name!r} would be the same file; give them other names")
    return named


def _precise(comparison: Comparison, wanted: Mapping[str, float]) -> bool:
    for indicator, halfwidth in wanted.items():
        others = comparison.policies[1:]
        widths = [comparison.difference(policy, indicator).halfwidth for policy in others]
        if not others:
            widths = [comparison.of(comparison.policies[0], indicator).halfwidth]
        if not all(width <= halfwidth for width in widths):
            return False
    return True


def _interval(series: NDArray[np.float64], confidence: float) -> Interval:
    known = series[~np.isnan(series)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    if len(known) == 1:
        return Interval(float(known[0]), float("nan"))
    from scipy.special import stdtrit

    quantile = float(stdtrit(len(known) - 1, 0.5 + confidence / 2))
    return Interval(float(known.mean()), quantile * float(known.std(ddof=1)) / len(known) ** 0.5)
