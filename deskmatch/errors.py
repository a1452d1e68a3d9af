"""The error tree: everything that deskmatch raises on purpose.

::

    DeskmatchError
    ├── InputError        (ValueError)   tables or arrays of a desk; lists every defect that it found
    ├── RoutingError      (ValueError)   settings; names the key
    ├── ScenarioError     (ValueError)   a scenario that cannot be simulated; names the key
    ├── ProblemError      (ValueError)   arrays that make no assignment problem
    ├── BackendError      (RuntimeError) a solver that is absent, cannot take this problem, or failed
    ├── MissingExtraError (ImportError)  a package that an extra of deskmatch brings is not installed
    ├── ContractError     (AssertionError) a user's implementation breaks a protocol (`check_…`)
    └── UnknownIdError    (KeyError)     a ticket or an expert that this plan does not know
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ARGUMENTS",
    "BackendError",
    "ContractError",
    "Defect",
    "DeskmatchError",
    "InputError",
    "MissingExtraError",
    "ProblemError",
    "RoutingError",
    "ScenarioError",
    "UnknownIdError",
]


ARGUMENTS = "arguments"
"""What a `Defect` has as its table where an argument is wrong; its column is the argument's name."""


class DeskmatchError(Exception):
    """Base of every error that deskmatch raises on purpose."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong in the input, and what would be accepted instead.

    Parameters
    ----------
    table : the table's name as the caller knows it (``"tickets"``, a file name, ``"routing.toml"``), or
        `ARGUMENTS`.
    row : the line as a person counts it in a file (header = 1), or the frame's label; None: the whole table.
    column : the column, or the argument; None: the whole row or table.
    value : what stands there, as text; None: nothing to show.
    accepted : what would be accepted, as the end of a sentence ("a number ≥ 0").

    Examples
    --------
    >>> print(Defect("tickets", "7", "tier", "'0'", "expected a whole number ≥ 1"))
    tickets, row 7, column 'tier': found '0'; expected a whole number ≥ 1
    >>> print(Defect(ARGUMENTS, None, "priority['3']", "0", "expected a number > 0"))
    argument priority['3']: found 0; expected a number > 0
    """

    table: str
    row: str | None
    column: str | None
    value: str | None
    accepted: str

    def __str__(self) -> str:
        found = "" if self.value is None else f"found {self.value}; "
        return f"{self._place()}: {found}{self.accepted}"

    def _place(self) -> str:
        if self.table == ARGUMENTS and self.row is None and self.column is not None:
            return f"argument {self.column}"
        row = None if self.row is None else f"row {self.row}"
        column = None if self.column is None else f"column {self.column!r}"
        return ", ".join(part for part in (self.table, row, column) if part)


class InputError(DeskmatchError, ValueError):
    """Tables or arrays that make no desk or epoch; ``defects`` holds every `Defect` found."""

    def __init__(self, defects: tuple[Defect, ...] | list[Defect]) -> None:
        self.defects = tuple(defects)
        count = len(self.defects)
        head = f"{count} problem{'s' if count != 1 else ''} in the input:"
        super().__init__("\n".join([head, *(f"  {defect}" for defect in self.defects)]))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Defect, ...]]]:
        return type(self), (self.defects,)


class RoutingError(DeskmatchError, ValueError):
    """Settings that make no routing; the message names the key and what would be accepted."""


class ScenarioError(DeskmatchError, ValueError):
    """A scenario that cannot be simulated; the message names each key and what would be accepted."""


class ProblemError(DeskmatchError, ValueError):
    """Arrays that make no assignment problem; the message names the array and the first offending index."""


class BackendError(DeskmatchError, RuntimeError):
    """A solver that is not installed, cannot take this problem, or failed."""


class MissingExtraError(DeskmatchError, ImportError):
    """A package that an extra of deskmatch brings is not installed; the message says how to install it."""


class ContractError(DeskmatchError, AssertionError):
    """An implementation of a deskmatch protocol that breaks it; raised by the ``check_…`` functions."""


class UnknownIdError(DeskmatchError, KeyError):
    """A ticket or expert id that is not part of this plan."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else "unknown id"
