"""`Routing`: what the desk wants, per channel, from a file, a mapping, or defaults that work with none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, field_validator

from deskmatch.epochs.cells import fold
from deskmatch.errors import RoutingError
from deskmatch.routing.hours import OpeningHours
from deskmatch.routing.kinds import DEFAULTS, Kind, kind_of
from deskmatch.routing.relaxation import Relaxation, in_order
from deskmatch.routing.toml_source import read_toml
from deskmatch.routing.validation import (
    NeverOrPositive,
    NonNegative,
    Positive,
    Probability,
    Settings,
    Usage,
    did_you_mean,
    refuse,
    routing_error,
)

if TYPE_CHECKING:
    from deskmatch.epochs import Desk
    from deskmatch.routing.channel_table import ChannelTable

__all__ = ["Channel", "Routing", "Weights"]


def _term_name(name: str) -> str:
    """Refuse a name that is nearly one of the built-in terms': a misspelt weight would count for nothing."""
    hint = did_you_mean(name, Weights.model_fields, cutoff=0.8)
    if name not in Weights.model_fields and hint:
        raise refuse(f"is no term of deskmatch and too near to one for a term of your own{hint}")
    return name


TermName = Annotated[str, AfterValidator(_term_name)]


class Weights(Settings):
    """What one point of each aim counts in the objective; each a finite number ≥ 0.

    Terms of your own take their weight by their name: ``Weights(my_term=0.5)``.

    Parameters
    ----------
    resolution : probability of resolution at first contact.
    waiting : growth of the cost of waiting until the next epoch.
    abandonment : probability of losing the customer until the next epoch.
    tier : tiers above the one that the ticket needs.
    occupancy : an expert's occupancy below the mean of his peers.
    affinity : the ticket's preferred expert.
    proficiency : proficiency beside its part in resolution.
    relaxation : what timed relaxation charges (`Relaxation`), already in points.

    Raises
    ------
    RoutingError
        Lists every weight that is no finite number ≥ 0, and names that are nearly a built-in one.

    Examples
    --------
    >>> Weights(waiting=2.0, loyalty=0.5).of("loyalty")
    0.5
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[TermName, NonNegative] = Field(init=False)

    resolution: NonNegative = 1.0
    waiting: NonNegative = 1.0
    abandonment: NonNegative = 1.0
    tier: NonNegative = 0.2
    occupancy: NonNegative = 0.1
    affinity: NonNegative = 0.2
    proficiency: NonNegative = 0.1
    relaxation: NonNegative = 1.0

    def of(self, name: str) -> float:
        """The weight of a term; 1.0 for a term that nobody has weighted."""
        return self.named().get(name, 1.0)

    def named(self) -> dict[str, float]:
        """All weights by the names of their terms."""
        return {name: float(weight) for name, weight in self}


class Channel(Settings):
    """What the desk wants of one channel; whatever is not given comes from the kind that it is like.

    Parameters
    ----------
    like : the kind whose defaults it takes; None: by the channel's name (`kinds.kind_of`).
    exclusive : takes the whole expert: only an idle one, one ticket, alone.
    usage : the share of an expert's attention that a ticket takes, such as ``"1/3"``; ``"limit"``: one of the expert's
        own limit on the channel; None: nothing beside the channel's limit. As soon as one channel of the desk has a
        usage, those that say nothing take ``"limit"``. An exclusive channel takes the whole expert.
    target_s : seconds of waiting that the desk wants to keep to, > 0.
    handling_s : expected seconds of work on a ticket, > 0.
    patience_s : expected seconds until a waiting customer gives up, > 0; None: never.
    no_answer : probability that a customer who is called back at once does not answer.
    no_answer_scale_s : seconds in which the probability of an answer falls to 1/e, > 0; None: it stays.
    waiting_rate : points per second that a ticket gains by waiting at its target, ≥ 0.
    power : p ≥ 2 of the cost of waiting, which grows as the p-th power of the wait.
    open : opening hours, outside of which nothing counts as waiting; None: always open.
    relax : what is let pass after how long (`Relaxation`).
    weights : weights that differ from those of the whole desk, by the names of their terms.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range.

    Examples
    --------
    >>> Channel(like="chat", target_s=30).settled("support").patience_s
    300.0
    """

    like: Kind | None = None
    exclusive: bool | None = Field(default=None, strict=True)
    usage: Usage = None
    target_s: Positive | None = None
    handling_s: Positive | None = None
    patience_s: NeverOrPositive = None
    no_answer: Probability | None = None
    no_answer_scale_s: NeverOrPositive = None
    waiting_rate: NonNegative | None = None
    power: Annotated[Positive, Field(ge=2)] | None = None
    open: OpeningHours | None = None
    relax: tuple[Relaxation, ...] = ()
    weights: dict[TermName, NonNegative] = Field(default_factory=dict)

    def settled(self, name: str) -> Channel:
        """This channel under its name, with all that its kind brings filled in, and the steps in order."""
        kind = self.like or kind_of(name)
        given = {key: getattr(self, key) for key in self.model_fields_set}
        return Channel(**{**asdict(DEFAULTS[kind]), **given, "like": kind, "relax": in_order(self.relax)})


def _has_kind(table: dict[str, Any]) -> dict[str, Any]:
    """Refuse a constraint without a kind; the rest is read by whoever knows its kind."""
    if not (isinstance(table.get("kind"), str) and table["kind"]):
        raise refuse('should have a kind, such as kind = "tier_quota"')
    return table


def _has_form(table: dict[str, Any]) -> dict[str, Any]:
    """Refuse a cost of unfairness without a kind; the rest is read by whoever knows its kind."""
    if not (isinstance(table.get("kind"), str) and table["kind"]):
        raise refuse('should have a kind, such as kind = "squared_occupancy"')
    return table


class Routing(Settings):
    """What the desk wants: the length of an epoch, the weights of the aims, and the settings of channels.

    Make it with `Routing.load`; ``Routing()`` alone works for any desk.

    Parameters
    ----------
    epoch_s : seconds to the next routing epoch, > 0.
    weights : what one point of each aim counts.
    channels : settings by the desk's own names of its channels; those not described take the defaults
        of the kind that their name suggests (`kinds.kind_of`).
    constraints : rules over the assignments, each a table with its ``kind`` and its parameters; they are read, and what
        is wrong is listed, where a `Formulation` is made of them.
    fairness : a cost of the experts' new work, a table with its ``kind`` and its parameters, read likewise; None: none.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range.

    Examples
    --------
    >>> routing = Routing.load({"channels": {"support": {"like": "chat", "target_s": 30}}})
    >>> routing.channel("support").target_s, routing.channel("phone").target_s
    (30.0, 20.0)
    >>> Routing.load({"channels": {"chat": {"target": -5}}})
    Traceback (most recent call last):
    deskmatch.errors.RoutingError: 1 problem in routing:
      channels.chat.target: is no setting; did you mean 'target_s'? (known here: exclusive, ...)
    """

    epoch_s: Positive = 5.0
    weights: Weights = Weights()
    channels: dict[str, Channel] = Field(default_factory=dict)
    constraints: tuple[Annotated[dict[str, Any], AfterValidator(_has_kind)], ...] = ()
    fairness: Annotated[dict[str, Any], AfterValidator(_has_form)] | None = None

    @field_validator("channels")
    @classmethod
    def _apart(cls, channels: dict[str, Channel]) -> dict[str, Channel]:
        folded: dict[str, str] = {}
        for name in channels:
            if folded.setdefault(fold(name), name) != name:
                raise refuse(f"describes one channel twice: {folded[fold(name)]!r} and {name!r} differ in case only")
        return channels

    @classmethod
    def load(cls, source: Routing | Mapping[str, Any] | str | Path | None = None) -> Routing:
        """Routing from a TOML file, a mapping, a `Routing`, or the defaults.

        Parameters
        ----------
        source : the path of a TOML file in UTF-8; a mapping with the keys of such a file (``epoch_s``,
            ``weights``, ``channels``, ``constraints``, ``fairness``; times in seconds); a `Routing`; None: defaults.

        Returns
        -------
        The settings, checked; a `Routing` is returned as it is.

        Raises
        ------
        RoutingError
            Where `source` is none of these, or the file cannot be read or is no TOML; lists every key that is
            unknown or out of range.
        """
        if isinstance(source, Routing):
            return source
        where, values = _read(source)
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise routing_error(error, cls, where) from None

    def channel(self, name: str) -> Channel:
        """The settings of a channel with all defaults filled in, whether the routing describes it or not.

        Case does not matter, as in the tables.
        """
        described = {fold(key): channel for key, channel in self.channels.items()}
        return described.get(fold(name), Channel()).settled(name)

    def for_desk(self, desk: Desk) -> ChannelTable:
        """The settings as arrays in the order of the desk's channels."""
        from deskmatch.routing.channel_table import ChannelTable

        return ChannelTable.of(self, desk.channels.names)

    def unused(self, desk: Desk) -> tuple[str, ...]:
        """Channels that the routing describes and the desk does not have; often a misspelt name."""
        known = {fold(name) for name in desk.channels}
        return tuple(name for name in self.channels if fold(name) not in known)


def _read(source: Mapping[str, Any] | str | Path | None) -> tuple[str, dict[str, Any]]:
    """The name of the source for messages, and its values."""
    if source is None:
        return "routing", {}
    expected = "a path, a mapping, a Routing or None"
    return read_toml(source, kind="routing", name="routing", expected=expected, error=RoutingError)
