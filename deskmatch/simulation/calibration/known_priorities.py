"""Priorities that a log has only of customers who waited, filled in for the others.

Many systems find out who is calling when the call joins the queue: whoever is answered at once stays unknown, and is
logged with the lowest priority. Taken as it stands, such a log says that important customers always wait.
"""

from __future__ import annotations

import numpy as np

from deskmatch.simulation.calibration.contact_log import ContactLog, hour_of

__all__ = ["with_known_priorities"]

RARE = 0.1
"""Higher priorities are this much rarer among those answered at once, or rarer still: they were not found out."""
ENOUGH = 30


def with_known_priorities(log: ContactLog, *, seed: int = 0) -> ContactLog:
    """The log, with priorities of those answered at once drawn from those who waited for the same type within the hour.

    Only for types in which higher priorities are hardly ever answered at once, which no routing could bring about.

    Parameters
    ----------
    log : the contacts.
    seed : of the draws.
    """
    if len(log.priorities) == 1:
        return log
    rng = np.random.default_rng(seed)
    priority, changed = log.priority.copy(), []
    hour = hour_of(log.queued_s)
    for code, name in enumerate(log.types):
        waited = (log.type == code) & (log.wait_s > 0)
        at_once = (log.type == code) & (log.wait_s == 0)
        if min(waited.sum(), at_once.sum()) < ENOUGH:
            continue
        if (priority[at_once] > 0).mean() >= RARE * (priority[waited] > 0).mean():
            continue
        for each in np.unique(hour[at_once]):
            rows = np.flatnonzero(at_once & (hour == each))
            source = priority[waited & (np.abs(hour - each) <= 1)]
            source = source if len(source) >= ENOUGH else priority[waited]
            priority[rows] = rng.choice(source, len(rows))
        changed.append(name)
    if not changed:
        return log
    note = f"priorities of those answered at once are not in the log, and were filled in for {', '.join(changed)}"
    return log._replaced(priority=priority, notes=(*log.notes, note))
