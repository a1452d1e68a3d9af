"""The command line: ``deskmatch assign``, ``check``, ``explain`` and ``new``."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; exits with 2 on bad input."""
    from deskmatch.cli.app import app

    app()
