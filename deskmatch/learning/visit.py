"""`Visit`: the tickets of one epoch, visited one by one; each gets an expert, or is held."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.availability import room
from deskmatch.learning.ticket_classes import TicketClasses
from deskmatch.policies.protocol import Decision
from deskmatch.routing import ChannelTable

__all__ = ["Visit"]

Bools = NDArray[np.bool_]


class Visit:
    """The waiting tickets in turn, whoever waits longest first; tickets for whom nobody has room are passed over.

    Where nobody may idle while a ticket waits whom he could serve, a ticket can be held only if each expert it could
    have is wanted by a ticket that comes later; those held are visited again at the end and must then choose.

    Parameters
    ----------
    epoch : who waits, who has room.
    classes : of the desk.
    channels : the settings of its channels: which take the whole expert.
    work_conserving : nobody may idle while a ticket waits whom he could serve.

    Attributes
    ----------
    ticket : row of the ticket whose turn it is; −1: all have been visited.
    of_ticket : ``(tickets,)`` class of each ticket.
    free : ``(experts, channels)`` room for new tickets that is left.
    present : ``(experts,)`` on shift.
    waiting : ``(tickets,)`` true for those that have no expert yet.
    """

    def __init__(
        self, epoch: Epoch, classes: TicketClasses, channels: ChannelTable, *, work_conserving: bool = False
    ) -> None:
        self.epoch, self.classes, self.work_conserving = epoch, classes, work_conserving
        self.of_ticket = classes.rows(epoch.tickets)
        self.free = room(epoch, channels).astype(np.int64)
        self.present = epoch.staffing.capacity != 0
        self.free[~self.present] = 0
        self._left = np.where(epoch.staffing.capacity < 0, np.iinfo(np.int64).max, epoch.staffing.capacity)
        self._exclusive = channels.exclusive
        self.load = epoch.staffing.load.astype(np.int64)
        self.waiting = np.asarray(epoch.tickets.offered_to < 0)
        order = np.argsort(-epoch.tickets.waited_s, kind="stable")
        self._ahead = [row for row in order.tolist() if self.waiting[row]]
        self._held: list[int] = []
        self._pairs: list[tuple[int, int]] = []
        self._again = False
        self._able: dict[int, Bools] = {}
        self.ticket = -1
        self._go_on()

    def candidates(self) -> Bools:
        """``(experts,)`` who may serve the ticket whose turn it is, and has room."""
        return self._candidates(self.ticket)

    def mask(self) -> Bools:
        """``(experts + 1,)`` what may be chosen: an expert, or in the last place to hold the ticket."""
        candidates = self.candidates()
        return np.append(candidates, self._may_hold(candidates))

    def take(self, action: int) -> None:
        """Give the ticket to an expert, or hold it, and go on to the next.

        Parameters
        ----------
        action : row of an expert who is a candidate; the number of experts: hold.
        """
        if action == len(self.free):
            self._held.append(self.ticket)
        else:
            self._give(action)
        self._go_on()

    def decision(self) -> Decision:
        """The pairs so far."""
        return Decision([ticket for ticket, _ in self._pairs], [expert for _, expert in self._pairs])

    def _give(self, expert: int) -> None:
        ticket = self.ticket
        channel = self.epoch.tickets.channel[ticket]
        self._pairs.append((ticket, expert))
        self.waiting[ticket] = False
        self._able.clear()
        self.load[expert, channel] += 1
        self._left[expert] -= 1
        if self._exclusive[channel] or self._left[expert] == 0:
            self.free[expert] = 0
        else:
            self.free[expert, channel] -= 1
            self.free[expert, self._exclusive] = 0

    def _go_on(self) -> None:
        """On to the next ticket for whom somebody has room."""
        while True:
            while self._ahead:
                self.ticket = self._ahead.pop(0)
                if self._candidates(self.ticket).any():
                    return
            if not (self.work_conserving and self._held and not self._again):
                break
            self._ahead, self._held, self._again = self._held, [], True
        self.ticket = -1

    def _candidates(self, ticket: int) -> Bools:
        able = self._with_room(int(self.of_ticket[ticket]))
        tickets = self.epoch.tickets
        barred = tickets.excluded[tickets.excluded_ptr[ticket] : tickets.excluded_ptr[ticket + 1]]
        if len(barred):
            able = able.copy()
            able[barred] = False
        return able

    def _with_room(self, row: int) -> Bools:
        """``(experts,)`` who may serve tickets of a class, and has room; kept until somebody is given a ticket."""
        if row not in self._able:
            classes = self.classes
            self._able[row] = np.asarray(classes.eligible[row] & (self.free[:, classes.channel[row]] > 0))
        return self._able[row]

    def _may_hold(self, candidates: Bools) -> bool:
        if not self.work_conserving:
            return True
        if self._again:
            return False
        wanted = np.zeros_like(candidates)
        for row in np.unique(self.of_ticket[self._ahead]).tolist():
            wanted |= self._with_room(row)
        return bool(wanted[candidates].all())
