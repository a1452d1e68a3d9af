"""`check_resolution_model` accepts what keeps the protocol and names each way of breaking it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.errors import ContractError
from deskmatch.prediction import Proficiency, ResolutionModel, check_resolution_model

Codes = NDArray[np.int32]


class Made:
    """A model out of a function of the arcs."""

    def __init__(self, answer: Callable[[Epoch, Codes, Codes, Codes], Any]) -> None:
        self.answer = answer

    def probability(self, epoch: Epoch, *, ticket: Codes, expert: Codes, topic: Codes) -> Any:
        return self.answer(epoch, ticket, expert, topic)


def good(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    return 0.5 + 0.1 * np.cos(ticket + 2.0 * expert + 5.0 * topic)


def writes(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    found = good(epoch, ticket, expert, topic)
    topic[topic < 0] = 0
    return found


def writes_where_it_may(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    return good(epoch, ticket, expert, topic) - 0.1 * topic.flags.writeable


def needs_to_write(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    topic += 0
    return good(epoch, ticket, expert, topic)


def changes_the_epoch(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    object.__setattr__(epoch.tickets, "waited_s", epoch.tickets.waited_s + 1)
    return good(epoch, ticket, expert, topic)


def ranks(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    return np.linspace(0, 1, len(ticket))


def compares(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    found = good(epoch, ticket, expert, topic)
    return found / max(1.0, float(len(found)))


def chance() -> Callable[..., NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    return lambda epoch, ticket, expert, topic: rng.random(len(ticket))


def fails(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    raise KeyError("tenure")


def fails_on_nothing(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
    return good(epoch, ticket, expert, topic) * (0 * ticket.max() + 1)


def one(value: float) -> Callable[..., NDArray[np.float64]]:
    def answer(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
        return np.where((expert == 1) & (topic == -1), value, good(epoch, ticket, expert, topic))

    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fails, "on all pairs, it raises KeyError: 'tenure'"),
        (lambda *arcs: good(*arcs).tolist(), "returns list; expected a numpy array"),
        (lambda *arcs: good(*arcs).astype(np.float32), "returns dtype float32; expected float64"),
        (lambda *arcs: good(*arcs)[:, None], r"returns shape \(48, 1\); expected \(48,\)"),
        (lambda *arcs: good(*arcs)[1:], r"returns shape \(47,\); expected \(48,\)"),
        (one(np.nan), r"returns .*nan.* \(3 of 48 entries\); expected numbers from 0 to 1"),
        (one(-0.1), "expected numbers from 0 to 1"),
        (one(1.0001), "expected numbers from 0 to 1"),
        (one(np.inf), "expected numbers from 0 to 1"),
        (chance(), "asked again, it answers differently"),
        (ranks, "its answer depends on the order of the pairs"),
        (compares, "its answer depends on the other pairs asked about"),
        (writes, "on all pairs, it writes to its argument 'topic'"),
        (writes_where_it_may, "its answer differs for read-only arrays"),
        (needs_to_write, "on read-only arrays, it raises ValueError"),
        (fails_on_nothing, "on no pairs, it raises ValueError"),
        (changes_the_epoch, "it changes the epoch"),
    ],
)
def test_each_breach_is_named(answer: Callable[..., Any], said: str) -> None:
    with pytest.raises(ContractError, match=said) as error:
        check_resolution_model(Made(answer))
    assert "Made" in str(error.value)


def test_a_model_without_the_method_is_named() -> None:
    with pytest.raises(ContractError, match="int has no method 'probability'"):
        check_resolution_model(3)  # type: ignore[arg-type]


def test_a_model_that_keeps_the_protocol_passes() -> None:
    check_resolution_model(Made(good))
    assert isinstance(Proficiency(), ResolutionModel)


def test_a_desk_of_the_users_own_is_tried() -> None:
    tried: list[int] = []

    def records(epoch: Epoch, ticket: Codes, expert: Codes, topic: Codes) -> NDArray[np.float64]:
        tried.append(epoch.n_experts)
        return good(epoch, ticket, expert, topic)

    desk = Desk(
        expert_ids=tuple(f"e{row}" for row in range(50)),
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(()),
        channel_limit=np.ones((50, 1), np.int32),
        speaks=np.ones((50, 1), bool),
        proficiency=np.zeros((50, 0)),
        general_proficiency=np.linspace(0, 1, 50),
    )
    rows = np.zeros(1, np.int32)
    epoch = Epoch(desk, Tickets(ids=("t",), channel=rows, language=rows, topic=rows - 1))
    check_resolution_model(Made(records), epoch)
    assert set(tried) == {50}
    check_resolution_model(Proficiency(), epoch)


def test_proficiency_is_the_desks_own_number_and_zero_where_unknown() -> None:
    desk = Desk(
        expert_ids=("ana", "bo"),
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(("billing",)),
        channel_limit=np.ones((2, 1), np.int32),
        speaks=np.ones((2, 1), bool),
        proficiency=np.array([[0.9], [np.nan]]),
        general_proficiency=np.array([np.nan, 0.3]),
    )
    rows = np.zeros(1, np.int32)
    epoch = Epoch(desk, Tickets(ids=("t",), channel=rows, language=rows, topic=rows))
    arcs = [np.array(values, np.int32) for values in ([0] * 4, [0, 0, 1, 1], [0, -1, 0, -1])]
    found = Proficiency().probability(epoch, ticket=arcs[0], expert=arcs[1], topic=arcs[2])
    assert found.tolist() == [0.9, 0.0, 0.0, 0.3]
