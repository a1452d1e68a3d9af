"""The one gateway to the compiler: Python functions on arrays that Numba compiles once and keeps on disk.

A function decorated with `kernel` states the types of its arguments. It is compiled with all the Python
functions that it calls, which stay ordinary functions, in this file or another::

    @kernel("float64[:]", "float64", "out float64[:]")
    def add(values, constant, result): ...

Nothing here imports Numba before a kernel is first called. A compiled kernel is kept in a cache whose key
covers the byte code, the source files and the constants of the kernel and of all its callees, so nothing stale
is ever served. Where compiling would delay somebody, ask `Kernel.is_warm`; if it says no, answer in another
way and call `Kernel.request`: a child process compiles, once for all, and later calls find it done.

Environment
-----------
DESKMATCH_COMPILE : ``off``: kernels are never warm, and run as plain Python when called all the same.
NUMBA_DISABLE_JIT : ``1``: kernels count as warm and run as plain Python, for coverage and debugging.
NUMBA_CACHE_DIR : where the cache is kept. Default: beside the source, else in the user's cache directory.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: two processes may compile the same, which only costs time
    fcntl = None  # type: ignore[assignment]

__all__ = ["Kernel", "is_enabled", "kernel", "warm_up"]

P = ParamSpec("P")
R = TypeVar("R")

KERNEL_MODULES = (
    "deskmatch.formulations.one_pass_kernel",
    "deskmatch.heuristics.entry",
    "deskmatch.heuristics.knapsack_entry",
    "deskmatch.learning.exact",
    "deskmatch.learning.feature_rows",
    "deskmatch.policies.dispatch.deciding",
    "deskmatch.prediction.tree_ensemble",
    "deskmatch.simulation.engine.entry",
    "deskmatch.simulation.engine.scoring",
    "deskmatch.simulation.engine.showing",
    "deskmatch.solver.arranging",
    "deskmatch.solver.incremental.entry",
    "deskmatch.solver.kernel.entry",
    "deskmatch.solver.network_terms",
)
"""The modules that hold kernels; `warm_up` imports them. A test compares this with the source."""

_compiling = threading.RLock()


def kernel(*types: str, allocates: bool = True) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Decorate a function so that it runs compiled, without the interpreter lock.

    Parameters
    ----------
    types : one for each argument: a Numba scalar such as ``"int64"``, or an array such as ``"float64[:]"`` or
        ``"int32[:, :]"``, C-contiguous and only read. ``"out float64[:]"`` may be written to. Read-only types
        take writable arrays too.
    allocates : false for a kernel that makes no arrays, nor do its callees: references are then not counted, and
        callees are always inlined, so that named tuples of many arrays can be passed on at no cost.

    Examples
    --------
    >>> @kernel("float64[:]")
    ... def total(values):
    ...     "Sum of the values."
    ...     return values.sum()
    >>> total.__name__, total.__doc__
    ('total', 'Sum of the values.')
    """

    def decorate(function: Callable[P, R]) -> Kernel[P, R]:
        return Kernel(function, types, allocates=allocates)

    return decorate


def is_enabled() -> bool:
    """Whether kernels may be compiled in this process (``DESKMATCH_COMPILE`` is not ``off``)."""
    return os.environ.get("DESKMATCH_COMPILE", "").lower() not in {"off", "0", "no", "false"}


def warm_up() -> list[str]:
    """Compile every kernel of deskmatch now, or load it from the cache; returns their names.

    For services and container images, before the first decision. Where no cache can be written, the kernels
    are compiled for this process only. Does nothing where compilation is switched off.
    """
    import importlib

    modules = [importlib.import_module(name) for name in KERNEL_MODULES]
    if _interpreted():
        return []
    kernels = [each for module in modules for each in vars(module).values() if isinstance(each, Kernel)]
    for each in kernels:
        each.warm_up()
    return [f"{each.__module__}.{each.__qualname__}" for each in kernels]


