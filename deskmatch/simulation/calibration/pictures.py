"""Pictures of a calibration and of an evaluation; they need matplotlib (the extra ``plot``)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deskmatch.simulation.calibration.arguments import check_known
from deskmatch.simulation.calibration.away import EDGES_S
from deskmatch.simulation.calibration.coming_again import EDGES_S as AGAIN_S
from deskmatch.simulation.calibration.coming_again import GAVE_UP, OTHER, UNRESOLVED, pairs_of
from deskmatch.simulation.calibration.contact_log import Ending, intervals_of_day
from deskmatch.simulation.calibration.patience_fit import ahead_of, waits_of
from deskmatch.simulation.calibration.working_time import WEEK
from deskmatch.simulation.pictures import figure_of
from deskmatch.simulation.settings import DAY_S, DAYS

if TYPE_CHECKING:
    from deskmatch.simulation.calibration.evaluation import TwinReport
    from deskmatch.simulation.calibration.fitting import Fits

__all__ = ["draw_fits", "draw_twin_day"]

REAL, TWIN = "C3", "C0"
FORTNIGHT_S = 14 * DAY_S


def draw_fits(fits: Fits, path: str | Path) -> None:
    """One panel a process: what the log shows, and what was fitted.

    Parameters
    ----------
    fits : of `fit_log`.
    path : the file; its ending says which format.
    """
    panels, columns = [_draw_arrivals, _draw_busyness], 3
    if fits.log.on_line:
        panels += [_draw_handling, _draw_patience, _draw_speeds, _draw_pace, _draw_away, _draw_presence, _draw_order]
    else:
        panels, columns = [*panels, _draw_working_time, _draw_elapsed], 2
    panels += [_draw_beside] if fits.in_hand is not None else []
    panels += [_draw_again] if fits.again is not None else []
    panels += [_draw_hand_ons] if fits.hand_ons is not None else []
    lines = -(-len(panels) // columns)
    figure = figure_of(4.0 * columns, 3.2 * lines)
    for number, draw in enumerate(panels):
        axes = figure.add_subplot(lines, columns, number + 1)
        draw(axes, fits)
        axes.grid(alpha=0.25)
        axes.title.set_fontsize(10)
    figure.savefig(path, dpi=110)


def draw_twin_day(report: TwinReport, path: str | Path, *, day: int = 0) -> None:
    """The real day as dots, the twin's 90 % intervals as bands: contacts, mean wait, abandonment, experts at work.

    Parameters
    ----------
    report : of `evaluate_twin`.
    path : the file.
    day : which of the period, from 0.

    Raises
    ------
    ContractError
        Where the period has no such day.
    """
    per_day = intervals_of_day(report.every_s)
    check_known("day", day, range(len(report.real["day"].contacts)))
    rows = slice(day * per_day, (day + 1) * per_day)
    hours = (np.arange(per_day) + 0.5) * report.every_s / 3600
    figure = figure_of(9.0, 9.0)
    real, twin = report.real["interval"], report.twin["interval"]
    axes = figure.add_subplot(4, 1, 1)
    axes.bar(hours, real.contacts[rows], width=report.every_s / 3600 * 0.9, color="0.6")
    axes.set_ylabel("contacts")
    axes.set_title(f"day {day + 1} of {report.period[0]} to {report.period[1]}: reality and its twin")
    shown = {
        "wait_s": ("mean wait, s", 1.0),
        "abandonment": ("abandoned, %", 100.0),
        "elapsed_s": ("to the end, h", 1 / 3600),
    }
    for number, name in enumerate([name for name in shown if name in report.pit]):
        label, scale = shown[name]
        seen, drawn = (values[..., rows] * scale for values in report.series("interval", name))
        _band(figure.add_subplot(4, 1, 2 + number), hours, seen, drawn, label)
    busy = np.array([each.busy_s[rows] for each in twin]) / report.every_s
    _band(figure.add_subplot(4, 1, 2 + len(report.pit)), hours, real.busy_s[rows] / report.every_s, busy, "in service")
    for axes in figure.axes:
        axes.set_xlim(0, 24)
        axes.set_xticks(range(0, 25, 2))
        axes.grid(alpha=0.25)
    figure.axes[-1].set_xlabel("hour of the day")
    figure.savefig(path, dpi=110)


def _band(axes: Any, hours: Any, real: Any, twin: Any, label: str) -> None:
    known = ~np.isnan(twin).all(axis=0)
    low, middle, high = np.full((3, len(hours)), np.nan)
    low[known], middle[known], high[known] = np.nanquantile(twin[:, known], (0.05, 0.5, 0.95), axis=0)
    axes.fill_between(hours, low, high, color=TWIN, alpha=0.25, label="twin, 90 %", step="mid")
    axes.step(hours, middle, color=TWIN, where="mid", label="twin, median")
    axes.plot(hours, real, "o", color=REAL, markersize=4, label="real")
    axes.set_ylabel(label)
    tallest = np.nanquantile(np.concatenate((high[known], real[~np.isnan(real)], [0.0])), 0.98)
    axes.set_ylim(0, 1.15 * max(float(tallest), 1e-9))
    axes.legend(loc="upper left", fontsize=8)


def _draw_arrivals(axes: Any, fits: Fits) -> None:
    found = fits.arrivals
    hours = (np.arange(found.counts.shape[1]) + 0.5) * found.every_s / 3600
    axes.plot(hours, found.counts.T, ".", color="0.7", markersize=3)
    axes.plot(hours, found.expected.mean(axis=0), color=TWIN, label="fitted, mean of the days")
    axes.set_title(f"contacts in {found.every_s / 60:.0f} min")
    axes.legend(fontsize=8)


def _draw_busyness(axes: Any, fits: Fits) -> None:
    found = fits.arrivals
    totals, expected = found.counts.sum(axis=1), found.expected.sum(axis=1)
    axes.bar(np.arange(len(totals)) + 1, totals, color="0.7", label="seen")
    spread = 2 * np.sqrt(expected + (found.busyness_cv * expected) ** 2)
    axes.errorbar(
        np.arange(len(totals)) + 1, expected, yerr=spread, fmt="o", color=TWIN, markersize=3, label="rate ± 2σ"
    )
    axes.set_title("contacts by day")
    axes.legend(fontsize=8)


def _draw_patience(axes: Any, fits: Fits) -> None:
    axes.set_title("customers still waiting, %, by patience")
    if fits.patience is None:
        return
    from scipy.stats import CensoredData, ecdf

    log = fits.log
    rows, ahead = waits_of(log), ahead_of(log)
    at = np.linspace(0, float(np.quantile(log.wait_s[rows], 0.99)), 200)
    most = np.argsort(-np.bincount(log.contact_class[rows]))[:3]
    for number, code in enumerate(most):
        own = rows & (log.contact_class == code)
        curve = ecdf(CensoredData.right_censored(log.wait_s[own], ~log.abandoned[own])).sf
        name = log.class_names()[code]
        axes.step(at, 100 * curve.evaluate(at), color=f"C{number}", lw=0.8)
        fitted = fits.patience[name]
        found = [int(np.quantile(ahead[own], share)) for share in (0.05, 0.95)]
        low, high = (100 * np.exp(-fitted.hazard(at, np.full(len(at), n))) for n in found)
        axes.fill_between(
            at, low, high, color=f"C{number}", alpha=0.25, label=f"{name}: {found[0]} to {found[1]} ahead"
        )
    axes.set_xlabel("s (steps: Kaplan–Meier of the class; areas: fitted, by the queue found)", fontsize=8)
    axes.legend(fontsize=8)


def _draw_handling(axes: Any, fits: Fits) -> None:
    log = fits.log
    rows = (log.ending == Ending.ANSWERED) & (fits.work_s > 0)
    edges = np.geomspace(1, float(fits.work_s[rows].max()) + 1, 50)
    most = np.argsort(-np.bincount(log.contact_class[rows]))[:3]
    for number, code in enumerate(most):
        own = fits.work_s[rows & (log.contact_class == code)]
        axes.hist(own, edges, density=True, histtype="step", color=f"C{number}", label=log.class_names()[code])
    axes.set_xscale("log")
    axes.set_title("handling times, s: the most frequent classes")
    axes.legend(fontsize=8)


def _draw_working_time(axes: Any, fits: Fits) -> None:
    assert fits.service.elapsed is not None
    progress = fits.service.elapsed.working_time.progress.reshape(WEEK, -1)
    for row, own in enumerate(progress):
        weekday = (fits.log.weekday + row) % WEEK
        axes.step(np.arange(len(own) + 1), np.append(own, own[-1]), where="post", color=f"C{weekday}")
        axes.plot([], [], color=f"C{weekday}", label=DAYS[weekday])
    axes.set_xlabel("hour of the day", fontsize=8)
    axes.set_title("tickets in hand go on so many times as fast")
    axes.legend(fontsize=6, ncols=2)


def _draw_elapsed(axes: Any, fits: Fits) -> None:
    """Of tickets of the first and the last two weeks, as far as they are seen, and the law of the log's last day."""
    from scipy.stats import CensoredData, ecdf

    log, found = fits.log, fits.service.elapsed
    assert found is not None
    hours = np.geomspace(0.05, 1500, 200)
    age = found.working_time.age(log.queued_s, np.fmin(log.ended_s, log.seen_until_s)) / 3600
    ended = log.ended_s <= log.seen_until_s
    weeks = {"first two weeks": log.queued_s < FORTNIGHT_S, "last": log.queued_s >= log.days * DAY_S - FORTNIGHT_S}
    for (name, rows), color in zip(weeks.items(), ("0.6", REAL), strict=True):
        if rows.any():
            curve = ecdf(CensoredData.right_censored(np.maximum(age[rows], 0.0), ~ended[rows])).sf
            open_share = np.where(hours <= age[rows].max(), curve.evaluate(hours), np.nan)
            axes.step(hours, 100 * open_share, color=color, label=f"those of the {name}")
    counts = np.bincount(log.contact_class, minlength=len(fits.service.sample_s))
    fitted = [(own > 3600 * hours[:, None]).mean(axis=1) for own in fits.service.sample_s]
    axes.plot(hours, 100 * (counts @ np.array(fitted)) / counts.sum(), color=TWIN, label="fitted")
    axes.set_xscale("log")
    axes.set_xlabel("h, the first by the clock, then working time (steps: Kaplan–Meier)", fontsize=8)
    axes.set_title("tickets still open, %, by age")
    axes.legend(fontsize=8)


