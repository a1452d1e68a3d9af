"""How well each process fits its log, in words and with one figure, and what the log cannot tell."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from deskmatch.simulation.calibration.contact_log import ContactLog, Ending, on_line
from deskmatch.simulation.calibration.elapsed_fit import Course
from deskmatch.simulation.calibration.measures import time_in_hand
from deskmatch.simulation.calibration.patience_fit import ClassPatience, ahead_of, mean_patience_s, waits_of
from deskmatch.simulation.calibration.service_fit import POINTS
from deskmatch.simulation.calibration.working_time import WEEK
from deskmatch.simulation.provenance import Fit

if TYPE_CHECKING:
    from deskmatch.simulation.calibration.fitting import Fits

__all__ = ["fits_of"]

NIGHT = [*range(6), *range(20, 24)]


def fits_of(fits: Fits) -> tuple[Fit, ...]:
    """One `Fit` a process."""
    onward = [] if fits.hand_ons is None else [_hand_ons(fits)]
    onward += [] if fits.again is None else [_again(fits)]
    if not fits.log.on_line:
        return (_arrivals(fits), _working_time(fits), _elapsed(fits), _ends(fits), *onward)
    beside = () if fits.in_hand is None else (_beside(fits),)
    after = () if fits.in_hand is not None and fits.in_hand.shared.all() else (_after(fits),)  # else it is in beside
    line = (_patience(fits), _service(fits), *beside, *after, _presence(fits), _order(fits))
    return (_arrivals(fits), *line, _ends(fits), *onward)


def _elapsed(fits: Fits) -> Fit:
    elapsed, found = fits.log.elapsed_s / 3600, fits.service.elapsed
    assert found is not None
    first, later = map(_course_of, found.course)
    return Fit(
        process="time to the end",
        says=(
            f"median {np.median(elapsed):.1f} hours, mean {elapsed.mean():.1f}; {found.open} open at the log's end and"
            f" count as open; first eight hours: {first}; later: {later}; by type"
        ),
        figure="how far ends of later weeks of the log were from what was predicted, beyond chance (0: as predicted)",
        value=round(found.missed, 3),
        unknown="how much of the time in hand is work, when experts are there, and what they do first",
    )


def _working_time(fits: Fits) -> Fit:
    assert fits.service.elapsed is not None
    found = fits.service.elapsed.working_time
    progress = np.roll(found.progress.reshape(WEEK, -1), fits.log.weekday, axis=0)
    weekend, night = progress[5:].mean() / progress.mean(), progress[:, NIGHT].mean() / progress.mean()
    days = [(fits.log.start + timedelta(days=int(day))).date().isoformat() for day in found.days_off]
    return Fit(
        process="working time",
        says=(
            f"tickets of more than an hour go on {weekend:.2f} times as fast as on average on Saturdays and Sundays,"
            f" {night:.2f} times from 8 pm to 6 am; days off: {', '.join(days) or 'none'}"
        ),
        unknown="who works when; days off to come",
    )


def _course_of(course: Course) -> str:
    """How days count, and by how much ends become more frequent."""
    days = "all days count the same" if np.isinf(course.half_life) else f"half-life {course.half_life:g} days"
    return f"{days}, {np.expm1(7 * course.growth):+.0%} ends a week" if course.growth else days


def _arrivals(fits: Fits) -> Fit:
    found, beyond = fits.arrivals, f"days vary by {fits.arrivals.busyness_cv:.1%} beyond Poisson"
    return Fit(
        process="arrivals",
        says=f"{found.counts.sum()} contacts in {fits.log.days} days; {beyond}",
        figure="variance over mean of the counts of an interval about its rate and the day's factor (Poisson: 1)",
        value=round(found.dispersion, 3),
        unknown="who came again because of the contact before"
        + (": such contacts are part of the rates" if fits.again is None else ", of customers who are not known"),
    )


def _patience(fits: Fits) -> Fit:
    unknown = "whether customers would wait longer if they were told how long; the patience of those answered at once"
    if fits.patience is None:
        return Fit(process="patience", says=_mean_patience(fits.log), unknown=unknown)
    log, laws = fits.log, fits.patience.values()
    kinds = len({id(each.law) for each in laws})
    return Fit(
        process="patience",
        says=f"{log.abandoned.sum()} gave up; {kinds} curve{'s' if kinds > 1 else ''}; {_by_queue(fits.patience)}",
        figure="greatest distance between customers who gave up and those expected by the law, as a share (0: exact)",
        value=round(_patience_distance(fits), 3),
        unknown=unknown,
    )


def _mean_patience(log: ContactLog) -> str:
    """What is said of customers of whom too few gave up for a curve."""
    if not waits_of(log).any():
        return "nobody waited: the default of the channel's kind"
    means = [
        f"{mean_patience_s(log, code) / 60:.3g} minutes ({name})"
        for code, name in enumerate(log.channels)
        if on_line(name)
    ]
    return f"{log.abandoned.sum()} gave up, too few for a curve; on average after {', '.join(means)}"


def _by_queue(laws: dict[str, ClassPatience]) -> str:
    """What the classes of most customers who gave up say of the queue that they found."""
    steepest = max(laws, key=lambda name: laws[name].ratio[-1] / laws[name].ratio[0])
    most = laws[steepest]
    if not most.hazard_by_queue:
        return "they give up as fast whatever queue they find"
    times = most.ratio[-1] / most.ratio[0]
    return (
        f"who finds {most.least[-1]} or more waiting gives up {times:.1f} times as fast as who finds few ({steepest})"
    )


def _patience_distance(fits: Fits) -> float:
    """Cox–Snell residuals: H(wait) should be a censored unit exponential; greatest gap of the cumulative hazard."""
    log, laws = fits.log, fits.patience
    assert laws is not None
    rows, ahead = waits_of(log), ahead_of(log)
    residual, gone = np.zeros(rows.sum()), log.abandoned[rows]
    for code, name in enumerate(log.class_names()):
        own = log.contact_class[rows] == code
        residual[own] = laws[name].hazard(log.wait_s[rows][own], ahead[rows][own])
    order = np.argsort(residual)
    expected = np.cumsum(residual[order]) + residual[order] * np.arange(len(order) - 1, -1, -1)
    return float(np.abs(np.cumsum(gone[order]) - expected).max() / max(gone.sum(), 1))


def _service(fits: Fits) -> Fit:
    log, effects = fits.log, fits.service.effects
    rows = log.ending == Ending.ANSWERED
    total = float(np.nanvar(fits.work_s[rows] / np.nanmean(fits.work_s[rows])))
    explained = (effects.spreads[0] ** 2 + effects.spreads[1] ** 2) / max(total, 1e-12)
    return Fit(
        process="handling",
        says=(
            f"mean {np.nanmean(fits.work_s[rows]):.0f} s; the mean time of experts varies by"
            f" {effects.spreads[0]:.0%}, and by {effects.spreads[1]:.0%} more between their types, and their speed by"
            f" {fits.service.speed_cv:.0%} from day to day; half hours of the day by {effects.spreads[2]:.0%}, days by"
            f" {effects.spreads[3]:.0%}"
        ),
        figure="share of the variance of times that experts and their types explain",
        value=round(float(explained), 3),
        unknown="whether slow experts get harder contacts",
    )


def _beside(fits: Fits) -> Fit:
    found, log = fits.in_hand, fits.log
    assert found is not None
    names = ", ".join(
        f"{name} {'/'.join(map(str, np.unique(most)))}"
        for name, most, shared in zip(log.channels, found.capacity.T, found.shared, strict=True)
        if shared
    )
    speeds = ", ".join(f"{speed:.2f}" for speed in found.total_speed)
    after = f"{found.after_work_s.mean():.0f} s" if len(found.after_work_s) else "none, or not seen"
    level = found.level[found.level > 0]
    return Fit(
        process="several at once",
        says=(
            f"at most {names}; total speed with 1, 2, … in hand {speeds}; after-work {after}; of several with room,"
            f" {found.expert_by.replace('_', ' ')}"
        ),
        figure="share of the contacts that begin with no more in hand than this",
        value=round(float((level <= found.capacity[:, found.shared].sum(axis=1).max()).mean()), 3),
        unknown="what is done between two lines of a chat; limits of experts who were never full",
    )


def _after(fits: Fits) -> Fit:
    assert fits.presence is not None
    away = fits.presence.away
    found = [away.after_work(busy=busy, points=POINTS) for busy in (True, False)]
    busy, calm = (
        f"median {np.median(each):.0f} s, mean {each.mean():.0f} s" if len(each) else "none" for each in found
    )
    return Fit(
        process="after-work",
        says=f"while customers wait {busy}; while nobody does {calm}",
        figure="share of the idle who are ready, where another one answers at once",
        value=round(away.ready, 3),
        unknown="what of it is work and what is rest; whether it would be shorter if somebody came",
    )


def _presence(fits: Fits) -> Fit:
    log, presence = fits.log, fits.presence
    assert presence is not None
    rows = log.ending == Ending.ANSWERED
    inside = np.zeros(rows.sum(), bool)
    experts, times = log.expert[rows], log.answered_s[rows]
    for expert, spans in enumerate(presence.spans):
        own = np.flatnonzero(experts == expert)
        if len(spans):
            at = np.searchsorted(spans[:, 0], times[own] + 1e-6, side="right") - 1
            inside[own] = (at >= 0) & (times[own] <= spans[np.maximum(at, 0), 1] + 1e-6)
    busy = time_in_hand(log.expert[rows], log.answered_s[rows], log.ended_s[rows])
    return Fit(
        process="presence",
        says=(
            f"{len(log.experts)} experts, {presence.logged_s / 3600:.0f} hours logged in, breaks take"
            f" {presence.away_share:.0%} of their days; occupied {busy / max(presence.logged_s, 1):.0%} of the time"
        ),
        figure="share of answers that fall into the logins inferred",
        value=round(float(inside.mean()), 3),
        unknown="breaks while nobody waits; work beside the contacts of the log",
    )


def _order(fits: Fits) -> Fit:
    found = fits.discipline
    unknown = "rules that depend on what the log does not have: promises, lines, the customer's history"
    if not found.pairs:
        return Fit(process="order of service", says="nobody was seen to wait while another was taken", unknown=unknown)
    starts = ", ".join(
        f"{name} {seconds:.0f} s"
        for name, seconds in zip(fits.log.class_names(), found.head_start_s, strict=True)
        if seconds
    )
    return Fit(
        process="order of service",
        says=f"first come, first served; head starts: {starts or 'none'} ({found.without:.1%} out of order without)",
        figure=f"share of {found.pairs} pairs served out of this order",
        value=round(found.overtaken, 3),
        unknown=unknown,
    )


def _ends(fits: Fits) -> Fit:
    unknown = "which transfers another expert would have spared"
    if fits.resolution is None:
        says = "the log says neither of transfers nor of resolutions: every contact counts as resolved"
        return Fit(process="resolution", says=says, unknown=unknown)
    return Fit(
        process="resolution",
        says=(
            f"{fits.resolution.overall:.1%} resolved without transfer; the log odds of experts vary by"
            f" {fits.resolution.spread:.2f}"
        ),
        figure="tickets of its own at which a pair of expert and type counts as much as what others show",
        value=round(fits.resolution.strength, 1),
        unknown=unknown,
    )


def _hand_ons(fits: Fits) -> Fit:
    found = fits.hand_ons
    assert found is not None
    to = found.share.sum(axis=0)
    names = [fits.log.class_names()[code] for code in np.argsort(-to, kind="stable")[:3] if to[code] > 0]
    return Fit(
        process="hand-ons",
        says=(
            f"{found.handed} of {found.contacts} contacts, at most {found.most} time{'s' if found.most > 1 else ''}"
            f" each, mostly as {', '.join(names)}; they join the next queue {found.pause_s:.0f} s after the end"
            f" (median), {found.late:.0%} before it or more than a minute later"
        ),
        figure="hand-ons expected by the shares of each class, over those in the log (1: all)",
        value=round(found.expected / found.handed, 3),
        unknown="whether somebody was asked for by name: in the twin the routing chooses; consultations meanwhile",
    )


def _again(fits: Fits) -> Fit:
    found, log = fits.again, fits.log
    assert found is not None
    unresolved = int(((log.good == 0) & (log.ending == Ending.ANSWERED)).sum())
    parts = [
        f"{each.came - each.expected:.0f} of {count} {why} (mean {each.delay_s.mean() / 60:.0f} min later,"
        f" {each.expected:.0f} more for other matters)"
        for each, count, why in (
            (found.redials, int(log.abandoned.sum()), "who gave up come again"),
            (found.repeats, unresolved, "whose contact was not resolved do"),
        )
        if len(each.delay_s)
    ]
    return Fit(
        process="coming again",
        says=f"{'; '.join(parts)}; of {found.known:.0%} of the contacts the customer is known",
        figure="share of those who come within the cells of time that count which come because of the contact before",
        value=round(
            1 - (found.redials.expected + found.repeats.expected) / max(found.redials.came + found.repeats.came, 1), 3
        ),
        unknown="who calls again for another matter, one by one; who comes again under another id, or by another way",
    )
