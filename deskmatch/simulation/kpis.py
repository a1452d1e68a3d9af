"""Indicators of a run, by channel and in total, made from its records."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.naming import settled
from deskmatch.simulation.rewarding import Contacts, scores
from deskmatch.simulation.settings import TOTAL

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.simulation.run import Run
    from deskmatch.simulation.scenario import Scenario

__all__ = ["INDICATORS", "TOTAL", "Indicators", "gini", "indicators", "jain", "targets"]

INDICATORS = (
    *(
        "tickets",
        "contacts",
        "wait_s",
        "wait_p50_s",
        "wait_p90_s",
        "wait_p95_s",
        "wait_p99_s",
        "asa_s",
        "service_level",
    ),
    *("promise_kept", "abandonment", "balked", "blocked", "unanswered", "no_answer", "resolved", "unresolved"),
    *("in_system", "first_contact_resolution", "preventable", "unavoidable", "tier_match", "handling_min"),
    *("contacts_per_resolution", "reward", "reward_expected", "occupancy", "jain", "gini", "cost_per_resolution"),
)
"""Their names, in order; `Indicators` says what they are."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Indicators(Frozen):
    """What a run came to; tickets that arrived between the end of the warm-up and the horizon.

    Indicators of the whole desk are read like those of a mapping (``kpis["wait_s"]``, ``"wait_s" in kpis``,
    ``dict(kpis)``), those of a channel with `of`.

    Parameters
    ----------
    rows : the channels, and `TOTAL`.
    values : by name, each ``(channels + 1,)``, nan where there is nothing to tell:

        ============================ ==============================================================================
        ``tickets``                  that arrived
        ``contacts``                 that were served, calls back in vain not among them
        ``wait_s``                   mean wait of all contacts, served or not
        ``wait_p50_s``, …            its percentiles: 50, 90, 95, 99
        ``asa_s``                    mean wait of those served (average speed of answer)
        ``service_level``            share of contacts that were served within the target
        ``promise_kept``             share of contacts with a promised wait that were served within it
        ``abandonment``              share of tickets whose customer gave up for good, balked ones among them
        ``balked``, ``blocked``      share of tickets that left at once, or found the queue full
        ``unanswered``               share of tickets that were called back in vain up to the limit
        ``no_answer``                share of calls back that nobody answered
        ``resolved``, ``unresolved`` shares of tickets
        ``in_system``                share of tickets that had not ended at the end of the run
        ``first_contact_resolution`` share of first contacts that were resolved
        ``preventable``              transfers that another expert would have spared, for each contact served
        ``unavoidable``              transfers that nobody could have spared, for each contact served
        ``tier_match``               share of contacts served by the tier that they need
        ``handling_min``             minutes of experts, after-work and vain calls among them, for each resolved ticket
        ``contacts_per_resolution``  contacts served for each resolved ticket
        ``reward``                   score of outcomes, as tossed
        ``reward_expected``          the same with the probability of each resolution instead of its toss
        ``occupancy``                total only: busy share of the time logged in
        ``jain``, ``gini``           total only: evenness of the experts' occupancies, 1 and 0 where all are the same
        ``cost_per_resolution``      total only: cost of the time logged in, for each resolved ticket
        ============================ ==============================================================================
    """

    rows: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]

    def __getitem__(self, name: str) -> float:
        """An indicator of the whole desk."""
        return self.of(TOTAL, name)

    def __contains__(self, name: object) -> bool:
        """Whether there is an indicator of this name."""
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        """The names of the indicators."""
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def keys(self) -> KeysView[str]:
        """The names of the indicators."""
        return self.values.keys()

    def of(self, row: str, name: str) -> float:
        """An indicator of one channel, or of the whole desk (`TOTAL`).

        Raises
        ------
        KeyError
            On an unknown row or indicator.
        """
        if row not in self.rows or name not in self.values:
            raise KeyError(f"{row}, {name}: expected one of {', '.join(self.rows)}, and of {', '.join(self.values)}")
        return float(self.values[name][self.rows.index(row)])

    @property
    def frame(self) -> pd.DataFrame:
        """One row an indicator, one column a channel and `TOTAL`."""
        import pandas as pd

        return pd.DataFrame(dict(self.values), index=list(self.rows)).T

    def __repr__(self) -> str:
        return f"Indicators({self['tickets']:.0f} tickets, mean wait {self['wait_s']:.4g} s)"


def indicators(run: Run, *, target_s: float | Mapping[str, float] | None = None) -> Indicators:
    """The indicators of a run.

    Parameters
    ----------
    run : what happened.
    target_s : seconds within which a contact counts as served in time: one for all channels, or by channel; default:
        that of the kind that the channel is like.

    Raises
    ------
    ContractError
        If `target_s` names a channel that the scenario does not have, or is no number ≥ 0.
    """
    scenario = run.scenario
    contacts = Contacts.of(run)
    target = targets(scenario, target_s)[contacts.channel]
    n = len(scenario.channels)
    where = [contacts.channel == channel for channel in range(n)] + [np.ones(len(contacts), bool)]
    parts = [_of_contacts(contacts, rows, target) for rows in where]
    values = {name: np.array([part[name] for part in parts]) for name in parts[0]}
    reward, expected = scores(run, contacts)
    values["reward"], values["reward_expected"] = reward, expected
    for name, total in _of_experts(run, contacts).items():
        values[name] = np.append(np.full(n, np.nan), total)
    for array in values.values():
        array.flags.writeable = False
    return Indicators((*scenario.channels, TOTAL), {name: values[name] for name in INDICATORS})


