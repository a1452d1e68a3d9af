"""The columns of the three tables: the one source of what is read, of near misses and of the docs."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

from deskmatch.epochs import cells
from deskmatch.epochs.cells import Parser
from deskmatch.epochs.tickets import MOST_IMPORTANT

__all__ = ["EXPERTS", "RESOLUTION", "TICKETS", "Column", "as_markdown", "synonyms_as_markdown"]

KEPT = "kept for policies and predictors; changes no plan by itself."


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a table may have.

    Parameters
    ----------
    name : as it stands in the header.
    parse : from the text of a cell to its value.
    meaning : one sentence for the documentation.
    example : a cell.
    required : whether the column must be there and none of its cells empty.
    default : the value of an empty cell and of an absent column.
    absent : the default, in words.
    unit : of numbers.
    instead_of : the column that says the same and counts where both stand.
    needs : the argument without which the column cannot be read.
    help : how to give that argument.
    synonyms : what else it is often called, in lower case with underscores and without a unit: where the column
        is absent, one called so is probably meant to be it.
    is_feature : whether its cells are kept as a feature too, for models that have learnt from them.
    """

    name: str
    parse: Parser
    meaning: str
    example: str
    required: bool = False
    default: Any = None
    absent: str = "none"
    unit: str = ""
    instead_of: str = ""
    needs: str = ""
    help: str = ""
    synonyms: tuple[str, ...] = ()
    is_feature: bool = False


TICKETS = (
    Column(
        "ticket_id",
        cells.identifier,
        "Names the ticket; each id once.",
        "T1042",
        required=True,
        synonyms=("ticket", "ticket_number"),
    ),
    Column(
        "channel",
        cells.one_name("channel"),
        "The channel it came by, in the desk's own words.",
        "chat",
        required=True,
    ),
    Column("language", cells.one_name("language"), "The language an expert must speak.", "de", required=True),
    Column(
        "topic",
        cells.asked_topics,
        "The skill it needs; or several topics with probabilities that sum to at most 1, the rest unknown: "
        "an expert who knows one of them is eligible.",
        "billing:0.7|seo:0.3",
        required=True,
        synonyms=("skill", "skills"),
    ),
    Column("tier", cells.whole(least=1), "The lowest tier that may serve it.", "2", default=1, absent="1"),
    Column(
        "waited_s",
        cells.number(least=0),
        "How long it has waited.",
        "340",
        default=0.0,
        absent="0",
        unit="s",
        synonyms=("wait", "waiting", "wait_time", "waiting_time"),
    ),
    Column(
        "created_at",
        cells.created,
        "When it was created, instead of `waited_s`; with the argument `now`, both with a time zone or both without.",
        "2026-03-02T09:30:00+01:00",
        default=0.0,
        absent="`now`",
        unit="ISO 8601",
        instead_of="waited_s",
        needs="now",
        help="the instant of the epoch, such as now='2026-03-02T09:45:00+01:00'",
        synonyms=("created_on", "creation_time", "opened_at"),
    ),
    Column(
        "due_s",
        cells.number(),
        "Time left until the promised one, negative when late; replaces the channel's target.",
        "-60",
        default=nan,
        absent="the channel's target",
        unit="s",
        synonyms=("due_in",),
    ),
    Column(
        "promised_wait_s",
        cells.number(least=0),
        f"The wait that the customer was told: {KEPT}",
        "300",
        default=nan,
        absent="nothing was told",
        unit="s",
    ),
    Column(
        "importance",
        cells.number(above=0, most=MOST_IMPORTANT),
        f"Worth of the ticket beside one of importance 1; above 0 and at most {MOST_IMPORTANT:g}.",
        "2.5",
        default=1.0,
        absent="1",
    ),
    Column(
        "priority",
        cells.priority,
        "Importance by name, instead of `importance`; only with the argument `priority`, a mapping. Also a feature.",
        "P1",
        default=1.0,
        absent="importance 1",
        instead_of="importance",
        needs="priority",
        help="the importance of each of its values, such as priority={'P1': 8, 'P2': 4, 'P3': 1}: "
        "many desks count 1 as the most urgent, others as the least",
        is_feature=True,
    ),
    Column(
        "patience_s",
        cells.number(above=0),
        "How long the customer is expected to wait before giving up.",
        "600",
        default=nan,
        absent="unknown",
        unit="s",
    ),
    Column(
        "requires",
        cells.tags,
        "Tags of which the expert must hold all.",
        "vip|gdpr",
        default=(),
        synonyms=("tags", "required_tags"),
    ),
    Column(
        "preferred_expert",
        cells.one_expert,
        "The expert whom the customer would like.",
        "E07",
        synonyms=("preferred_agent",),
    ),
    Column(
        "excluded_experts",
        cells.identifiers,
        "Experts who must not get it.",
        "E03|E11",
        default=(),
        synonyms=("excluded_agents",),
    ),
    Column(
        "offered_to",
        cells.one_expert,
        f"The expert to whom it is offered already: {KEPT}",
        "E07",
        absent="nobody",
    ),
    Column("customer_id", cells.identifier, f"Names the customer: {KEPT}", "C881", absent="unknown"),
)

