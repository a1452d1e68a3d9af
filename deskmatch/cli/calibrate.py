"""``deskmatch calibrate``: from a log of contacts to a scenario, evaluated on its last days."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from deskmatch.cli.options import fail, pairs, readable_errors
from deskmatch.writing import check_writable

if TYPE_CHECKING:
    from deskmatch.simulation.calibration import ContactLog
    from deskmatch.simulation.provenance import Provenance

__all__ = ["calibrate_command"]

FORMATS = ("table", "anonymous_bank", "servicenow")


def calibrate_command(
    log: Annotated[
        Path, typer.Argument(help="The log: CSV or Parquet; docs/calibration.md has its columns.", metavar="LOG")
    ],
    out: Annotated[Path, typer.Option("--out", help="The scenario to write.")] = Path("scenario.toml"),
    format: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = "table",
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="NAME=COLUMN where the table calls it otherwise; may be repeated."),
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="Only contacts from this day on (ISO).")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Only contacts before this day (ISO).")] = None,
    evaluate: Annotated[
        int | None,
        typer.Option("--evaluate", min=0, help="Last days kept back to show the twin's error; default: a third."),
    ] = None,
    replications: Annotated[int, typer.Option("--replications", min=20, help="Of the twin, in the evaluation.")] = 50,
    pictures: Annotated[Path | None, typer.Option("--pictures", help="Folder for pictures of fits and days.")] = None,
) -> None:
    """Learn a desk from its log: a scenario for deskmatch simulate, with its error against the days kept back."""
    with readable_errors():
        from deskmatch.simulation.calibration.evaluation import evaluate_twin
        from deskmatch.simulation.calibration.fitting import fit_log, name_of
        from deskmatch.simulation.calibration.twin import scenario_of

        if format not in FORMATS:
            fail(f"--format: found {format!r}; expected one of {', '.join(FORMATS)}")
        check_writable(out)
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
        read = _read(log, format, column, start, end)
        kept = read.days // 3 if evaluate is None else evaluate
        if kept >= read.days:
            fail(f"--evaluate: found {kept}; expected fewer than the {read.days} days of the log")
        fitted = read.between(0, read.days - kept) if kept else read
        fits = fit_log(fitted)
        scenario = scenario_of(fits, name_of(log))
        if pictures is not None:
            from deskmatch.simulation.calibration.pictures import draw_fits

            draw_fits(fits, pictures / "fits.png")
        if kept:
            report = evaluate_twin(scenario, read.between(read.days - kept, read.days), replications=replications)
            scenario = report.onto(scenario)
            if pictures is not None:
                for day in range(kept):
                    report.draw_day(pictures / f"day_{day + 1}.png", day=day)
        scenario.save(out)
        assert scenario.tables.calibration is not None
        _show(scenario.tables.calibration, read.notes)
        if kept:
            typer.echo(report.text())
        elif evaluate is None:
            typer.echo("note: not held against reality: of three days or more the last third is kept back", err=True)
        typer.echo(f"written to {out}", err=True)


def _read(path: Path, format: str, columns: list[str] | None, start: str | None, end: str | None) -> ContactLog:
    from deskmatch.simulation.calibration import ContactLog, read_anonymous_bank, read_servicenow

    named = pairs("--column", columns, "NAME=COLUMN, such as arrived=created_at")
    if format == "table":
        return ContactLog.read(path, columns=named, start=start, end=end)
    if named:
        fail(f"--column: expected with --format table only, not {format}")
    if format == "anonymous_bank":
        return read_anonymous_bank(path, start=start, end=end)
    return read_servicenow(path, start=start, end=end)


def _show(found: Provenance, notes: tuple[str, ...]) -> None:
    """What was fitted, how well, and what the log cannot tell."""
    title = f"{found.source}: {found.contacts} contacts, {found.first_day} to {found.last_day}, data {found.digest}"
    table = Table(title=title, title_justify="left", show_lines=True)
    for name in ("process", "what was found", "goodness of fit", "what the log cannot tell"):
        table.add_column(name)
    for fit in found.fits:
        figure = "" if fit.value is None else f"{fit.value:g}: {fit.figure}"
        table.add_row(fit.process, fit.says, figure, fit.unknown)
    Console().print(table)
    for note in dict.fromkeys((*notes, *found.notes)):
        typer.echo(f"note: {note}", err=True)
