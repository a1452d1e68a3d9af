"""`Relaxation`: one step of what a channel lets pass once a ticket has waited."""

from __future__ import annotations

from collections.abc import Sequence

from deskmatch.routing.validation import Count, NonNegative, Settings

__all__ = ["Relaxation", "in_order"]


class Relaxation(Settings):
    """After a wait, a rule costs points instead of forbidding an expert.

    A key that a later step does not give keeps what earlier steps said.

    Parameters
    ----------
    after_s : open seconds of waiting from which the step holds, ≥ 0.
    missing_topic : points that an expert costs who knows none of the ticket's topics; None: forbidden.
    tiers_below : how many tiers below the one that the ticket needs are allowed.
    tier_cost : points for each tier below.
    language : points that an expert costs who does not speak the ticket's language; None: forbidden.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range.

    Examples
    --------
    >>> Relaxation(after_s=120, missing_topic=0.3)
    Relaxation(after_s=120.0, missing_topic=0.3, tiers_below=0, tier_cost=0.0, language=None)
    """

    after_s: NonNegative
    missing_topic: NonNegative | None = None
    tiers_below: Count = 0
    tier_cost: NonNegative = 0.0
    language: NonNegative | None = None


def in_order(steps: Sequence[Relaxation]) -> tuple[Relaxation, ...]:
    """The steps by time, each with everything that holds from then on; of steps at one time the last wins.

    Examples
    --------
    >>> steps = in_order([Relaxation(after_s=300, tiers_below=1), Relaxation(after_s=120, missing_topic=0.3)])
    >>> steps[1]
    Relaxation(after_s=300.0, missing_topic=0.3, tiers_below=1, tier_cost=0.0, language=None)
    """
    held: dict[str, object] = {}
    whole: dict[float, Relaxation] = {}
    for step in sorted(steps, key=lambda one: one.after_s):
        held |= {key: getattr(step, key) for key in step.model_fields_set}
        whole[step.after_s] = Relaxation.model_validate(held)
    return tuple(whole.values())
