"""From what a classifier says of waiting tickets to an epoch: every topic with its probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.epochs.cells import NEVER_IN_NAMES, fold
from deskmatch.epochs.reading import read_sheet
from deskmatch.errors import Defect, InputError
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.language import detect_languages
from deskmatch.prediction.topics.protocol import TopicClassifier

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_TOPIC", "fill_topics", "with_topics"]

NO_TOPIC = "(unknown)"
"""The topic, in a table, of a ticket of which a classifier can say nothing: who knows every topic (``*``) serves it."""
LEAST = 0.001


def with_topics(epoch: Epoch, classifier: TopicClassifier, inquiries: Inquiries, *, least: float = LEAST) -> Epoch:
    """The epoch with the probabilities of topics that a classifier gives; for services that route from arrays.

    Parameters
    ----------
    epoch : the instant; the topics of its tickets are replaced.
    classifier : its topics are those of the desk by name, without upper and lower case. What it gives to topics that
        the desk does not have, and what it leaves over, belongs to an unknown topic.
    inquiries : one for each ticket.
    least : topics with a smaller probability count as unknown, so that rows stay short.

    Returns
    -------
    An epoch; a ticket without any topic has the unknown one, which those experts serve who know every topic.

    Raises
    ------
    InputError
        Where there are more or fewer texts than tickets.

    Examples
    --------
    >>> from deskmatch.epochs import Desk, Tickets, Vocabulary
    >>> from deskmatch.prediction.topics import KeywordRules
    >>> desk = Desk(("ana",), Vocabulary(("chat",)), Vocabulary(("en",)), Vocabulary(("billing", "seo")), 1, True, 0.9)
    >>> epoch = Epoch(desk, Tickets(ids=("t1", "t2"), channel=[0, 0], language=[0, 0], topic=[-1, -1]))
    >>> rules = KeywordRules([("billing", "invoice", 3.0), ("seo", "rank", 1.0)])
    >>> found = with_topics(epoch, rules, Inquiries(["the rank of my invoice", "hello"])).tickets
    >>> found.topic.tolist(), found.topic_probability.tolist(), found.topic_ptr.tolist()
    ([0, 1, -1], [0.6, 0.2, 1.0], [0, 2, 3])
    """
    tickets = epoch.tickets
    if len(inquiries) != len(tickets):
        accepted = f"expected {len(tickets)}, one for each ticket"
        raise InputError([Defect("inquiries", None, "text", f"{len(inquiries)} texts", accepted)])
    known = {fold(name): code for code, name in enumerate(epoch.desk.topics)}
    codes = np.array([known.get(fold(name), -1) for name in classifier.topics], np.int32)
    found = classifier.probability(inquiries)[:, codes >= 0]
    ticket, column = np.nonzero(found >= least)
    silent = np.flatnonzero((found < least).all(axis=1))
    owner = np.concatenate([ticket, silent])
    order = np.argsort(owner, kind="stable")
    topic = np.concatenate([codes[codes >= 0][column], np.full(len(silent), -1, np.int32)])[order]
    share = np.concatenate([found[ticket, column], np.ones(len(silent))])[order]
    ptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(tickets)))])
    own = replace(tickets, topic=topic, topic_ptr=ptr, topic_probability=np.minimum(share, 1.0))
    return replace(epoch, tickets=own)


def fill_topics(
    tickets: pd.DataFrame | str | Path,
    classifier: TopicClassifier,
    *,
    text: str = "text",
    category: str = "category",
    columns: Mapping[str, str] | None = None,
    languages: bool = True,
    least: float = LEAST,
) -> pd.DataFrame:
    """A table of tickets with topics where it has none; for `Epoch.from_tables` and ``deskmatch assign``.

    Parameters
    ----------
    tickets : a frame or the path of a table.
    classifier : what says the topics.
    text, category : the columns that hold what the customer wrote and, if there is one, picked.
    columns : what the table calls ``topic`` and ``language``, as for `Epoch.from_tables`.
    languages : whether a missing language is detected (package py3langid of the extra `text`); that of a text too
        short to tell becomes English.
    least : topics with a smaller probability count as unknown.

    Returns
    -------
    A frame of text with all columns; a cell of the topic that was not empty is as it was. A ticket about which nothing
    can be said has the topic `NO_TOPIC`.

    Raises
    ------
    InputError
        Where there is no column of texts, or a topic has a name that no table can hold.
    """
    import pandas as pd

    sheet = read_sheet(tickets, "tickets")
    if text not in sheet.headers:
        found = ", ".join(sheet.headers) or "no columns"
        raise InputError([Defect(sheet.name, None, text, f"only {found}", "expected the column with the texts")])
    _check_names(classifier)
    cells = dict(zip(sheet.headers, sheet.columns, strict=False))
    own = columns or {}
    names = {name: own.get(name, name) for name in ("topic", "language")}
    empty: list[str | None] = [None] * len(sheet.labels)
    language = list(cells.get(names["language"], empty))
    if languages and None in language:
        detected = detect_languages([cell or "" for cell in cells[text]])
        language = [given or said or "en" for given, said in zip(language, detected, strict=True)]
    asked = Inquiries(cells[text], cells.get(category), language)
    topic = list(cells.get(names["topic"], empty))
    rows = [row for row, cell in enumerate(topic) if cell is None]
    said = classifier.probability(asked.rows(rows))
    for row, shares in zip(rows, said, strict=True):
        topic[row] = _cell(classifier.topics, shares, least)
    return pd.DataFrame({**cells, names["topic"]: topic, names["language"]: language}, index=sheet.labels, dtype=object)


def _cell(topics: tuple[str, ...], shares: NDArray[np.float64], least: float) -> str:
    """As tables write it, ``billing:0.7|seo:0.3``; rounded down, so that the sum stays below 1."""
    kept = [(name, np.floor(share * 1e6) / 1e6) for name, share in zip(topics, shares.tolist(), strict=True)]
    return "|".join(f"{name}:{share:.6f}" for name, share in kept if share >= max(least, 1e-6)) or NO_TOPIC


def _check_names(classifier: TopicClassifier) -> None:
    defects = [
        Defect("topic model", None, "topic", repr(name), f"expected a name without any of {' '.join(NEVER_IN_NAMES)}")
        for name in classifier.topics
        if set(NEVER_IN_NAMES) & set(name)
    ]
    if defects:
        raise InputError(defects)
