"""The compiler gateway keeps its promises: lazy, cached, never stale, never in the way."""

from __future__ import annotations

import doctest
import importlib
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from deskmatch import compiled
from deskmatch.compiled import Kernel

ROOT = Path(__file__).resolve().parents[1]

HELPER = """
FACTOR = 2.0
def scaled(x):
    return x * FACTOR
"""

MODULE = '''
from deskmatch.compiled import kernel
from {helper} import scaled
OFFSET = 1.0

def shifted(x):
    return scaled(x) + OFFSET

@kernel("float64[:]", "out float64[:]", "int64")
def apply(values, result, repeat):
    """Shift values.

    >>> 1 + 1
    2
    """
    for _ in range(repeat):
        for k in range(len(values)):
            result[k] = shifted(values[k])
    return result.sum()
'''

Make = Callable[..., ModuleType]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Write a module with a kernel and a helper in another file, and import it; again for a changed one."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    name, helper = f"kernels_of_{tmp_path.name}", f"helper_of_{tmp_path.name}"

    def write(*, module: str = MODULE, factor: str = "2.0") -> ModuleType:
        (tmp_path / f"{helper}.py").write_text(HELPER.replace("2.0", factor))
        (tmp_path / f"{name}.py").write_text(module.format(helper=helper))
        for stale in (name, helper):
            sys.modules.pop(stale, None)
            for code in (tmp_path / "__pycache__").glob(f"{stale}.*.pyc"):
                code.unlink()
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return write


def values() -> np.ndarray:
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    return frozen


def call(module: ModuleType) -> float:
    return float(module.apply(values(), np.zeros(3), 1))


def no_compiling(*_: object) -> None:
    raise AssertionError("compiled")


def without_cache(tmp_path: Path) -> None:
    """What a read-only installation looks like, also to root: no directory can be made there."""
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    (tmp_path / "__pycache__").write_text("not a directory")


def run(program: str, **environment: str) -> str:
    """What a fresh interpreter prints; warnings are errors there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path)), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def test_importing_the_solver_loads_no_compiler() -> None:
    program = "import deskmatch.solver, deskmatch.solver.kernel.entry, sys; print('numba' in sys.modules)"
    assert run(program) == "False"


def test_a_kernel_answers_like_its_function_and_takes_read_only_and_writable_arrays(make: Make) -> None:
    module = make()
    assert call(module) == 9.0
    assert module.apply(np.arange(3.0), np.zeros(3), 1) == 9.0
    with pytest.raises(TypeError, match="No matching definition"):
        module.apply(np.arange(3), np.zeros(3), 1)
    with pytest.raises(TypeError, match="No matching definition"):
        module.apply(values(), values(), 1)


def test_a_kernel_is_still_the_function_to_doctest_and_pickle(make: Make) -> None:
    module = make()
    assert [test.name for test in doctest.DocTestFinder().find(module) if test.examples] == [f"{module.__name__}.apply"]
    assert pickle.loads(pickle.dumps(module.apply)) is module.apply


def test_a_second_import_finds_it_in_the_cache(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make()
    assert not first.apply.is_warm()
    call(first)
    assert first.apply.is_warm()
    second = make()
    assert second.apply is not first.apply
    assert second.apply.is_warm()
    monkeypatch.setattr(Kernel, "_compile", no_compiling)
    assert call(second) == 9.0


@pytest.mark.parametrize(
    "change",
    [{"factor": "3.0"}, {"module": MODULE.replace("OFFSET = 1.0", "OFFSET = 4.0")}],
    ids=["a constant of a callee in another file", "a constant of its own file"],
)
def test_what_changed_is_never_served_stale(make: Make, tmp_path: Path, change: dict[str, str]) -> None:
    assert call(make()) == 9.0
    changed = make(**change)
    assert not changed.apply.is_warm()
    assert call(changed) == {"factor": 12.0, "module": 18.0}[next(iter(change))]
    assert len([each for each in (tmp_path / "__pycache__").iterdir() if each.is_dir()]) == 1


LAYOUTS = """
from enum import IntEnum
from typing import NamedTuple
import numpy as np

