"""The made-up desk: the same files for the same seed, and the example in the repository is one of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from deskmatch import Epoch, assign
from deskmatch.cli.new_desk import write_desk

EXAMPLE = Path(__file__).parents[2] / "examples" / "desk"


def test_the_example_desk_is_what_new_writes(tmp_path: Path) -> None:
    for path in write_desk(tmp_path):
        assert path.read_bytes() == (EXAMPLE / path.name).read_bytes()


def test_its_tickets_wait_for_many_reasons(tmp_path: Path) -> None:
    tickets, experts, routing = write_desk(tmp_path, tickets=400, experts=60, seed=3)
    plan = assign(Epoch.from_tables(tickets, experts), routing=routing)
    kinds = Counter(reason.split(" '")[0] for reason in plan.held_by_reason())
    assert plan.status == "optimal" and len(plan.assignments) > 100
    assert {"outbid", "all eligible are full", "nobody stays long enough"} <= set(kinds)
    assert len(kinds) >= 6


def test_an_empty_queue_is_a_desk_too(tmp_path: Path) -> None:
    tickets, experts, _ = write_desk(tmp_path, tickets=0, experts=1)
    assert len(assign(Epoch.from_tables(tickets, experts)).assignments) == 0
