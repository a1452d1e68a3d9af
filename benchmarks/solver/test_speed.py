"""The smallest instance of each family under pytest-benchmark, for comparing revisions of the kernel::

pytest benchmarks/solver --benchmark-autosave
pytest benchmarks/solver --benchmark-compare
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.solver.families import FAMILIES, Family
from benchmarks.solver.methods import METHODS

OURS = METHODS[0]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_from_arc_columns_to_the_proof(benchmark: Any, family: Family) -> None:
    arcs = family.make(np.random.default_rng(0), *family.sizes[0])

    def run() -> Any:
        problem = OURS.build(arcs)
        return OURS.read(arcs, problem, OURS.solve(problem))

    benchmark(run)
