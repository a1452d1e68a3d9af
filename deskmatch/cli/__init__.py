"""The command line: ``deskmatch assign``, ``check``, ``explain``, ``new``, ``simulate``, ``train`` and ``warm-up``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exits with 2 on bad input."""
    from deskmatch.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign shows another
    app()
