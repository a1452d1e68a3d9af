"""`HistoricalRate`: how often each expert resolved each topic, smoothed by empirical Bayes."""

from __future__ import annotations


class HistoricalRate:
    """Fitted rates; follows."""
