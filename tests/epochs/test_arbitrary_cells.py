"""Whatever stands in the cells, reading raises nothing but `InputError`, and holding never raises and loses nothing."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from deskmatch.epochs import Epoch
from deskmatch.epochs.columns import EXPERTS, RESOLUTION, TICKETS, Column
from deskmatch.errors import InputError

FRAGMENTS = (
    "chat", "en", "seo", "billing", "e1", "E1", "t1", "12.0", "0.5", "1", "-1", "*", "nan", "1e999", "٣",
    "2026-03-02T09:00", "0001-01-01T00:00+23:59", "9999-12-31T23:59:59-23:59", "|", ":", ",", ";", " ", '"',
)  # fmt: skip
GIVEN: dict[str, Any] = {"priority": {"1": 8}, "proficiency_scale": 5}
NOWS = ("2026-03-02T10:00:00", "2026-03-02T10:00:00+01:00", "0001-01-01T00:00:00Z")

likely = st.lists(st.sampled_from(FRAGMENTS), max_size=5).map("".join)
texts = likely | st.text(max_size=20)
objects = st.one_of(
    texts,
    st.none(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.timedeltas(),
    st.decimals().filter(lambda number: not number.is_snan()),  # with which no pandas frame can be shown
    st.binary(max_size=3),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.floats(width=32).map(np.float32),
    st.lists(texts, max_size=3),
    st.dictionaries(texts, st.floats(), max_size=3),
)


def writable(text: str) -> bool:
    """Whether UTF-8 can hold it."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def tables(cells: st.SearchStrategy[Any], columns: tuple[Column, ...]) -> st.SearchStrategy[pd.DataFrame]:
    """Frames with the required columns, some of the others, and up to five rows."""
    required = [column.name for column in columns if column.required]
    # of two columns that say the same one is refused as such
    others = [column.name for column in columns if not column.required and not column.instead_of]
    chosen = st.lists(st.sampled_from(others), unique=True) if others else st.just([])

    def frame(names: list[str]) -> st.SearchStrategy[pd.DataFrame]:
        row = st.fixed_dictionaries({name: likely_cell(name, cells) for name in [*required, *names]})
        return st.lists(row, max_size=5).map(lambda rows: pd.DataFrame(rows, columns=[*required, *names], dtype=object))

    return chosen.flatmap(frame)


def likely_cell(name: str, cells: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is right, so that rows get past their first column."""
    right = {
        "ticket_id": "t1 t2 t3 t4", "expert_id": "e1 e2 e3 e4", "channel": "chat post", "channels": "chat:3 chat|post",
        "language": "en de EN", "languages": "en en|de", "topic": "seo billing:0.5|seo:0.5",
        "topics": "seo billing:2|* *:5", "probability": "0 0.5",
    }  # fmt: skip
    good = st.sampled_from(right.get(name, "").split() or ["", "1"])
    return good | good | good | cells


@given(tables(objects, TICKETS), tables(objects, EXPERTS), tables(objects, RESOLUTION), st.sampled_from(NOWS))
def test_frames_of_anything_raise_only_input_errors_and_held_ones_lose_nothing(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame, now: str
) -> None:
    check(tickets, experts, pairs, now, rows=(len(tickets), len(experts)))


@given(tables(texts.filter(writable), TICKETS), tables(texts.filter(writable), EXPERTS), st.sampled_from(",;\t"))
def test_files_of_anything_raise_only_input_errors_and_held_ones_lose_nothing(
    tickets: pd.DataFrame, experts: pd.DataFrame, separator: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, "tickets.csv"), Path(folder, "experts.csv")]
        counts = [write(path, frame, separator) for path, frame in zip(paths, (tickets, experts), strict=True)]
        check(paths[0], paths[1], None, NOWS[0], rows=(counts[0], counts[1]))


@given(st.binary(max_size=200))
def test_bytes_of_anything_raise_only_input_errors(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tickets.csv")
        for content in (data, b"ticket_id,channel,language,topic\nt1,chat,en,seo\n" + data):
            path.write_bytes(content)
            try:
                Epoch.from_tables(path, pd.DataFrame(), on_bad="hold")
            except InputError as error:
                assert error.defects


@given(created=st.lists(st.datetimes(timezones=st.none() | st.timezones()), max_size=4), now=st.sampled_from(NOWS))
def test_any_time_of_creation_is_read_or_refused(created: list[Any], now: str) -> None:
    tickets = pd.DataFrame(
        {"ticket_id": range(len(created)), "channel": "chat", "language": "en", "topic": "seo", "created_at": 0}
    ).astype(object)
    tickets["created_at"] = pd.Series(created, dtype=object)
    epoch = Epoch.from_tables(tickets, pd.DataFrame(), now=now, on_bad="hold")
    assert (epoch.tickets.waited_s >= 0).all()
    assert epoch.n_tickets + len(epoch.intake.held) == len(created)


def check(tickets: Any, experts: Any, pairs: Any, now: str, *, rows: tuple[int, int]) -> None:
    held = Epoch.from_tables(tickets, experts, resolution=pairs, now=now, on_bad="hold", **GIVEN)
    aside, out = held.intake.held, held.intake.left_out
    assert held.n_tickets + len(aside) == rows[0]
    assert held.n_experts + len(out) == rows[1]
    assert len({*held.tickets.ids, *(name for name, _ in aside)}) == rows[0]
    assert all(reason for _, reason in (*aside, *out))
    try:
        epoch = Epoch.from_tables(tickets, experts, resolution=pairs, now=now, **GIVEN)
    except InputError as error:
        assert error.defects
        assert aside or out or "bad row in the pair table" in held.intake.notes
    else:
        assert epoch.tickets.ids == held.tickets.ids
        assert not aside and not out


def write(path: Path, frame: pd.DataFrame, separator: str) -> int:
    """Write the frame as text; the number of rows that are not blank."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerow(frame.columns)
        writer.writerows(frame.itertuples(index=False))
    return sum(any(str(cell).strip() for cell in row) for row in frame.itertuples(index=False))