class Kernel(Generic[P, R]):
    """A function that runs compiled; made by `kernel`. Calling it compiles it first where it is not warm."""

    __qualname__: str  # of the function, not of this class

    def __init__(self, function: Callable[P, R], types: tuple[str, ...], *, allocates: bool = True) -> None:
        self._function = cast(FunctionType, function)
        self._types = types
        self._allocates = allocates
        self._compiled: Callable[P, R] | None = None
        self._requested = False
        self._preloading = False
        self._finished = threading.Event()
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._compiled is not None and not _interpreted():
            return self._compiled(*args, **kwargs)
        if _interpreted():
            with np.errstate(all="ignore"):
                return cast(R, self._function(*args, **kwargs))
        return self.warm_up()(*args, **kwargs)

    def __reduce__(self) -> str:
        return self.__qualname__

    def is_warm(self) -> bool:
        """Whether a call would answer without compiling: compiled in this process, or found in the cache."""
        if not is_enabled():
            return False
        if _jit_disabled() or self._compiled is not None:
            return True
        if self._requested:
            self._load_once_finished()
            return False
        return self._cached() is not None

    def is_loaded(self) -> bool:
        """Whether a call would answer at once: neither compiling nor loading from the cache."""
        return is_enabled() and (_jit_disabled() or self._compiled is not None)

    def preload(self) -> None:
        """Load what the cache holds in a thread, so that a later call finds it; returns at once."""
        if not self.is_loaded() and not self._preloading and self._cached() is not None:
            self._preloading = True
            threading.Thread(target=self.warm_up).start()  # no daemon: see `_load_once_finished`

    def request(self) -> None:
        """Have a child process compile this kernel, unless one does already; returns at once.

        Does nothing where compilation is off or no cache can be written.
        """
        with _compiling:
            if self._requested or not is_enabled() or self.is_warm() or self._writable() is None:
                return
            if not sys.executable or self.__module__ == "__main__":
                return
            self._requested = True
            command = [sys.executable, "-c", _CHILD, self.__module__, self.__qualname__, *sys.path]
            quiet = subprocess.DEVNULL
            child = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
            threading.Thread(target=self._await, args=(child,), daemon=True).start()

    def warm_up(self) -> Callable[P, R]:
        """The compiled function: from this process, from the cache, or compiled now and put there."""
        with _compiling:
            if self._compiled is None:
                self._compiled = self._load(self._cached()) or self._compile()
            return self._compiled

    def _await(self, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._finished.set()

    def _load_once_finished(self) -> None:
        """Load what the child has compiled without delaying anyone: in a thread, importing Numba takes long.

        Not a daemon: a process must not end inside the compiler's libraries.
        """
        if self._finished.is_set():
            self._finished.clear()
            if self._cached() is not None:
                threading.Thread(target=self.warm_up).start()

    # The cache: one directory for each kernel and key, complete once it holds the file `ready`.

    @functools.cached_property
    def key(self) -> str:
        """Digest of all that the compiled code depends on, except the processor."""
        from importlib.metadata import version

        digest = hashlib.sha256(f"{version('numba')} {self._types} {self._allocates} {_numba_settings()}".encode())
        for function in _reachable(self._function):
            digest.update(repr(_fingerprint(function.__code__)).encode())
            digest.update(repr(sorted(_constants(function).items())).encode())
            with suppress(OSError):
                digest.update(Path(function.__code__.co_filename).read_bytes())
        return digest.hexdigest()[:24]

    @property
    def _prefix(self) -> str:
        """What the directories of this kernel have in common; installations that share a cache stay apart."""
        place = hashlib.sha256(self._function.__code__.co_filename.encode()).hexdigest()[:8]
        return f"{self.__module__}.{self.__qualname__}-{sys.implementation.cache_tag}-{place}"

    @property
    def _folder(self) -> str:
        return f"{self._prefix}-{self.key}"

    def _cached(self) -> Path | None:
        """The directory that holds this kernel compiled for this processor, or None."""
        for base in _cache_bases(self._function):
            folder = base / self._folder
            with suppress(OSError):
                if (folder / _READY).read_text() == _processor():
                    return folder
        return None

    def _writable(self) -> Path | None:
        """Where this kernel's directory can be made, or None."""
        import tempfile

        for base in _cache_bases(self._function):
            with suppress(OSError):
                base.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=base).close()
                return base
        return None

    def _load(self, folder: Path | None) -> Callable[P, R] | None:
        """The kernel from a complete cache directory; None where there is none or it cannot be used."""
        if folder is None:
            return None
        import tempfile

        # Whatever is wrong with the files, such as a disk that was full: compile anew.
        with suppress(Exception):
            if os.access(folder, os.W_OK):
                return self._build(folder)
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as copy:
                # Numba reads no cache that it cannot write to, such as one made with a read-only image.
                shutil.copytree(folder, copy, dirs_exist_ok=True)
                return self._build(Path(copy))
        return None

    def _compile(self) -> Callable[P, R]:
        base = self._writable()
        if base is None:
            return self._build(None)
        with _locked(base / f"{self._folder}.lock"):
            found = self._load(self._cached())
            if found is not None:
                return found
            folder = base / self._folder
            with suppress(OSError):
                self._clear_stale(base)
                folder.mkdir(exist_ok=True)
            built = self._build(folder)
            with suppress(OSError):
                partial = folder / f"{_READY}.{os.getpid()}"
                partial.write_text(_processor())
                partial.replace(folder / _READY)
            return built

    def _clear_stale(self, base: Path) -> None:
        """Remove what earlier versions of this kernel left for this version of Python."""
        for old in base.glob(f"{self._prefix}-*"):
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            elif old.name != f"{self._folder}.lock":
                old.unlink(missing_ok=True)

    def _build(self, folder: Path | None) -> Callable[P, R]:
        """Have Numba compile, or take from `folder` what it has compiled before."""
        import numba

        dispatcher = _dispatcher(self._function, {}, allocates=self._allocates)
        if folder is not None:
            settings: Any = numba.config
            before = settings.CACHE_DIR
            settings.CACHE_DIR = str(folder)
            try:
                dispatcher.enable_caching()
            finally:
                settings.CACHE_DIR = before
        dispatcher.compile(tuple(_numba_type(each) for each in self._types))
        dispatcher.disable_compile()
        return cast("Callable[P, R]", dispatcher)


