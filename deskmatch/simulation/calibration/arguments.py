"""What evaluations of a twin are asked for: refused by name where it cannot be."""

from __future__ import annotations

from collections.abc import Collection

from deskmatch.errors import ContractError
from deskmatch.ranges import WHOLE, Range, refuse

__all__ = ["check_known", "check_runs"]


def check_runs(replications: object, seed: object, *, least: int) -> None:
    """Refuse replications and seeds that are no whole numbers, or too few of them.

    Raises
    ------
    ContractError
        With all that is wrong.
    """
    enough = Range(f"{least} or more, whole", least=least, whole=True)
    refuse(enough.problems({"replications": replications}) + WHOLE.problems({"seed": seed}), ContractError)


def check_known(name: str, value: object, known: Collection[object]) -> None:
    """Refuse what is none of some values.

    Raises
    ------
    ContractError
        By name, with those that are.
    """
    if value not in known:
        raise ContractError(f"{name}: found {value!r}; expected one of {', '.join(map(str, known))}")
