"""The arguments that commands share, how they are read, and what a wrong one does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from deskmatch.cli.show import error_text
from deskmatch.epochs import Epoch
from deskmatch.errors import DeskmatchError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Columns",
    "Experts",
    "GeneralBelow",
    "GeneralTopic",
    "Now",
    "OnBad",
    "OnBadRows",
    "Priorities",
    "ResolutionFile",
    "RoutingFile",
    "Scale",
    "TextColumn",
    "Tickets",
    "TopicModelFile",
    "fail",
    "pairs",
    "read_epoch",
    "readable_errors",
    "topics_filled",
]

Tickets = Annotated[Path, typer.Argument(help="Table of waiting tickets (.csv or .parquet).", metavar="TICKETS")]
Experts = Annotated[Path, typer.Argument(help="Table of experts (.csv or .parquet).", metavar="EXPERTS")]
RoutingFile = Annotated[Path | None, typer.Option("--routing", help="Settings of the desk (routing.toml).")]
ResolutionFile = Annotated[
    Path | None,
    typer.Option("--resolution", help="Pair table: ticket_id, expert_id, probability of resolution."),
]
TopicModelFile = Annotated[
    Path | None,
    typer.Option("--topic-model", help="Classifier (deskmatch train topics) for tickets whose topic is empty."),
]
GeneralTopic = Annotated[
    str | None,
    typer.Option("--general-topic", help="With --topic-model: the topic of what the model says nothing about."),
]
GeneralBelow = Annotated[
    float | None,
    typer.Option("--general-below", help="With --general-topic: also of tickets without a topic as likely as this."),
]
TextColumn = Annotated[str, typer.Option("--text", help="Column of the tickets' texts, for --topic-model.")]
Now = Annotated[str | None, typer.Option("--now", help="The instant, such as 2026-05-04T09:30 or …T09:30+02:00.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Your name of a column, as expert_id=agent_id; may be repeated."),
]
Priorities = Annotated[
    list[str] | None,
    typer.Option("--priority", help="Importance of a value of the column priority, as P1=8; may be repeated."),
]


class OnBad(StrEnum):
    """What bad rows do."""

    RAISE = "raise"
    HOLD = "hold"


OnBadRows = Annotated[
    OnBad, typer.Option("--on-bad", help="raise: list every problem and stop; hold: hold bad tickets, route the rest.")
]
Scale = Annotated[
    float | None,
    typer.Option("--proficiency-scale", help="What proficiencies are counted up to (default 1; often 5 or 10)."),
]


def topics_filled(
    tickets: Path, model: Path, text: str, columns: list[str] | None, general: str | None, below: float | None
) -> pd.DataFrame:
    """The table of tickets with the topics, and the languages, that it lacks.

    Parameters
    ----------
    general, below : the topic of what the model leaves over, and of tickets without a topic as likely as `below`.
    """
    from deskmatch.prediction.topics import Cascade, TopicClassifier, fill_topics, load_classifier
    from deskmatch.prediction.topics.filling import LEAST

    if general is not None and not general.strip():
        fail("--general-topic: found no name; expected a topic that experts know")
    if below is not None and (general is None or not 0 < below <= 1):
        fail(f"--general-below: found {below}; expected a probability above 0, beside --general-topic")
    classifier: TopicClassifier = load_classifier(model)
    if general is not None:
        classifier = Cascade([("model", classifier, below or LEAST)], general=general)
    return fill_topics(tickets, classifier, text=text, columns=pairs("--column", columns))


def read_epoch(
    tickets: Path | pd.DataFrame,
    experts: Path,
    resolution: Path | None,
    now: str | None,
    columns: list[str] | None,
    priority: list[str] | None,
    proficiency_scale: float | None,
    on_bad: OnBad = OnBad.RAISE,
) -> Epoch:
    """The epoch of the tables that a command was given."""
    return Epoch.from_tables(
        tickets,
        experts,
        resolution=resolution,
        now=now,
        columns=pairs("--column", columns),
        priority={key: _number("--priority", value) for key, value in pairs("--priority", priority).items()} or None,
        proficiency_scale=proficiency_scale,
        on_bad=on_bad.value,
    )


@contextmanager
def readable_errors() -> Iterator[None]:
    """Our own errors as text and exit code 2; so is a file that cannot be read or written."""
    try:
        yield
    except DeskmatchError as error:
        fail(error_text(error))
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        raise typer.Exit(0) from None
    except OSError as error:
        fail(f"{error.filename or 'file'}: {error.strerror or error}")


def fail(message: str) -> NoReturn:
    """Print a message and exit with code 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def pairs(option: str, texts: list[str] | None, form: str = "NAME=VALUE") -> dict[str, str]:
    """What an option that may be repeated says, each time as NAME=VALUE; `form` is what messages call that."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not (equals and key.strip() and value.strip()):
            fail(f"{option}: found {text!r}; expected {form}")
        found[key.strip()] = value.strip()
    return found


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        fail(f"{option}: found {text!r}; expected a number, as in P1=8")
