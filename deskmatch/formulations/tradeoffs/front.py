"""`pareto`: plans of which none is better in everything than another, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.formulations.expected import expect_epoch
from deskmatch.formulations.formulation import BoundFormulation, Formulation
from deskmatch.formulations.model import Model
from deskmatch.formulations.pictures import CHOSEN, MAIN, QUIET, drawn, tidy
from deskmatch.formulations.tradeoffs.objectives import Objective, criteria_of
from deskmatch.solver import Solution, Status, solve
from deskmatch.solver.representatives import Representative, representatives

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.formulations.plan import Plan
    from deskmatch.prediction import ResolutionModel
    from deskmatch.routing import Routing

__all__ = ["Front", "front_of", "pareto"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """Representatives of the Pareto front of one epoch; by the first objective, greatest first.

    Parameters
    ----------
    names : the objectives, all maximised.
    values : ``(points, objectives)``.
    plans : one for each point, of the same model; the gap of each is what it lacks to the most points.
    proven : ``(points,)`` whether it is proved that no plan is better in one objective and as good in the others;
        elsewhere the solver of an integer program claims it.
    supported : ``(points,)`` whether weights were found with which it is the best plan.
    gap : for each plan that is missing there is one here that lacks at most this share of the range in any objective;
        0: nothing is missing (but what is nearer than a ten-thousandth).
    gap_proven : whether the gap is proved, too.
    """

    names: tuple[str, ...]
    values: Float64
    plans: tuple[Plan, ...]
    proven: NDArray[np.bool_]
    supported: NDArray[np.bool_]
    gap: float
    gap_proven: bool

    @property
    def knee(self) -> int:
        """The point that lies furthest beyond the plane through the best of each objective.

        With every objective as a share of its range among the points: the greatest sum (I. Das, "On characterizing the
        knee of the Pareto curve", Structural Optimization 18 (1999) 107–115). Of equal ones the first.
        """
        return int(np.argmax(self._shares().sum(axis=1)))

    @property
    def frame(self) -> pd.DataFrame:
        """One row a point: the objectives, ``points, assigned, found_by, proof, knee``."""
        import pandas as pd

        columns: dict[str, Any] = {name: self.values[:, place] for place, name in enumerate(self.names)}
        columns.setdefault("points", [plan.objective for plan in self.plans])
        columns.setdefault("assigned", [int((plan.solution.expert_of >= 0).sum()) for plan in self.plans])
        columns["found_by"] = ["weights" if weighed else "bounds" for weighed in self.supported.tolist()]
        columns["proof"] = ["proven" if proved else "claimed" for proved in self.proven.tolist()]
        columns["knee"] = np.arange(len(self.plans)) == self.knee
        return pd.DataFrame(columns)

    def picture(self, path: str | Path | None = None) -> Any:
        """The front as a matplotlib figure, and as a file where a path is given (.svg, .png, .pdf).

        Two objectives as a curve; of three the first two, the third as colour; and any number as lines from objective
        to objective, each a share of its range. Filled: proved; the knee stands out.

        Raises
        ------
        ImportError
            Where matplotlib is not installed; it comes with the extra ``plot``.
        """
        flat = len(self.names) == 2
        return drawn(self._curve if flat else self._panels, path, (6.5, 4.5) if flat else (10.5, 4.5))

    def __str__(self) -> str:
        frame = self.frame.assign(knee=np.where(self.frame["knee"], "knee", ""))
        claim = "at most" if self.gap_proven else "at most, as the solver claims,"
        missing = f"For any missing plan one here lacks {claim} {self.gap:.2%} of the range in any objective."
        whole = "This is the whole front." if self.gap <= 0 and self.gap_proven else missing
        head = f"{len(self.plans)} plans of which none is better in everything than another; {', '.join(self.names)}"
        return "\n".join([head, frame.to_string(index=False, float_format="{:.4f}".format), whole])

    def _shares(self) -> Float64:
        """``(points, objectives)`` from 0, the least among the points, to 1."""
        least, most = self.values.min(axis=0), self.values.max(axis=0)
        return np.asarray((self.values - least) / np.where(most > least, most - least, 1.0))

    def _curve(self, figure: Any) -> None:
        axes = figure.subplots()
        axes.step(self.values[:, 1], self.values[:, 0], where="pre", color=QUIET, linewidth=0.8, zorder=1)
        self._dots(axes, 1, 0, MAIN)
        axes.set(xlabel=self.names[1], ylabel=self.names[0])
        tidy(axes, f"{len(self.plans)} plans, gap {self.gap:.1%} of the range")
        axes.legend(frameon=False, loc="lower left")

    def _dots(self, axes: Any, x: int, y: int, colour: str) -> None:
        for proved, face, label in ((True, colour, "proved"), (False, "white", "claimed")):
            some = self.proven == proved
            if some.any():
                across, up = self.values[some, x], self.values[some, y]
                axes.scatter(across, up, s=34, facecolor=face, edgecolor=colour, label=label, zorder=3)
        at = self.values[self.knee]
        axes.scatter([at[x]], [at[y]], s=150, facecolor="none", edgecolor=CHOSEN, linewidth=1.8, label="knee", zorder=4)

    def _panels(self, figure: Any) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.1))
        shown = left.scatter(self.values[:, 1], self.values[:, 0], c=self.values[:, 2], cmap="viridis", s=46, zorder=3)
        figure.colorbar(shown, ax=left, label=self.names[2])
        at = self.values[self.knee]
        left.scatter([at[1]], [at[0]], s=170, facecolor="none", edgecolor=CHOSEN, linewidth=1.8, label="knee", zorder=4)
        left.set(xlabel=self.names[1], ylabel=self.names[0])
        left.legend(frameon=False)
        tidy(left, f"{len(self.plans)} plans, gap {self.gap:.1%} of the range")
        places = np.arange(len(self.names))
        for index, shares in enumerate(self._shares()):
            knee = index == self.knee
            right.plot(
                places, shares, "-o", color=CHOSEN if knee else MAIN, linewidth=2.2 if knee else 0.9, markersize=4,
                zorder=3 if knee else 2, alpha=1.0 if knee else 0.55,
            )  # fmt: skip
        right.set_xticks(places, self.names)
        right.set(ylabel="share of the range", ylim=(-0.05, 1.05))
        tidy(right, "what each plan gives up")


def pareto(
    epoch: Epoch,
    *,
    objectives: Sequence[Objective] = ("resolution", "waiting", "fairness"),
    points: int = 9,
    routing: Routing | Mapping[str, object] | str | Path | None = None,
    resolution: ResolutionModel | None = None,
    formulation: Formulation | BoundFormulation | None = None,
    at_least: int | None = None,
    unsupported: bool = True,
    method: str = "auto",
    time_limit_s: float | None = 10.0,
) -> Front:
    """Plans between which only the desk can choose: none is better in one objective and as good in all others.

    Weighted sums come first: on a network each is a network, and each plan is proved to be non-dominated. Where no
    weights find any more, bounds on all objectives do (integer programs, claimed). See
    `deskmatch.solver.representatives` for the method.

    Parameters
    ----------
    epoch : who waits and who is free.
    objectives : two or more of ``"points"`` (the whole objective), ``"assigned"``, ``"fairness"``, names of terms (each
        at weight 1), `Term` objects and forms of fairness such as ``AlphaFairness(alpha=2)``; all are maximised.
    points : at most so many plans, ≥ 2; at least one for each objective is sought.
    routing, resolution : as in `assign`.
    formulation : instead of these: terms and constraints of your own; constraints hold for every plan.
    at_least : how many tickets each plan must assign. None: where fairness is an objective as many as the plan with
        most points does, since to hold everyone would be perfectly fair; else none.
    unsupported : whether to look for plans that no weights find.
    method : a backend's name, or ``"auto"``: solves the weighted sums.
    time_limit_s : seconds for all integer programs together, None: as many as they take.

    Raises
    ------
    InputError
        For objectives that are unknown or the same, or fewer than two points.
    ProblemError
        Where no plan keeps every rule.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> front = deskmatch.pareto(epoch, objectives=["resolution", "waiting"], points=4)
    >>> front.frame[["resolution", "waiting", "proof", "knee"]].round(3)
       resolution  waiting   proof   knee
    0      57.434    5.577  proven  False
    1      56.603    6.427  proven   True
    2      55.014    6.570  proven  False
    3      51.730    6.636  proven  False
    """
    expect_epoch(epoch)
    if formulation is None:
        formulation = Formulation.of(routing, resolution=resolution)
    elif routing is not None or resolution is not None:
        expected = "expected either a formulation, or routing and resolution"
        raise InputError([Defect(ARGUMENTS, None, "formulation", None, expected)])
    bound = formulation if isinstance(formulation, BoundFormulation) else formulation.bind(epoch.desk)
    return front_of(
        bound.build(epoch),
        objectives,
        points,
        at_least=at_least,
        unsupported=unsupported,
        method=method,
        time_limit_s=time_limit_s,
    )


def front_of(
    model: Model,
    objectives: Sequence[Objective],
    points: int,
    *,
    at_least: int | None = None,
    unsupported: bool = True,
    method: str = "auto",
    time_limit_s: float | None = None,
) -> Front:
    """The front of a model; see `pareto`."""
    given: object = points
    if isinstance(given, bool) or not isinstance(given, int) or given < 2:
        raise InputError([Defect(ARGUMENTS, None, "points", repr(points), "expected a whole number ≥ 2")])
    asked = criteria_of(model, objectives)
    best = solve(model.problem, time_limit_s=time_limit_s)
    floor = at_least if at_least is not None else int((best.expert_of >= 0).sum()) if asked.has_fairness else 0
    found = representatives(
        asked.problem,
        asked.criteria,
        points,
        at_least=floor,
        unsupported=unsupported,
        method=method,
        time_limit_s=time_limit_s,
    )
    return Front(
        names=asked.names,
        values=np.array([point.values for point in found.points]),
        plans=tuple(_plan(model, point, best) for point in found.points),
        proven=np.array([point.proven for point in found.points]),
        supported=np.array([point.weights is not None for point in found.points]),
        gap=found.gap,
        gap_proven=found.proven,
    )


def _plan(model: Model, point: Representative, best: Solution) -> Plan:
    """A point as a plan; the prices of the best plan tell what it lacks to the most points."""
    extra = point.solution.extra
    own = None if extra is None or not model.problem.n_extra else extra[: model.problem.n_extra]
    told = replace(
        best,
        expert_of=point.solution.expert_of,
        extra=own,
        objective=None,
        status=Status.FEASIBLE,
        method="front: " + ("bounds" if point.weights is None else "weights"),
        claimed_bound=None,
        message="",
    )
    return model.recover(told)
