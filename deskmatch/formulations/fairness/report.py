"""`fairness_report`: how evenly a plan spreads the work, and what more fairness would cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError, ProblemError
from deskmatch.formulations.expected import expect_plan
from deskmatch.formulations.fairness.forms import Fairness, SquaredOccupancy
from deskmatch.formulations.fairness.measures import gini, jain
from deskmatch.formulations.fairness.work import WINDOW_S, Work
from deskmatch.formulations.pictures import CHOSEN, MAIN, QUIET, drawn, tidy
from deskmatch.solver.evaluation import arcs_chosen

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.formulations.plan import Plan

__all__ = ["FairnessReport", "fairness_report"]

Float64 = NDArray[np.float64]
SHOWN = 8
BAR = 24


@dataclass(frozen=True, slots=True, eq=False)
class FairnessReport:
    """How evenly a plan spreads the work over the experts whom it could have given tickets.

    Parameters
    ----------
    plan : the plan.
    work : what the experts had done, and what each pair would add.
    """

    plan: Plan
    work: Work
    _prices: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @property
    def experts(self) -> pd.DataFrame:
        """The distribution: ``expert_id, occupancy_before, new_tickets, new_work_s, occupancy_after``, busiest first.

        Occupancies that are unknown count as `Work` says. Experts whom no waiting ticket may go to are left out.
        """
        import pandas as pd

        work, group = self.work, np.flatnonzero(self.work.group)
        chosen = self.plan.solution.expert_of
        after = self._after(self.plan)
        count = np.bincount(chosen[chosen >= 0], minlength=len(work.before))
        frame = pd.DataFrame(
            {
                "expert_id": [self.plan.model.epoch.desk.expert_ids[row] for row in group.tolist()],
                "occupancy_before": work.before[group],
                "new_tickets": count[group],
                "new_work_s": (after - work.before)[group] * work.window_s,
                "occupancy_after": after[group],
            }
        )
        return frame.sort_values("occupancy_after", ascending=False, kind="stable", ignore_index=True)

    @property
    def measures(self) -> pd.DataFrame:
        """``measure, before, after``: Jain's index and the Gini coefficient of the occupancies, their range, the least
        idle share, and the mean occupancy; before the epoch and after it."""
        import pandas as pd

        group = self.work.group
        before, after = _measured(self.work.before[group]), _measured(self._after(self.plan)[group])
        return pd.DataFrame({"measure": list(before), "before": list(before.values()), "after": list(after.values())})

    def price(
        self, points: int = 7, *, form: Fairness | None = None, time_limit_s: float | None = 10.0
    ) -> pd.DataFrame:
        """The price of fairness as a curve, from the plan with most points to the fairest one.

        The plans are non-dominated in points and the form of fairness (`pareto`), and none assigns fewer tickets than
        the best plan. The price is the share of the points that is lost (D. Bertsimas, V. F. Farias, N. Trichakis, "The
        price of fairness", Operations Research 59 (2011) 17–31).

        Parameters
        ----------
        points : at most so many plans, ≥ 2.
        form : what is traded against points; default: `SquaredOccupancy`.
        time_limit_s : seconds for integer programs together; None: as many as they take.

        Returns
        -------
        ``points, price, jain, gini, range, least_idle, proof``, most points first; ``attrs["gap"]`` as in `Front`.

        Raises
        ------
        ProblemError
            Where no plan keeps every rule.
        """
        from deskmatch.formulations.tradeoffs.front import front_of

        form = SquaredOccupancy(window_s=self.work.window_s) if form is None else form
        key = f"{points} {form!r} {time_limit_s}"
        if key not in self._prices:
            front = front_of(self.plan.model, ["points", form], points, time_limit_s=time_limit_s)
            self._prices[key] = self._priced(front)
        return self._prices[key].copy()

    def picture(self, path: str | Path | None = None) -> Any:
        """The distribution beside the price of fairness, as a matplotlib figure, and as a file where a path is given.

        Raises
        ------
        ImportError
            Where matplotlib is not installed; it comes with the extra ``plot``.
        """
        return drawn(self._panels, path, (10.0, 4.2))

    def __str__(self) -> str:
        measures = self.measures.to_string(index=False, float_format="{:.3f}".format)
        return "\n".join([self._headline(), "", measures, "", *self._bars(), "", *self._curve_lines()])

    def _headline(self) -> str:
        count, hours = int(self.work.group.sum()), self.work.window_s / 3600
        busiest = float(self._after(self.plan)[self.work.group].max(initial=0.0))
        window = "the hour" if hours == 1 else f"{hours:g} hours"
        return f"{count} experts could get tickets; the busiest would work {busiest:.0%} of {window}"

    def _bars(self) -> list[str]:
        """The busiest experts, before and after, as text."""
        frame = self.experts.head(SHOWN)
        most = max(1.0, float(frame["occupancy_after"].max())) if len(frame) else 1.0
        lines = []
        for name, before, new, after in zip(
            frame["expert_id"], frame["occupancy_before"], frame["new_tickets"], frame["occupancy_after"], strict=True
        ):
            old = round(BAR * before / most)
            bar = "█" * old + "░" * (round(BAR * after / most) - old)
            lines.append(f"{name:>12} {bar:<{BAR}} {before:5.0%} → {after:5.0%}  {new} new")
        hidden = int(self.work.group.sum()) - len(frame)
        return [*lines, *([f"{'':>12} … and {hidden} less busy"] if hidden > 0 else [])]

    def _curve_lines(self) -> list[str]:
        if self.plan.objective is None:
            return ["no plan keeps every rule, so that fairness has no price"]
        frame = self.price()
        text = frame.to_string(index=False, float_format="{:.4f}".format)
        return ["The price of fairness (no plan assigns fewer tickets):", text]

    def _after(self, plan: Plan) -> Float64:
        problem = self.plan.model.problem
        return self.work.after(problem.expert, arcs_chosen(problem, plan.solution.expert_of))

    def _priced(self, front: Any) -> pd.DataFrame:
        import pandas as pd

        best = float(front.values[:, 0].max())
        rows = []
        for total, plan, proved in zip(front.values[:, 0].tolist(), front.plans, front.proven.tolist(), strict=True):
            told = _measured(self._after(plan)[self.work.group])
            rows.append(
                {
                    "points": total,
                    "price": (best - total) / abs(best) if best else 0.0,
                    "jain": told["Jain's index"],
                    "gini": told["Gini coefficient"],
                    "range": told["range"],
                    "least_idle": told["least idle share"],
                    "proof": "proven" if proved else "claimed",
                }
            )
        frame = pd.DataFrame(rows)
        frame.attrs["gap"] = front.gap
        return frame

    def _panels(self, figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        frame = self.experts
        places = np.arange(len(frame))
        left.bar(places, frame["occupancy_before"], color=QUIET, width=1.0, label="before")
        new = frame["occupancy_after"] - frame["occupancy_before"]
        left.bar(places, new, bottom=frame["occupancy_before"], color=MAIN, width=1.0, label="new work")
        left.axhline(1.0, color="black", linewidth=0.7, linestyle=":")
        left.set(xlabel="experts, busiest first", ylabel="occupancy after the epoch")
        left.legend(frameon=False)
        tidy(left, "How the work is spread")
        if self.plan.objective is None:
            return
        curve = self.price()
        right.plot(100 * curve["price"], curve["gini"], "o-", color=MAIN, markersize=5)
        now = _measured(self._after(self.plan)[self.work.group])["Gini coefficient"]
        best = float(curve["points"].max())
        lost = 100 * (best - self.plan.objective) / abs(best) if best else 0.0
        right.plot([lost], [now], "o", color=CHOSEN, markersize=9, markerfacecolor="none", label="this plan")
        right.set(xlabel="points given up, % of the best plan's", ylabel="Gini coefficient of the occupancies")
        right.legend(frameon=False)
        tidy(right, "The price of fairness")


def fairness_report(plan: Plan, *, window_s: float = WINDOW_S) -> FairnessReport:
    """How evenly a plan spreads the work: the distribution, Jain's index, Gini, and the price of fairness.

    Parameters
    ----------
    plan : the plan.
    window_s : seconds over which the work is spread, > 0; default: the hour that occupancies are told of.

    Raises
    ------
    InputError
        Where the window is no number > 0.
    ProblemError
        Where the plan breaks a rule.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> report = fairness_report(deskmatch.assign(epoch))
    >>> report.measures.round(3)
                measure  before  after
    0      Jain's index   0.931  0.895
    1  Gini coefficient   0.155  0.182
    2             range   0.500  1.473
    3  least idle share   0.130 -0.960
    4    mean occupancy   0.631  0.997
    """
    expect_plan(plan)
    given: object = window_s
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < np.inf:
        raise InputError([Defect(ARGUMENTS, None, "window_s", repr(window_s), "expected seconds > 0")])
    if not plan.certificate.feasible and plan.objective is not None:
        raise ProblemError("the plan breaks a rule: " + "; ".join(plan.certificate.violations))
    plan = plan.whole()
    problem = plan.model.problem
    return FairnessReport(
        plan=plan, work=Work.of(plan.model.situation, problem.ticket, problem.expert, window_s=window_s)
    )


def _measured(occupancy: Float64) -> dict[str, float]:
    """The measures of some occupancies; of nobody's those of an even spread."""
    some = len(occupancy) > 0
    return {
        "Jain's index": jain(occupancy),
        "Gini coefficient": gini(occupancy),
        "range": float(np.ptp(occupancy)) if some else 0.0,
        "least idle share": float(1.0 - occupancy.max()) if some else 1.0,
        "mean occupancy": float(occupancy.mean()) if some else 0.0,
    }
