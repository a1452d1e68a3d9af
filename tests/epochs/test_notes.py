"""What is no error is counted, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deskmatch.epochs import Epoch
from deskmatch.epochs.notes import Note


@pytest.mark.parametrize(
    ("columns", "note", "count"),
    [
        ({"preferred_expert": ["e9", "e1", "e8"]}, Note.PREFERRED, 2),
        ({"excluded_experts": ["e9|e1|e8", None, "e9"]}, Note.EXCLUDED, 3),
        ({"offered_to": ["e9", None, "e2"]}, Note.OFFERED, 1),
        ({"topic": ["dns", "billing:0.5|dns:0.4", "dns:0.5|fax:0.5"]}, Note.TOPIC, 4),
        ({"language": ["fi", "fi", "en"]}, Note.LANGUAGE, 2),
        ({"channel": ["fax", "chat", "chat"]}, Note.CHANNEL, 1),
        ({"requires": ["vip|gdpr", None, "vip"]}, Note.TAG, 2),
    ],
)
def test_a_mention_that_the_desk_cannot_meet_is_counted(
    tickets: pd.DataFrame, experts: pd.DataFrame, columns: dict[str, list[str]], note: Note, count: int
) -> None:
    epoch = Epoch.from_tables(tickets.assign(**columns), experts.assign(has=["gdpr", None]))
    assert epoch.intake.notes == {str(note): count}
    assert all(type(key) is str for key in epoch.intake.notes)


def test_a_topic_is_known_where_somebody_knows_all(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = Epoch.from_tables(tickets.assign(topic="dns"), experts.assign(topics=["*:0.2", "seo"]))
    assert epoch.intake.notes == {}


def test_without_experts_every_mention_is_counted(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    notes = Epoch.from_tables(tickets, experts.iloc[:0]).intake.notes
    assert notes == {Note.TOPIC: 4, Note.LANGUAGE: 3, Note.CHANNEL: 3}


def test_pairs_of_other_tickets_and_experts_are_counted(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    other = pairs.assign(ticket_id=["t9", "t1"], expert_id=["e1", "e9"])
    epoch = Epoch.from_tables(tickets, experts, resolution=pd.concat([pairs, other]))
    assert epoch.resolution is not None and len(epoch.resolution) == 2
    assert epoch.intake.notes == {Note.PAIR: 2}


def test_blank_rows_of_a_file_are_counted(tmp_path: Path, experts: pd.DataFrame) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("ticket_id,channel,language,topic\n\nt1,chat,en,seo\n,,,\n , ,,\n", encoding="utf-8")
    epoch = Epoch.from_tables(path, experts)
    assert (epoch.n_tickets, epoch.intake.notes) == (1, {Note.BLANK: 2})
