"""Reinforcement learning: trains the learners, keeps their weights and curves, and judges them beside rules.

::

    python -m benchmarks.learning                          # train all, judge all, write page, picture and weights
    python -m benchmarks.learning --desk n --learner ppo   # train one of them anew; the rest stays as it is
    python -m benchmarks.learning --report                 # judge what is trained, and write the page
    python -m benchmarks.learning --quick                  # a few hundred transitions, prints only

Training needs the extras ``rl`` and ``tune``. The same command gives the same weights on the same machine and versions.
All learners have the same transitions (decisions of one ticket) for tuning and for each seed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.learning.desks import DESKS, TrainingDesk
from benchmarks.learning.learners import LEARNERS, Learner
from benchmarks.learning.report import write_report
from deskmatch.learning import Demonstrations, Learned, Scorer, Tuned, clone, tune

HERE = Path(__file__).resolve().parent
TUNING_SEED = 900
"""Seeds of training are 0, 1, …"""
HIDDEN = (32, 32)


def main(arguments: list[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    trained = [name for name, desk in DESKS.items() if desk.weights_of is None]
    parser.add_argument("--desk", nargs="+", choices=trained, default=trained)
    parser.add_argument("--learner", nargs="+", choices=list(LEARNERS), default=list(LEARNERS))
    parser.add_argument("--transitions", type=int, help="of each seed, instead of the desk's")
    parser.add_argument("--seeds", type=int, help="instead of the desk's")
    parser.add_argument("--trials", type=int, help="of tuning, instead of the desk's")
    parser.add_argument("--trial-transitions", type=int, help="of each trial, instead of the desk's")
    parser.add_argument("--replications", type=int, default=20, help="of the comparison")
    parser.add_argument("--report", action="store_true", help="train nothing")
    parser.add_argument("--quick", action="store_true", help="tiny budgets, nothing is kept")
    options = parser.parse_args(arguments)
    if options.quick:
        with tempfile.TemporaryDirectory() as directory:
            options.desk, options.seeds, options.trials = ["n"], 1, 1
            options.transitions = options.trial_transitions = 600
            options.replications = 2
            _train(options, Path(directory))
            print(write_report(Path(directory), None, replications=2, desks=["n"]))
        return
    if not options.report:
        _train(options, HERE / "weights")
    docs = HERE.parents[1] / "docs"
    print(write_report(HERE / "weights", docs, replications=options.replications))


def _train(options: argparse.Namespace, directory: Path) -> None:
    names = ("transitions", "seeds", "trials", "trial_transitions")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    for name in options.desk:
        for learner in options.learner:
            train(replace(DESKS[name], **given), LEARNERS[learner], directory)


def train(desk: TrainingDesk, learner: Learner, directory: Path) -> None:
    """Tune a learner, train it with each seed, and keep the best one's weights and all curves."""
    began, scenario = time.process_time(), desk.scenario(desk.episode_h)
    starts = _starts(desk, learner)
    looks = {"looks": 5, "judged_by": 6}

    def trial(settings: object):  # type: ignore[no-untyped-def]
        budget = {"transitions": desk.trial_transitions, "seed": TUNING_SEED, "looks": 1, "judged_by": 6}
        return learner.learn(scenario, starts(TUNING_SEED), settings, **budget)

    tuned = tune(trial, learner.propose, trials=desk.trials)
    runs: list[Learned] = []
    for seed in range(desk.seeds):
        runs.append(
            learner.learn(scenario, starts(seed), tuned.settings, transitions=desk.transitions, seed=seed, **looks)
        )
        spent = time.process_time() - began
        print(f"{desk.name}, {learner.name}, seed {seed}: {runs[-1]}, {spent:.0f} s", flush=True)
        _keep(directory / f"{desk.name}-{learner.name}", tuned, runs, spent)


def _keep(path: Path, tuned: Tuned[Any], runs: list[Learned], spent_s: float) -> None:
    """Write the best of the seeds so far, and all curves."""
    best = max(runs, key=lambda run: float(run.points.max()))
    best.scorer.save(path.with_suffix(".npz"))
    text = {
        "settings": tuned.settings.model_dump(),
        "trials": [round(points, 5) for points in tuned.points],
        "trial_transitions": tuned.transitions,
        "processor_s": round(spent_s),
        "curves": [
            {"transitions": run.transitions.tolist(), "points": np.round(run.points, 5).tolist()} for run in runs
        ],
    }
    path.with_suffix(".json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


def _starts(desk: TrainingDesk, learner: Learner):  # type: ignore[no-untyped-def]
    """The clone of the desk's first rule with which a seed begins."""
    rule = next(iter(desk.rules.values()))
    shown = Demonstrations.of(
        rule, desk.scenario(desk.episode_h), decisions=2500, seed=31, work_conserving=learner.work_conserving
    )

    def start(seed: int) -> Scorer:
        return clone(shown, Scorer.random(np.random.default_rng([seed, 5]), HIDDEN), smoothing=0.4)

    return start


if __name__ == "__main__":
    main()
