"""Hand-ons of a log: which of the contacts that were not resolved go on, as what, and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.contact_log import ContactLog, Ending

__all__ = ["HandOns", "fit_hand_ons"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HandOns:
    """A chain from class to class of contacts.

    Parameters
    ----------
    share : ``(classes, classes)`` of the contacts of a class that were served, not resolved and not handed on `most`
        times before, the share that goes on as another class; what is missing to 1 stays unresolved.
    most : hand-ons of one contact.
    contacts, handed : first contacts that were served, and how often contacts were handed on in all.
    expected : the latter by this chain.
    pause_s : median time from the end of a contact to when it joins the next queue; the twin's join at once.
    late : share of those that join the next queue more than a minute after the end, or before it.
    """

    share: Floats
    most: int
    contacts: int
    handed: int
    expected: float
    pause_s: float
    late: float


def fit_hand_ons(log: ContactLog) -> HandOns | None:
    """Shares of the next classes, counted; None where nobody was handed on within the log."""
    rows = np.flatnonzero(log.following >= 0)
    if not len(rows):
        return None
    classes, code = len(log.class_names()), log.contact_class
    served = log.ending == Ending.ANSWERED
    failed = served & (log.good == 0)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (code[rows], code[log.following[rows]]), 1)
    seen = np.maximum(counts.sum(axis=1), 1)
    most = int(log.hop.max())
    can = failed & (log.hop < most)
    goes_on = np.bincount(code[can & log.handed_on], minlength=classes)
    of_failed = goes_on / np.maximum(np.bincount(code[can], minlength=classes), 1)
    share = counts / seen[:, None] * of_failed[:, None]
    of_served = np.bincount(code[failed], minlength=classes) / np.maximum(
        np.bincount(code[served], minlength=classes), 1
    )
    flow = np.bincount(code[served & (log.hop == 0)], minlength=classes).astype(float)
    expected = 0.0
    for _ in range(most):
        flow = (flow * of_served) @ share
        expected += float(flow.sum())
    pause = log.queued_s[log.following[rows]] - log.ended_s[rows]
    return HandOns(
        share=share,
        most=most,
        contacts=int((served & (log.hop == 0)).sum()),
        handed=len(rows),
        expected=expected,
        pause_s=float(np.median(pause)),
        late=float((np.abs(pause - 30.0) > 30.0).mean()),
    )
