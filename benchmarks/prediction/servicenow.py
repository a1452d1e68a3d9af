"""ServiceNow: whether the first assignee of an incident resolves it, fitted on what was known at the split."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.prediction.data import folder
from benchmarks.prediction.incidents import AGE, OPENER, STATE, incident_history
from benchmarks.prediction.page import Finding
from deskmatch.prediction import BoostedTrees, Evaluation, HistoricalRate, PartialPooling, evaluate
from deskmatch.prediction.history import History, read_history, shown_time
from deskmatch.prediction.pictures import draw_reliability

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "prediction_reliability.svg"
DAY_S = 86_400.0
WINDOWS_S = (1 * DAY_S, 2 * DAY_S, 3 * DAY_S, 5 * DAY_S, 7 * DAY_S, 14 * DAY_S)
EARLIER_SPLITS = (0.55, 0.7)
"""Of the incidents before the split: a later one leaves few to judge, an earlier one few whose outcome was known."""
WITHOUT: dict[str, tuple[str, ...]] = {
    "without opener, state and age": (*OPENER, *STATE, *AGE),
    "without opener and state": (*OPENER, *STATE),
    "all": (),
}
INTRODUCTION = """## Who resolves an incident

ServiceNow incidents whose first record with an assignee is still open and was never reassigned; resolved where neither
the group changed later nor the incident was reopened. Fitted on the {trained:,} incidents that were assigned and closed
before {split}; {not_known:,} that closed after are left out; judged on the {tested:,} assigned since. “Opener” is who
opened, entered and wrote the record; “age” is how long ago the incident was opened and how often it was changed: known
when somebody is assigned, and telling, since whoever assigns an incident to himself at once mostly resolves it.
`Recalibrated` every day on the outcomes that became known in the last {days:g} days: of 1, 2, 3, 5, 7 and 14 days these
had the least calibration error on incidents from before the split. 95 % bootstrap intervals.

| model | features | AUC | log loss | calibration error | the same, recalibrated | lift |
|---|---|---:|---:|---:|---:|---:|
"""


def measure(full: bool) -> Finding:
    """AUC and calibration on the later tickets."""
    history = read_history(incident_history(folder("servicenow_incidents")))
    if not full:
        history = history.sorted_by_time().take(slice(0, None, 2))
    fits: dict[tuple[str, str], Callable[[History], object]] = {
        ("HistoricalRate", "person × category"): HistoricalRate.fit,
        ("PartialPooling", "person, group, category"): PartialPooling.fit,
    }
    for name, left_out in WITHOUT.items():
        columns = [column for column in history.features if column not in left_out]
        fits["BoostedTrees", name] = partial(BoostedTrees.fit, features=columns)
    draws = 200 if full else 50
    window_s = _window_s([fits["BoostedTrees", name] for name in WITHOUT], history)
    found = {key: _both(fit, history, window_s, draws) for key, fit in fits.items()}
    trees = {name: found["BoostedTrees", name] for name in WITHOUT}
    whole = trees["all"]
    if full:
        draw_reliability({"all features": whole[0].bins, "recalibrated": whole[1].bins}, PICTURE)
    rates = found["HistoricalRate", "person × category"][0].scores["auc"].value
    aucs, plain, moved = (
        " / ".join(f"{each[which].scores[measure].value:.3f}" for each in trees.values())
        for which, measure in ((0, "auc"), (0, "calibration_error"), (1, "calibration_error"))
    )
    return Finding(
        data="ServiceNow incidents",
        measure=f"AUC {' / '.join(WITHOUT)}; calibration error of each, recalibrated",
        target="≥ 0.85 / – / ≥ 0.90; ≤ 0.04",
        found=f"{aucs}; {moved}",
        baseline=f"AUC {rates:.3f} (`HistoricalRate`); not recalibrated {plain}",
        text=_text(
            found, window_s, evaluate(fits["BoostedTrees", "without opener, state and age"], history, control=True)
        ),
    )


def _window_s(fits: list[Callable[[History], object]], history: History) -> float:
    """The window that did best on incidents assigned before those that are judged on."""
    rows = history.sorted_by_time()
    earlier = rows.take(slice(0, int(0.7 * len(rows))))
    errors = dict.fromkeys(WINDOWS_S, 0.0)
    for fit in fits:
        for split in EARLIER_SPLITS:
            once = _once(fit)
            for window_s in WINDOWS_S:
                found = evaluate(once, earlier, split=split, recalibrate_s=window_s, gain=False, bootstrap=0)
                errors[window_s] += found.scores["calibration_error"].value
    return min(WINDOWS_S, key=lambda window_s: errors[window_s])


def _both(
    fit: Callable[[History], object], history: History, window_s: float, draws: int
) -> tuple[Evaluation, Evaluation]:
    """As it is, and recalibrated on a rolling window; fitted once."""
    once = _once(fit)
    options = {"gain": False, "bootstrap": draws}
    return evaluate(once, history, **options), evaluate(once, history, recalibrate_s=window_s, **options)


def _once(fit: Callable[[History], object]) -> Callable[[History], object]:
    """A fit that is made once for each number of incidents."""
    fitted: dict[int, object] = {}

    def once(rows: History) -> object:
        if len(rows) not in fitted:
            fitted[len(rows)] = fit(rows)
        return fitted[len(rows)]

    return once


def _text(found: dict[tuple[str, str], tuple[Evaluation, Evaluation]], window_s: float, control: Evaluation) -> str:
    first = next(iter(found.values()))[0]
    lines = [
        INTRODUCTION.format(
            days=window_s / DAY_S,
            trained=first.trained,
            tested=first.tested,
            not_known=first.not_known,
            split=shown_time(first.split_s),
        ).rstrip("\n")
    ]
    for (model, features), (plain, moved) in found.items():
        scores = plain.scores
        error = moved.scores["calibration_error"]
        cells = [
            f"{scores['auc'].value:.3f} ({scores['auc'].low:.3f}–{scores['auc'].high:.3f})",
            f"{scores['log_loss'].value:.3f}",
            f"{scores['calibration_error'].value:.3f}",
            f"{error.value:.3f} ({error.low:.3f}–{error.high:.3f})",
            f"{scores['lift'].value:.2f}",
        ]
        lines.append(f"| `{model}` | {features} | {' | '.join(cells)} |")
    gain, shuffled = control.gain["auc"], control.control["auc"]
    lines += [
        "",
        f"Knowing the expert is worth {gain.value:.3f} AUC ({gain.low:.3f} to {gain.high:.3f}) to the trees without "
        f"opener, state and age. With the experts' names shuffled among incidents it is {shuffled.value:.3f} "
        f"({shuffled.low:.3f} to {shuffled.high:.3f}): the negative control.",
        "",
        "Incidents were not sent to people at random: what a person adds mixes skill with what was sent to him.",
        "",
        "![Predicted beside resolved](../images/prediction_reliability.svg)",
    ]
    return "\n".join(lines)
