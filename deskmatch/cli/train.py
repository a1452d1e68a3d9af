"""``deskmatch train``: models from a desk's own history."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deskmatch.cli.options import Columns, pairs, readable_errors
from deskmatch.writing import check_writable

__all__ = ["train_app"]

train_app = typer.Typer(no_args_is_help=True, help="Train models on the desk's own history.")

HistoryFile = Annotated[Path, typer.Argument(help="Table of old tickets (.csv or .parquet).", metavar="HISTORY")]


class TopicKind(StrEnum):
    """Which classifier is trained."""

    TFIDF = "tfidf"
    EMBEDDING = "embedding"
    BLEND = "blend"
    TRANSFORMER = "transformer"


@train_app.command("topics")
def train_topics_command(
    history: HistoryFile,
    out: Annotated[Path, typer.Option("--out", help="File of the model.")] = Path("topics.model"),
    kind: Annotated[
        TopicKind,
        typer.Option(
            "--kind",
            help="tfidf: words; embedding: meaning, in 16 languages; blend: both; transformer: fine-tuned, slow.",
        ),
    ] = TopicKind.BLEND,
    column: Columns = None,
    precision: Annotated[
        float, typer.Option("--precision", help="How often it is to be right where it is called sure.")
    ] = 0.9,
    keep: Annotated[
        float, typer.Option("--keep", help="Share of known tickets that out-of-scope rejection may not lose; 1: none.")
    ] = 0.98,
    balance: Annotated[
        float, typer.Option("--balance", help="0: most tickets right; 1: rare topics count as much as frequent ones.")
    ] = 0.3,
    least: Annotated[
        int, typer.Option("--least", help="Tickets that a topic needs; rarer ones are out of scope.")
    ] = 10,
    mask: Annotated[bool, typer.Option(help="Mask e-mail addresses, phone numbers, cards, IBANs and links.")] = True,
    model: Annotated[
        Path | None, typer.Option("--model", help="Of a transformer: the folder of a pre-trained one.")
    ] = None,
    epochs: Annotated[
        int,
        typer.Option(
            "--epochs",
            min=0,
            help="Of a transformer: most passes over the tickets; 0: it stays as it is, which is quick.",
        ),
    ] = 6,
    checkpoints: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="Of a transformer: folder from which an interrupted run goes on."),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Of a transformer.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same model.")] = 0,
) -> None:
    """Train a classifier of topics by text, and say how good it is on later tickets.

    HISTORY has the columns text and topic (of whoever handled the ticket), and, where there are such, ticket_id, at,
    resolved, category and language; --column text=Description says what it calls them.
    """
    with readable_errors():
        check_writable(out)
        from deskmatch.prediction.topics import FineTuning, Preparation, Settings, train_topics

        settings = Settings(
            precision=precision, keep=keep, balance=balance, seed=seed, preparation=Preparation(mask=mask)
        )
        tuning = None
        if kind is TopicKind.TRANSFORMER:
            tuning = FineTuning(epochs=epochs, checkpoints=checkpoints, threads=threads)
        trained = train_topics(
            history,
            kind.value,
            columns=pairs("--column", column),
            least=least,
            settings=settings,
            model=model,
            tuning=tuning,
        )
        trained.save(out)
        typer.echo(str(trained.report))
        typer.echo(f"written to {out}", err=True)