EXPERTS = (
    Column(
        "expert_id",
        cells.expert_id,
        "Names the expert; each id once, without the sign that separates lists.",
        "E07",
        required=True,
        synonyms=("expert", "agent", "agent_id"),
    ),
    Column(
        "channels",
        cells.counted("callback|chat:3|post:5", least=1),
        "The channels that the expert works, each with the most tickets at once (1 where no number stands).",
        "callback|chat:3",
        required=True,
    ),
    Column(
        "load",
        cells.counted("chat:2", least=0),
        "Tickets in progress now, by channel; only channels that the expert works.",
        "chat:2",
        default=(),
        absent="nothing in progress",
    ),
    Column("languages", cells.names("en|de"), "The languages that the expert speaks.", "en|de", required=True),
    Column(
        "topics",
        cells.known_topics,
        "The topics that the expert knows, each with a proficiency from 0 to 1, or to `proficiency_scale` "
        "(full where no number stands); `*` is every topic not named.",
        "billing:0.9|*:0.4",
        required=True,
        synonyms=("skill", "skills"),
    ),
    Column("tier", cells.whole(least=1), "1 is the first line.", "2", default=1, absent="1"),
    Column(
        "has",
        cells.tags,
        "Tags that the expert holds: certificates, VIP desk, data residency.",
        "vip|gdpr",
        default=(),
        synonyms=("tags",),
    ),
    Column(
        "capacity",
        cells.whole(least=0),
        "Most new tickets this epoch.",
        "2",
        default=-1,
        absent="what the channels' limits leave",
        unit="tickets",
        synonyms=("capacities",),
    ),
    Column(
        "occupancy",
        cells.number(least=0, most=1),
        "Share of the last hour spent serving, from 0 to 1.",
        "0.82",
        default=nan,
        absent="unknown",
    ),
    Column(
        "idle_s",
        cells.number(least=0),
        "Time since the last ticket ended.",
        "45",
        default=nan,
        absent="unknown",
        unit="s",
        synonyms=("idle_time",),
    ),
    Column(
        "acceptance",
        cells.number(least=0, most=1),
        "Probability that the expert takes an offer, from 0 to 1.",
        "0.95",
        default=1.0,
        absent="1",
        synonyms=("acceptance_rate",),
    ),
    Column(
        "leaves_in_s",
        cells.number(least=0),
        "Time to the end of the shift; a ticket that is expected to take longer does not go there.",
        "5400",
        default=nan,
        absent="not soon",
        unit="s",
    ),
    Column(
        "free_in_s",
        cells.number(least=0),
        "Time until a busy expert is free; above 0 the expert is never assigned now.",
        "120",
        default=0.0,
        absent="0, free now",
        unit="s",
    ),
)

RESOLUTION = (
    Column("ticket_id", cells.identifier, "The ticket.", "T1042", required=True),
    Column("expert_id", cells.expert_id, "The expert.", "E07", required=True),
    Column(
        "probability",
        cells.number(least=0, most=1),
        "Probability that this expert resolves this ticket at first contact, from 0 to 1, averaged over the "
        "ticket's topics.",
        "0.74",
        required=True,
        default=nan,
    ),
)


def as_markdown(columns: tuple[Column, ...]) -> list[str]:
    """The rows of the table that documents these columns, as they stand in ``docs/tables.md``."""
    return [
        f"| `{column.name}` | {'**required**' if column.required else column.absent} | {column.unit or '–'} "
        f"| `{column.example.replace('|', chr(92) + '|')}` | {column.meaning} |"
        for column in columns
    ]


def synonyms_as_markdown(table: str, columns: tuple[Column, ...]) -> list[str]:
    """The rows of the table of synonyms in ``docs/tables.md``."""
    return [
        f"| {table} | `{column.name}` | {', '.join(f'`{name}`' for name in column.synonyms)} |"
        for column in columns
        if column.synonyms
    ]
