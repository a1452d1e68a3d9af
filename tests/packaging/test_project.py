"""The project's own files keep what the README and the packaging promise."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPTS = [".ci/run", "scripts/check", "scripts/format", "scripts/test"]

FENCE = re.compile(
    r"^(?P<indent>[ \t]*)```(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)```[ \t]*$", re.MULTILINE | re.DOTALL
)


def fences(page: str) -> list[tuple[str, str]]:
    """The fenced blocks of a Markdown page: the language of each (empty if it names none) and its text."""
    found = []
    for fence in FENCE.finditer(page):
        language = re.match(r"\w*", fence["info"].strip().lower())
        found.append((language.group() if language else "", fence["body"]))
    return found


def shell_lines(page: str) -> list[str]:
    """The lines that a reader types into a shell: those of the `sh` fences that are not blank."""
    text = "\n".join(body for language, body in fences(page) if language == "sh")
    return [line for line in text.splitlines() if line.strip()]


def untested_python(page: str) -> list[str]:
    """The Python blocks that no doctest runs: those that do not begin with a prompt."""
    return [
        body
        for language, body in fences(page)
        if language in {"py", "py3", "pycon", "python", "python3"} and not body.lstrip().startswith(">>>")
    ]


@pytest.mark.parametrize("name", ["solver", "formulations", "heuristics"])
def test_a_link_at_the_root_leads_to_the_room_of_its_name(name: str) -> None:
    link = ROOT / name
    if not link.is_symlink():
        pytest.skip("this checkout has no links")
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT / "deskmatch" / name
    assert link.is_dir()


def test_the_readme_works_with_exactly_two_shell_commands() -> None:
    commands = shell_lines((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(commands) == 2, commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_python_block_of_a_page_is_a_doctest(page: Path) -> None:
    assert untested_python(page.read_text(encoding="utf-8")) == []


@pytest.mark.skipif(os.name == "nt", reason="no executable bit on Windows")
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_can_be_executed(script: str) -> None:
    path = ROOT / script
    if not path.parent.is_dir():
        pytest.skip("a source distribution has no scripts")
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("```sh\none\n```\n\ntext\n\n```sh\ntwo\n\nthree\n```\n", ["one", "two", "three"]),
        ("```bash\none\n```\n\n```\ntwo\n```\n", []),
        ("```python\n>>> 1\n1\n\n```\n\n```sh\none\n```\n", ["one"]),
    ],
)
def test_shell_lines_are_those_of_sh_fences(page: str, lines: list[str]) -> None:
    assert shell_lines(page) == lines


@pytest.mark.parametrize(
    ("page", "untested"),
    [
        ("```python\n>>> 1 + 1\n2\n\n```\n", []),
        ("```text\nx = 1\n```\n", []),
        ("```python\nx = 1\n```\n", ["x = 1\n"]),
        ("```sh\nls\n```\n\n```py\nx = 1\n>>> x\n1\n\n```\n", ["x = 1\n>>> x\n1\n\n"]),
        ('```python title="desk.py"\nx = 1\n```\n', ["x = 1\n"]),
        ("- item\n\n    ```python\n    x = 1\n    ```\n", ["    x = 1\n"]),
    ],
)
def test_a_python_block_without_a_prompt_is_found(page: str, untested: list[str]) -> None:
    assert untested_python(page) == untested
