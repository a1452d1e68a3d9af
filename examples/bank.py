"""From the log of a bank's call centre to “what would another routing have done that week”, with intervals and caveats.

    DESKMATCH_DATA=... python examples/bank.py [--replications 5]

The desk is learned from the weeks before the last one in the log, and held against reality on the last one. Then that
week's real arrivals and staffing are replayed under other policies. None of them sees what a desk cannot know: matching
uses rates that were fitted on a history which the twin produced under the routing that the log shows; the row called
oracle sees the twin's true probabilities and is no policy that anybody could run. Five replications take some minutes.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from deskmatch.formulations import Formulation
from deskmatch.policies import Matching, fcfs
from deskmatch.simulation import compare
from deskmatch.simulation.calibration import (
    calibrate,
    current_rule,
    evaluate_twin,
    learned_predictors,
    ranking_sensitivity,
    read_anonymous_bank,
    replay,
)

SHOWN = ("wait_s", "wait_p95_s", "service_level", "abandonment", "occupancy")


def main() -> None:
    """Learn, evaluate, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=5, help="of each policy, 2 or more")
    options = parser.parse_args()
    if options.replications < 2:
        parser.error(f"--replications: found {options.replications}; expected 2 or more")
    if "DESKMATCH_DATA" not in os.environ:
        parser.exit(2, "DESKMATCH_DATA is not set: expected the folder of the data sets\n")
    folder = Path(os.environ["DESKMATCH_DATA"]) / "anonymous_bank"
    path = next(folder.glob("calls_*.csv.gz"), None)
    if path is None:
        parser.exit(2, f"{folder}: expected a file calls_*.csv.gz, the calls of the bank\n")
    log = read_anonymous_bank(path)
    before, week = log.between(0, log.days - 7), log.between(log.days - 7, log.days)

    twin = calibrate(before, name="bank")
    report = evaluate_twin(twin, week, replications=max(40, options.replications))
    twin = report.onto(twin)
    print(f"The twin, learned from {before}:\n{report.text()}\n")

    that_week = replay(twin, week)
    predictors = learned_predictors(that_week)
    routing = that_week.routing
    policies = {
        "now": current_rule(that_week),
        "first come": fcfs(),
        "matching": Matching(Formulation(routing, resolution=predictors.resolution), epoch_s=10.0, method="greedy"),
        "oracle": Matching(Formulation(routing), epoch_s=10.0, method="greedy", name="oracle"),
    }
    result = compare(that_week, policies, replications=options.replications)
    print(f"That week, {options.replications} replications; differences to the routing really used:")
    for policy in policies:
        print(f"\n{policy}")
        for name in SHOWN:
            line = f"  {name:14} {result.of(policy, name)}"
            if policy != "now":
                below = result.below_twin_error(policy, name)
                said = "" if below is None else " (below the twin's error)" if below else " (above the twin's error)"
                line += f", difference {result.difference(policy, name)}{said}"
            print(line)

    order = ranking_sensitivity(that_week, {k: policies[k] for k in ("now", "first come")}, replications=5)
    print("\nThe order of the rules by mean wait where the twin's parameters are otherwise:")
    print(order.round(2).to_string(index=False))
    print(
        "\nNot simulated: customers who call again because nobody answered (those of that week are among its arrivals),"
        "\npeople who learn, and breaks on which nobody went that week. A difference below the twin's error"
        "\nis no promise: try it on the desk."
    )


if __name__ == "__main__":
    main()
