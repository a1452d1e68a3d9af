"""Which column of a table is which: renaming, near misses, what is missing, and what is a feature."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deskmatch.epochs.cells import Given
from deskmatch.epochs.columns import Column
from deskmatch.epochs.findings import Findings

__all__ = ["Matched", "match_headers", "near_miss"]

NEVER_LEFT_OUT = ("id",)  # "customer" may well hold a name
NO_SYNONYMS: Mapping[str, tuple[str, ...]] = {}
SHORT = 4  # names up to this length: one letter more or less, or two swapped; "lead" is not "load"
LONG = 8  # names from this length on may differ by two letters
UNIT = re.compile(r"_?(?:s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|ms|millis)")
SEPARATING = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Matched:
    """Positions of the columns in a table: the declared ones, and the others by their names."""

    declared: Mapping[str, int]
    others: Mapping[str, int]


def match_headers(
    headers: tuple[str, ...],
    declared: tuple[Column, ...],
    given: Given,
    findings: Findings,
) -> Matched:
    """Find the declared columns among the headers and say what is wrong with them.

    Parameters
    ----------
    headers : the names in the table.
    declared : the columns that it may have.
    given : what the caller calls declared columns, and what some columns need.
    findings : takes missing columns, columns that occur twice, columns that say the same as another, and near
        misses (names that look like an absent declared column).
    """
    names = [column.name for column in declared]
    called = _renamed(headers, names, given.columns, findings)
    positions = _first_positions(called, names, findings)
    unread = _unread(declared, positions, given, findings)
    found = {name: position for name, position in positions.items() if name in names and name not in unread}
    others = {name: position for name, position in positions.items() if name not in found}
    absent = _absent(declared, positions)
    synonyms = {column.name: column.synonyms for column in declared}
    suspects = {other: near for other in others if (near := near_miss(other, absent, synonyms)) is not None}
    _report(suspects, declared, findings)
    _require(declared, set(found) | set(suspects.values()), headers, given.columns, findings)
    return Matched(found, others)


def _renamed(headers: tuple[str, ...], names: list[str], renames: Mapping[str, str], findings: Findings) -> list[str]:
    ours = {theirs: name for name, theirs in renames.items() if name in names and theirs in headers}
    called = []
    for position, header in enumerate(headers):
        name = ours.get(header, header or f"column {position + 1}")
        if header in ours.values() and header not in ours:
            theirs = renames[header]
            findings.refuse(header, None, f"the table has this column and {theirs!r}, which columns= renames to it")
            name = f"{header} (not read)"
        called.append(name)
    return called


def _first_positions(called: list[str], names: list[str], findings: Findings) -> dict[str, int]:
    positions: dict[str, int] = {}
    for position, name in enumerate(called):
        if name not in positions:
            positions[name] = position
        elif name in names:
            findings.doubt(
                name,
                None,
                "the table has this column twice; expected it once",
                note=f"column {name!r} of {findings.table} stands there twice; the first was read",
            )
        else:
            positions[f"{name} (column {position + 1})"] = position
    return positions


def _absent(declared: tuple[Column, ...], positions: Mapping[str, int]) -> list[str]:
    """The columns that neither stand in the table nor have one there that says the same."""
    twins = {column.name: column.instead_of for column in declared if column.instead_of}
    twins |= {other: name for name, other in twins.items()}
    return [c.name for c in declared if c.name not in positions and twins.get(c.name) not in positions]


def _unread(declared: tuple[Column, ...], positions: Mapping[str, int], given: Given, findings: Findings) -> set[str]:
    """The declared columns of the table that are not read, each reported."""
    unread = set()
    for column in declared:
        if column.name not in positions:
            continue
        if column.instead_of in positions:
            unread.add(column.name)
            other = repr(column.instead_of)
            findings.doubt(
                column.name,
                None,
                f"the table has {column.name!r} and {other}, which say the same; expected one of them",
                note=f"column {column.name!r} of {findings.table} was not read, since {other} is there",
            )
        elif column.needs and getattr(given, column.needs) is None:
            unread.add(column.name)
            findings.refuse(column.name, None, f"needs the argument {column.needs}: {column.help}")
    return unread


def _report(suspects: Mapping[str, str], declared: tuple[Column, ...], findings: Findings) -> None:
    required = {column.name for column in declared if column.required}
    for other, near in suspects.items():
        accepted = (
            f"unknown column; did you mean {near!r}? Rename it, or pass columns={{{near!r}: {other!r}}}; "
            f"a further column needs a less similar name"
        )
        if near in required:
            findings.refuse(other, None, accepted)
        else:
            note = f"column {other!r} of {findings.table} looks like {near!r} and was not read as it"
            findings.doubt(other, None, accepted, note=note)


def _require(
    declared: tuple[Column, ...],
    present: set[str],
    headers: tuple[str, ...],
    renames: Mapping[str, str],
    findings: Findings,
) -> None:
    has = ", ".join(headers) or "no columns"
    for column in declared:
        if column.required and column.name not in present:
            yours = renames.get(column.name)
            asked = f", called {yours!r} by columns=" if yours else ""
            tail = "" if yours else f"; columns={{{column.name!r}: …}} names yours"
            findings.refuse(column.name, None, f"expected this required column{asked}; the table has: {has}{tail}")


# --- near misses -------------------------------------------------------------------------------------------


def near_miss(header: str, names: Iterable[str], synonyms: Mapping[str, tuple[str, ...]] = NO_SYNONYMS) -> str | None:
    """The name that `header` was probably meant to be, or None.

    Case, spaces, hyphens and underscores do not count. Near are

    - a name that lacks its unit or has another one: ``waited``, ``waited_min``;
    - the first words of a name: ``created``, ``preferred``; ``customer`` without ``_id`` is a word of its own;
    - a synonym, with any unit where the name has one: ``wait_time``, ``wait_time_min``;
    - a name with one letter wrong, or two in a long name; but ``created_by`` ends in a word of its own.

    Parameters
    ----------
    header : as it stands in the table.
    names : of declared columns, the likelier first.
    synonyms : what else each of them is often called, in lower case with underscores and without a unit.

    Examples
    --------
    >>> near_miss("Ticket ID", ["ticket_id"]), near_miss("waiteds", ["waited_s"])
    ('ticket_id', 'waited_s')
    >>> near_miss("created", ["created_at"]), near_miss("created_by", ["created_at"])
    ('created_at', None)
    >>> near_miss("Wait time (min)", ["waited_s"], {"waited_s": ("wait_time",)})
    'waited_s'
    >>> near_miss("lead", ["load"]) is None, near_miss("teir", ["tier"])
    (True, 'tier')
    """
    plain = _plain(header)
    names = list(names)
    called = (name for name in names if any(_is_called(plain, other, name) for other in synonyms.get(name, ())))
    return next(called, None) or next((name for name in names if _looks_like(plain, name)), None)


def _plain(header: str) -> str:
    return SEPARATING.sub("_", header.casefold()).strip("_")


def _is_called(plain: str, other: str, name: str) -> bool:
    """Whether a header is `other`, with any unit or none where `name` has one."""
    header, other = plain.replace("_", ""), other.replace("_", "")
    unit = header.removeprefix(other)
    return header == other or (name.endswith("_s") and unit != header and UNIT.fullmatch(unit) is not None)


def _looks_like(plain: str, name: str) -> bool:
    if plain.replace("_", "") == name.replace("_", "") or (
        name.startswith(f"{plain}_") and name.removeprefix(f"{plain}_") not in NEVER_LEFT_OUT
    ):
        return True
    if name.endswith("_s") and plain.startswith(name[:-2]):
        unit = plain[len(name) - 2 :]
        if not unit or UNIT.fullmatch(unit):
            return True
    if _ends_otherwise(plain, name):
        return False
    apart = _distance(plain, name)
    if len(name) <= SHORT:
        return apart == 1 and (len(plain) != len(name) or sorted(plain) == sorted(name))
    return apart <= (2 if len(name) >= LONG else 1)


def _ends_otherwise(plain: str, name: str) -> bool:
    """Whether two names differ in a last word of two letters only: "created_by" is not "created_at"."""
    (start, _, end), (our_start, _, our_end) = plain.rpartition("_"), name.rpartition("_")
    return start == our_start and len(end) == len(our_end) == 2 and sorted(end) != sorted(our_end)


def _distance(a: str, b: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour (optimal string alignment)."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row, two_above = row, [i], before
        for j, y in enumerate(b, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, two_above[j - 2] + 1)
            row.append(best)
        before = above
    return row[-1]