RECORD = np.dtype([("value", np.float64), ("column", np.int32)], align=True)

class Code(IntEnum):
    FOUND = 1

class Pair(NamedTuple):
    left: object
    right: object
"""

USER_OF_LAYOUTS = """
import numpy as np
from deskmatch.compiled import kernel
from {layouts} import Code, Pair, RECORD

@kernel("int64")
def count(n):
    records = np.zeros(n, RECORD)
    pair = Pair(n, Code.FOUND)
    return len(records) + pair.left
"""


@pytest.mark.parametrize(
    "change", [("np.int32", "np.int64"), ("FOUND = 1", "FOUND = 2"), ("left: object", "lower: object")]
)
def test_layouts_from_a_file_without_functions_are_part_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    keys = []
    for number, text in enumerate((LAYOUTS, LAYOUTS, LAYOUTS.replace(*change))):
        layouts, user = f"layouts_{number}_{tmp_path.name}", f"user_{number}_{tmp_path.name}"
        (tmp_path / f"{layouts}.py").write_text(text)
        (tmp_path / f"{user}.py").write_text(USER_OF_LAYOUTS.format(layouts=layouts))
        module = importlib.import_module(user)
        keys.append(compiled._constants(module.count._function))
    assert keys[0] == keys[1] != keys[2]


def test_the_environment_of_the_compiler_is_part_of_the_key(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make().apply.key
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert make().apply.key != before


def test_a_damaged_cache_is_compiled_anew(make: Make, tmp_path: Path) -> None:
    call(make())
    for file in (tmp_path / "__pycache__").rglob("*.nb?"):
        file.write_bytes(b"damaged")
    assert call(make()) == 9.0


def test_a_read_only_cache_is_used(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    call(make())
    module = make()
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Kernel, "_compile", no_compiling)
    assert call(module) == 9.0


def test_without_a_writable_cache_it_compiles_in_process_only(make: Make, tmp_path: Path) -> None:
    module = make()
    without_cache(tmp_path)
    module.apply.request()
    assert not module.apply._requested
    assert not module.apply.is_warm()
    module.apply.warm_up()
    assert module.apply.is_warm()
    assert call(module) == 9.0


def test_a_read_only_installation_with_an_unwritable_home_imports_and_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deskmatch", tmp_path / "deskmatch", ignore=shutil.ignore_patterns("__pycache__"))
    for directory in [tmp_path, *(each for each in tmp_path.rglob("*") if each.is_dir())]:
        (directory / "__pycache__").write_text("not a directory")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import deskmatch.solver as solver
print(solver.__file__.startswith({str(tmp_path)!r}))
print(solver.solve(solver.Problem.from_arcs(1, 1, [0], [0], [1.0])).method)
"""
    unwritable = {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    unwritable["COVERAGE_PROCESS_CONFIG"] = ""  # the copy is not the package that coverage measures
    assert run(program, **unwritable).split() == ["True", "min_cost_flow"]


def test_a_cold_kernel_is_compiled_by_one_child_while_two_processes_go_on(make: Make, tmp_path: Path) -> None:
    module = make()
    program = f"""
import time, {module.__name__} as module, numpy as np
assert not module.apply.is_warm()
spent = time.process_time()
module.apply.request()
module.apply.request()
print(time.process_time() - spent < 0.5)
started = time.monotonic()
while not module.apply.is_warm():
    assert time.monotonic() - started < 120
    time.sleep(0.02)
print(module.apply._compiled is not None)
print(module.apply(np.arange(3.0), np.zeros(3), 1))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    command = [sys.executable, "-W", "error", "-c", program]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for each in both:
        assert each.communicate()[0].split() == ["True", "True", "9.0"]
    assert len(list((tmp_path / "__pycache__").rglob("*.nbi"))) == 1


def test_a_child_that_fails_leaves_the_kernel_cold(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    module = make()
    monkeypatch.setattr(compiled, "_CHILD", "raise SystemExit(1)")
    module.apply.request()
    assert module.apply._finished.wait(60)
    assert not module.apply.is_warm()
    assert not module.apply.is_warm()
    assert call(module) == 9.0


@pytest.mark.parametrize(
    ("variable", "value", "warm"), [("DESKMATCH_COMPILE", "off", False), ("NUMBA_DISABLE_JIT", "1", True)]
)
def test_compilation_can_be_switched_off(
    make: Make, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, warm: bool
) -> None:
    module = make()
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(Kernel, "_build", no_compiling)
    assert module.apply.is_warm() is warm
    module.apply.request()
    assert not module.apply._requested
    assert call(module) == 9.0
    assert module.apply(np.array([np.inf]), np.zeros(1), 0) == 0.0
    assert compiled.warm_up() == []


def test_uncompiled_arithmetic_warns_no_more_than_compiled(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    module = make()
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    largest = np.array([np.finfo(float).max])
    assert module.apply(largest, np.zeros(1), 1) == np.inf


def test_the_solver_goes_on_without_the_compiler() -> None:
    program = """
from deskmatch.errors import BackendError
from deskmatch.solver import Problem, solve
problem = Problem.from_arcs(1, 1, [0], [0], [1.0])
print(solve(problem).method)
try:
    solve(problem, method="kernel")
except BackendError as error:
    print("refused")
"""
    assert run(program, DESKMATCH_COMPILE="off").split() == ["min_cost_flow", "refused"]


def test_warm_up_compiles_every_kernel_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    assert "deskmatch.solver.kernel.entry.solve_arrays" in compiled.warm_up()
    uses = re.compile(r"^@kernel\(", re.MULTILINE)
    sources = (ROOT / "deskmatch").rglob("*.py")
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources
        if uses.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(compiled.KERNEL_MODULES)


def test_a_fresh_process_solves_soon() -> None:
    """It loads the kernel from the cache: compiling takes tens of seconds of its own time, loading about one."""
    from deskmatch.solver.kernel.entry import solve_arrays

    if os.environ.get("NUMBA_DISABLE_JIT"):
        pytest.skip("nothing is compiled")
    solve_arrays.warm_up()
    program = """
import time
import deskmatch.solver as solver
print(solver.solve(solver.Problem.from_arcs(1, 1, [0], [0], [1.0])).method, time.process_time() < 10)
"""
    assert run(program) == "kernel True"


RECORDS = """
import numpy as np
from typing import NamedTuple
from deskmatch.compiled import kernel
PAIR = np.dtype([("first", np.float64), ("second", np.int64)])

class Two(NamedTuple):
    pairs: np.ndarray
    sums: np.ndarray

def add(two, k):
    two.sums[k] = two.pairs[k]["first"] + two.pairs[k]["second"]

@kernel("uint8[:]", "out float64[:]", allocates=False)
def add_up(pair_bytes, result):
    two = Two(pair_bytes.view(PAIR), result)
    for k in range(len(two.pairs)):
        add(two, k)
"""


def test_a_kernel_that_allocates_nothing_takes_a_tuple_of_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "kernel_of_tuples.py").write_text(RECORDS)
    module = importlib.import_module("kernel_of_tuples")
    pairs = np.array([(1.5, 2), (0.0, -1)], module.PAIR)
    result = np.zeros(2)
    module.add_up(pairs.view(np.uint8), result)
    assert result.tolist() == [3.5, -1.0]
    constants = compiled._constants(module.add_up._function)  # what the key of the cache covers
    assert constants == {"PAIR": module.PAIR.descr, "Two": ("Two", ("pairs", "sums"), {})}
