"""`solve_within`: a feasible answer first, then better ones while there is time; the owner of every deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from deskmatch.errors import BackendError
from deskmatch.solver import Problem, Solution, backend_named, backend_names, backends_for, needs, solve
from deskmatch.solver.backends.protocol import Option, accept, options_of
from deskmatch.solver.separation import separate

from .attempt import Answer
from .clock import FOREVER, Clock
from .course import LANE, Course
from .ejection import searched
from .entry import REGRET, TICKETS, build
from .finishing import ROUNDS, held, priced, told
from .musts import serve_musts
from .pace import PACE
from .packed import Packed
from .quick_answer import quick
from .registry import heuristic_named, heuristic_names
from .running import run

__all__ = ["check_name", "solve_within"]

STARTUP_S = 2.5
"""Seconds that the first solve of a process may spend on importing Numba or OR-Tools and on its compiled code."""
SURE_S = 0.002
"""A first answer that takes no longer than this is not stopped: holding everybody helps nobody. Where the kernel takes
no longer, it gives that answer."""
QUICK_TICKET_S = 1e-4
"""What a ticket takes without compiled code."""
BASE_S = 0.002
"""Seconds that any call of a backend may take, however small the problem."""
HOLDS_LOCK = frozenset({"min_cost_flow", "linear_assignment", "sparse", "dense", "networkx"})
"""Backends that hold the interpreter lock, so that in a thread they would delay everybody: they run in this thread, and
only where they surely fit."""
SIMPLE = frozenset({"hold", "quick", "first"})
"""Answers that `regret` mostly improves upon."""
WHOLE = frozenset({"scip", "highs", "cp_sat", "cbc"})
"""Backends for integer programs."""
MARGIN = 2.0
"""Native code that cannot be stopped is started where its estimate fits so many times."""
WAITING_SHARE = 0.5
"""Of the time left, how long a backend that will probably be late is waited for before heuristics go on beside it."""
IN_TIME, LATE_S = 0.85, 0.05
"""What a solver of integer programs is told of the time left, as a share and minus seconds: it stops late."""
GAMBLE = 0.1
"""What can be abandoned is started where so much of its estimate fits: problems of one size differ by far."""
AT_ONCE = 4.0
"""Networks that are not small go to the kernel at once where so many times its estimate fits."""
SMALL = 4000
"""Arcs, tickets and experts up to which the kernel runs in the calling thread: a millisecond or two, while another
thread may wait longer than that for a processor."""
NOT_IN_TIME = frozenset({"sparse", "dense", "networkx", "linear_assignment"})
"""Backends that "auto" does not ask where there is a deadline."""
LATER_SHARE = 0.5
"""Of the time left, what the Lagrangian bound leaves to the methods after it."""


def solve_within(problem: Problem, left_s: float | None, *, method: str = "auto") -> Answer:
    """The best answer that can be had in time.

    With a deadline, a heuristic answers first. Then, while there is time: the exact kernel for a network, in a thread
    that can be abandoned; for other problems the Lagrangian bound, local search, and an integer program in such a
    thread. What cannot be stopped is only started where an estimate, learned from earlier runs, fits. Whatever a
    backend does, it costs no more than its answer: one that raises, is late, or answers what breaks rules is noted in
    `Answer.attempts`, and the best of the others counts.

    Without a deadline the problem is solved exactly; where the method fails, by the next one that can.

    Parameters
    ----------
    problem : what to solve.
    left_s : seconds left, None: no deadline; may be negative: then the answer is the first that can be had at all.
    method : a backend's or heuristic's name, or ``"auto"``.

    Returns
    -------
    Answer
        Feasible wherever holding everybody is; otherwise, where nothing feasible was found, the least violating.

    Raises
    ------
    BackendError
        On an unknown method, or a backend that cannot take this problem; and without a deadline where a backend that
        was named fails.

    Examples
    --------
    >>> from deskmatch.solver import Problem
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0])
    >>> solve_within(problem, None).solution.objective
    2.0
    >>> solve_within(problem, 0.0).solution.objective > 0.0
    True
    """
    _check_method(problem, method)
    course = Course(problem, Clock.after(left_s))
    if method in heuristic_names() and left_s is None:
        course.try_heuristic(method, partial(heuristic_named(method).solve, problem))
    elif left_s is None:
        _exactly(course, method)
    elif not _at_once(course, method):
        _answer_first(course)
        if method in heuristic_names():
            _by_heuristic(course, method)
        else:
            _improve(course, method)
    return course.answer()


def check_name(method: str) -> None:
    """Raise `BackendError` where no backend or heuristic has this name."""
    known = ("auto", *heuristic_names(), *backend_names())
    if method not in known and not str(method).startswith("pulp:"):
        raise BackendError(f"unknown method {method!r}; expected {', '.join(known)}")


def _check_method(problem: Problem, method: str) -> None:
    """Raise `BackendError` where a method is not known, not installed, or cannot take the problem."""
    check_name(method)
    if method == "auto" or method in heuristic_names():
        return
    backend = backend_named(method)
    if not backend.is_available():
        able = ", ".join(backends_for(needs(problem))) or "no other method either"
        raise BackendError(f"{method} is not installed; available for this problem: {able}")
    apart = separate(problem)
    accept(backend, problem if apart is None else apart.problem)


def _exactly(course: Course, method: str) -> None:
    """Without a deadline: by the method, or else by the others that can, or else as well as can be."""
    problem = course.problem
    if method != "auto":
        course.best = solve(problem, method=method)
        return
    course.best = held(problem, method="hold", started=time.perf_counter())
    if course.try_backend("auto", partial(solve, problem)):
        return
    for name in backends_for(needs(problem)):
        if course.try_backend(name, partial(solve, problem, method=name)):
            return
    course.try_heuristic("local_search", partial(heuristic_named("local_search").solve, problem))


def _at_once(course: Course, method: str) -> bool:
    """A network that the kernel solves about as soon as a first answer is there; whether that settled it."""
    takes_s = PACE.seconds("kernel", course.size)
    fits = course.size <= SMALL or AT_ONCE * takes_s <= course.clock.left_s
    if (
        course.problem.is_network
        and takes_s <= SURE_S
        and fits
        and _says("kernel", "is_loaded")
        and next(_candidates(course.problem, method), None) == "kernel"
    ):
        course.try_backend("kernel", partial(solve, course.problem, method="kernel"))
    return course.is_settled


def _answer_first(course: Course) -> None:
    """Holding everybody, where that may be; then each ticket at the best place that is left."""
    problem, clock = course.problem, course.clock
    started = time.perf_counter()
    course.best = held(problem, method="hold", started=started)
    if build.is_loaded():
        sure = PACE.seconds("first", course.size) <= SURE_S
        course.try_heuristic("first", partial(_first, problem, FOREVER if sure else clock), pace="first")
    else:
        sure = QUICK_TICKET_S * problem.n_tickets <= SURE_S
        course.try_heuristic("quick", partial(quick, problem, clock=FOREVER if sure else clock))


def _first(problem: Problem, clock: Clock) -> Solution:
    """Musts, then the tickets with the most points to gain, each at the best place that is left."""
    started = time.perf_counter()
    packed = Packed.of(problem)
    arcs, violator = serve_musts(packed, clock)
    most = np.full(problem.n_tickets, -np.inf)
    filled = np.flatnonzero(np.diff(problem.indptr))
    if len(filled):
        most[filled] = np.maximum.reduceat(problem.points, problem.indptr[filled])
    held_at = np.where(np.isfinite(problem.hold), problem.hold, 0.0)
    order = np.argsort(held_at - most, kind="stable")
    run(packed, TICKETS, arcs, clock, order=order)
    return told(problem, arcs, method="first", started=started, violator=violator)


def _by_heuristic(course: Course, method: str) -> None:
    """The heuristic that was asked for, if there is time for more than the first answer."""
    if not build.is_loaded() or course.clock.is_over:
        course.skip(method, "no time" if build.is_loaded() else "not loaded yet")
        return
    solver = heuristic_named(method)
    course.try_heuristic(method, partial(solver.solve, course.problem, clock=course.clock, start=course.best))


def _improve(course: Course, method: str) -> None:
    """Better answers while there is time: what is exact first, then what improves the answer that there is."""
    if not course.problem.is_network:
        _relax(course)
    asked = False
    is_over = course.is_settled or course.denial is not None
    for name in () if is_over else _candidates(course.problem, method):
        if name in WHOLE and asked:
            continue
        asked = asked or name in WHOLE
        if _fits(course, name):
            share = 1.0 if estimate_s(course, name) <= course.clock.left_s else WAITING_SHARE
            _start(course, name)
            course.collect(share * course.clock.left_s - PACE.seconds("bound", course.size))
        if course.is_settled or course.is_waiting or course.denial is not None:
            break
    if not course.is_settled and not course.clock.is_over:
        _fall_back(course)
    course.collect(course.clock.left_s)
    if not course.is_settled and not course.clock.is_over:
        _search(course)
    course.abandon()


def _fits(course: Course, name: str) -> bool:
    """Whether a backend's estimate fits into the time left; noted where it does not."""
    left, estimate = course.clock.left_s, estimate_s(course, name)
    can_be_left = name not in HOLDS_LOCK and LANE.is_free
    fits = estimate * (GAMBLE if can_be_left else MARGIN) <= left
    if not fits:
        course.skip(name, f"may take {estimate * 1e3:.0f} ms, {max(0.0, left) * 1e3:.0f} ms left")
    return fits


