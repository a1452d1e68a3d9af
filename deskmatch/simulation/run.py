"""`simulate` and `Run`: one replication of a scenario under a policy, and its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.protocol import Decision, Policy
from deskmatch.ranges import WHOLE, refuse
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.sinks import InMemory, ToParquet
from deskmatch.simulation.snapshots import Snapshot
from deskmatch.simulation.state import SimulationState, advance, begin

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.simulation.kpis import Indicators

__all__ = ["Run", "run_of", "seeds_of", "simulate"]


def simulate(
    scenario: Scenario | Mapping[str, Any] | str | Path,
    policy: Policy | Mapping[str, Policy],
    *,
    seed: int = 0,
    replication: int = 0,
    out: str | Path | None = None,
) -> Run:
    """Simulate a scenario once.

    Parameters
    ----------
    scenario : a `Scenario`, or what `Scenario.load` takes.
    policy : one for all channels, or one for each by the channel's name.
    seed : the same seed makes the same records, byte for byte, and the same customers for every policy.
    replication : number of the run under this seed, ≥ 0; each has random numbers of its own.
    out : a Parquet file into which the contacts are written as they end, so that memory does not grow with their number
        (needs the extra ``parquet``); None: they are kept in memory.

    Raises
    ------
    ScenarioError
        Where the scenario is wrong.
    ContractError
        Where a policy decides what the desk forbids.

    Examples
    --------
    >>> from deskmatch.policies import fcfs
    >>> run = simulate({
    ...     "horizon_s": 36_000,
    ...     "channels": {"call": {"patience": "never"}},
    ...     "types": {"billing": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 120}},
    ...     "groups": {"front": {"experts": 4}},
    ... }, fcfs())
    >>> run
    Run('scenario', 'fcfs': 587 contacts of 587 tickets)
    """
    scenario = Scenario.load(scenario)
    refuse(WHOLE.problems({"seed": seed, "replication": replication}), ContractError)
    sink = InMemory() if out is None else ToParquet(Path(out), scenario)
    customers, rng = seeds_of(int(seed), int(replication))
    with sink:
        state = begin(scenario, policy, sink, seed=customers, rng=rng)
        epochs = _run(state, rng)
    return run_of(
        state, sink.source(), policy=_name(policy), seed=int(seed), replication=int(replication), epochs=epochs
    )


def seeds_of(seed: int, replication: int) -> tuple[int, np.random.Generator]:
    """The seed of the customers of a replication, and where its policies' random choices come from."""
    customers, choices = np.random.SeedSequence([seed, replication]).spawn(2)
    return int(customers.generate_state(1, np.uint64)[0]), np.random.Generator(np.random.Philox(choices))


def run_of(
    state: SimulationState,
    source: NDArray[Any] | Path,
    *,
    policy: str,
    seed: int,
    replication: int,
    epochs: list[tuple[float, int, int, int]],
) -> Run:
    """The records of a state that is finished.

    Parameters
    ----------
    state : `advance` has given None.
    source : the contacts that its sink was given.
    policy, seed, replication : as in `Run`.
    epochs : time, policy, tickets that waited and pairs of each decision.
    """
    return Run._trusted(
        scenario=state.scenario,
        policy=policy,
        seed=seed,
        replication=replication,
        source=source,
        start=state.snapshots[0],
        end=state.snapshots[1],
        epochs_taken=np.array(epochs, EPOCH),
        arrived=int(state.layout.engine[0]["root"]),
        _rows={},
    )


EPOCH = np.dtype([("time_s", np.float64), ("policy", np.int64), ("waiting", np.int64), ("assigned", np.int64)])


def _run(state: SimulationState, rng: np.random.Generator) -> list[tuple[float, int, int, int]]:
    """Ask the policies whenever their turn comes; one record for each time."""
    memories = [
        policy.initial_state(maker.desk, None, rng) for policy, maker in zip(state.policies, state.makers, strict=True)
    ]
    epochs = []
    point = advance(state)
    while point is not None:
        policy = state.policies[point.policy]
        answer: object = policy.decide(point.epoch, memories[point.policy])
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Decision)):
            raise ContractError(f"{type(policy).__name__}.decide: found {answer!r}; expected a Decision and a state")
        decision, memories[point.policy] = answer
        epochs.append((point.time_s, point.policy, point.epoch.n_tickets, len(decision)))
        point = advance(state, decision)
    return epochs


def _name(policy: Policy | Mapping[str, Policy]) -> str:
    if isinstance(policy, Mapping):
        return ", ".join(f"{channel}: {_name(each)}" for channel, each in policy.items())
    return str(getattr(policy, "name", type(policy).__name__))


