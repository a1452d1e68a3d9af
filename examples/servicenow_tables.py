"""The two tables of a desk at any instant, from the event log of ServiceNow incidents.

The log has one row per change of an incident. What was known at an instant is the last row of every incident
before it, nothing else. The columns that the log fills in with hindsight on every row (``resolved_at``,
``closed_at``, ``resolved_by``, ``closed_code``) are not even read.

Every function but `what_happened` sees only rows before the instant that it is asked about.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = [
    "active_experts",
    "busiest_instants",
    "known_outcomes",
    "read_log",
    "rows_before",
    "state_at",
    "waiting_count",
    "waiting_tickets",
    "what_happened",
]

#: The columns that are read; each is true at the time of its row.
COLUMNS = (
    "number",
    "incident_state",
    "reassignment_count",
    "reopen_count",
    "sys_mod_count",
    "opened_at",
    "sys_updated_at",
    "category",
    "priority",
    "assignment_group",
    "assigned_to",
)
#: States in which the next step is the desk's. In the others the incident waits for its user, a vendor or a problem
#: record ("Awaiting …"), or it is done.
NEEDS_AN_EXPERT = ("New", "Active")
DONE = ("Resolved", "Closed")
#: All incidents are worked on alike, whether they came by phone or by e-mail: one channel, several at once.
CHANNEL = "incident"
#: The log does not say in which language an incident was reported, so nobody is left out for it.
LANGUAGE = "any"
#: Category of an incident that has none.
NO_CATEGORY = "uncategorised"
ACTIVE_DAYS = 14
#: Outcomes of the whole desk that an expert's own on a topic are averaged with (only what the tables show;
#: the model of resolution estimates how far to smooth).
SMOOTHING = 5.0


def read_log(folder: Path) -> pd.DataFrame:
    """Read all ``*.csv`` and ``*.csv.gz`` of a folder, one row per change, each incident's changes in order."""
    paths = sorted(folder.glob("*.csv*"))
    text = {name: "str" for name in COLUMNS if not name.endswith("_count")}
    parts = [pd.read_csv(path, usecols=list(COLUMNS), dtype=text, na_values=["?"]) for path in paths]
    return ordered(pd.concat(parts, ignore_index=True))


def ordered(log: pd.DataFrame) -> pd.DataFrame:
    """Parse the times (day/month/year) and sort by incident, time, and number of the change within a minute."""
    columns = ("opened_at", "sys_updated_at")
    times = {name: pd.to_datetime(log[name], format="%d/%m/%Y %H:%M") for name in columns}
    return log.assign(**times).sort_values(["number", "sys_updated_at", "sys_mod_count"], ignore_index=True)


