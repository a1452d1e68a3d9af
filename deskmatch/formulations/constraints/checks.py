"""`check_constraint`: does your constraint keep the contract of `Constraint`?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.errors import ContractError
from deskmatch.formulations.checks import example_epoch
from deskmatch.formulations.constraints.protocol import Constraint, as_constraint
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.formulations.constraints.rules import rows_of
from deskmatch.formulations.formulation import Formulation
from deskmatch.solver import Status

__all__ = ["check_constraint"]


def check_constraint(constraint: Constraint, *, epoch: Epoch | None = None) -> None:
    """Fail with a readable message if a constraint breaks the contract of `Constraint`.

    Parameters
    ----------
    constraint : yours.
    epoch : the epoch to try it on; default: a small one with unknown values, three channels and experts of two tiers.

    Raises
    ------
    ContractError
        If it has no name or a wrong penalty, yields no `Rows` over the arcs that it is shown, answers differently when
        asked again, writes to what it is shown, fails where there are no arcs, or if the problem with its rows can
        neither be solved nor be called infeasible.

    Examples
    --------
    >>> from deskmatch.formulations.constraints import GroupLimit
    >>> check_constraint(GroupLimit(at_most=3))
    >>> class Nothing:
    ...     name, penalty = "nothing", None
    ...     def rows(self, arcs):
    ...         return None
    >>> check_constraint(Nothing())
    Traceback (most recent call last):
    ...
    deskmatch.errors.ContractError: constraint 'nothing': rows(arcs) gave NoneType; expected Rows (Rows.of)
    """
    constraint = as_constraint(constraint)
    epoch = example_epoch() if epoch is None else epoch
    model = Formulation(constraints=(constraint,)).bind(epoch.desk).build(epoch)
    assert model.rules is not None
    arcs, name = model.rules.arcs, constraint.name
    if not _alike(model.rules.rows[name], rows_of(name, constraint, arcs)):
        raise ContractError(f"constraint {name!r}: two calls on the same arcs differ; expected a pure function")
    nowhere: NDArray[np.int32] = np.zeros(0, np.int32)
    rows_of(name, constraint, arcs.of(nowhere, nowhere))
    plan = Formulation(constraints=(constraint,)).bind(epoch.desk).assign(epoch)
    if plan.status is Status.UNKNOWN:
        raise ContractError(f"constraint {name!r}: the problem with its rows has no answer: {plan.solution.message}")


def _alike(first: Rows, second: Rows) -> bool:
    names = ("arc_indptr", "arc", "arc_value", "extra_indptr", "extra", "extra_value", "sense", "rhs", "extra_points")
    return first.labels == second.labels and all(
        np.array_equal(getattr(first.side, name), getattr(second.side, name)) for name in names
    )
