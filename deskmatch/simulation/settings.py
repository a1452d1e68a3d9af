"""The tables of a scenario as they are written: arrivals, types of tickets, channels, groups of experts."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from deskmatch.errors import InputError
from deskmatch.routing import Kind
from deskmatch.routing.reward import Reward
from deskmatch.routing.validation import Count, NeverOrPositive, NonNegative, Positive, Probability, refuse
from deskmatch.simulation.laws import Law
from deskmatch.simulation.provenance import Provenance
from deskmatch.simulation.recorded import Recorded
from deskmatch.simulation.validation import ScenarioSettings

__all__ = ["DAY_S", "TOTAL", "Arrivals", "ChannelModel", "Group", "ScenarioTables", "Shift", "TicketType", "plain"]

DAY_S = 86_400.0
TOTAL = "total"
"""What the whole desk is called where indicators are told by channel; no channel is called so."""
MOST_SPEED_CV = 0.5
"""Of an expert's days; more would make some of them endless."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock(value: object) -> object:
    """Seconds after midnight, from seconds or from text such as ``"08:30"``."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", value)
    if not found or int(found[2]) > 59 or int(found[3] or 0) > 59 or int(found[1]) > 24:
        raise refuse('should be seconds after midnight, or a time such as "08:30"')
    return int(found[1]) * 3600.0 + int(found[2]) * 60.0 + int(found[3] or 0)


def _days(value: object) -> object:
    if not isinstance(value, list | tuple | str):
        return value
    names = [value] if isinstance(value, str) else value
    wrong = [name for name in names if not isinstance(name, str) or name.lower()[:3] not in DAYS]
    if wrong:
        raise refuse(f"should be days such as {', '.join(DAYS)}")
    return tuple(DAYS.index(name.lower()[:3]) for name in names)


def _shares(value: object) -> object:
    """A name, or names with shares, as names with shares."""
    return {value: 1.0} if isinstance(value, str) else value


def _limits(value: object) -> object:
    """Names, each with the limit 1, or names with limits."""
    if isinstance(value, str):
        return {value: 1}
    return dict.fromkeys(value, 1) if isinstance(value, list | tuple) else value


def _known(value: object) -> object:
    """Names, each with proficiency 1, or names with proficiencies."""
    if isinstance(value, str):
        return {value: 1.0}
    return dict.fromkeys(value, 1.0) if isinstance(value, list | tuple) else value


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _hand_on(value: object) -> object:
    """``"up"``, ``"across"``, ``"never"``, or types with shares above 0 that sum to at most 1."""
    if value in ("up", "across", "never"):
        return value
    numbers = [
        share
        for share in (value.values() if isinstance(value, dict) else ())
        if isinstance(share, int | float) and not isinstance(share, bool) and share > 0
    ]
    if not isinstance(value, dict) or not value or len(numbers) < len(value) or sum(numbers) > 1 + 1e-9:
        raise refuse('should be "up", "across", "never", or types with shares above 0 that sum to at most 1')
    return value


def _law(value: object) -> object:
    """A number is the mean of an exponential time; ``"never"`` is none."""
    if value == "never":
        return None
    return {"mean_s": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _recorded(value: object) -> object:
    """Recorded arrivals, from a file, a frame, or columns by name."""
    if value is None or isinstance(value, Recorded):
        return value
    try:
        return Recorded.read(value)  # type: ignore[arg-type]
    except InputError as error:
        raise refuse("\n    ".join(["cannot be replayed:", *map(str, error.defects)])) from None


ClockTime = Annotated[Annotated[float, Field(ge=0, le=DAY_S)], BeforeValidator(_clock)]
Shares = Annotated[dict[str, Positive], BeforeValidator(_shares), Field(min_length=1)]
Limits = Annotated[dict[str, Annotated[int, Field(ge=1, le=64, strict=True)]], BeforeValidator(_limits)]
Proficiencies = Annotated[dict[str, Probability], BeforeValidator(_known)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Time = Annotated[Law, BeforeValidator(_law)]
Replay = Annotated[Any, BeforeValidator(_recorded), PlainSerializer(lambda own: own if own is None else own.to_plain())]
TimeOrNever = Annotated[Law | None, BeforeValidator(_law)]


class Arrivals(ScenarioSettings):
    """How tickets of a type arrive: as a Poisson process, or as they were recorded.

    Parameters
    ----------
    per_hour : arrivals (batches) an hour, ≥ 0: one rate, or one for each interval of `every_s`, from the first midnight
        on; repeated when they are used up, so 24 hourly rates are a day and 168 a week.
    every_s : length of the intervals, > 0.
    linear : the rates are those at the beginning of each interval, and change evenly from one to the next; else each
        rate holds for its interval.
    batch : mean number of tickets that arrive together, ≥ 1 (geometric); 1: singly.
    times_s : recorded arrivals in seconds from the start, instead of rates.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown or out of range.
    """

    per_hour: Annotated[
        tuple[NonNegative, ...], BeforeValidator(lambda v: (v,) if isinstance(v, int | float) else v)
    ] = ()
    every_s: Positive = 3600.0
    linear: bool = Field(default=False, strict=True)
    batch: Annotated[Positive, Field(ge=1)] = 1.0
    times_s: tuple[NonNegative, ...] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.per_hour) == (self.times_s is not None):
            raise refuse("should have either per_hour or times_s")
        if self.times_s is not None and (self.batch != 1 or self.linear):
            raise refuse("should have neither batch nor linear beside times_s")
        return self

    @property
    def mean_per_s(self) -> float | None:
        """Tickets a second on average; None where they are recorded."""
        return None if self.times_s is not None else self.batch * sum(self.per_hour) / len(self.per_hour) / 3600.0

    def per_s(self, horizon_s: float) -> float:
        """Tickets a second on average; those that are recorded before the horizon are counted."""
        mean = self.mean_per_s
        return sum(time < horizon_s for time in self.times_s or ()) / horizon_s if mean is None else mean


class TicketType(ScenarioSettings):
    """A type of ticket: who sends it, how often, and what becomes of it.

    Parameters
    ----------
    channel : one of the scenario's channels.
    arrivals : how they arrive; None: as the scenario has `recorded` them, or only by hand-ons of other types.
    language, topic : what an expert must know: a name, or names with shares, which make a type each. Default topic: the
        type's own name.
    tier : the lowest tier that may serve it, ≥ 1.
    requires : tags of which an expert must hold all.
    importance : > 0; counts in the points of policies and in rules that look at it; rewards say `value` by channel.
    handling : time in service; a number is the mean of an exponential time in seconds.
    after_work : the expert's time after each contact; None: none.
    after_work_calm : the same where nobody waits when the contact ends, as people take longer then; default:
        `after_work`.
    patience : time until a waiting customer gives up; None: as the channel says.
    hazard_by_queue : how many times as fast customers give up who find 0, 1, 2, … others waiting in the channel, each
        > 0: the probability that one has not given up after a while is that which `patience` says, to this power. The
        last holds for more; empty: 1. Customers whose patience is recorded have that.
    balk : probability of leaving at once if the ticket must wait; None: as the channel says.
    promised_wait_s : the wait that customers are told when they come, > 0; policies see it, and the reward charges
        waits against it. None: nothing is promised.
    unavoidable : share of tickets that nobody resolves at first contact.
    outside : share of those that leave the desk unresolved.
    repeat : share of the other unresolved contacts whose customer comes back later; the rest is handed on.
    repeat_after : time until then.
    repeat_to : ``"resolver"``: to the expert of before, where there is room; ``"anyone"``.
    redial : share of those who gave up waiting that come again later.
    redial_after : time until then.
    hand_on : ``"up"``: to a higher tier where there is one, else to another expert; ``"across"``: to another expert;
        ``"never"``: it stays unresolved; or types with shares, such as ``{second = 0.7, billing = 0.2}``: the ticket
        becomes one of these, and joins its queue; what is missing to 1 stays unresolved.
    max_hops : transfers and repeat contacts of one ticket at most; then it stays unresolved. Of a ticket that has
        changed its type that of the type which it has by then counts.
    seen_as : topics that the desk takes it for, with their probabilities; what is missing to 1 is seen rightly. The
        topic ``"?"`` is unknown: whoever works the channel in the language may get it.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown or out of range.
    """

    channel: str
    arrivals: Arrivals | None = None
    language: Shares = Field(default_factory=lambda: {"any": 1.0})
    topic: Shares | None = None
    tier: Annotated[int, Field(ge=1, le=9, strict=True)] = 1
    requires: Names = ()
    importance: Positive = 1.0
    handling: Time | None = None
    after_work: TimeOrNever = None
    after_work_calm: TimeOrNever = None
    patience: TimeOrNever = None
    hazard_by_queue: tuple[Positive, ...] = ()
    balk: Probability | None = None
    promised_wait_s: Positive | None = None
    unavoidable: Probability = 0.0
    outside: Probability = 0.0
    repeat: Probability = 0.0
    repeat_after: Time = Law(mean_s=DAY_S)
    repeat_to: Literal["resolver", "anyone"] = "resolver"
    redial: Probability = 0.0
    redial_after: Time = Law(mean_s=600.0)
    hand_on: Annotated[str | dict[str, float], BeforeValidator(_hand_on)] = "up"
    max_hops: Annotated[Count, Field(le=15)] = 3
    seen_as: dict[str, Probability] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sums(self) -> Self:
        if sum(self.seen_as.values()) > 1 + 1e-9:
            raise refuse("should have probabilities in seen_as that sum to at most 1")
        return self

    @property
    def onto(self) -> dict[str, float]:
        """The types that unresolved tickets become, with shares; empty: they keep their own."""
        return self.hand_on if isinstance(self.hand_on, dict) else {}

    @property
    def handed_on(self) -> float:
        """Share of the unresolved who do not come back by themselves that are handed on, where somebody is left."""
        return min(sum(self.onto.values()), 1.0) if self.onto else float(self.hand_on != "never")


class ChannelModel(ScenarioSettings):
    """How customers of a channel behave, and how experts work it; the rest comes from the kind that it is like.

    Parameters
    ----------
    like : the kind (callback, call, chat, post); None: by the channel's name.
    exclusive : takes the whole expert.
    concurrency : total completion rate of an expert with 1, 2, … tickets in hand, relative to one alone, each > 0; the
        last holds for more. Empty: every ticket goes on at full speed.
    queue_capacity : tickets of this channel that can wait; more are blocked. None: no limit.
    patience : time until a waiting customer gives up; ``"never"``. Default: exponential, with the kind's mean.
    balk : probability of leaving at once if the ticket must wait.
    no_answer, no_answer_scale_s : of callbacks: probability of no answer when called back at once, and the seconds of
        waiting in which the probability of an answer falls to 1/e.
    progress : how fast tickets in hand go on, one factor ≥ 0 for each interval of `progress_every_s` from the first
        midnight on, repeated: 168 hourly ones are a week. Handling times are then working time, which passes this many
        times as fast as the clock. Empty: 1. Not beside `concurrency`.
    progress_every_s : length of the intervals, > 0.
    at_once_s : the first seconds of every ticket pass by the clock, whatever the hour.
    days_off : days of the run, from 0, on which tickets go on as on that day of `progress` on which they do least.
    attempt_s : what a call back in vain costs the expert.
    retry_after_s : seconds until the next one.
    max_calls : after so many in vain the ticket stays unanswered.
    handling : of types that do not say.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown or out of range.
    """

    like: Kind | None = None
    exclusive: bool | None = Field(default=None, strict=True)
    concurrency: tuple[Positive, ...] = ()
    progress: tuple[NonNegative, ...] = ()
    progress_every_s: Positive = 3600.0
    at_once_s: NonNegative = 0.0
    days_off: tuple[Count, ...] = ()
    queue_capacity: Count | None = None
    patience: TimeOrNever = None
    balk: Probability = 0.0
    no_answer: Probability | None = None
    no_answer_scale_s: NeverOrPositive = None
    attempt_s: Positive = 30.0
    retry_after_s: Positive = 3600.0
    max_calls: Annotated[Count, Field(ge=1)] = 3
    handling: Time | None = None

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.progress and self.concurrency:
            raise refuse("should have either progress or concurrency")
        if self.progress and not any(self.progress):
            raise refuse("should have a progress above 0 at some time")
        a_day = DAY_S / self.progress_every_s
        if self.days_off and not (self.progress and a_day.is_integer() and len(self.progress) % a_day == 0):
            raise refuse("should have days_off only with a progress that lasts whole days")
        return self


class Shift(ScenarioSettings):
    """When some experts of a group work.

    Parameters
    ----------
    start, end : seconds after midnight, or times such as ``"08:30"``; an end at or before the start is on the next day.
    days : such as ``["mon", "tue"]``; default: every day.
    breaks : times ``[from, to]`` within the shift.
    experts : how many experts work it; None: all of the group. Several shifts with numbers are given to the experts in
        turn: the first so many, then the next.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown or out of range.
    """

    start: ClockTime
    end: ClockTime
    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], BeforeValidator(_days)] = tuple(range(7))
    breaks: tuple[tuple[ClockTime, ClockTime], ...] = ()
    experts: Annotated[Count, Field(ge=1)] | None = None


class Group(ScenarioSettings):
    """Experts who know the same and work alike.

    Parameters
    ----------
    experts : how many.
    channels : the channels that they work, each with the most tickets at once; default: all, one at a time.
    languages : that they speak; default: all.
    topics : with proficiency, the probability that they resolve a ticket of the topic; ``"*"``: every other topic.
    tier : ≥ 1; 1 is the first line.
    tags : that they hold.
    speed : handling times are divided by it, > 0.
    speeds : of some types, by the type's name; multiplied with `speed`.
    speed_cv : at most 0.5; coefficient of variation of the factor by which the speed of each expert differs from day to
        day (gamma, mean 1). Times of a day are then longer by ``1 / (1 − speed_cv²)`` on average; their mean over
        contacts hardly is, as whoever is busy has more of them on fast days.
    handling : handling times of some types, by the type's name, instead of the type's own.
    after_work, after_work_calm : their own instead of the types', of all tickets; 0: none.
    acceptance : probability that an offer is taken.
    shifts : when they work; default: always.
    staffing : how many of them work in each interval of `staffing_every_s`, instead of shifts; repeated.
    staffing_every_s : length of the intervals, > 0.
    logins_s : recorded logins of all of them as ``[from, to]`` in seconds from the first midnight, instead of shifts;
        in order, and apart from each other. They are no roster: no policy is shown when one will end.
    breaks_s : recorded breaks within the logins, likewise. Whoever is busy then begins the break with the end of a
        contact at which nobody waits, and comes back when it was to end; if there is none before, it is left out.
    logins_every_s : after how many seconds they are repeated; default: the whole weeks that they last.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown or out of range.
    """

    experts: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    channels: Limits | None = None
    languages: Names | None = None
    topics: Proficiencies = Field(default_factory=lambda: {"*": 1.0})
    tier: Annotated[int, Field(ge=1, le=9, strict=True)] = 1
    tags: Names = ()
    speed: Positive = 1.0
    speeds: dict[str, Positive] = Field(default_factory=dict)
    speed_cv: Annotated[float, Field(ge=0, le=MOST_SPEED_CV)] = 0.0
    handling: dict[str, Time] = Field(default_factory=dict)
    after_work: TimeOrNever = None
    after_work_calm: TimeOrNever = None
    acceptance: Annotated[Probability, Field(gt=0)] = 1.0
    shifts: tuple[Shift, ...] = ()
    staffing: tuple[Count, ...] = ()
    staffing_every_s: Positive = 3600.0
    logins_s: tuple[tuple[NonNegative, NonNegative], ...] | None = None
    breaks_s: tuple[tuple[NonNegative, NonNegative], ...] = ()
    logins_every_s: Positive | None = None

    @property
    def always_there(self) -> bool:
        """Whether all of them are logged in all the time."""
        return not self.shifts and not self.staffing and self.logins_s is None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.shifts) + bool(self.staffing) + (self.logins_s is not None) > 1:
            raise refuse("should have either shifts, staffing or logins_s")
        times = [time for span in self.logins_s or () for time in span]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise refuse("should have logins_s that rise: each from before its to, and that before the next from")
        away = [time for span in self.breaks_s for time in span]
        if any(later <= earlier for earlier, later in pairwise(away)):
            raise refuse("should have breaks_s that rise: each from before its to, and that before the next from")
        inside = all(any(b < begin and end < e for b, e in self.logins_s or ()) for begin, end in self.breaks_s)
        if not inside:
            raise refuse("should have breaks_s within its logins_s")
        if self.logins_every_s is not None and (self.logins_s is None or max(times, default=0) > self.logins_every_s):
            raise refuse("should have logins_every_s only with logins_s, and no less than the last of them")
        if any(count > self.experts for count in self.staffing):
            raise refuse(f"should have no more than its {self.experts} experts in staffing")
        return self


class ScenarioTables(ScenarioSettings):
    """A scenario as it is written; `Scenario.load` reads it.

    Parameters
    ----------
    name : for titles.
    horizon_s : arrivals are simulated up to here, > 0.
    warmup_s : tickets that arrive before are served, but not counted; < `horizon_s`.
    drain_s : seconds after the horizon in which what is in the system can still be finished.
    busyness_cv : coefficient of variation of the factor by which all rates of a day are multiplied (gamma, mean 1).
    pace : factors of all handling times, one for each interval of `pace_every_s` from the first midnight on, repeated:
        24 hourly ones are a day; empty: 1.
    pace_every_s : length of the intervals, > 0.
    pace_cv : coefficient of variation of the factor by which all handling times of a day are multiplied (gamma, mean
        1).
    pace_run_cv : the same for the factor of a whole run: how uncertain it is what the handling times are.
    start_day : day of the week on which the run starts.
    offer_s : seconds after which a declined offer returns. Whoever declined a ticket is not offered it again before all
        others who are logged in have declined it too; at least the last 17 are remembered.
    cost_per_hour : of an expert, by tier, from the first on; the last holds for higher ones.
    channels, types, groups : by name.
    recorded : arrivals to be replayed, in place of rates: a .csv or .parquet file, whose path counts from the
        scenario's file, a pandas frame, or columns by name. It needs the columns ``arrived_s`` and ``type``, and may
        have ``language``, ``topic``, ``importance``, ``patience_s`` and ``promised_wait_s`` (`recorded.COLUMNS`).
        Patience holds for the first contact of a ticket.
    reward : scores of outcomes.
    calibration : of a scenario that was learned from a log, where it comes from.
    """

    name: str = "scenario"
    horizon_s: Positive
    warmup_s: NonNegative = 0.0
    drain_s: NonNegative = 0.0
    busyness_cv: NonNegative = 0.0
    pace: tuple[Positive, ...] = ()
    pace_every_s: Positive = 3600.0
    pace_cv: NonNegative = 0.0
    pace_run_cv: NonNegative = 0.0
    start_day: Annotated[
        int, Field(ge=0, le=6), BeforeValidator(lambda v: _days(v)[0] if isinstance(v, str) else v)
    ] = 0
    offer_s: Positive = 15.0
    cost_per_hour: Annotated[tuple[NonNegative, ...], Field(min_length=1)] = (30.0,)
    channels: dict[str, ChannelModel] = Field(default_factory=dict)
    types: Annotated[dict[str, TicketType], Field(min_length=1)]
    groups: Annotated[dict[str, Group], Field(min_length=1)]
    recorded: Replay = None
    reward: Reward = Reward()
    calibration: Provenance | None = None


def plain(tables: ScenarioTables) -> dict[str, Any]:
    """The tables as plain values that were set, for writing and for changing some of them."""
    return tables.model_dump(mode="json", exclude_unset=True)
