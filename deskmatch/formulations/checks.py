"""`check_term`: does your term keep the contract of `Term`?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Staffing, Tickets, Vocabulary
from deskmatch.errors import ContractError
from deskmatch.formulations.arcs import Arcs
from deskmatch.formulations.formulation import Formulation
from deskmatch.formulations.terms import Term, as_term

__all__ = ["check_term"]


def check_term(term: Term | Callable[[Arcs], NDArray[np.float64]], *, epoch: Epoch | None = None) -> None:
    """Fail with a readable message if a term breaks the contract of `Term`.

    Parameters
    ----------
    term : a term, or a function of `Arcs`.
    epoch : the epoch to try it on; default: a small one with unknown values, three channels and experts of two tiers.

    Raises
    ------
    ContractError
        If the values have the wrong shape, are not finite, change between calls, depend on which other arcs are asked
        for at the same time (the plan evaluates the chosen arcs alone), or if the term writes to the epoch.

    Examples
    --------
    >>> check_term(lambda arcs: arcs.resolution ** 2)
    >>> check_term(lambda arcs: arcs.resolution - arcs.resolution.mean())
    Traceback (most recent call last):
    ...
    deskmatch.errors.ContractError: term '<lambda>': the value of an arc changes with the other arcs asked for
    """
    term = as_term(term)
    if not term.name:
        raise ContractError(f"term {term!r}: expected a non-empty name, found {term.name!r}")
    epoch = example_epoch() if epoch is None else epoch
    model = Formulation(terms=(term,)).bind(epoch.desk).build(epoch)
    problem, situation = model.problem, model.situation
    whole = _values(term, Arcs(situation, problem.ticket, problem.expert))
    if not _alike(whole, _values(term, Arcs(situation, problem.ticket, problem.expert))):
        raise ContractError(f"term {term.name!r}: two calls on the same arcs differ; expected a pure function")
    for some in (np.arange(problem.n_arcs)[::-1], np.arange(0, problem.n_arcs, 3), np.arange(0)):
        part = _values(term, Arcs(situation, problem.ticket[some], problem.expert[some]))
        if part.shape != some.shape:
            raise ContractError(f"term {term.name!r}: expected values of shape {some.shape}, got {part.shape}")
        if not _alike(part, whole[some]):
            raise ContractError(f"term {term.name!r}: the value of an arc changes with the other arcs asked for")


def _values(term: Term, arcs: Arcs) -> NDArray[np.float64]:
    return np.asarray(term.values(arcs), np.float64)


def _alike(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Equal but for the last bits, which may differ with an array's length where several are computed at once."""
    return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-12, atol=1e-15))


def example_epoch() -> Epoch:
    """A small epoch with unknown values, three channels, two tiers, tags, preferences and topics in doubt."""
    rng = np.random.default_rng(1)
    experts, tickets = 9, 12
    desk = Desk(
        expert_ids=tuple(f"e{k}" for k in range(experts)),
        channels=Vocabulary(("callback", "chat", "post")),
        languages=Vocabulary(("de", "en")),
        topics=Vocabulary(("billing", "dns", "seo")),
        channel_limit=rng.integers(0, 4, (experts, 3)),
        speaks=rng.random((experts, 2)) < 0.8,
        proficiency=np.where(rng.random((experts, 3)) < 0.7, rng.random((experts, 3)), np.nan),
        general_proficiency=np.where(np.arange(experts) % 4 == 0, 0.5, np.nan),
        tier=1 + np.arange(experts) % 2,
        tags=Vocabulary(("vip",)),
        has=rng.random((experts, 1)) < 0.5,
    )
    ptr = np.concatenate(([0], np.cumsum(1 + np.arange(tickets) % 2)))
    waiting = Tickets(
        ids=tuple(f"t{k}" for k in range(tickets)),
        channel=np.arange(tickets) % 3,
        language=np.arange(tickets) % 2,
        topic=np.arange(ptr[-1]) % 3,
        topic_ptr=ptr,
        topic_probability=np.where(np.repeat(np.arange(tickets) % 2, np.diff(ptr)) == 1, 0.4, 1.0),
        tier=1 + np.arange(tickets) % 2,
        waited_s=rng.exponential(300, tickets),
        due_s=np.where(np.arange(tickets) % 4 == 0, -60.0, np.nan),
        importance=1.0 + np.arange(tickets) % 3,
        patience_s=np.where(np.arange(tickets) % 3 == 1, 120.0, np.nan),
        preferred=np.where(np.arange(tickets) % 5 == 0, 2, -1),
    )
    staffing = Staffing(
        load=np.zeros((experts, 3), np.int32),
        occupancy=np.where(np.arange(experts) % 3 == 0, np.nan, rng.random(experts)),
        acceptance=np.linspace(0.5, 1, experts),
    )
    return Epoch(desk, waiting, staffing)
