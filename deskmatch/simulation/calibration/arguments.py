"""What evaluations of a twin are asked for: refused by name where it cannot be."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from deskmatch.errors import ContractError

__all__ = ["check_known", "check_runs", "check_share"]


def check_runs(replications: object, seed: object, *, least: int) -> None:
    """Refuse replications and seeds that are no whole numbers, or too few of them.

    Raises
    ------
    ContractError
        With all that is wrong.
    """
    wrong = [
        f"{name}: found {value!r}; expected {says}"
        for name, value, at_least, says in (
            ("replications", replications, least, f"{least} or more, whole"),
            ("seed", seed, 0, "a whole number ≥ 0"),
        )
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < at_least
    ]
    if wrong:
        raise ContractError("; ".join(wrong))


def check_share(name: str, value: float) -> None:
    """Refuse what is no share between 0 and 1.

    Raises
    ------
    ContractError
        By name.
    """
    if not 0 < value < 1:
        raise ContractError(f"{name}: found {value!r}; expected a share between 0 and 1")


def check_known(name: str, value: object, known: Collection[object]) -> None:
    """Refuse what is none of some values.

    Raises
    ------
    ContractError
        By name, with those that are.
    """
    if value not in known:
        raise ContractError(f"{name}: found {value!r}; expected one of {', '.join(map(str, known))}")
