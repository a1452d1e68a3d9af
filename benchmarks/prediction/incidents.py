"""The history table of a real IT desk: who first got each incident of a ServiceNow log, and what became of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = ["AGE", "OPENER", "STATE", "incident_history"]

TIMES = ("opened_at", "sys_updated_at")
DONE = ("Resolved", "Closed")
#: What the record says of the incident before anybody has touched it, and who touched it last.
TICKET = (
    "contact_type",
    "location",
    "category",
    "subcategory",
    "u_symptom",
    "cmdb_ci",
    "impact",
    "urgency",
    "priority",
    "knowledge",
    "u_priority_confirmation",
    "notify",
)
OPENER = ("opened_by", "sys_created_by", "sys_updated_by")
"""The people who opened the incident, entered it and wrote this record: often the assignee himself."""
STATE = ("incident_state",)
AGE = ("waited_s", "changes")
"""How old the incident was at this record, and how many changes it had seen."""
READ = (
    "number",
    "incident_state",
    "reassignment_count",
    "reopen_count",
    "sys_mod_count",
    "assignment_group",
    "assigned_to",
    *TIMES,
    *TICKET,
    *OPENER,
)


def incident_history(folder: Path) -> pd.DataFrame:
    """One row for each incident with a first assignee, in the columns of the history table.

    The first record with an assignee counts, where it is still open and its group was never changed before. It is
    resolved at first contact where neither the group was changed later nor the incident reopened. The outcome is known
    when the incident is closed; those that the log does not see closed are left out. Columns that the log fills in with
    hindsight on every row (``resolved_by``, ``closed_code``, …) are not read.
    """
    log = pd.concat(
        [pd.read_csv(path, usecols=list(dict.fromkeys(READ)), dtype="str", na_values=["?"]) for path in files(folder)]
    )
    counts = {name: log[name].astype(int) for name in ("reassignment_count", "reopen_count", "sys_mod_count")}
    times = {name: pd.to_datetime(log[name], format="%d/%m/%Y %H:%M") for name in TIMES}
    log = log.assign(**counts, **times).sort_values(["number", "sys_updated_at", "sys_mod_count"])
    last = log.drop_duplicates("number", keep="last").set_index("number")
    closed = log[log["incident_state"] == "Closed"].drop_duplicates("number").set_index("number")["sys_updated_at"]
    first = log.dropna(subset=["assigned_to"]).drop_duplicates("number").set_index("number")
    first = first[~first["incident_state"].isin(DONE) & (first["reassignment_count"] == 0)]
    first = first[first.index.isin(closed.index)]
    end = last.loc[first.index]
    return pd.DataFrame(
        {
            "ticket_id": first.index,
            "expert_id": first["assigned_to"],
            "group": first["assignment_group"],
            "topic": first["category"].fillna("uncategorised"),
            "assigned_at": first["sys_updated_at"],
            "closed_at": closed.loc[first.index],
            "resolved_first_contact": (end["reassignment_count"] == 0) & (end["reopen_count"] == 0),
            **{name: first[name] for name in (*TICKET, *OPENER, *STATE)},
            "waited_s": (first["sys_updated_at"] - first["opened_at"]).dt.total_seconds(),
            "changes": first["sys_mod_count"].astype(float),
        }
    ).reset_index(drop=True)


def files(folder: Path) -> list[Path]:
    """The files of the log."""
    return sorted(folder.glob("*.csv*"))
