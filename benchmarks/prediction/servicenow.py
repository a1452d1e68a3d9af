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
WINDOW_S = 7 * 86_400.0
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
`Recalibrated` every day on the outcomes that became known in the last 7 days. 95 % bootstrap intervals.

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
    found = {key: _both(fit, history, draws) for key, fit in fits.items()}
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
        text=_text(found, evaluate(fits["BoostedTrees", "without opener, state and age"], history, control=True)),
    )


def _both(fit: Callable[[History], object], history: History, draws: int) -> tuple[Evaluation, Evaluation]:
    """As it is, and recalibrated on a rolling window; fitted once."""
    fitted: dict[int, object] = {}

    def once(rows: History) -> object:
        if len(rows) not in fitted:
            fitted[len(rows)] = fit(rows)
        return fitted[len(rows)]

    options = {"gain": False, "bootstrap": draws}
    return evaluate(once, history, **options), evaluate(once, history, recalibrate_s=WINDOW_S, **options)


def _text(found: dict[tuple[str, str], tuple[Evaluation, Evaluation]], control: Evaluation) -> str:
    first = next(iter(found.values()))[0]
    lines = [
        INTRODUCTION.format(
            trained=first.trained, tested=first.tested, not_known=first.not_known, split=shown_time(first.split_s)
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
