"""The solver's cases, for the heuristics: see tests/solver/conftest.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def cases() -> Any:
    """Random problems and the oracle."""
    path = Path(__file__).parents[1] / "solver" / "conftest.py"
    spec = importlib.util.spec_from_file_location("solver_cases", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.Cases