def _start(course: Course, name: str) -> None:
    """Run a backend: in the lane if it lets others run meanwhile, else in this thread."""
    limited = Option.TIME_LIMIT in options_of(backend_named(name))
    work = partial(_whole, course, name) if limited else partial(solve, course.problem, method=name)
    surely = name == "kernel" and course.size <= SMALL and MARGIN * estimate_s(course, name) <= course.clock.left_s
    if name in HOLDS_LOCK or surely or (name == "kernel" and not LANE.is_free):
        course.try_backend(name, work)
    else:
        course.start_backend(name, work)


def _whole(course: Course, name: str) -> Solution:
    """An integer program, from the best answer and the best bound so far."""
    limit_s = max(0.001, IN_TIME * course.clock.left_s - LATE_S)
    return solve(course.problem, method=name, time_limit_s=limit_s, hint=course.answer().solution)


def _relax(course: Course) -> None:
    """The Lagrangian bound, and the answers that it leads to."""
    if not build.is_loaded() or course.clock.is_over or "lagrangian" not in heuristic_names():
        return
    part = course.clock.less(LATER_SHARE * max(0.0, course.clock.left_s))
    run = partial(heuristic_named("lagrangian").solve, course.problem, clock=part, start=course.best)
    course.try_heuristic("lagrangian", run)


