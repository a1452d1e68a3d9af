"""What every test run needs: which paths are not collected, how wide the terminal is, and how hypothesis searches."""

from __future__ import annotations

import os
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

LINKS = ("solver", "formulations", "heuristics")
"""The root's links into the package; collected through them, every module would be imported twice."""

NEEDS = {
    "benchmarks": ("pytest_benchmark", "matplotlib"),
    "deskmatch/learning/ppo.py": ("gymnasium", "sb3_contrib", "torch"),
    "deskmatch/learning/q_learning.py": ("gymnasium",),
    "deskmatch/learning/routing_env.py": ("gymnasium",),
    "docs/learning.md": ("gymnasium",),
    "tests/learning/test_q_learning.py": ("gymnasium",),
    "tests/learning/test_routing_env.py": ("gymnasium",),
}
"""Paths that are collected only where all of these modules, which extras bring, are installed."""

collect_ignore = [
    *LINKS,
    *(path for path, modules in NEEDS.items() if not all(find_spec(module) for module in modules)),
]

for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them in its workers, and tests see the same everywhere
    os.environ.pop(name, None)

settings.register_profile(
    "deskmatch",
    deadline=None,  # the first call of a kernel compiles it
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],  # it measures the machine
    print_blob=True,
)
settings.load_profile("deskmatch")
