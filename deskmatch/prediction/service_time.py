"""`ServiceTimeModel`: how long an expert takes for a ticket; and the check of an implementation."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.errors import ContractError
from deskmatch.prediction.protocol import trial_arcs, trial_epoch

__all__ = ["ServiceTimeModel", "check_service_time_model"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]


@runtime_checkable
class ServiceTimeModel(Protocol):
    """The handling time of a ticket at an expert, given its topic, as a distribution.

    Run `check_service_time_model` on an implementation of your own.
    """

    def mean_s(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """``(k,)`` mean seconds, finite and above 0; arguments as in `ResolutionModel.probability`."""
        ...

    def quantile_s(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32, p: float) -> Float64:
        """``(k,)`` the seconds that are not exceeded with probability `p` in (0, 1); no less for a larger `p`."""
        ...


def check_service_time_model(model: ServiceTimeModel, epoch: Epoch | None = None) -> None:
    """Raise `ContractError` where `model` breaks the protocol of `ServiceTimeModel`.

    Tries it on every ticket, expert and topic (the unknown one among them), in another order, in part and on no pairs.

    Parameters
    ----------
    model : the implementation.
    epoch : where to try it; default: a small desk of 4 experts and 3 topics.

    Raises
    ------
    ContractError
        Says what was found and what the protocol asks for.
    """
    name = type(model).__name__
    if not isinstance(model, ServiceTimeModel):
        raise ContractError(f"{name} has no methods 'mean_s' and 'quantile_s'")
    epoch = trial_epoch() if epoch is None else epoch
    arcs = trial_arcs(epoch)
    order = np.random.default_rng(0).permutation(len(arcs[0]))
    asked: list[tuple[str, dict[str, Any]]] = [("mean_s", {}), *(("quantile_s", {"p": p}) for p in (0.1, 0.5, 0.95))]
    lower: Float64 | None = None
    for method, options in asked:
        call = method if not options else f"{method}(p={options['p']})"
        whole = _ask(model, name, call, epoch, arcs, method, options)
        for when, rows in (("on the pairs in another order", order), ("on some pairs", order[::3]), ("on none", [])):
            part = tuple(values[rows] for values in arcs) if len(rows) else tuple(values[:0] for values in arcs)
            found = _ask(model, name, f"{call} {when}", epoch, part, method, options)
            wanted = whole[rows] if len(rows) else whole[:0]
            if len(found) and not np.allclose(found, wanted, rtol=1e-9):
                raise ContractError(f"{name}: {call} {when}, it answers otherwise than on all of them")
        if options:
            if lower is not None and (whole < lower * (1 - 1e-12)).any():
                raise ContractError(f"{name}: {call} is below the quantile of a smaller p")
            lower = whole


def _ask(
    model: ServiceTimeModel,
    name: str,
    call: str,
    epoch: Epoch,
    arcs: tuple[Int32, ...],
    method: str,
    options: dict[str, Any],
) -> Float64:
    """The answer, refused where it is no array of times."""
    ticket, expert, topic = arcs
    try:
        found = getattr(model, method)(epoch, ticket=ticket, expert=expert, topic=topic, **options)
    except Exception as error:
        raise ContractError(f"{name}: {call} raises {type(error).__name__}: {error}") from error
    if not isinstance(found, np.ndarray) or found.dtype != np.float64 or found.shape != ticket.shape:
        raise ContractError(f"{name}: {call} returns {found!r}; expected a float64 array {ticket.shape}")
    if not (np.isfinite(found) & (found > 0)).all():
        raise ContractError(f"{name}: {call} returns times that are not finite and above 0")
    return found
