"""Bank calls: patience and handling time by type, fitted before the last week there, and their likelihood on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.prediction.data import folder
from benchmarks.prediction.page import Finding
from deskmatch.prediction import ExponentialPatience, KaplanMeierPatience, LognormalTime, WeibullPatience

__all__ = ["measure"]


def measure(full: bool) -> Finding:
    """Mean log likelihood of the last week there, in nats a call; all of it in either mode, as it takes a second."""
    calls = pd.read_csv(next(folder("anonymous_bank").glob("calls_*.csv.gz")), low_memory=False)
    days = np.sort(calls["date"].unique())
    last = calls["date"].isin(days[-7:])
    waits = calls[(calls["q_time"] > 0) & calls["outcome"].isin(("AGENT", "HANG"))]
    waits = waits.assign(wait_s=waits["q_time"], abandoned=waits["outcome"] == "HANG", topic=waits["type"])
    waits = waits[["wait_s", "abandoned", "topic"]]
    served = calls[(calls["outcome"] == "AGENT") & (calls["ser_time"] > 0) & (calls["server"] != "NO_SERVER")]
    served = served.rename(columns={"server": "expert_id", "type": "topic", "ser_time": "handling_s"})
    served = served[["expert_id", "topic", "handling_s"]]
    patience = {
        model.__name__: model.fit(waits[~last[waits.index]]).log_likelihood(waits[last[waits.index]])
        for model in (ExponentialPatience, WeibullPatience, KaplanMeierPatience)
    }
    old, new = served[~last[served.index]], served[last[served.index]]
    times = {
        "exponential by type": exponential(old, new),
        "LognormalTime, types alone": LognormalTime.fit(old.assign(expert_id="all")).log_likelihood(
            new.assign(expert_id="all")
        ),
        "LognormalTime": LognormalTime.fit(old).log_likelihood(new),
    }
    rows = [("patience", *each) for each in patience.items()] + [("handling time", *each) for each in times.items()]
    table = "\n".join(f"| {what} | {model} | {value:.4f} |" for what, model, value in rows)
    return Finding(
        data="Bank calls",
        measure="patience / handling time by type: log-likelihood of a call on the last week there",
        target="better than exponential",
        found=f"{max(patience.values()):.3f} / {times['LognormalTime']:.3f}",
        baseline=f"{patience['ExponentialPatience']:.3f} / {times['exponential by type']:.3f}",
        text=(
            "## Bank calls: patience and handling times\n\n"
            "| time | model | nats a call |\n|---|---|---|\n"
            f"{table}\n\n"
            f"Fitted on {len(waits) - last[waits.index].sum()} waits and {len(old)} calls served, measured on"
            f" {last[waits.index].sum()} and {len(new)}. All models of patience tell types apart."
        ),
    )


def exponential(old: pd.DataFrame, new: pd.DataFrame) -> float:
    """Mean log density of exponential handling times with the mean of each type."""
    mean = new["topic"].map(old.groupby("topic")["handling_s"].mean()).fillna(old["handling_s"].mean()).astype(float)
    return float((-np.log(mean) - new["handling_s"] / mean).mean())
