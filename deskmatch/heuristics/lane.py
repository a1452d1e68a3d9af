"""`Lane`: work in a thread that can be abandoned when it is late; while one is, no other is started."""

from __future__ import annotations

import _thread
import atexit
import os
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar, cast

__all__ = ["Job", "Lane"]

T = TypeVar("T")

GOODBYE_S = 3.0
"""How long a process waits at its end for threads that it has abandoned: it should not end inside of a solver."""


class Job(Generic[T]):
    """Work under way.

    Parameters
    ----------
    work : what to do; its result, or what it raises, is kept.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self.cpu_s = 0.0
        """Seconds of processor time that it took; once it is done."""
        # not `threading.Thread`, whose start waits until the thread runs: milliseconds on a busy machine
        _thread.start_new_thread(self._run, ())

    @property
    def is_done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait so long for its end; whether it came."""
        return self._done.wait(min(max(0.0, seconds), threading.TIMEOUT_MAX))

    def result(self) -> T:
        """What the work returned; raises what it raised. Only once it is done."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _run(self) -> None:
        started = time.thread_time()
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
        finally:
            self.cpu_s = time.thread_time() - started
            self._done.set()


class Lane:
    """Where work runs that may be late.

    Nothing can end a thread in native code, so that one that is late is left behind: its result is dropped, and no
    other work is started in this lane before it has ended. A lane so never holds more than one abandoned thread, plus
    one for each caller who is still waiting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._late: list[Job[object]] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        atexit.register(self._say_goodbye)

    def start(self, work: Callable[[], T]) -> Job[T] | None:
        """Start work; None where an abandoned thread is still running."""
        return Job(work) if self.is_free else None

    def abandon(self, job: Job[T]) -> None:
        """Wait for a job no longer."""
        with self._lock:
            self._late.append(cast("Job[object]", job))

    @property
    def is_free(self) -> bool:
        """Whether no abandoned thread is running."""
        with self._lock:
            self._late = [job for job in self._late if not job.is_done]
            return not self._late

    def _forget(self) -> None:
        """A forked process has none of its parent's threads."""
        self._lock = threading.Lock()
        self._late = []

    def _say_goodbye(self) -> None:
        for job in self._late:
            job.wait(GOODBYE_S)
