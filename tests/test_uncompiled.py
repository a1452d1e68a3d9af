"""Compiled loops as plain Python: what they find stays right, and coverage counts their lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EQUAL = "simulation/test_asked_policies.py::test_a_compiled_rule_is_its_python_decide_record_for_record"
EVERYTHING = "simulation/test_desk.py::test_where_everything_happens_every_ticket_is_accounted_for"
ROOMS = {
    "formulations": (
        "formulations/test_one_pass.py::test_it_is_the_problem_of_the_general_way",
        "formulations/test_one_pass.py::test_points_out_of_range_are_told_by_the_general_way",
    ),
    "heuristics": (
        "heuristics/test_contract.py::test_every_heuristic_keeps_the_contract[greedy_per_unit]",
        "heuristics/test_contract.py::test_every_heuristic_keeps_the_contract[local_search]",
        "heuristics/test_contract.py::test_every_heuristic_keeps_the_contract[regret]",
        "heuristics/test_contract.py::test_local_search_never_makes_worse_and_finds_swaps_and_chains[0]",
        "heuristics/test_contract.py::test_a_chain_of_three_is_found",
        "heuristics/test_contract.py::test_oldest_first_serves_in_the_order_given_and_refuses_what_is_none",
        "heuristics/test_contract.py::test_regret_looks_further_than_greedy",
        "heuristics/test_bounds.py::test_knapsacks_are_packed_as_well_as_can_be[0]",
        "heuristics/test_bounds.py::test_limits_with_usage_are_priced_too",
        "heuristics/test_greedy.py::test_takes_the_best_marginal_arc_first",
        "heuristics/test_greedy.py::test_never_below_holding_everyone",
    ),
    "learning": (
        "learning/test_small_desks.py::test_the_optimum_is_that_of_the_linear_program[equal rates]",
        "learning/test_small_desks.py::test_c_mu_is_optimal_for_one_expert_and_patient_customers",
    ),
    "prediction": ("prediction/test_boosted_trees.py::test_trees_add_up_to_what_scikit_learn_says_compiled_or_not",),
    "simulation": (
        *(f"{EQUAL}[{rule}]" for rule in ("fcfs", "lists", "weighted wait", "least flexible", "thresholds", "ratio")),
        *(f"{EVERYTHING}[{rule}]" for rule in ("priority", "random")),
        "simulation/test_asked_policies.py::test_several_policies_at_once_by_channel",
        "simulation/test_desk.py::test_a_freed_resolver_takes_the_own_repeat_contacts_before_all_who_have_waited_longer",
        "simulation/test_desk.py::test_declined_offers_return_to_their_place_and_go_to_somebody_else",
        "simulation/test_desk.py::test_a_transfer_goes_up_where_there_is_a_higher_tier",
        "simulation/test_recorded_desk.py::test_tickets_in_hand_go_on_by_working_hours",
    ),
}


@pytest.mark.parametrize("room", ROOMS)
def test_they_run_uncompiled(room: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{HERE}/{name}" for name in ROOMS[room])],
        cwd=HERE.parent,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]