def estimate_s(course: Course, name: str) -> float:
    """Seconds that a backend may take; what must be loaded first in this process counts too."""
    pace = "whole" if name in WHOLE else name
    return BASE_S + PACE.seconds(pace, course.size) + (0.0 if _says(name, "is_loaded") else STARTUP_S)


def _fall_back(course: Course) -> None:
    """A better construction and a bound, while the exact method may still be under way."""
    problem, clock = course.problem, course.clock
    simple = course.best is None or course.best.method in SIMPLE
    if simple and build.is_loaded() and PACE.seconds("regret", course.size) <= clock.left_s:
        course.try_heuristic("regret", partial(_regret, problem, clock), pace="regret")
    best = course.best
    if course.bound is None and best is not None and best.objective is not None:
        rounds = int(clock.left_s / max(1e-9, 3 * PACE.seconds("bound", course.size)))
        run = partial(
            priced, problem, best, started=time.perf_counter(), rounds=min(ROUNDS, max(1, rounds)), clock=clock
        )
        if rounds > 0:
            course.try_heuristic("descent", run)


def _regret(problem: Problem, clock: Clock) -> Solution:
    """`regret` without prices."""
    started = time.perf_counter()
    packed = Packed.of(problem)
    arcs, violator = serve_musts(packed, clock)
    run(packed, REGRET, arcs, clock)
    return told(problem, arcs, method="regret", started=started, violator=violator)


def _search(course: Course) -> None:
    """Local search to the end of the time."""
    best = course.best
    if best is None or not build.is_loaded():
        return
    started, problem = time.perf_counter(), course.problem
    improved = partial(searched, problem, best, rounds=1000, clock=course.clock, method="local_search", started=started)
    course.try_heuristic("local_search", improved)


def _candidates(problem: Problem, method: str) -> Iterator[str]:
    """The backends that may answer, best first: for ``"auto"`` those made for speed that need not be compiled first."""
    if method != "auto":
        yield method
        return
    apart = separate(problem)
    wanted = needs(problem if apart is None else apart.problem)
    not_asked = NOT_IN_TIME | WHOLE if problem.is_network else NOT_IN_TIME
    for name in backend_names():
        backend = backend_named(name)
        able = name not in not_asked and not wanted & ~backend.capabilities and backend.is_available()
        if able and _says(name, "is_ready"):
            yield name


def _says(method: str, question: str) -> bool:
    """What a backend answers to a question that it need not know; true where it does not."""
    ask = getattr(backend_named(method), question, None)
    return ask is None or bool(ask())
