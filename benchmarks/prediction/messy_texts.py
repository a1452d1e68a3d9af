"""What a desk really gets: several intents, quoted threads, signatures, wrong categories, a new topic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.prediction.data import banking77, folds
from benchmarks.prediction.page import Finding
from deskmatch.prediction.topics import (
    CategoryRules,
    Inquiries,
    Preparation,
    Settings,
    TextClassifier,
    TfidfClassifier,
    drift_report,
)

THREADS = (
    "{new}\n\nOn Mon, 3 Mar 2025 at 10:00, the desk <desk@example.org> wrote:\n> {old}",
    "{new}\n\n-----Original Message-----\nFrom: Desk\nSent: Monday\nTo: me\nSubject: your request\n\n{old}",
    "{new}\n\nVon: Desk <desk@example.org>\nGesendet: Montag, 3. März 2025\nAn: mich\nBetreff: AW\n\n{old}",
)
SIGNATURES = (
    "\n\nKind regards,\nAna Transfer\nCard Payments Ltd, 12 Exchange Street\n+44 20 7946 0958",
    "\n-- \nTop Up & Cash Consulting, Identity Road 7, ana@example.org",
    "\n\nSent from my iPhone",
)
PERSONAL = (
    " My card is 4111 1111 1111 1111, IBAN GB29 NWBK 6016 1331 9268 19, mail {k}@example.org, call +44 20 7946 0958."
)
NEW_TOPICS = 7


def measure(full: bool) -> Finding:
    """Accuracy where real questions are made messy, with what is done about it and without."""
    texts, topics = banking77()
    learn, test = folds(topics)[0]
    test = test if full else test[:300]
    asked, labels = Inquiries([texts[row] for row in learn]), [topics[row] for row in learn]
    settings = Settings(balance=0.0, keep=1.0)
    model = TfidfClassifier.fit(asked, labels, settings=settings)
    bare = TfidfClassifier.fit(
        asked, labels, settings=Settings(balance=0.0, keep=1.0, preparation=Preparation(mask=False, latest_only=False))
    )
    new, true = [texts[row] for row in test], np.array([topics[row] for row in test], object)
    rng = np.random.default_rng(0)
    other = rng.permutation(len(new))
    threads = [THREADS[k % 3].format(new=text, old=new[other[k]]) for k, text in enumerate(new)]
    signed = [text + SIGNATURES[k % 3] for k, text in enumerate(new)]
    personal = [text + PERSONAL.format(k=k) for k, text in enumerate(new)]
    lines = ["## Messy texts", "", "| what | with preparation | without |", "|---|---:|---:|"]
    rows = {"as they are": new, "a thread of another question quoted below": threads, "a signature": signed}
    rows["card, IBAN, address and number in the text"] = personal
    figures = {}
    for name, messy in rows.items():
        figures[name] = accuracy(model, messy, true), accuracy(bare, messy, true)
        lines.append(f"| {name} | {figures[name][0]:.3f} | {figures[name][1]:.3f} |")
    lines += [
        "",
        f"Questions of banking77 ({len(learn):,} to learn from, {len(test):,} to measure on), changed as said;",
        "`TfidfClassifier` with its usual preparation (quoted threads and signatures left out, personal data masked),",
        "and one that reads texts as they stand. All personal data of these texts was masked in",
        f"{masked_share(personal):.1%} of them.",
        "",
        *several_intents(model, new, true, other),
        *wrong_categories(labels, true, rng),
        *new_topic(texts, topics, learn, test),
    ]
    with_it, without = figures["a thread of another question quoted below"]
    return Finding(
        "banking77, threads quoted below", "accuracy, with / without preparation", "–", f"{with_it:.3f}",
        f"{without:.3f} as they stand", "\n".join(lines).rstrip(),
    )  # fmt: skip


def accuracy(model: TextClassifier, texts: list[str], true: NDArray[np.object_]) -> float:
    """The share whose likeliest topic is the true one."""
    found = model.probability(Inquiries(texts)).argmax(axis=1)
    return float((np.array(model.topics, object)[found] == true).mean())


def masked_share(texts: list[str]) -> float:
    """The share of texts of which nothing personal is left."""
    left = ("4111 1111", "NWBK", "@example", "7946")
    return float(np.mean([not any(part in text for part in left) for text in Preparation()(texts)]))


def several_intents(
    model: TextClassifier, new: list[str], true: NDArray[np.object_], other: NDArray[np.intp]
) -> list[str]:
    """Two questions in one text."""
    rows = np.flatnonzero(true != true[other])
    found = model.probability(Inquiries([f"{new[row]} {new[other[row]]}" for row in rows]))
    column = {name: k for k, name in enumerate(model.topics)}
    first, second = ([column[name] for name in names] for names in (true[rows], true[other][rows]))
    at = np.arange(len(rows))
    top = np.argsort(-found, axis=1)[:, :2]
    one = (top[:, 0] == first) | (top[:, 0] == second)
    both = (np.sort(top, axis=1) == np.sort(np.column_stack([first, second]), axis=1)).all(axis=1)
    mass = found[at, first] + found[at, second]
    return [
        "**Several intents.** Two questions of different topics in one text: the likeliest topic is one of the two in "
        f"{one.mean():.1%}, the two likeliest are the two in {both.mean():.1%}, and together the two have "
        f"{mass.mean():.1%} of the probability: an expert who knows both is worth most.",
        "",
    ]


def wrong_categories(labels: list[str], true: NDArray[np.object_], rng: np.random.Generator) -> list[str]:
    """Customers who pick a wrong category three times in ten."""

    def picked(topics: NDArray[np.object_]) -> list[str]:
        wrong = rng.random(len(topics)) < 0.3
        return [str(rng.choice(labels)) if off else str(topic) for off, topic in zip(wrong, topics, strict=True)]

    names = sorted(set(labels))
    learnt = CategoryRules.fit(picked(np.array(labels, object)), labels)
    taken = CategoryRules({name: name for name in names}, names)
    asked = Inquiries([""] * len(true), category=picked(true))
    said = []
    for rules in (taken, learnt):
        column = np.array([rules.topics.index(name) for name in true])
        own = rules.probability(asked)[np.arange(len(true)), column]
        said.append(float(-np.log(np.maximum(own, 1e-3)).mean()))
    return [
        "**Wrong categories.** Where three in ten customers pick a category at random, `CategoryRules.fit` learns how "
        f"far a category can be trusted: its log loss is {said[1]:.2f}, against {said[0]:.2f} for rules that take the "
        "customer's word (probabilities below a thousandth count as one).",
        "",
    ]


def new_topic(texts: list[str], topics: list[str], learn: NDArray[np.intp], test: NDArray[np.intp]) -> list[str]:
    """Topics that come up after training: one ticket in ten."""
    rng = np.random.default_rng(0)
    fresh = set(rng.permutation(sorted(set(topics)))[:NEW_TOPICS].tolist())
    rows = [row for row in learn.tolist() if topics[row] not in fresh]
    model = TfidfClassifier.fit(
        Inquiries([texts[row] for row in rows]),
        [topics[row] for row in rows],
        settings=Settings(balance=0.0, keep=0.95),
    )
    old = Inquiries([texts[row] for row in test.tolist() if topics[row] not in fresh])
    new = Inquiries([texts[row] for row in test.tolist() if topics[row] in fresh])
    kept, found = ((model.probability(part).max(axis=1) > 0).mean() for part in (old, new))
    alarms = {}
    for share in (0.0, 0.1, 0.3):
        raised = []
        for _ in range(20):
            some = rng.choice(len(old), round(300 * (1 - share))).tolist()
            more = rng.choice(len(new), round(300 * share)).tolist()
            mixed = Inquiries([*old.rows(some).text, *new.rows(more).text])
            raised.append(bool(drift_report(model, mixed).alarms))
        alarms[share] = float(np.mean(raised))
    return [
        f"**A new topic.** `TfidfClassifier` with `keep=0.95`; {NEW_TOPICS} topics were never learnt: "
        f"{1 - found:.1%} of their questions are called out of scope, and {1 - kept:.1%} of the others. "
        f"`drift_report` on 300 recent questions raises an alarm in {alarms[0.3]:.0%} of draws where three in ten "
        f"are new, in {alarms[0.1]:.0%} where one in ten is, and in {alarms[0.0]:.0%} where none is.",
    ]
