"""The heuristics' compiled loops as plain Python: what they find stays right, and coverage counts their lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TESTS = (
    "test_contract.py::test_every_heuristic_keeps_the_contract[greedy_per_unit]",
    "test_contract.py::test_every_heuristic_keeps_the_contract[local_search]",
    "test_contract.py::test_every_heuristic_keeps_the_contract[regret]",
    "test_contract.py::test_local_search_never_makes_worse_and_finds_swaps_and_chains[0]",
    "test_contract.py::test_a_chain_of_three_is_found",
    "test_contract.py::test_oldest_first_serves_in_the_order_given_and_refuses_what_is_none",
    "test_contract.py::test_regret_looks_further_than_greedy",
    "test_bounds.py::test_knapsacks_are_packed_as_well_as_can_be[0]",
    "test_bounds.py::test_limits_with_usage_are_priced_too",
    "test_greedy.py::test_takes_the_best_marginal_arc_first",
    "test_greedy.py::test_never_below_holding_everyone",
)


def test_they_run_uncompiled() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{HERE}/{name}" for name in TESTS)],
        cwd=HERE.parents[1],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]
