"""Importing deskmatch stays cheap: the heavy libraries are loaded when something needs them."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

ABSENT = {
    "deskmatch": ["networkx", "ortools", "pandas", "pulp", "pydantic", "scipy.optimize", "typer"],
    "deskmatch.solver": ["networkx", "ortools", "pandas", "pulp", "pydantic", "typer"],
}


@cache
def loaded_by(module: str) -> frozenset[str]:
    """The modules that a fresh interpreter has loaded after importing `module`."""
    program = f"import {module}, sys; print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return frozenset(result.stdout.split())


@pytest.mark.parametrize(("module", "absent"), [(module, name) for module, names in ABSENT.items() for name in names])
def test_an_import_does_not_load(module: str, absent: str) -> None:
    assert absent not in loaded_by(module)


@pytest.mark.parametrize("module", ["deskmatch", "deskmatch.solver", "pandas", "scipy.optimize"])
def test_a_loaded_module_is_seen(module: str) -> None:
    assert module in loaded_by(module)
