"""A small good desk, of which each test spoils or changes something."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def tickets() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticket_id": ["t1", "t2", "t3"],
            "channel": ["chat", "post", "callback"],
            "language": ["en", "de", "en"],
            "topic": ["billing", "billing:0.7|seo:0.3", "seo"],
        }
    )


@pytest.fixture
def experts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "expert_id": ["e1", "e2"],
            "channels": ["chat:3|post:5", "callback|chat"],
            "languages": ["en|de", "en"],
            "topics": ["billing:0.9|seo:0.6", "seo"],
        }
    )


@pytest.fixture
def pairs() -> pd.DataFrame:
    return pd.DataFrame({"ticket_id": ["t1", "t2"], "expert_id": ["e1", "e1"], "probability": [0.8, 0.4]})
