"""Writes the pages of the track and their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.policies.contestants import CONTESTANTS
from benchmarks.policies.desks import COURSES
from benchmarks.policies.pictures import draw_track, draw_waits
from benchmarks.policies.results import BOUND, Results, series
from benchmarks.policies.small_report import draw_small, named_table, random_table, reading, strictly_better
from benchmarks.policies.statistics import NEAR, REWARD, best_rule
from benchmarks.policies.track_report import (
    channel_table,
    decision_table,
    equal_wait_table,
    every_table,
    overview,
    robustness_table,
    sentence,
    verdict_table,
    ways,
)
from benchmarks.policies.tuning import TRIALS

__all__ = ["page", "write_pages"]

HERE = Path(__file__).parent
TEMPLATE, WORSE, CUT = (HERE / name for name in ("page.template", "worse.md", "cut.md"))
AHEAD = ("policy improvement", "learned values", "fluid prices")


def write_pages(results: Results, small: dict[str, Any], docs: Path, environment: str) -> None:
    """The page, the page of all tables, and the pictures of both.

    Parameters
    ----------
    results : of the simulated desks.
    small : of the small ones.
    docs : the folder of the documentation, or any other.
    environment : what it was measured on.
    """
    benchmarks, images = docs / "benchmarks", docs / "images"
    for folder in (benchmarks, images):
        folder.mkdir(parents=True, exist_ok=True)
    draw_small(small["random"], images / "policies_small.png")
    draw_track(results, images / "policies_track.png")
    draw_waits(results, images / "policies_wait.png")
    (benchmarks / "policies.md").write_text(page(results, small, environment), encoding="utf-8")
    (benchmarks / "policies_tables.md").write_text(TABLES.format(tables=every_table(results)), encoding="utf-8")


TABLES = """# Policies: every contestant

What [the benchmark of policies](policies.md) is made of: each contestant at each desk and load, the mean of all
replications; the settings are those that tuning chose, empty where the ones that it comes with were best or there is
nothing to tune.

{tables}
"""


def page(results: Results, small: dict[str, Any], environment: str) -> str:
    """The page in Markdown."""
    records = [each for each in results.records.values() if each.part == "track" and each.contestant != BOUND]
    counts = sorted({len({row["replication"] for row in each.rows}) for each in records})
    desks = list(dict.fromkeys(each.desk for each in records))
    bounds = [each for each in results.records.values() if each.contestant == BOUND]
    near = sum(_near(results, each.desk, each.load) for each in bounds)
    return TEMPLATE.read_text("utf-8").format(
        environment=environment,
        short="\n".join(f"- {sentence(results, name)}" for name in AHEAD),
        desks=len(small["random"]),
        random=random_table(small["random"]),
        reading=reading(small["random"]),
        named=named_table(small["named"]),
        strictly=strictly_better([*small["random"], *small["named"]]),
        looseness=small["looseness"],
        desks_simulated=f"{len(desks)} desks: {', '.join(f'`{name}`' for name in desks)}.",
        replications=" or ".join(map(str, counts)),
        trials=TRIALS,
        overview=overview(results),
        verdicts=verdict_table(results),
        channels=channel_table(results),
        decisions=decision_table(results),
        bounded=", ".join(dict.fromkeys(each.desk for each in bounds)) or "none",
        near=near or "none",
        ways=ways(results),
        unbounded="; ".join(f"`{name}`: {COURSES[name].why}" for name in desks if not COURSES[name].bounded),
        equal_wait=equal_wait_table(results),
        robustness=robustness_table(results),
        worse=WORSE.read_text("utf-8").strip(),
        cut=CUT.read_text("utf-8").strip(),
        missing=missing(results),
    )


def missing(results: Results) -> str:
    """Desks and loads at which no look-ahead ran, and contestants that ran nowhere, in a sentence."""
    ran = {(each.desk, each.load, each.contestant) for each in results.records.values() if each.part == "track"}
    places = [
        f"`{desk}` at {', '.join(f'{load:g}' for load in loads)}"
        for desk, course in COURSES.items()
        if (loads := [load for load in course.loads if (desk, load, AHEAD[0]) not in ran])
    ]
    nowhere = [each.name for each in CONTESTANTS if each.name not in {name for _, _, name in ran}]
    parts = [f"desks and loads without look-ahead: {'; '.join(places)}" if places else "",
             f"contestants that ran nowhere: {', '.join(nowhere)}" if nowhere else ""]  # fmt: skip
    told = ". ".join(part[0].upper() + part[1:] for part in parts if part)
    return f"This page was made before all parts had run. {told}." if told else "All parts have run."


def _near(results: Results, desk: str, load: float) -> bool:
    found = results.of("track", desk, load)
    base, bound = series(found[best_rule(found)], REWARD).sum(), series(found[BOUND], REWARD).sum()
    return bool(bound - base <= NEAR * abs(base))
