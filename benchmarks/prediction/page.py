"""`Finding`: what one module measured; and the page that is made of all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Finding", "read_page", "write_page"]

INTRODUCTION = """# Prediction: topics, resolution and times on real data

Made by `python -m benchmarks.prediction --full`, each part in a run of its own; without `--full` a quick part of each
is printed. Nothing is fitted on a row that it is measured on, and thresholds are set on other rows than those that they
are measured on. How to use the models: [Prediction](../prediction.md).
"""
MARK = re.compile(r"<!-- (\w+) (\{.*\}) -->")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured on one data set.

    Parameters
    ----------
    data : the data set.
    measure : what was measured, in words.
    target : what was aimed at.
    found : what came out.
    baseline : a simple method's, beside it.
    text : a section of the page, with a heading of the second order.
    """

    data: str
    measure: str
    target: str
    found: str
    baseline: str
    text: str

    def as_row(self) -> str:
        """Its row of the page's table."""
        return f"| {self.data} | {self.measure} | {self.target} | **{self.found}** | {self.baseline} |"

    def as_text(self) -> str:
        """What is printed."""
        return (
            f"{self.text}\n\n{self.data}, {self.measure}: {self.found} (target {self.target}; simple: {self.baseline})"
        )


def read_page(path: Path) -> dict[str, Finding]:
    """The findings that a page was made of."""
    if not path.is_file():
        return {}
    parts = MARK.split(path.read_text(encoding="utf-8"))[1:]
    return {
        name: Finding(**json.loads(row), text=text.strip())
        for name, row, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }


def write_page(path: Path, findings: Mapping[str, Finding], machine: str) -> None:
    """Write the page."""
    lines = [
        INTRODUCTION,
        machine,
        "",
        "| data | measure | target | found | simple baseline |",
        "|---|---|---|---:|---|",
    ]
    lines += [finding.as_row() for finding in findings.values()]
    for name, finding in findings.items():
        row = {key: value for key, value in asdict(finding).items() if key != "text"}
        lines += ["", f"<!-- {name} {json.dumps(row, ensure_ascii=False)} -->", "", finding.text]
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