def targets(scenario: Scenario, target_s: float | Mapping[str, float] | None) -> NDArray[np.float64]:
    """``(channels,)`` seconds within which a contact counts as served in time.

    Parameters
    ----------
    scenario : whose channels.
    target_s : as in `indicators`.

    Raises
    ------
    ContractError
        If `target_s` names a channel that the scenario does not have, or is no number ≥ 0.
    """
    models = scenario.tables.channels
    found = {name: settled(name, model)[1].target_s for name, model in models.items()}
    given = target_s if isinstance(target_s, Mapping) else {} if target_s is None else dict.fromkeys(found, target_s)
    unknown = [name for name in given if name not in found]
    if unknown:
        raise ContractError(f"target_s: names {', '.join(unknown)}; expected channels of {', '.join(found)}")
    for name, value in given.items():
        if not isinstance(value, Real) or isinstance(value, bool) or not value >= 0:
            raise ContractError(f"target_s of {name!r}: found {value!r}; expected seconds ≥ 0")
    return np.array([float(value) for value in {**found, **given}.values()])


def _of_contacts(contacts: Contacts, rows: Bools, target: NDArray[np.float64]) -> dict[str, float]:
    """The indicators of the contacts in `rows`."""

    def counted(*outcomes: Outcome) -> int:
        return int(np.isin(outcome, outcomes).sum())

    outcome, served = contacts.outcome[rows], contacts.served[rows]
    wait, hop, promised = contacts.wait_s[rows], contacts.hop[rows], contacts.promised_s[rows]
    tickets = int(contacts.final[rows].sum())
    resolved = counted(Outcome.RESOLVED)
    calls = counted(Outcome.NO_ANSWER, Outcome.UNANSWERED)
    callable_ = int((contacts.is_callback[rows] & served).sum()) + calls
    first = served & (hop == 0)
    waiting = np.sort(wait)
    work = contacts.work_s[rows].sum()
    return {
        "tickets": float(tickets),
        "contacts": float(served.sum()),
        "wait_s": _mean(wait),
        **{f"wait_p{p}_s": _percentile(waiting, p) for p in (50, 90, 95, 99)},
        "asa_s": _mean(wait[served]),
        "service_level": _share((served & (wait <= target[rows])).sum(), len(wait)),
        "promise_kept": _share((served & (wait <= promised)).sum(), (~np.isnan(promised)).sum()),
        "abandonment": _share(counted(Outcome.ABANDONED, Outcome.BALKED), tickets),
        "balked": _share(counted(Outcome.BALKED), tickets),
        "blocked": _share(counted(Outcome.BLOCKED), tickets),
        "unanswered": _share(counted(Outcome.UNANSWERED), tickets),
        "no_answer": _share(calls, callable_),
        "resolved": _share(resolved, tickets),
        "unresolved": _share(counted(Outcome.UNRESOLVED), tickets),
        "in_system": _share(counted(Outcome.WAITING, Outcome.IN_HAND, Outcome.AWAY), tickets),
        "first_contact_resolution": _share((first & (outcome == Outcome.RESOLVED)).sum(), first.sum()),
        "preventable": _share(counted(Outcome.PREVENTABLE_TRANSFER), served.sum()),
        "unavoidable": _share(counted(Outcome.UNAVOIDABLE_TRANSFER), served.sum()),
        "tier_match": _share((served & (contacts.tiers_above[rows] == 0)).sum(), served.sum()),
        "handling_min": _share(work / 60.0, resolved),
        "contacts_per_resolution": _share(served.sum(), resolved),
    }


def _of_experts(run: Run, contacts: Contacts) -> dict[str, float]:
    """What is told of the whole desk only."""
    start, end = run.start, run.end
    logged, busy = end.logged_s - start.logged_s, end.busy_s - start.busy_s
    at_work = logged > 0
    each = busy[at_work] / logged[at_work]
    prices = np.asarray(run.scenario.tables.cost_per_hour)
    price = prices[np.minimum(run.scenario.desk.tier, len(prices)) - 1]
    resolved = int((contacts.outcome == Outcome.RESOLVED).sum())
    return {
        "occupancy": _share(busy.sum(), logged.sum()),
        "jain": jain(each),
        "gini": gini(each),
        "cost_per_resolution": _share((logged / 3600.0 * price).sum(), resolved),
    }


def jain(values: NDArray[np.float64]) -> float:
    """Jain's index of fairness, (Σx)² / (n Σx²), in (0, 1]; 1 where all are the same, nan where there are none.

    R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness and discrimination", DEC TR-301 (1984).

    Examples
    --------
    >>> jain(np.array([1.0, 1.0])), jain(np.array([1.0, 0.0]))
    (1.0, 0.5)
    """
    squares = len(values) * float((values**2).sum())
    return float(values.sum()) ** 2 / squares if squares > 0 else float("nan")


def gini(values: NDArray[np.float64]) -> float:
    """Gini's coefficient, the mean difference of all pairs over twice the mean, in [0, 1); 0 where all are the same.

    Examples
    --------
    >>> gini(np.array([1.0, 1.0])), gini(np.array([1.0, 0.0]))
    (0.0, 0.5)
    """
    total, n = float(values.sum()), len(values)
    if total <= 0:
        return float("nan")
    ordered = np.sort(values)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered) / (n * total)


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole > 0 else float("nan")


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _percentile(ordered: NDArray[np.float64], p: int) -> float:
    return float(np.quantile(ordered, p / 100)) if len(ordered) else float("nan")
