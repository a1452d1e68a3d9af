"""The counted contacts of a run, and their score by the scenario's `Reward`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.routing.kinds import Kind
from deskmatch.routing.reward import ChannelReward, wait_cost
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.layout import resolution_of
from deskmatch.simulation.naming import settled

if TYPE_CHECKING:
    from deskmatch.simulation.run import Run
    from deskmatch.simulation.scenario import Scenario

__all__ = ["LOST", "SERVED", "Contacts", "expected_outcomes", "scores"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

SERVED = (
    Outcome.RESOLVED,
    Outcome.PREVENTABLE_TRANSFER,
    Outcome.UNAVOIDABLE_TRANSFER,
    Outcome.REPEAT,
    Outcome.UNRESOLVED,
)
PASSING = (
    Outcome.PREVENTABLE_TRANSFER,
    Outcome.UNAVOIDABLE_TRANSFER,
    Outcome.REPEAT,
    Outcome.NO_ANSWER,
    Outcome.REDIAL,
)
"""Outcomes of contacts after which the ticket goes on."""
LOST = (Outcome.ABANDONED, Outcome.BALKED, Outcome.BLOCKED, Outcome.UNANSWERED)


@dataclass(frozen=True, slots=True, eq=False)
class Contacts(Frozen):
    """The contacts of all tickets that arrived between the end of the warm-up and the horizon, each ``(contacts,)``.

    Parameters
    ----------
    type, channel, group, hop, outcome : codes; group −1: never begun.
    served : an expert and the customer talked, and it has ended.
    final : the last contact of its ticket.
    is_callback : the customer is called back.
    wait_s : in the queue, up to the end of the run where it had not ended.
    promised_s : the wait that was promised; nan: none.
    work_s : of the expert, work after the contact among it.
    onward : somebody else could have gone on with the ticket.
    tiers_above : of the expert above what the ticket needs; −1 where nobody served it.
    """

    type: Integers
    channel: Integers
    group: Integers
    hop: Integers
    outcome: Integers
    served: Bools
    final: Bools
    is_callback: Bools
    wait_s: Floats
    promised_s: Floats
    work_s: Floats
    onward: Bools
    tiers_above: Integers

    @classmethod
    def of(cls, run: Run) -> Contacts:
        """Those of a run."""
        scenario, tables = run.scenario, run.scenario.tables
        rows = run.rows
        rows = rows[(rows["arrived"] >= tables.warmup_s) & (rows["arrived"] < tables.horizon_s)]
        names = list(scenario.channels)
        channel_of = np.array([names.index(each.settings.channel) for each in scenario.types])
        callback = np.array([settled(name, tables.channels[name])[0] is Kind.CALLBACK for name in names])
        channel, expert = channel_of[rows["type"]], rows["expert"].astype(np.int64)
        outcome = rows["outcome"].astype(np.int64)
        begun = ~np.isnan(rows["started"])
        over = tables.horizon_s + tables.drain_s
        until = np.where(begun, rows["started"], np.where(np.isnan(rows["ended"]), over, rows["ended"]))
        wait = np.where(outcome == Outcome.AWAY, 0.0, np.maximum(until - rows["entered"], 0.0))
        need = np.array([queue.tier for queue in scenario.queues])[rows["queue"]]
        ended = np.where(begun & ~np.isnan(rows["ended"]), rows["ended"] - rows["started"], 0.0)
        return cls._trusted(
            type=rows["type"].astype(np.int64),
            channel=channel,
            group=np.where(expert >= 0, scenario.group_of[expert], -1),
            hop=rows["hop"].astype(np.int64),
            outcome=outcome,
            served=np.isin(outcome, SERVED),
            final=~np.isin(outcome, PASSING),
            is_callback=callback[channel],
            wait_s=wait,
            promised_s=rows["promised_s"],
            work_s=ended + rows["after_s"],
            onward=rows["onward"] == 1,
            tiers_above=np.where(expert >= 0, scenario.desk.tier[expert] - need, -1),
        )

    def __len__(self) -> int:
        return len(self.type)


def scores(run: Run, contacts: Contacts) -> tuple[Floats, Floats]:
    """``(channels + 1,)`` the reward by channel and in total, as tossed and with expected resolutions.

    The expected one puts the probability of each way in which a contact could end in place of the way in which it did,
    given that expert and ticket met: it has the same mean over replications and varies less.
    """
    tossed = {name: (contacts.outcome == outcome).astype(float) for name, outcome in _OUTCOMES.items()}
    reward = run.scenario.tables.reward
    spread = reward.spread * _spread(run)
    totals = []
    for ends in (tossed, _expected(run, contacts)):
        by_channel = [
            _score(reward.of(name), contacts, contacts.channel == code, ends)
            for code, name in enumerate(run.scenario.channels)
        ]
        total = sum(reward.of(name).value * s for name, s in zip(run.scenario.channels, by_channel, strict=True))
        totals.append(np.array([*by_channel, total + spread]))
    return totals[0], totals[1]


_OUTCOMES = {
    "resolved": Outcome.RESOLVED,
    "preventable": Outcome.PREVENTABLE_TRANSFER,
    "unavoidable": Outcome.UNAVOIDABLE_TRANSFER,
    "unresolved": Outcome.UNRESOLVED,
}


def _score(reward: ChannelReward, contacts: Contacts, here: Bools, ends: dict[str, Floats]) -> float:
    promised = contacts.promised_s[here]
    waits = wait_cost(
        contacts.wait_s[here],
        target_s=np.where(np.isnan(promised), reward.target_s, promised),
        slope_below=reward.slope_below,
        slope_above=reward.slope_above,
    )
    above = np.maximum(contacts.tiers_above[here], 0) * contacts.served[here]
    return float(
        sum(getattr(reward, name) * ends[name][here].sum() for name in _OUTCOMES)
        + reward.lost * np.isin(contacts.outcome[here], LOST).sum()
        + reward.tier * above.sum()
        - waits.sum()
    )


def _expected(run: Run, contacts: Contacts) -> dict[str, Floats]:
    """The probability of each way in which the contacts that were served could have ended."""
    served = np.flatnonzero(contacts.served)
    t, group, hop = contacts.type[served], contacts.group[served], contacts.hop[served]
    values = expected_outcomes(run.scenario, t, group, hop, contacts.onward[served])
    found = {name: np.zeros(len(contacts)) for name in values}
    for name, value in values.items():
        found[name][served] = value
    return found


def expected_outcomes(
    scenario: Scenario, t: Integers, group: Integers, hop: Integers, onward: Bools
) -> dict[str, Floats]:
    """Probabilities of the ways in which a contact that is served can end, a repeat contact not among them.

    Parameters
    ----------
    t, group, hop : ``(contacts,)`` rows of types and groups, and the hops of the ticket so far.
    onward : ``(contacts,)`` whether somebody else could go on with the ticket.

    Returns
    -------
    By the names of `ChannelReward`: resolved, preventable, unavoidable, unresolved; each ``(contacts,)``.
    """
    settings = [each.settings for each in scenario.types]
    share = np.array([each.unavoidable for each in settings])[t] * (hop == 0)
    outside = np.array([each.outside for each in settings])[t]
    repeat = np.array([each.repeat for each in settings])[t]
    handed = np.array([each.handed_on for each in settings])[t]
    last = hop >= np.array([each.max_hops for each in settings])[t]
    resolved = (1 - share) * resolution_of(scenario)[t, group]
    failed = 1 - share - resolved
    preventable = np.where(last, 0.0, failed * (1 - repeat) * handed * onward)
    unavoidable = np.where(last, 0.0, share * (1 - outside) * handed * onward)
    unresolved = 1 - resolved - preventable - unavoidable - np.where(last, 0.0, failed * repeat)
    return {"resolved": resolved, "preventable": preventable, "unavoidable": unavoidable, "unresolved": unresolved}


def _spread(run: Run) -> float:
    """Standard deviation between the experts' occupancies, times their number."""
    logged, busy = run.end.logged_s - run.start.logged_s, run.end.busy_s - run.start.busy_s
    at_work = logged > 0
    return float(np.std(busy[at_work] / logged[at_work]) * at_work.sum()) if at_work.any() else 0.0
