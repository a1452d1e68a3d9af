"""`fairness_of`: the cost of unfairness of a routing.toml as an object."""

from __future__ import annotations

from pydantic import ValidationError

from deskmatch.formulations.fairness.forms import AlphaFairness, SlotCost, SquaredOccupancy
from deskmatch.routing import Routing
from deskmatch.routing.validation import did_you_mean, error_of, findings

__all__ = ["FORMS", "fairness_of"]

FORMS: dict[str, type[AlphaFairness] | type[SlotCost] | type[SquaredOccupancy]] = {
    "alpha_fairness": AlphaFairness,
    "slot_cost": SlotCost,
    "squared_occupancy": SquaredOccupancy,
}


def fairness_of(routing: Routing) -> AlphaFairness | SlotCost | SquaredOccupancy | None:
    """The cost of unfairness that a routing describes, None where it describes none.

    Raises
    ------
    RoutingError
        For an unknown kind; lists every parameter that is unknown or out of range.

    Examples
    --------
    >>> fairness_of(Routing.load({"fairness": {"kind": "alpha_fairness", "alpha": 2, "weight": 0.1}})).alpha
    2.0
    """
    if routing.fairness is None:
        return None
    kind, given = routing.fairness["kind"], {key: value for key, value in routing.fairness.items() if key != "kind"}
    if kind not in FORMS:
        hint = f"{did_you_mean(kind, FORMS)} (known: {', '.join(FORMS)})"
        raise error_of([f"fairness.kind = {kind!r}: is no form of fairness{hint}"])
    try:
        return FORMS[kind].model_validate(given)
    except ValidationError as error:
        raise error_of(findings(error, FORMS[kind], at=("fairness",))) from None