_READY = "ready"

_CHILD = """
import importlib, os, sys
module, name, *sys.path = sys.argv[1:]
os.nice(10) if hasattr(os, "nice") else None
getattr(importlib.import_module(module), name).warm_up()
"""


def _jit_disabled() -> bool:
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}


def _numba_settings() -> list[tuple[str, str]]:
    """The environment's settings of Numba, which may change what it compiles."""
    ours = [name for name in os.environ if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR"]
    return sorted((name, os.environ[name]) for name in ours)


def _interpreted() -> bool:
    return _jit_disabled() or not is_enabled()


def _reachable(function: FunctionType) -> list[FunctionType]:
    """A kernel's function and every Python function that it calls, directly or not; each once."""
    found = [function]
    for each in found:
        found += [callee for callee in _callees(each).values() if callee not in found]
    return found


def _callees(function: FunctionType) -> dict[str, FunctionType]:
    """The Python functions that a function refers to by a global name."""
    named = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    plain = {name: value._function if isinstance(value, Kernel) else value for name, value in named.items()}
    return {name: value for name, value in plain.items() if isinstance(value, FunctionType)}


def _constants(function: FunctionType) -> dict[str, object]:
    """The global values and layouts that a function refers to; Numba compiles them in."""
    named = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    return {name: _as_constant(value) for name, value in named.items() if isinstance(value, _COMPILED_IN)}


_COMPILED_IN = (bool, int, float, tuple, np.generic, np.dtype, type)


def _as_constant(value: object) -> object:
    """What compiled code depends on of a global value: itself, the layout of records and tuples, an enum's members."""
    if isinstance(value, np.dtype):
        return value.descr
    if isinstance(value, type):
        members = {name: each.value for name, each in getattr(value, "__members__", {}).items()}
        return value.__qualname__, getattr(value, "_fields", None), members
    return value


def _makes_arrays(function: FunctionType) -> bool:
    """Whether a function, or one that it calls, makes new arrays. (Numba refuses to compile it where this is wrong.)"""
    return any(not _ARRAY_MAKERS.isdisjoint(each.__code__.co_names) for each in _reachable(function))


_ARRAY_MAKERS = frozenset({"arange", "argsort", "copy", "empty", "full", "ones", "sort", "zeros"})


def _fingerprint(code: CodeType) -> tuple[object, ...]:
    constants = [_fingerprint(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_firstlineno)


def _dispatcher(
    function: FunctionType, known: dict[FunctionType, Any], *, allocates: bool, called_from_python: bool = True
) -> Any:
    """Numba's dispatcher of a function whose callees are replaced by theirs."""
    import numba

    if function not in known:
        callees = {
            name: _dispatcher(callee, known, allocates=allocates, called_from_python=False)
            for name, callee in _callees(function).items()
        }
        linked = FunctionType(
            function.__code__, {**function.__globals__, **callees}, function.__name__, function.__defaults__
        )
        linked.__qualname__ = function.__qualname__
        linked.__module__ = function.__module__
        options: dict[str, Any] = {"no_cpython_wrapper": not called_from_python, "no_cfunc_wrapper": True}
        # Counting references to the arrays of a named tuple takes longer than a short function's work.
        options["_nrt"] = allocates and (called_from_python or _makes_arrays(function))
        options["forceinline"] = not allocates and not called_from_python
        compiling = numba.njit(nogil=True, error_model="numpy", **options)
        known[function] = compiling(linked)
    return known[function]


def _numba_type(text: str) -> Any:
    """Numba's type for the text that `kernel` takes."""
    from numba import types

    writable = text.startswith("out ")
    name, bracket, dimensions = text.removeprefix("out ").partition("[")
    scalar = getattr(types, name)
    if not bracket:
        return scalar
    return types.Array(scalar, dimensions.count(":"), "C", readonly=not writable)


def _cache_bases(function: FunctionType) -> Iterator[Path]:
    """Where compiled kernels may be, in the order in which they are looked for."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen)
        return
    yield Path(function.__code__.co_filename).parent / "__pycache__"
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA", "")
    else:
        root = os.environ.get("XDG_CACHE_HOME", "") or os.path.expanduser("~/.cache")
    if os.path.isabs(root):
        yield Path(root) / "deskmatch"


@functools.cache
def _processor() -> str:
    """The processor that code is compiled for."""
    from llvmlite import binding  # type: ignore[import-untyped]

    features = hashlib.sha256(binding.get_host_cpu_features().flatten().encode()).hexdigest()
    return f"{binding.get_process_triple()} {binding.get_host_cpu_name()} {features}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file, so that of several processes one compiles and the others wait for it."""
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
