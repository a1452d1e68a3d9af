"""`constraints_of`: the constraints of a routing.toml as objects."""

from __future__ import annotations

from importlib import import_module

from pydantic import ValidationError

from deskmatch.formulations.constraints.rule import Rule
from deskmatch.routing import Routing
from deskmatch.routing.validation import did_you_mean, error_of, findings

__all__ = ["KINDS", "constraints_of"]

KINDS = {
    "balance": "balance:Balance",
    "bundle": "bundle:Bundle",
    "forbid": "pairs:Forbid",
    "group_limit": "limits:GroupLimit",
    "min_service": "limits:MinService",
    "pin": "pairs:Pin",
    "reserve": "reserve:Reserve",
    "stability": "pairs:Stability",
    "tier_quota": "limits:TierQuota",
}
"""Kind to the place of its class in this package."""


def constraints_of(routing: Routing) -> tuple[Rule, ...]:
    """The constraints of a routing, in its order.

    Raises
    ------
    RoutingError
        Lists every kind that is unknown, and every parameter that is unknown or out of range.

    Examples
    --------
    >>> constraints_of(Routing.load({"constraints": [{"kind": "group_limit", "at_most": 3}]}))[0].at_most
    3
    """
    made: list[Rule] = []
    wrong: list[str] = []
    for number, table in enumerate(routing.constraints):
        kind, given = table["kind"], {key: value for key, value in table.items() if key != "kind"}
        if kind not in KINDS:
            hint = f"{did_you_mean(kind, KINDS)} (known: {', '.join(KINDS)})"
            wrong.append(f"constraints[{number + 1}].kind = {kind!r}: is no constraint{hint}")
            continue
        cls = constraint_class(kind)
        try:
            made.append(cls.model_validate(given))
        except ValidationError as error:
            wrong += findings(error, cls, at=("constraints", number))
    if wrong:
        raise error_of(wrong)
    return tuple(made)


def constraint_class(kind: str) -> type[Rule]:
    """The class of a kind."""
    module, _, name = KINDS[kind].partition(":")
    found: type[Rule] = getattr(import_module(f"deskmatch.formulations.constraints.{module}"), name)
    return found
