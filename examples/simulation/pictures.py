"""The pictures of docs/simulation.md: a simulated day, and three policies on the same customers.

::

    python examples/simulation/pictures.py docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

from deskmatch.formulations import Formulation
from deskmatch.policies import Matching, fcfs, priority_fcfs
from deskmatch.simulation import Scenario, compare, draw_day, simulate

SCENARIO = Path(__file__).parent / "scenario.toml"


def main(folder: Path, replications: int = 5) -> None:
    """Write both pictures into a folder."""
    scenario = Scenario.load(SCENARIO)
    draw_day(simulate(scenario, fcfs(), seed=1), folder / "simulated_day.png", day=1)
    matching = Matching(Formulation(scenario.routing), method="greedy", epoch_s=30.0)
    policies = {"fcfs": fcfs(), "priority": priority_fcfs(), "matching": matching}
    result = compare(scenario, policies, replications=replications, seed=1)
    result.plot(folder / "simulated_policies.png")
    print(result.frame().to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
