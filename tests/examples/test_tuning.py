"""The tuning example prints what its page shows, and skips where there are no data."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import tuning

PAGE = Path(__file__).parents[2] / "docs" / "tuning.md"


def test_without_data_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DESKMATCH_DATA", raising=False)
    assert tuning.main([]) == 0
    assert "Skipped" in capsys.readouterr().out


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+|-?\d+", text)]


def intervals(text: str) -> list[tuple[str, ...]]:
    """Each weight with its value and interval; how many tickets move beyond depends on the method."""
    return re.findall(r"weights\.(\w+) +(\S+) +(\S+) +(\S+) +\d+ +\d+\n", text)


@pytest.mark.skipif("DESKMATCH_DATA" not in os.environ, reason="DESKMATCH_DATA is not set")
def test_the_page_shows_what_the_script_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Totals and prices to their last digit; which of several equal plans is found depends on the method."""
    pytest.importorskip("matplotlib")
    assert tuning.main(["--pictures", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    blocks = {block.split("\n")[0]: block for block in re.findall(r"```text\n(.*?)```", PAGE.read_text("utf-8"), re.S)}
    for start in ("Quota", "Reserve"):
        head, block = next((head, block) for head, block in blocks.items() if head.startswith(start))
        shown = printed[printed.index(head) :][: len(block) + 200]
        count = len(numbers(block))
        assert numbers(shown)[:count] == pytest.approx(numbers(block), abs=2e-3)
    page = PAGE.read_text("utf-8")
    assert intervals(printed) == intervals(page)
    assert len(intervals(page)) == 8
    assert {path.name for path in tmp_path.iterdir()} == {
        "tuning_prices.svg",
        "tuning_front.svg",
        "tuning_fairness.svg",
    }
