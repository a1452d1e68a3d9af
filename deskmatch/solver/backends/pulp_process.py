"""`PulpProcess`: PuLP's own process, started when it is first needed and kept, since starting it takes 0.3 s."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from deskmatch.errors import BackendError

__all__ = ["PulpProcess"]

SCRIPT = "import sys; sys.path.insert(0, sys.argv[1]); from deskmatch.solver.backends.pulp_worker import main; main()"
ROOT = Path(__file__).parents[3]
"""Where this package lies: the process must run this one, not another that is installed."""


class PulpProcess:
    """One process that solves a job at a time; killed with what it has started when a job is interrupted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have a job done.

        Raises
        ------
        BackendError
            Where the process ends without an answer, or PuLP fails; with its words.
        """
        with self._lock:
            try:
                answer = self._asked(job)
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                self.kill()
                raise BackendError(f"PuLP's process ended without an answer: {error!r}") from error
            except BaseException:
                self.kill()
                raise
        if "error" in answer:
            raise BackendError(f"PuLP: {answer['error']}")
        return answer

    def close(self) -> None:
        """Let the process end by itself, which it does when no more jobs can come; kill it if it takes long."""
        process = self._process
        if process is not None and self._owner == os.getpid() and process.stdin is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                process.stdin.close()
                process.wait(timeout=2.0)
        self.kill()

    def kill(self) -> None:
        """Kill the process and what it has started."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        if process.poll() is None:
            with suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _asked(self, job: dict[str, Any]) -> dict[str, Any]:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise EOFError("no pipes")
        pickle.dump(job, process.stdin)
        process.stdin.flush()
        answer: dict[str, Any] = pickle.load(process.stdout)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.kill()
            command = [sys.executable, "-P", "-W", "ignore", "-c", SCRIPT, str(ROOT)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if self._owner != os.getpid():
                self._owner = os.getpid()
                atexit.register(self.close)
        return self._process
