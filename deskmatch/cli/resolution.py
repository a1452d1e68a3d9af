"""``deskmatch train resolution`` and ``deskmatch evaluate``: who resolves what, from a desk's own history."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deskmatch.cli.options import fail, readable_errors
from deskmatch.cli.train import HistoryFile, train_app
from deskmatch.epochs import Epoch
from deskmatch.writing import check_writable, write_atomically

__all__ = ["evaluate_command", "resolution_model"]

DAY_S = 86_400.0
WINDOW_DAYS = 14.0
"""Without --window-days."""


class Kind(StrEnum):
    """Which model of resolution."""

    RATES = "rates"
    POOLING = "pooling"
    TREES = "trees"


KindOption = Annotated[
    Kind | None,
    typer.Option(
        "--kind",
        help="rates: by expert and topic; pooling (default): with groups, ticket features and intervals; trees: all"
        " features.",
    ),
]
Features = Annotated[
    str | None,
    typer.Option("--features", help="Columns that are known before assignment, as a,b; trees take all by default."),
]
Unavoidable = Annotated[
    list[str] | None,
    typer.Option("--unavoidable", help="A transfer_reason that nobody could have prevented; may be repeated."),
]
Balance = Annotated[
    str | None,
    typer.Option("--balance", help="Columns by which tickets were sent to experts, as a,b: weighted against it."),
]
HalfLife = Annotated[float | None, typer.Option("--half-life-days", help="After how many days a ticket counts half.")]


@train_app.command("resolution")
def train_resolution_command(
    history: HistoryFile,
    out: Annotated[Path, typer.Option("--out", help="File of the model.")] = Path("resolution.model"),
    kind: KindOption = None,
    features: Features = None,
    unavoidable: Unavoidable = None,
    balance: Balance = None,
    half_life_days: HalfLife = None,
    recalibrate: Annotated[
        Path | None,
        typer.Option("--recalibrate", help="A trained model instead, moved to fit the newest outcomes of HISTORY."),
    ] = None,
    window_days: Annotated[
        float | None,
        typer.Option("--window-days", help="With --recalibrate: outcomes that became known in so many days (14)."),
    ] = None,
) -> None:
    """Train a model of who resolves what at first contact.

    HISTORY has the columns expert_id, topic and resolved_first_contact, and where there are such assigned_at,
    closed_at, group, transfer_reason, load, weight, and features. deskmatch evaluate says how good such a model is.
    """
    with readable_errors():
        check_writable(out)
        if recalibrate is None:
            if window_days is not None:
                fail("--window-days: expected --recalibrate beside it")
            model = _fit(kind, features, unavoidable, balance, half_life_days)(history)
        else:
            _refuse_beside("--recalibrate", kind, features, balance, half_life_days)
            window = WINDOW_DAYS if window_days is None else window_days
            model = _recalibrated(recalibrate, history, window, unavoidable)
        model.save(out)
        typer.echo(f"{model}\n{getattr(model, 'model', model).report}")
        typer.echo(f"written to {out}", err=True)


def evaluate_command(
    history: HistoryFile,
    kind: KindOption = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="A trained model instead, judged on what came after its history.")
    ] = None,
    features: Features = None,
    unavoidable: Unavoidable = None,
    balance: Balance = None,
    half_life_days: HalfLife = None,
    split: Annotated[float, typer.Option("--split", help="Share of the tickets, by time, to learn from.")] = 0.7,
    recalibrate_days: Annotated[
        float | None,
        typer.Option("--recalibrate-days", help="Move probabilities every day to what was known in so many days."),
    ] = None,
    control: Annotated[
        bool, typer.Option("--control", help="Also shuffle the experts: a gain then would be a false one.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw predicted beside resolved (.svg, .png).")
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write everything to this file.")] = None,
) -> None:
    """Train a model of resolution on older tickets, and say how good it is on later ones.

    Only outcomes that were known at the split are learnt from: closed_at says when they were.
    """
    with readable_errors():
        for path in (picture, as_json):
            if path is not None:
                check_writable(path)
        if model is not None:
            _refuse_beside("--model", kind, features, balance, half_life_days)
        from deskmatch.prediction import evaluate
        from deskmatch.prediction.history import UNAVOIDABLE

        found = evaluate(
            _fit(kind, features, None, balance, half_life_days) if model is None else resolution_model(model),
            history,
            split=split,
            control=control,
            recalibrate_s=None if recalibrate_days is None else recalibrate_days * DAY_S,
            unavoidable=unavoidable or UNAVOIDABLE,
        )
        typer.echo(str(found))
        if as_json is not None:
            write_atomically(as_json, json.dumps(found.to_dict(), indent=2) + "\n")
        if picture is not None:
            found.picture(picture)


def resolution_model(path: Path, epoch: Epoch | None = None) -> Any:
    """The model of a file; of an epoch that lacks some of its features, a note says which."""
    from deskmatch.prediction.loading import load_resolution_model

    model = load_resolution_model(path)
    lacking = getattr(model, "lacking", None)
    if epoch is not None and lacking is not None and (missing := lacking(epoch)):
        typer.echo(f"note: {path.name} knows features that these tables lack: {', '.join(missing)}", err=True)
    return model


def _refuse_beside(option: str, *settings: object) -> None:
    """Refuse settings of a fit beside an option that names a trained model."""
    for name, given in zip(("kind", "features", "balance", "half-life-days"), settings, strict=True):
        if given is not None:
            fail(f"--{name} and {option}: expected one of them; a trained model stays as it is")


def _recalibrated(path: Path, history: Path, window_days: float, unavoidable: list[str] | None) -> Any:
    """The model of a file, moved to fit the newest outcomes that it was not fitted on."""
    from deskmatch.prediction import Recalibrated
    from deskmatch.prediction.history import UNAVOIDABLE, read_history, shown_time

    if not 0 < window_days < float("inf"):
        fail(f"--window-days: found {window_days}; expected days above 0")
    found = resolution_model(path)
    model = getattr(found, "model", found)  # of one that was moved before, the one inside
    seen = getattr(model.report, "known_until_s", None)
    rows = read_history(history, unavoidable=unavoidable or UNAVOIDABLE)
    fresh = rows if seen is None else rows.take(rows.known_at > seen)
    if not len(fresh):
        fail(f"{history.name}: found no outcome after {shown_time(seen or 0.0)}, until when {path.name} was fitted")
    return Recalibrated.fit(model, fresh, window_s=window_days * DAY_S)


def _fit(
    kind: Kind | None,
    features: str | None,
    unavoidable: list[str] | None,
    balance: str | None,
    half_life_days: float | None,
) -> Callable[[Any], Any]:
    """How a model of this kind is fitted on a history."""
    from deskmatch.prediction.history import UNAVOIDABLE
    from deskmatch.prediction.loading import RESOLUTION_MODELS

    options: dict[str, Any] = {"unavoidable": unavoidable or UNAVOIDABLE}
    if half_life_days is not None:
        options["half_life_s"] = half_life_days * DAY_S
    for option, given in (("features", features), ("balance", balance)):
        if given is not None and kind is Kind.RATES:
            fail(f"--{option}: --kind rates knows experts and topics only; expected --kind pooling or trees")
        if given is not None:
            options[option] = [name.strip() for name in given.split(",") if name.strip()]
    model: Any = RESOLUTION_MODELS[(kind or Kind.POOLING).value]

    def fit(history: Any) -> Any:
        return model.fit(history, **options)

    fit.__name__ = model.__name__
    return fit
