"""Reading a text file of separated values, with the line on which each row begins."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass

__all__ = ["NotATableError", "Separated", "read_separated"]

MARKS = (  # the longer mark first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
QUOTED = re.compile(r'"[^"]*"')
SEPARATORS = ",;\t"
SAVE = "expected text in UTF-8, its cells separated by commas, semicolons or tabs"


class NotATableError(ValueError):
    """A file that is no table; the message says what would be accepted."""


@dataclass(frozen=True, slots=True)
class Separated:
    """The rows of a file as text.

    Parameters
    ----------
    headers : the first row that is not blank.
    rows : the others, blank ones left out.
    lines : the line on which each of `rows` begins; the first line is 1.
    blank : how many rows hold separators and nothing else.
    """

    headers: list[str]
    rows: list[list[str]]
    lines: list[int]
    blank: int


def read_separated(data: bytes) -> Separated:
    """The rows of a file: any line ends, quoted cells, a byte-order mark, commas or semicolons or tabs.

    Raises
    ------
    NotATableError
        Where the bytes are not text, hold no row, or a quotation mark does not close.
    """
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip()), None)
    if first is None:
        raise NotATableError("the file is empty; expected at least a header")
    if "\0" in first:
        raise NotATableError(SAVE)
    return _split(text, _separator(first))


def _decoded(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"PAR1")):
        raise NotATableError(f"{SAVE} (save a spreadsheet as CSV, and name a Parquet file .parquet)")
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8-sig")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotATableError(f"{SAVE}; line {line} holds other bytes") from None


def _separator(header: str) -> str:
    """The mark that stands most often between the names of the header."""
    outside = QUOTED.sub("", header)
    return max(SEPARATORS, key=outside.count)


def _split(text: str, separator: str) -> Separated:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    headers: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    blank, begins = 0, 1
    before = csv.field_size_limit(max(len(text), csv.field_size_limit()))  # texts of tickets know no limit
    try:
        for row in reader:
            if any(map(str.strip, row)):
                if headers is None:
                    headers = row
                else:
                    rows.append(row)
                    lines.append(begins)
            elif len(row) > 1:
                blank += 1
            begins = reader.line_num + 1
    except csv.Error as error:
        raise NotATableError(f"expected quoted cells that close (the row from line {begins}: {error})") from None
    finally:
        csv.field_size_limit(before)
    return Separated(headers or [], rows, lines, blank)