def rows_before(log: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """All that was known at an instant: the rows written before it."""
    return log[log["sys_updated_at"] < instant]


def state_at(log: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """The last row of each incident before an instant."""
    return rows_before(log, instant).drop_duplicates("number", keep="last")


def waiting_tickets(log: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """The tickets table: incidents in state New or Active with nobody assigned.

    Its topic is the category within the assignment group (`topic_of`). The group is also a tag that an expert must
    hold: in this log a reassignment is a change of group, so a person of another group cannot resolve without one.
    """
    state = state_at(log, instant)
    rows = state[state["incident_state"].isin(NEEDS_AN_EXPERT) & state["assigned_to"].isna()]
    return pd.DataFrame(
        {
            "ticket_id": rows["number"],
            "channel": CHANNEL,
            "language": LANGUAGE,
            "topic": topic_of(rows),
            "created_at": rows[["opened_at", "sys_updated_at"]].min(axis=1),
            "importance": importance(rows["priority"]),
            "requires": rows["assignment_group"].fillna(""),
        }
    ).reset_index(drop=True)


def topic_of(rows: pd.DataFrame) -> pd.Series:
    """Category within assignment group, as "Category 3 in Group 70"; the category alone where there is no group.

    The group says how far an incident has come (first line, or a specialist's queue), and with it how often one in
    it is resolved without another change: rates by category alone would credit people with the queue they work in.
    """
    category = rows["category"].fillna(NO_CATEGORY)
    return category.where(rows["assignment_group"].isna(), category + " in " + rows["assignment_group"].fillna(""))


def importance(priority: pd.Series) -> pd.Series:
    """Importance of "1 - Critical", "2 - High", "3 - Moderate" (also if missing), "4 - Low": 8, 4, 2, 1."""
    level = pd.to_numeric(priority.str.extract(r"^(\d+)", expand=False)).fillna(3)
    return pd.Series(2.0 ** (4 - level.to_numpy()), index=priority.index)


def active_experts(log: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """The experts table: who had an incident in hand in the last 14 days, with what each has handled.

    Topics are those of all incidents that the person ever had, with the smoothed share that was resolved at first
    contact; tags are the groups in which the person worked in the last 14 days. A person takes as many new incidents
    as on a usual day on which any came.
    """
    # An incident is closed by a job, days after its person resolved it: such rows show no activity.
    held = rows_before(log, instant).dropna(subset=["assigned_to"])
    held = held[held["incident_state"] != "Closed"].rename(columns={"assigned_to": "expert_id"})
    since = instant - pd.Timedelta(days=ACTIVE_DAYS)
    recent = held[held["sys_updated_at"] >= since]
    experts = pd.Index(sorted(recent["expert_id"].unique()), name="expert_id")
    in_hand = load(log, instant).reindex(experts, fill_value=0)
    limit = in_hand + new_a_day(held, since).reindex(experts, fill_value=1)
    table = pd.DataFrame(
        {
            "channels": [f"{CHANNEL}:{most}" for most in limit],
            "load": [f"{CHANNEL}:{now}" if now else "" for now in in_hand],
            "languages": LANGUAGE,
            "topics": joined(handled_topics(held, known_outcomes(log, instant)), experts),
            "has": joined(recent.set_index("expert_id")["assignment_group"].dropna(), experts),
        },
        index=experts,
    )
    return table.reset_index()


def load(log: pd.DataFrame, instant: pd.Timestamp) -> pd.Series:
    """Incidents in state New or Active that each person has in hand, by person."""
    state = state_at(log, instant)
    return state[state["incident_state"].isin(NEEDS_AN_EXPERT)].groupby("assigned_to").size()


def new_a_day(held: pd.DataFrame, since: pd.Timestamp) -> pd.Series:
    """Mean number of incidents that came to each person on the days since then on which any came, rounded up."""
    came = held.drop_duplicates(["number", "expert_id"])
    came = came[came["sys_updated_at"] >= since]
    days = came["sys_updated_at"].dt.normalize().groupby(came["expert_id"]).nunique()
    mean: pd.Series[int] = -(-came.groupby("expert_id").size() // days)
    return mean


def handled_topics(held: pd.DataFrame, outcomes: pd.DataFrame) -> pd.Series:
    """``topic:proficiency`` of all that each person has handled, one entry a topic, indexed by person."""
    handled = held.assign(topic=topic_of(held)).groupby(["expert_id", "topic"]).size()
    known = outcomes.groupby(["expert_id", "topic"])["resolved_first_contact"].agg(["sum", "size"])
    known = known.reindex(handled.index, fill_value=0)
    desk = outcomes["resolved_first_contact"].mean() if len(outcomes) else 0.5
    rate = (known["sum"] + SMOOTHING * desk) / (known["size"] + SMOOTHING)
    topics = handled.index.get_level_values("topic")
    entries = [f"{topic}:{value:.4f}" for topic, value in zip(topics, rate, strict=True)]
    return pd.Series(entries, index=handled.index.get_level_values("expert_id"), dtype="str")


def joined(values: pd.Series, experts: pd.Index) -> pd.Series:
    """The distinct values of each expert as ``a|b|c``; the index of `values` is the expert."""
    distinct = values.groupby(level=0).agg(lambda group: "|".join(sorted(set(group))))
    return distinct.reindex(experts, fill_value="")


def known_outcomes(log: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """History for the models: did the first person assigned resolve the incident, of those closed by the instant?

    True where nobody else had it after, its group was never changed (``reassignment_count`` stayed 0) and it was not
    reopened. Left out are incidents that came to their first person after a change of group, and those whose first
    record with a person says Resolved: there the person was written down because the work was done.

    Returns
    -------
    Frame ``number, expert_id, topic, resolved_first_contact``.
    """
    rows = rows_before(log, instant)
    end = rows.drop_duplicates("number", keep="last").set_index("number")
    end = end[end["incident_state"] == "Closed"]
    first = rows.dropna(subset=["assigned_to"]).drop_duplicates("number").set_index("number")
    first = first[~first["incident_state"].isin(DONE) & (first["reassignment_count"] == 0)]
    first = first[first.index.isin(end.index)]
    return pd.DataFrame(
        {
            "expert_id": first["assigned_to"],
            "topic": topic_of(first),
            "resolved_first_contact": kept(first, end.loc[first.index]),
        }
    ).reset_index()


def what_happened(log: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Who really got each incident: the first person at or after the instant, and what became of it.

    The only function here that looks ahead. It is for scoring and never for planning.

    Returns
    -------
    Frame by ``number``: ``expert_id``; ``wait_s`` from the instant to the record with the person; ``while_open`` (the
    record does not yet say Resolved); ``resolved`` (this person resolved it, with no change of group after and no
    reopening; missing where the log ends before the incident is closed).
    """
    later = log[(log["sys_updated_at"] >= instant) & log["assigned_to"].notna()]
    first = later.drop_duplicates("number").set_index("number")
    end = log.drop_duplicates("number", keep="last").set_index("number").loc[first.index]
    return pd.DataFrame(
        {
            "expert_id": first["assigned_to"],
            "wait_s": (first["sys_updated_at"] - instant).dt.total_seconds(),
            "while_open": ~first["incident_state"].isin(DONE),
            "resolved": kept(first, end).astype("boolean").where(end["incident_state"] == "Closed"),
        }
    )


def kept(first: pd.DataFrame, end: pd.DataFrame) -> pd.Series:
    """Whether the person of `first` had the incident to its end, with no change of group and no reopening after."""
    fixed = ["assigned_to", "reassignment_count", "reopen_count"]
    return (end[fixed] == first[fixed]).all(axis=1)


def busiest_instants(log: pd.DataFrame, count: int, *, least_closed: int = 1000) -> list[pd.Timestamp]:
    """The `count` full hours with the most waiting incidents, in order of time, each on a day of its own.

    Parameters
    ----------
    least_closed : incidents that must have been closed by then: enough past to learn from.

    Notes
    -----
    Hours in which the desk is at work (not nights, weekends, holidays), at least 14 days after the log begins and
    not after the last incident of the log came in. Two instants lie at least 3 days apart, so that they do not show the
    same queue again, or 2 or 1 where the log is too short for that. Ties go to the earlier hour.
    """
    hours = working_hours(log)
    hours = hours[closed_before(log, hours) >= least_closed]
    busiest = hours[np.argsort(-waiting_count(log, hours), kind="stable")]
    for days in (3, 2, 1):
        chosen = first_apart(busiest, count, days)
        if len(chosen) == count:
            break
    return sorted(chosen)


def first_apart(hours: pd.DatetimeIndex, count: int, days: int) -> list[pd.Timestamp]:
    """The first `count` of some hours that lie at least so many days apart from those before them."""
    chosen: list[pd.Timestamp] = []
    for hour in hours:
        if all(abs(hour.normalize() - other.normalize()).days >= days for other in chosen):
            chosen.append(hour)
        if len(chosen) == count:
            break
    return chosen


def working_hours(log: pd.DataFrame) -> pd.DatetimeIndex:
    """The full hours from which `busiest_instants` chooses: the hour before had more changes than a mean hour."""
    begin = log["sys_updated_at"].min() + pd.Timedelta(days=ACTIVE_DAYS)
    last = log["sys_updated_at"][~log.duplicated("number")].max()
    hours = pd.date_range(begin.ceil("h"), last, freq="h")
    made_by_people = np.sort(log.loc[log["incident_state"] != "Closed", "sys_updated_at"].to_numpy())
    before = np.searchsorted(made_by_people, (hours - pd.Timedelta(hours=1)).to_numpy())
    changes = np.searchsorted(made_by_people, hours.to_numpy()) - before
    return hours[changes > changes.mean()] if len(hours) else hours


def closed_before(log: pd.DataFrame, instants: pd.DatetimeIndex) -> np.ndarray:
    """``(instants,)`` incidents that were closed for the first time before each instant."""
    closed = log[log["incident_state"] == "Closed"].drop_duplicates("number")["sys_updated_at"]
    return np.searchsorted(np.sort(closed.to_numpy()), instants.to_numpy())


def waiting_count(log: pd.DataFrame, instants: pd.DatetimeIndex) -> np.ndarray:
    """``(instants,)`` rows of `waiting_tickets` at each instant, counted for all instants at once."""
    until = log.groupby("number")["sys_updated_at"].shift(-1)
    waits = log["incident_state"].isin(NEEDS_AN_EXPERT) & log["assigned_to"].isna()
    begun = np.sort(log.loc[waits, "sys_updated_at"].to_numpy())
    ended = np.sort(until[waits].dropna().to_numpy())
    return np.searchsorted(begun, instants.to_numpy()) - np.searchsorted(ended, instants.to_numpy())
