"""The data sets of texts, as texts and topics."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["banking77", "clinc150", "folds", "it_tickets", "xsid"]


def folder(name: str) -> Path:
    """Where a data set is."""
    return Path(os.environ["DESKMATCH_DATA"]) / name


def banking77() -> tuple[list[str], list[str]]:
    """Questions to a bank, and their intents."""
    with (folder("banking77") / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["category"] for row in rows]


def clinc150() -> dict[str, tuple[list[str], list[str]]]:
    """Questions to an assistant and their intents, by part: ``train``, ``val``, ``oos_train``, ``oos_val``."""
    with gzip.open(folder("clinc150") / "train_val.json.gz", "rt", encoding="utf-8") as file:
        parts: dict[str, list[list[str]]] = json.load(file)
    return {name: ([text for text, _ in rows], [topic for _, topic in rows]) for name, rows in parts.items()}


def it_tickets(least: int = 20) -> tuple[list[str], list[str], list[str | None]]:
    """Tickets of an IT desk in order (short description, then description), their groups; groups with so many."""
    import pandas as pd

    frame = pd.read_csv(folder("it_tickets") / "it_tickets_first_6000.csv.gz", keep_default_na=False)
    sizes = frame["Assignment group"].map(frame["Assignment group"].value_counts())
    frame = frame[sizes >= least]
    texts = [f"{short}\n{long}" for short, long in zip(frame["Short description"], frame["Description"], strict=True)]
    return texts, frame["Assignment group"].tolist(), frame["Short description"].tolist()


def xsid(language: str) -> tuple[list[str], list[str], list[int]]:
    """Sentences in a language, their intents, and their numbers, which are the same in all languages."""
    text = (folder("xsid_valid") / f"{language}.valid.conll").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = []
    for number, block in enumerate(text.strip().split("\n\n"), start=1):
        lines = [line[2:].split(" = ", 1) for line in block.split("\n") if line.startswith("# ") and " = " in line]
        rows.append({"id": number, **dict(lines)})
    return [row["text"] for row in rows], [row["intent"] for row in rows], [int(row["id"]) for row in rows]


def folds(topics: list[str], count: int = 5, seed: int = 0) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows to learn from and rows to measure on, each topic spread evenly."""
    from sklearn.model_selection import StratifiedKFold

    split = StratifiedKFold(count, shuffle=True, random_state=seed).split(np.zeros(len(topics)), topics)
    return [(learn, measure) for learn, measure in split]