def _draw_speeds(axes: Any, fits: Fits) -> None:
    log, service = fits.log, fits.service
    rows = log.ending == Ending.ANSWERED
    counts = np.bincount(log.expert[rows], minlength=len(log.experts))
    mean = np.bincount(log.expert[rows], fits.work_s[rows], len(log.experts)) / np.maximum(counts, 1)
    kind = int(np.bincount(log.type[rows]).argmax())
    fitted = float(np.nanmean(fits.work_s[rows & (log.type == kind)])) / service.speed[:, kind]
    axes.scatter(mean, fitted, s=np.sqrt(counts) * 2, color=TWIN, alpha=0.7)
    ends = [0, float(max(mean.max(), fitted.max()))]
    axes.plot(ends, ends, color="0.6", lw=0.8)
    axes.set_xlabel("mean of all contacts of an expert, s", fontsize=8)
    axes.set_title(f"fitted mean of {log.types[kind]}, s, one dot an expert")


def _draw_pace(axes: Any, fits: Fits) -> None:
    log, pace = fits.log, fits.service.pace
    rows = (log.ending == Ending.ANSWERED) & (fits.work_s > 0)
    interval = (log.answered_s[rows] % DAY_S // (DAY_S / len(pace))).astype(np.int64)
    counts = np.bincount(interval, minlength=len(pace))
    mean = np.bincount(interval, fits.work_s[rows], len(pace)) / np.maximum(counts, 1) / fits.work_s[rows].mean()
    hour = np.arange(len(pace)) * 24 / len(pace)
    middle = hour + 12 / len(pace)
    axes.plot(middle[counts > 0], mean[counts > 0], "o", color="0.6", markersize=4, label="mean over that of the day")
    axes.step(hour, pace, where="post", color=TWIN, label="pace (mix and experts taken out)")
    axes.set_title("handling times by time of the day")
    axes.legend(fontsize=8)


def _draw_away(axes: Any, fits: Fits) -> None:
    assert fits.presence is not None
    away = fits.presence.away
    for law, label, color in ((away.busy, "while customers wait", REAL), (away.calm, "while nobody waits", TWIN)):
        axes.step(EDGES_S, 100 * np.concatenate(([1.0], 1 - np.cumsum(law))), where="post", color=color, label=label)
    axes.set_xscale("symlog", linthresh=5)
    axes.set_xlabel("s after a contact", fontsize=8)
    axes.set_title("experts still away, %")
    axes.legend(fontsize=8)


def _draw_presence(axes: Any, fits: Fits) -> None:
    assert fits.presence is not None
    counts = np.bincount(fits.log.day_of(fits.log.queued_s))
    day = int(counts.argmax())
    for row, (spans, hours) in enumerate(zip(fits.presence.spans, fits.presence.hours, strict=True)):
        for own, color, width in ((hours, "0.85", 5.0), (spans, TWIN, 2.5)):
            inside = own[(own[:, 0] >= day * DAY_S) & (own[:, 0] < (day + 1) * DAY_S)]
            for begin, end in (inside - day * DAY_S) / 3600:
                axes.plot([begin, end], [row, row], color=color, lw=width, solid_capstyle="butt")
    axes.set_xlim(0, 24)
    axes.set_title(f"day {day + 1}: logins inferred, one row an expert")


def _draw_order(axes: Any, fits: Fits) -> None:
    starts, names = fits.discipline.head_start_s, fits.log.class_names()
    order = np.argsort(starts)
    axes.barh(np.arange(len(names)), starts[order], color=TWIN)
    axes.set_yticks(np.arange(len(names)), [names[code] for code in order], fontsize=7)
    axes.set_title("head starts, s")


def _draw_beside(axes: Any, fits: Fits) -> None:
    found = fits.in_hand
    assert found is not None
    count = np.bincount(found.level[found.level > 0])[1:]
    axes.bar(
        np.arange(len(count)) + 1, 100 * count / count.sum(), color="0.7", label="contacts that make it so many, %"
    )
    axes.set_title("in hand at once, and total speed")
    axes.legend(fontsize=8, loc="upper left")
    speed = axes.twinx()
    speed.plot(np.arange(len(found.total_speed)) + 1, found.total_speed, "o-", color=TWIN)
    speed.set_ylim(0, 1.15 * float(found.total_speed.max()))
    axes.set_xticks(np.arange(len(count)) + 1)


def _draw_again(axes: Any, fits: Fits) -> None:
    pairs = pairs_of(fits.log)
    names = {OTHER: "other contacts", GAVE_UP: "who gave up", UNRESOLVED: "who was not helped"}
    hours = np.geomspace(0.01, AGAIN_S[-1] / 3600, 60)
    for kind, name in names.items():
        own = pairs.kind == kind
        if not own.any():
            continue
        came = np.sort(pairs.delay_s[own & (pairs.after >= 0)]) / 3600
        axes.plot(hours, 100 * np.searchsorted(came, hours) / own.sum(), color=f"C{kind}", label=name)
    axes.set_xscale("log")
    axes.set_xlabel("hours after a contact, customers who are known", fontsize=8)
    axes.set_title("came again, %")
    axes.legend(fontsize=8)


def _draw_hand_ons(axes: Any, fits: Fits) -> None:
    found, log = fits.hand_ons, fits.log
    assert found is not None
    names, served = log.class_names(), log.ending == Ending.ANSWERED
    count = np.bincount(log.contact_class[served], minlength=len(names))
    failed = np.bincount(log.contact_class[served & (log.good == 0)], minlength=len(names)) / np.maximum(count, 1)
    most = np.argsort(-count, kind="stable")[:8]
    left = np.zeros(len(most))
    for number, target in enumerate(np.flatnonzero(found.share.sum(axis=0))):
        width = 100 * failed[most] * found.share[most, target]
        axes.barh(np.arange(len(most)), width, left=left, color=f"C{number % 10}", label=names[target])
        left += width
    axes.barh(np.arange(len(most)), 100 * failed[most] - left, left=left, color="0.8", label="unresolved")
    axes.set_yticks(np.arange(len(most)), [names[code] for code in most], fontsize=7)
    axes.set_title("not resolved, %, by what they become")
    axes.legend(fontsize=7)
