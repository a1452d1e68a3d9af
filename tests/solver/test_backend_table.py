"""The table of backends in the docs is the registry: the same names in the same order, the same capabilities."""

from __future__ import annotations

from pathlib import Path

from deskmatch.solver import Capability, backend_named, backend_names
from deskmatch.solver.backends.protocol import Option, options_of

PAGE = Path(__file__).parents[2] / "docs" / "solver.md"


def rows() -> tuple[list[str], list[list[str]]]:
    """The header of the table of backends, and its rows."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("| method | how |"))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table[0], table[2:]


def test_the_table_names_every_backend_in_the_order_of_auto():
    assert [row[0].strip("`") for row in rows()[1]] == list(backend_names())


def test_the_table_has_every_capability():
    told = [name for name in rows()[0][2:] if name != "time limit"]
    assert told == [str(one.name).lower().replace("_", " ") for one in Capability]


def test_the_table_tells_what_each_backend_can_take():
    header, table = rows()
    for row in table:
        backend = backend_named(row[0].strip("`"))
        able = {str(one.name).lower().replace("_", " ") for one in backend.capabilities}
        if Option.TIME_LIMIT in options_of(backend):
            able.add("time limit")
        assert {name for name, cell in zip(header, row, strict=True) if cell == "✓"} == able, row[0]
        assert set(row[2:]) <= {"✓", "–"}
