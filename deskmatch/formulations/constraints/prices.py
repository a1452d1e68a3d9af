"""`constraint_prices`: what each constraint costs the desk, by solving again without it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deskmatch.solver import Certificate, Solution, certify, solve
from deskmatch.solver.folding import RowFate

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.formulations.constraints.rules import Rules

__all__ = ["NOTE", "constraint_prices"]

NOTE = (
    "what the total would gain if this constraint alone were left out, its penalties included; prices of several"
    " constraints do not add up"
)
SAME = 1e-9
"""An interval no wider than this share of the totals is one number."""


class _Total(NamedTuple):
    """What is known of the best total of a problem."""

    points: float
    """Of the plan at hand; −inf where there is none."""
    bound: float
    """No plan has more; −inf where there is none."""
    is_proven: bool
    """By prices, not only by a solver's word."""
    assigned: int | None

    @classmethod
    def of(cls, solution: Solution, certificate: Certificate) -> _Total:
        if certificate.objective is None:
            infeasible = solution.status == "infeasible"
            return cls(-math.inf, -math.inf if infeasible else math.inf, certificate.infeasible_proven, None)
        bounds = [one for one in (certificate.proven_bound, solution.claimed_bound) if one is not None]
        bound = max(min(bounds, default=math.inf), certificate.objective)
        proven = certificate.proven_bound is not None and certificate.proven_bound <= bound
        return cls(certificate.objective, bound, proven, int((solution.expert_of >= 0).sum()))


def constraint_prices(
    rules: Rules | None, solution: Solution, certificate: Certificate, *, time_limit_s: float | None = None
) -> pd.DataFrame:
    """See `Plan.constraint_prices`."""
    import pandas as pd

    columns = ["constraint", "least", "greatest", "proof", "points_without", "assigned_without"]
    now = _Total.of(solution, certificate)
    rows = [] if rules is None else [(name, *_price(rules, name, now, time_limit_s)) for name in rules.constraints]
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs["note"] = NOTE
    return frame


def _price(
    rules: Rules, name: str, now: _Total, time_limit_s: float | None
) -> tuple[float, float, str, float, int | None]:
    if (rules.fates(name) == RowFate.SLACK).all():
        return 0.0, 0.0, "proven", np.nan if now.assigned is None else now.points, now.assigned
    problem = rules.without({name})
    answer = solve(problem, time_limit_s=time_limit_s)
    other = _Total.of(answer, certify(problem, answer))
    proof = "proven" if now.is_proven and other.is_proven else "claimed"
    points = np.nan if other.assigned is None else other.points
    if now.assigned is None or other.assigned is None:
        price = _impossible(now, other)
        return price, price, proof, points, other.assigned
    least, greatest = other.points - now.bound, other.bound - now.points
    if not rules.rows[name].side.extra_points.any():
        least = max(0.0, least)  # without the constraint nothing is lost
    if greatest - least <= SAME * max(1.0, abs(now.points), abs(other.points)):
        least = greatest = max(0.0, other.points - now.points) if least >= 0 else other.points - now.points
    return least, greatest, proof, points, other.assigned


def _impossible(now: _Total, other: _Total) -> float:
    """Infinite where only the constraint is in the way of every plan, nan where nothing can be said."""
    return math.inf if now.bound == -math.inf and other.assigned is not None else math.nan