@dataclass(frozen=True, slots=True, eq=False)
class Run(Frozen):
    """The records of one replication; made by `simulate`.

    Parameters
    ----------
    scenario : what was simulated.
    policy : its name.
    seed, replication : where its random numbers came from.
    source : the contacts, as records of the engine or as the file that holds them.
    start, end : what had been counted at the end of the warm-up and at the horizon.
    epochs_taken : when policies were asked; empty under rules.
    arrived : tickets that arrived, in the warm-up too.
    """

    scenario: Scenario
    policy: str
    seed: int
    replication: int
    source: NDArray[Any] | Path
    start: Snapshot
    end: Snapshot
    epochs_taken: NDArray[Any]
    arrived: int
    _rows: dict[str, NDArray[Any]] = field(repr=False)

    @property
    def rows(self) -> NDArray[Any]:
        """All contacts, in the order in which they ended, as an array of records (`ROW`); times in seconds."""
        if isinstance(self.source, np.ndarray):
            return self.source
        if "rows" not in self._rows:
            from deskmatch.simulation.sinks import read_rows

            self._rows["rows"] = read_rows(self.source, self.scenario)
        return self._rows["rows"]

    @property
    def tickets(self) -> pd.DataFrame:
        """One row a contact, in the order in which they ended; what had not ended at the end of the run comes last.

        ``root`` names the ticket, ``attempt`` counts its contacts; ``arrived_s`` is when the ticket came first,
        ``entered_s`` when this contact entered its queue, ``started_s`` and ``ended_s`` are empty where that did not
        happen; ``after_s`` is the work after the contact; ``promised_wait_s`` the wait that was promised, if any;
        ``somebody_else`` whether, after a contact that was served, another expert could have gone on with the ticket.
        """
        from deskmatch.simulation.sinks import as_frame

        return as_frame(self.rows, self.scenario)

    @property
    def experts(self) -> pd.DataFrame:
        """One row an expert: seconds logged in and busy, contacts, offers, from the warm-up's end to the horizon."""
        import pandas as pd

        scenario, start, end = self.scenario, self.start, self.end
        logged, busy = end.logged_s - start.logged_s, end.busy_s - start.busy_s
        with np.errstate(invalid="ignore", divide="ignore"):
            occupancy = np.where(logged > 0, busy / logged, np.nan)
        return pd.DataFrame(
            {
                "expert_id": scenario.desk.expert_ids,
                "group": np.array(scenario.groups)[scenario.group_of],
                "tier": scenario.desk.tier,
                "logged_s": logged,
                "busy_s": busy,
                "in_hand_s": end.load_s - start.load_s,
                "occupancy": occupancy,
                "contacts": end.contacts - start.contacts,
                "offers": end.offers - start.offers,
                "declined": end.declined - start.declined,
            }
        )

    @property
    def epochs(self) -> pd.DataFrame:
        """One row for each time that a policy was asked: when, which, how many waited, how many it assigned."""
        import pandas as pd

        return pd.DataFrame({name: self.epochs_taken[name] for name in EPOCH.names or ()})

    @property
    def mean_waiting(self) -> NDArray[np.float64]:
        """``(queues,)`` mean number of tickets waiting between the end of the warm-up and the horizon."""
        return np.asarray((self.end.waiting_s - self.start.waiting_s) / (self.end.now_s - self.start.now_s))

    @property
    def mean_in_system(self) -> float:
        """Mean number of tickets waiting or in service between the end of the warm-up and the horizon."""
        return (self.end.system_s - self.start.system_s) / (self.end.now_s - self.start.now_s)

    def outcomes(self) -> dict[str, int]:
        """Tickets by how they ended, over the whole run; each that arrived is in exactly one.

        ``in_system`` are those that waited, were in service or were due back when the run ended.
        """
        count = np.bincount(self.rows["outcome"], minlength=len(Outcome))
        ended = {
            "resolved": (Outcome.RESOLVED,),
            "abandoned": (Outcome.ABANDONED, Outcome.BALKED),
            "blocked": (Outcome.BLOCKED,),
            "unresolved": (Outcome.UNRESOLVED,),
            "unanswered": (Outcome.UNANSWERED,),
            "in_system": (Outcome.WAITING, Outcome.IN_HAND, Outcome.AWAY),
        }
        return {name: int(count[list(outcomes)].sum()) for name, outcomes in ended.items()}

    def kpis(self, *, target_s: float | Mapping[str, float] | None = None) -> Indicators:
        """Indicators by channel and in total; see `deskmatch.simulation.kpis.indicators`.

        Contacts that were written to a file are read back whole.

        Raises
        ------
        ContractError
            If `target_s` names a channel that the scenario does not have, or is no number ≥ 0.
        """
        from deskmatch.simulation.kpis import indicators

        return indicators(self, target_s=target_s)

    def __repr__(self) -> str:
        contacts = len(self.rows)
        return f"Run({self.scenario.tables.name!r}, {self.policy!r}: {contacts} contacts of {self.arrived} tickets)"
