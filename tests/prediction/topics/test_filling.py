"""Waiting tickets get every topic with its probability; the plan counts on all of them, not on the likeliest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import deskmatch
from deskmatch.cli.app import app
from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.errors import InputError
from deskmatch.formulations.arcs import expected_over_topics
from deskmatch.prediction import Proficiency
from deskmatch.prediction.topics import CategoryRules, Inquiries, fill_topics, with_topics

SHARES = CategoryRules({"x": {"billing": 0.5, "seo": 0.3}, "y": {"seo": 1.0}, "z": {"poems": 1.0}})


def desk() -> Desk:
    nan = np.nan
    return Desk(
        expert_ids=("ana", "bo", "cem"),
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(("Billing", "seo")),
        channel_limit=1,
        speaks=True,
        proficiency=[[0.9, nan], [0.7, 0.7], [0.4, 0.4]],
        general_proficiency=[nan, nan, 0.4],
    )


def test_all_topics_count_and_the_rest_goes_to_who_knows_everything() -> None:
    epoch = Epoch(desk(), Tickets(ids=("t1", "t2", "t3"), channel=[0] * 3, language=[0] * 3, topic=[0, 0, 0]))
    found = with_topics(epoch, SHARES, Inquiries(["", "", ""], category=["x", "y", "z"]))
    pairs = np.array([(t, e) for t in range(3) for e in range(3)], np.int32)
    told = expected_over_topics(found, Proficiency(), pairs[:, 0], pairs[:, 1]).reshape(3, 3)
    # by hand: Σ P(topic) · proficiency, 0 for a topic that the expert lacks
    np.testing.assert_allclose(told[0, :2], [0.5 * 0.9, 0.5 * 0.7 + 0.3 * 0.7])
    np.testing.assert_allclose(told[1, :2], [0.0, 0.7])
    np.testing.assert_allclose(told[:, 2], 0.4)  # billing, seo and the unknown topic alike
    np.testing.assert_allclose(told[2, :2], 0.0)  # a topic that the desk does not have
    with pytest.raises(InputError, match="one for each ticket"):
        with_topics(epoch, SHARES, Inquiries(["a"]))


def test_counting_on_all_topics_resolves_more_than_routing_by_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    n, experts, topics = 400, 6, 5
    probability = rng.dirichlet(np.full(topics, 0.7), n)
    true = np.array([rng.choice(topics, p=row) for row in probability])
    resolves = np.where(rng.random((experts, topics)) < 0.6, rng.random((experts, topics)), 0.0)
    best_for_all = (probability @ resolves.T).argmax(axis=1)
    best_for_likeliest = resolves[:, probability.argmax(axis=1)].argmax(axis=0)
    assert resolves[best_for_all, true].mean() > resolves[best_for_likeliest, true].mean() + 0.01


def test_a_table_is_filled_where_it_has_no_topic() -> None:
    pytest.importorskip("py3langid")
    table = pd.DataFrame(
        {
            "ticket_id": [1, 2, 3, 4],
            "channel": "chat",
            "text": ["Wo ist meine Rechnung?", None, "x", "hello there my friend"],
            "category": ["x", "y", "nothing", "x"],
            "topic": [None, None, None, "seo"],
            "language": [None, "en", None, None],
        }
    )
    filled = fill_topics(table, SHARES)
    assert filled["topic"].tolist() == ["billing:0.500000|seo:0.300000", "seo:1.000000", "(unknown)", "seo"]
    assert filled["language"].tolist() == ["de", "en", "en", "en"]
    experts = pd.DataFrame(
        {"expert_id": ["a", "b"], "channels": "chat:4", "languages": "en|de", "topics": ["billing|seo", "*:0.5"]}
    )
    plan = deskmatch.assign(Epoch.from_tables(filled, experts))
    assert dict(zip(plan.assignments["ticket_id"], plan.assignments["expert_id"], strict=True))["3"] == "b"
    with pytest.raises(InputError, match="column with the texts"):
        fill_topics(table, SHARES, text="body")
    with pytest.raises(InputError, match="without any of"):
        fill_topics(table, CategoryRules({"a": "b:c"}))


def test_train_and_assign_from_the_command_line(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    rows = [
        (f"{word} {frame}", topic)
        for word, topic in (("invoice", "billing"), ("ranking", "seo"))
        for frame in ("please", "is wrong", "now", "today", "help", "of May", "again", "twice")
    ]
    log = pd.DataFrame(rows, columns=["Body", "Queue"])
    log.to_csv(tmp_path / "old.csv", index=False)
    waiting = ["the invoice", "my ranking", "", "🙂", "y" * 10**6]
    pd.DataFrame({"ticket_id": range(5), "channel": "chat", "Body": waiting}).to_csv(tmp_path / "new.csv", index=False)
    pd.DataFrame(
        {"expert_id": ["a", "b", "c"], "channels": "chat:5", "languages": "en", "topics": ["billing", "seo", "*:0.1"]}
    ).to_csv(tmp_path / "experts.csv", index=False)
    run = CliRunner()
    model, out = tmp_path / "m", tmp_path / "plan.csv"
    train = ["train", "topics", str(tmp_path / "old.csv"), "--kind", "tfidf", "--least", "2", "--out", str(model)]
    done = run.invoke(app, [*train, "--column", "text=Body", "--column", "topic=Queue"])
    assert done.exit_code == 0, done.output
    assert "likeliest topic right" in done.output
    asked = ["assign", str(tmp_path / "new.csv"), str(tmp_path / "experts.csv"), "--topic-model", str(model)]
    done = run.invoke(app, [*asked, "--text", "Body", "--out", str(out)])
    assert done.exit_code == 0, done.output
    plan = pd.read_csv(out).set_index("ticket_id")["expert_id"]
    assert plan[0] == "a" and plan[1] == "b" and plan[2] == "c" and plan[3] == "c"
    done = run.invoke(app, [*asked, "--text", "Body", "--general-topic", "billing", "--out", str(out)])
    assert done.exit_code == 0, done.output
    plan = pd.read_csv(out).set_index("ticket_id")["expert_id"]
    assert plan[1] == "b" and plan[2] == plan[3] == "a"  # what says nothing goes to the general queue
    asked += ["--text", "Body"]
    done = run.invoke(app, [*asked, "--general-topic", "billing", "--general-below", "1", "--out", str(out)])
    assert set(pd.read_csv(out)["expert_id"]) == {"a"}  # no topic is certain
    for wrong, said in ((["--general-below", "0.5"], "beside --general-topic"), (["--general-topic", " "], "no name")):
        done = run.invoke(app, [*asked, *wrong])
        assert done.exit_code == 2 and said in done.output
    done = run.invoke(app, [*asked[:3], "--general-topic", "billing"])
    assert done.exit_code == 2 and "expected --topic-model" in done.output
    done = run.invoke(app, [*asked, "--text", "Boddy"])
    assert done.exit_code == 2 and "Boddy" in done.output
    done = run.invoke(app, [*train[:3], "--out", str(tmp_path / "no" / "m")])
    assert done.exit_code == 2 and "folder does not exist" in done.output
