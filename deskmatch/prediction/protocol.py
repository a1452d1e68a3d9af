"""`ResolutionModel`: who would resolve a ticket at first contact; and the check of an implementation."""

from __future__ import annotations

import pickle
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.errors import ContractError

__all__ = ["ResolutionModel", "check_resolution_model", "trial_arcs", "trial_epoch"]


@runtime_checkable
class ResolutionModel(Protocol):
    """The probability that an expert resolves a ticket at first contact, given its topic.

    Run `check_resolution_model` on an implementation of your own.
    """

    def probability(
        self, epoch: Epoch, *, ticket: NDArray[np.int32], expert: NDArray[np.int32], topic: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """P(resolved at first contact | ticket, expert, topic), element by element.

        Parameters
        ----------
        epoch : the instant; not changed.
        ticket, expert : ``(k,)`` rows of the epoch's tickets and experts; may be read-only.
        topic : ``(k,)`` codes of the desk's topics; −1: an unknown topic.

        Returns
        -------
        ``(k,)`` float64 in [0, 1]. Each entry depends on its own ticket, expert and topic only, and
        the same call gives the same answer.
        """
        ...


def check_resolution_model(model: ResolutionModel, epoch: Epoch | None = None) -> None:
    """Raise `ContractError` where `model` breaks the protocol of `ResolutionModel`.

    Tries it on every ticket, expert and topic (the unknown one among them), in two orders, in part, on no
    pairs, on read-only arrays, and twice; compares the results, and the epoch and the arguments before and
    after. Of a model with `interval` (`IntervalModel`), the intervals are tried as well.

    Parameters
    ----------
    model : the implementation.
    epoch : where to try it; default: a small desk of 4 experts and 3 topics. Give one of your own where the
        model needs features.

    Raises
    ------
    ContractError
        Says what was found and what the protocol asks for.

    Examples
    --------
    >>> from deskmatch.prediction import Proficiency
    >>> check_resolution_model(Proficiency())
    """
    if not isinstance(model, ResolutionModel):
        raise ContractError(f"{type(model).__name__} has no method 'probability'")
    epoch = trial_epoch() if epoch is None else epoch
    trial = _Trial(model, epoch)
    arcs = trial_arcs(epoch)
    before = pickle.dumps(epoch)
    whole = trial.ask("on all pairs", *arcs)
    trial.same("asked again, it answers differently", trial.ask("asked again", *arcs), whole)
    order = np.random.default_rng(0).permutation(len(arcs[0]))
    turned = trial.ask("on the pairs in another order", *(values[order] for values in arcs))
    trial.same("its answer depends on the order of the pairs", turned, whole[order])
    half = order[: len(order) // 2]
    part = trial.ask("on half of the pairs", *(values[half] for values in arcs))
    trial.same("its answer depends on the other pairs asked about", part, whole[half])
    frozen = tuple(values.copy() for values in arcs)
    for values in frozen:
        values.flags.writeable = False
    trial.same("its answer differs for read-only arrays", trial.ask("on read-only arrays", *frozen), whole)
    trial.ask("on no pairs", *(values[:0] for values in arcs))
    if hasattr(model, "interval"):
        trial.check_intervals(arcs)
    if pickle.dumps(epoch) != before:
        trial.fail("it changes the epoch, which it must leave as it is")


class _Trial:
    """Asks a model, and says by its name what is wrong with the answer."""

    def __init__(self, model: ResolutionModel, epoch: Epoch) -> None:
        self.model = model
        self.epoch = epoch
        self.name = type(model).__name__

    def ask(self, when: str, *arcs: NDArray[np.int32]) -> NDArray[np.float64]:
        """The model's answer, checked for type, shape and range; the arguments must stay as they were."""
        given = tuple(values.copy() if values.flags.writeable else values for values in arcs)
        ticket, expert, topic = given
        try:
            answer: Any = self.model.probability(self.epoch, ticket=ticket, expert=expert, topic=topic)
        except Exception as error:
            self.fail(f"{when}, it raises {type(error).__name__}: {error}", error)
        for name, values, was in zip(("ticket", "expert", "topic"), given, arcs, strict=True):
            if not np.array_equal(values, was):
                self.fail(f"{when}, it writes to its argument {name!r}")
        self.check(when, answer, len(arcs[0]))
        return np.array(answer)

    def check_intervals(self, arcs: tuple[NDArray[np.int32], ...]) -> None:
        """Refuse intervals that are no probabilities, cross, or shrink as their coverage grows."""
        ticket, expert, topic = arcs
        wider: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        for coverage in (0.99, 0.8, 0.0):
            when = f"interval(coverage={coverage})"
            try:
                ends: Any = self.model.interval(  # type: ignore[attr-defined]
                    self.epoch, ticket=ticket, expert=expert, topic=topic, coverage=coverage
                )
                lower, upper = ends
            except Exception as error:
                self.fail(f"{when}, it raises {type(error).__name__}: {error}", error)
            for end in (lower, upper):
                self.check(when, end, len(ticket))
            if (lower > upper + 1e-9).any():
                self.fail(f"{when}, a lower end lies above its upper end")
            if wider is not None and ((lower < wider[0] - 1e-9) | (upper > wider[1] + 1e-9)).any():
                self.fail(f"{when}, an interval is wider than that of a larger coverage")
            wider = lower, upper

    def check(self, when: str, answer: Any, size: int) -> None:
        """Refuse what is no float64 array ``(size,)`` of probabilities."""
        if not isinstance(answer, np.ndarray):
            self.fail(f"{when}, it returns {type(answer).__name__}; expected a numpy array")
        if answer.dtype != np.float64:
            self.fail(f"{when}, it returns dtype {answer.dtype}; expected float64")
        if answer.shape != (size,):
            self.fail(f"{when}, it returns shape {answer.shape}; expected {(size,)}")
        bad = answer[~((answer >= 0) & (answer <= 1))]
        if len(bad):
            self.fail(f"{when}, it returns {bad[0]!r} ({len(bad)} of {size} entries); expected numbers from 0 to 1")

    def same(self, claim: str, found: NDArray[np.float64], wanted: NDArray[np.float64]) -> None:
        """Refuse an answer that differs by more than rounding."""
        off = np.abs(found - wanted)
        if len(off) and off.max() > 1e-9:
            self.fail(f"{claim} (by up to {off.max():.3g})")

    def fail(self, what: str, cause: Exception | None = None) -> None:
        raise ContractError(f"{self.name}: {what}") from cause


def trial_arcs(epoch: Epoch) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every ticket with every expert and every topic, at most some thousands: the first of each."""
    tickets, experts = min(epoch.n_tickets, 16), min(epoch.n_experts, 32)
    topics = np.arange(-1, min(len(epoch.desk.topics), 16), dtype=np.int32)
    grid = np.meshgrid(np.arange(tickets), np.arange(experts), topics, indexing="ij")
    ticket, expert, topic = (axis.ravel().astype(np.int32) for axis in grid)
    return ticket, expert, topic


def trial_epoch() -> Epoch:
    """A small desk of 4 experts and 3 topics on which models are tried."""
    nan = np.nan
    desk = Desk(
        expert_ids=("ana", "bo", "cem", "dee"),
        channels=Vocabulary(("callback", "chat")),
        languages=Vocabulary(("en", "de")),
        topics=Vocabulary(("billing", "seo", "domains")),
        channel_limit=np.full((4, 2), 2),
        speaks=np.array([[1, 1], [1, 0], [0, 1], [1, 1]], bool),
        proficiency=np.array([[0.9, nan, 0.4], [0.5, 0.8, nan], [nan, nan, 1.0], [0.0, 0.3, 0.6]]),
        general_proficiency=np.array([nan, 0.2, nan, 0.0]),
        tier=np.array([1, 2, 1, 3]),
    )
    tickets = Tickets(
        ids=("t1", "t2", "t3"),
        channel=np.array([0, 1, 1]),
        language=np.array([0, 1, 0]),
        topic=np.array([0, 1, 2, -1]),
        topic_ptr=np.array([0, 2, 3, 4]),
        topic_probability=np.array([0.7, 0.3, 1.0, 1.0]),
        waited_s=np.array([0.0, 60.0, 3600.0]),
    )
    return Epoch(desk, tickets)
