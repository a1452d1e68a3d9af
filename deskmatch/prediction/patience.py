"""`PatienceModel`: how long customers wait before they give up; and the check of an implementation."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError

__all__ = ["PatienceModel", "check_patience_model"]

Float64 = NDArray[np.float64]


@runtime_checkable
class PatienceModel(Protocol):
    """The distribution of the time after which a waiting customer gives up, given the ticket's topic.

    Run `check_patience_model` on an implementation of your own.
    """

    def survival(self, wait_s: Float64, topic: str | None = None) -> Float64:
        """P(patience > wait), element by element.

        Parameters
        ----------
        wait_s : ``(k,)`` seconds ≥ 0; may be read-only.
        topic : of all of them; None, or one that the history lacks: as customers are on the whole.

        Returns
        -------
        ``(k,)`` in [0, 1], 1 at 0, no greater for a longer wait.
        """
        ...


def check_patience_model(model: PatienceModel, topics: tuple[str | None, ...] = (None, "?")) -> None:
    """Raise `ContractError` where `model` breaks the protocol of `PatienceModel`.

    Parameters
    ----------
    model : the implementation.
    topics : those to try.

    Raises
    ------
    ContractError
        Says what was found and what the protocol asks for.
    """
    name = type(model).__name__
    if not isinstance(model, PatienceModel):
        raise ContractError(f"{name} has no method 'survival'")
    waits = np.concatenate(([0.0], np.geomspace(1e-3, 1e7, 60)))
    waits.flags.writeable = False
    for topic in topics:
        call = f"survival(…, topic={topic!r})"
        try:
            found = model.survival(waits, topic)
            turned, empty = model.survival(waits[::-1], topic), model.survival(waits[:0], topic)
        except Exception as error:
            raise ContractError(f"{name}: {call} raises {type(error).__name__}: {error}") from error
        answers: tuple[tuple[object, int], ...] = ((found, len(waits)), (turned, len(waits)), (empty, 0))
        for answer, size in answers:
            if not isinstance(answer, np.ndarray) or answer.dtype != np.float64 or answer.shape != (size,):
                raise ContractError(f"{name}: {call} returns {answer!r}; expected a float64 array {(size,)}")
        if not ((found >= 0) & (found <= 1)).all():
            raise ContractError(f"{name}: {call} returns what is no probability")
        if abs(found[0] - 1.0) > 1e-9:
            raise ContractError(f"{name}: {call} is {found[0]:.4g} at 0; expected 1")
        if (np.diff(found) > 1e-12).any():
            raise ContractError(f"{name}: {call} rises with the wait")
        if not np.allclose(turned[::-1], found, rtol=1e-9, atol=1e-12):
            raise ContractError(f"{name}: {call} depends on the order of the waits")
