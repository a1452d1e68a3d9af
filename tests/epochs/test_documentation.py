"""``docs/tables.md`` describes what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmatch.epochs.columns import EXPERTS, RESOLUTION, TICKETS, Column, as_markdown, synonyms_as_markdown
from deskmatch.epochs.notes import Note

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page() -> list[str]:
    return (ROOT / "docs" / "tables.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("heading", "columns"), [("Tickets", TICKETS), ("Experts", EXPERTS), ("Resolution", RESOLUTION)]
)
def test_every_declared_column_is_described_in_its_table(
    page: list[str], heading: str, columns: tuple[Column, ...]
) -> None:
    start = page.index(f"## {heading}")
    end = next((line for line in range(start + 1, len(page)) if page[line].startswith("## ")), len(page))
    described = [line for line in page[start:end] if line.startswith("| `")]
    assert described == as_markdown(columns)


def test_every_synonym_is_described(page: list[str]) -> None:
    start = page.index("| table | column | also looked for as |") + 2
    described = page[start : page.index("", start)]
    assert described == [*synonyms_as_markdown("tickets", TICKETS), *synonyms_as_markdown("experts", EXPERTS)]


@pytest.mark.parametrize("note", Note)
def test_every_note_is_described(page: list[str], note: Note) -> None:
    assert any(line.startswith(f"| `{note}` |") for line in page)
