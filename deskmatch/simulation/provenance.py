"""Where a calibrated scenario comes from: its data, what was fitted and how well, and its error against reality."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deskmatch.simulation.validation import ScenarioSettings

__all__ = ["ErrorRow", "Fit", "Provenance"]


class Fit(ScenarioSettings):
    """One process that was fitted.

    Parameters
    ----------
    process : such as ``"patience"``.
    says : what was found, in words with figures.
    figure : name of the goodness-of-fit figure.
    value : the figure; None: there is nothing to compare with.
    unknown : what the log cannot tell of this process.
    """

    process: str
    says: str
    figure: str = ""
    value: float | None = None
    unknown: str = ""


class ErrorRow(ScenarioSettings):
    """An indicator of the twin beside reality, in a period on which it was not fitted.

    Parameters
    ----------
    indicator : as in `Indicators`.
    real, twin : values; the twin's is the mean of its replications.
    low, high : ends of the twin's 90 % interval for such a period.
    error : expected error of the twin: the root mean square of its bias and its spread.
    """

    indicator: str
    real: float
    twin: float
    low: float
    high: float
    error: Annotated[float, Field(ge=0)]


class Provenance(ScenarioSettings):
    """What a calibrated scenario carries of its data.

    Parameters
    ----------
    source : name of the log.
    first_day, last_day : the period, ISO dates.
    contacts : that joined the queue.
    digest : hash of the data.
    version : of deskmatch.
    expert_by : who of several idle experts gets a contact, as far as the log shows it.
    head_start_s : by type, seconds by which its customers count as having come earlier.
    overtaken : share of the pairs of waiting customers that were served against this order.
    redials, repeats : of customers who come again within so many seconds after they gave up, or were not helped, the
        share that comes because of that, by cells of time (until when, share); empty: not learned.
    fits : of each process.
    evaluated : the period of `errors`, ISO dates; empty: the twin has not been evaluated.
    errors : the twin's error against reality.
    notes : what was left out of the log.
    """

    source: str = ""
    first_day: str
    last_day: str
    contacts: int
    digest: str
    version: str
    expert_by: str = "longest_idle"
    head_start_s: dict[str, float] = Field(default_factory=dict)
    overtaken: float | None = None
    redials: tuple[tuple[float, float], ...] = ()
    repeats: tuple[tuple[float, float], ...] = ()
    fits: tuple[Fit, ...] = ()
    evaluated: tuple[str, ...] = ()
    errors: tuple[ErrorRow, ...] = ()
    notes: tuple[str, ...] = ()

    def error_of(self, indicator: str) -> float | None:
        """Expected error of the twin in an indicator; None: it was not evaluated."""
        return next((row.error for row in self.errors if row.indicator == indicator), None)
