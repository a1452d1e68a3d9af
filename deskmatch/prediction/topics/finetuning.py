"""Fine-tuning a transformer on a processor: progress, early stopping, class weights, a seed, and checkpoints."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.storage import part_of
from deskmatch.prediction.topics.extras import needed
from deskmatch.prediction.topics.fitting import Lesson
from deskmatch.prediction.topics.heads import Head, class_weights

__all__ = ["FineTuning", "Network", "fine_tune", "pooled"]

PURPOSE = "TransformerClassifier"
SCALE = 20.0
"""Scores are cosines times this: with texts and topics of length 1, cosines alone could not say anything for sure."""
BATCH = 8
"""Texts that go through the transformer at once, of like length: in larger batches most of the work is padding."""
MOST_KEPT = 1 << 30
"""Bytes of what frozen layers say of the texts, kept so that it is computed once."""
STOP_SHARE = 0.05
"""Of the tickets, those on which it is seen when to stop."""


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How a transformer is fine-tuned.

    Parameters
    ----------
    epochs : the most passes over the tickets; 0: the transformer stays as it is, and only the head is learnt.
    patience : passes without a better loss on a twentieth of the tickets, kept aside, after which it stops; the best
        pass is what stays. 0: every ticket is learnt from, all passes are made, and the last one stays.
    learning_rate : of the transformer at its highest, after a tenth of all steps; that of the head is ten times it.
    batch : tickets a step.
    frozen_layers : the layers nearest to the text, which stay as they are, the embedding of tokens among them; half of
        six layers cost little accuracy and save a third of the time.
    smoothing : of labels (C. Szegedy et al., CVPR 2016): histories have wrong ones.
    tokens : the most tokens that are read of a text.
    threads : of the processor, while it learns.
    checkpoints : a folder in which the state is kept after each pass, so that a run that was interrupted goes on
        where it was; None: none is kept. A folder of another run is refused.
    progress : whether a bar is shown; None: where standard error is a terminal.
    """

    epochs: int = 6
    patience: int = 2
    learning_rate: float = 3e-4
    batch: int = 32
    frozen_layers: int = 3
    smoothing: float = 0.1
    tokens: int = 128
    threads: int = 1
    checkpoints: Path | None = None
    progress: bool | None = None

    def __post_init__(self) -> None:
        least = {"epochs": 0, "patience": 0, "batch": 1, "frozen_layers": 0, "tokens": 8, "threads": 1}
        defects = [
            Defect(ARGUMENTS, None, name, repr(getattr(self, name)), f"expected a whole number ≥ {low}")
            for name, low in least.items()
            if getattr(self, name) < low
        ]
        if not 0 < self.learning_rate < 1:
            defects.append(Defect(ARGUMENTS, None, "learning_rate", repr(self.learning_rate), "expected 0 to 1"))
        if not 0 <= self.smoothing < 1:
            defects.append(Defect(ARGUMENTS, None, "smoothing", repr(self.smoothing), "expected a share below 1"))
        if defects:
            raise InputError(defects)


class Network:
    """A transformer and its tokenizer; torch's, so that it can learn.

    Make it with `Network.of`, then give it weights.
    """

    def __init__(self, config: str, module: Any, tokenizer: Any) -> None:
        self.config = config
        self.module = module
        self.tokenizer = tokenizer
        self.width = int(module.config.hidden_size)

    @classmethod
    def of(cls, config: str, tokenizer: str, tokens: int) -> Network:
        """From descriptions as JSON; no memory is taken for weights, and no code but that of the libraries is run.

        Raises
        ------
        ValueError
            Where they describe none.
        """
        torch = needed("torch", extra="transformer", purpose=PURPOSE)
        transformers = needed("transformers", extra="transformer", purpose=PURPOSE)
        tokenizers = needed("tokenizers", extra="transformer", purpose=PURPOSE)
        described = json.loads(config)
        if not isinstance(described, dict) or "auto_map" in described or type(described.get("model_type")) is not str:
            raise ValueError("its configuration is none of a known transformer")
        try:
            known = transformers.AutoConfig.for_model(**described)
            with torch.device("meta"):
                module = transformers.AutoModel.from_config(known, trust_remote_code=False)
            made = tokenizers.Tokenizer.from_str(tokenizer)
        except Exception as error:  # the libraries raise many kinds for what is none of theirs
            raise ValueError(f"its transformer cannot be made ({str(error).splitlines()[0][:200]})") from None
        made.enable_truncation(min(tokens, int(getattr(known, "max_position_embeddings", tokens))))
        made.no_padding()
        return cls(config, module, made)

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take over weights, whose names and shapes must be those of the architecture.

        Raises
        ------
        ValueError
            Where they are not.
        """
        torch = needed("torch", extra="transformer", purpose=PURPOSE)
        wanted = self.module.state_dict()
        own = {name: weights[name] for name in wanted if name in weights}
        missing = [name for name in wanted if name not in weights and "pooler" not in name]
        wrong = [name for name, array in own.items() if tuple(array.shape) != tuple(wanted[name].shape)]
        if missing or wrong:
            raise ValueError(f"its weights lack or misshape {', '.join([*missing, *wrong][:3])}")
        state = {name: torch.tensor(np.asarray(array, np.float32)) for name, array in own.items()}
        for name in wanted:  # what stands above the tokens, which we do not use
            state.setdefault(name, torch.zeros(wanted[name].shape))
        self.module.load_state_dict(state, strict=True, assign=True)
        for name, buffer in list(self.module.named_buffers()):
            if buffer.is_meta:  # positions and the like, which files do not keep
                owner = self.module.get_submodule(name.rpartition(".")[0])
                count = (
                    torch.arange(buffer.shape[-1]) if "position" in name else torch.zeros(buffer.shape[-1], dtype=int)
                )
                setattr(owner, name.rpartition(".")[2], count.expand(buffer.shape).clone())
        self.module.eval()

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """All weights by name but those that stand above the tokens."""
        state = self.module.state_dict()
        return {name: value.numpy().astype(np.float32) for name, value in state.items() if "pooler" not in name}

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text."""
        return [found.ids for found in self.tokenizer.encode_batch(list(texts))]

    def states(self, ids: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        """The last states ``(texts, tokens, width)`` and which of them are tokens ``(texts, tokens)``; tensors."""
        torch = needed("torch", extra="transformer", purpose=PURPOSE)
        tokens = torch.zeros((len(ids), max(map(len, ids))), dtype=torch.long)
        mask = torch.zeros(tokens.shape)
        for row, own in enumerate(ids):
            tokens[row, : len(own)] = torch.tensor(own)
            mask[row, : len(own)] = 1
        return self.module(input_ids=tokens, attention_mask=mask).last_hidden_state.float(), mask

    def embed(self, ids: Sequence[Sequence[int]]) -> Any:
        """``(texts, width)``, a tensor: the mean over tokens, of length 1."""
        return _mean(*self.states(ids))

    @contextlib.contextmanager
    def without_lower(self, layers: int) -> Iterator[None]:
        """While it lasts, the module begins above so many layers; it takes their states as ``inputs_embeds``."""
        torch = needed("torch", extra="transformer", purpose=PURPOSE)
        embeddings, whole = self.module.embeddings, self.module.encoder.layer
        self.module.embeddings, self.module.encoder.layer = _through(torch), torch.nn.ModuleList(whole[layers:])
        try:
            yield
        finally:
            self.module.embeddings, self.module.encoder.layer = embeddings, whole

    @contextlib.contextmanager
    def only_lower(self, layers: int) -> Iterator[None]:
        """While it lasts, the module ends after so many layers."""
        torch = needed("torch", extra="transformer", purpose=PURPOSE)
        whole = self.module.encoder.layer
        self.module.encoder.layer = torch.nn.ModuleList(whole[:layers])
        try:
            yield
        finally:
            self.module.encoder.layer = whole


def _mean(state: Any, mask: Any) -> Any:
    torch = needed("torch", extra="transformer", purpose=PURPOSE)
    mean = (state * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
    return torch.nn.functional.normalize(mean, dim=1)


def _through(torch: Any) -> Any:
    """An embedding that hands on what it is given."""

    class Through(torch.nn.Module):  # type: ignore[misc]
        def forward(self, *, inputs_embeds: Any, **ignored: Any) -> Any:
            return inputs_embeds

    return Through()


def pooled(network: Network, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]:
    """``(texts, width)`` float32: what the network makes of texts, on so many threads, by length."""
    torch = needed("torch", extra="transformer", purpose=PURPOSE)
    found = np.zeros((len(texts), network.width), np.float32)
    ids = network.ids(texts)
    with _threads(torch, threads), torch.inference_mode():
        network.module.eval()
        for rows in _by_length([len(own) for own in ids], BATCH):
            found[rows] = network.embed([ids[row] for row in rows.tolist()]).numpy()
    return np.nan_to_num(found)


def fine_tune(network: Network, lesson: Lesson, tuning: FineTuning, *, balance: float, seed: int) -> Head:
    """Teach a network and a head the topics of texts; the network is changed, the head is what it ends in.

    The head begins with the mean of each topic's texts. Cross-entropy with class weights and smoothed labels, AdamW,
    a learning rate that rises and falls linearly. The state of the pass with the least loss on the texts kept aside is
    what stays.
    """
    torch = needed("torch", extra="transformer", purpose=PURPOSE)
    with _threads(torch, tuning.threads):
        course = _Course(torch, network, lesson, tuning, balance, seed)
        course.resume()
        with _progress(tuning, course) as advance:
            while course.epoch < tuning.epochs and course.stale < max(1, tuning.patience):
                course.one_epoch(advance)
                course.keep()
        course.take_best()
        return course.as_head()


class _Course:
    """One run of fine-tuning: what is learnt from, the state, and the best state so far."""

    def __init__(
        self, torch: Any, network: Network, lesson: Lesson, tuning: FineTuning, balance: float, seed: int
    ) -> None:
        self.torch, self.network, self.tuning, self.seed = torch, network, tuning, seed
        torch.manual_seed(seed)
        self.ids = network.ids(lesson.texts)
        self.column = lesson.column
        aside = _aside(lesson.column, seed) if tuning.patience else np.zeros(len(lesson.column), bool)
        self.learnt, self.aside = np.flatnonzero(~aside), np.flatnonzero(aside)
        self.head = torch.nn.Linear(network.width, lesson.columns)
        self._begin_head(lesson)
        self._freeze()
        weights = torch.tensor(class_weights(lesson.column, lesson.columns, balance), dtype=torch.float32)
        self.loss = torch.nn.CrossEntropyLoss(weight=weights, label_smoothing=tuning.smoothing)
        body = [parameter for parameter in network.module.parameters() if parameter.requires_grad]
        groups = [{"params": body}, {"params": list(self.head.parameters())}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
        self.steps = max(1, len(self._batches(0))) * max(1, tuning.epochs)
        self.rates = (tuning.learning_rate, 10 * tuning.learning_rate)
        self.step = 0
        self.epoch, self.stale, self.least = 0, 0, float("inf")
        self.best = self._state()
        self.lower = self._lower_states()
        described = [asdict(tuning) | {"checkpoints": None, "progress": None}, balance, seed, list(lesson.texts)]
        self.name = sha256(json.dumps([*described, lesson.column.tolist()], default=str).encode()).hexdigest()

    def _begin_head(self, lesson: Lesson) -> None:
        torch = self.torch
        found = pooled(self.network, lesson.texts, threads=self.tuning.threads)
        means = np.stack([found[lesson.column == k].mean(axis=0) for k in range(lesson.columns)])
        with torch.no_grad():
            self.head.weight[:] = torch.nn.functional.normalize(torch.tensor(means), dim=1)
            self.head.bias.zero_()

    def _freeze(self) -> None:
        frozen = tuple(f"encoder.layer.{layer}." for layer in range(self.tuning.frozen_layers))
        for name, parameter in self.network.module.named_parameters():
            inside = name.startswith(frozen) or (self.tuning.frozen_layers and name.startswith("embeddings."))
            parameter.requires_grad_(not inside and "pooler" not in name)

    def _lower_states(self) -> list[Any] | None:
        """What the frozen layers make of each text, which never changes; None: too much to keep, or none is frozen."""
        layers, torch = self.tuning.frozen_layers, self.torch
        size = sum(map(len, self.ids)) * self.network.width * 4
        encoder = getattr(self.network.module, "encoder", None)
        if not layers or size > MOST_KEPT or not self.tuning.epochs or not hasattr(encoder, "layer"):
            return None
        kept: list[Any] = [None] * len(self.ids)
        self.network.module.eval()
        with torch.no_grad(), self.network.only_lower(layers):
            for rows in _by_length([len(own) for own in self.ids], BATCH):
                states, _ = self.network.states([self.ids[row] for row in rows.tolist()])
                for row, state in zip(rows.tolist(), states, strict=True):
                    kept[row] = state[: len(self.ids[row])].clone()
        return kept

    def _embedded(self, rows: NDArray[np.int64]) -> Any:
        """``(rows, width)``, from what the frozen layers say where that is kept."""
        if self.lower is None:
            return self.network.embed([self.ids[row] for row in rows.tolist()])
        own = [self.lower[row] for row in rows.tolist()]
        states = self.torch.nn.utils.rnn.pad_sequence(own, batch_first=True)
        rate = float(getattr(self.network.module.config, "hidden_dropout_prob", 0.0))
        states = self.torch.nn.functional.dropout(states, rate, training=self.network.module.training)
        lengths = self.torch.tensor([len(state) for state in own])
        mask = (self.torch.arange(states.shape[1])[None, :] < lengths[:, None]).float()
        with self.network.without_lower(self.tuning.frozen_layers):
            found = self.network.module(inputs_embeds=states, attention_mask=mask).last_hidden_state.float()
        return _mean(found, mask)

    def _rate(self, step: int) -> float:
        """Rises over a tenth of the steps, then falls to 0."""
        return min((step + 1) / (0.1 * self.steps), max(0.0, (self.steps - step) / (0.9 * self.steps)))

    def _batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """Batches of texts of like length in random order; the same for the same seed and pass."""
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(self.learnt)
        size, batches = self.tuning.batch, []
        for start in range(0, len(order), 16 * size):
            some = order[start : start + 16 * size]
            some = some[np.argsort([len(self.ids[row]) for row in some], kind="stable")]
            batches += [some[k : k + size] for k in range(0, len(some), size)]
        return [batches[k] for k in rng.permutation(len(batches))]

    def one_epoch(self, advance: Any) -> None:
        """One pass over the tickets, then a look at those kept aside."""
        torch = self.torch
        torch.manual_seed(self.seed * 1000 + self.epoch)
        self.network.module.train()
        trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        for rows in self._batches(self.epoch):
            with _half(torch):
                found = self._embedded(rows)
            loss = self.loss(SCALE * self.head(found), torch.tensor(self.column[rows]))
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * self._rate(self.step)
            self.optimizer.step()
            self.step += 1
            advance()
        self.epoch += 1
        if self.tuning.patience:
            self._look(self._loss_aside())
        else:
            self.best = self._state()

    def _look(self, loss: float) -> None:
        if loss < self.least:
            self.least, self.stale, self.best = loss, 0, self._state()
        else:
            self.stale += 1

    def _loss_aside(self) -> float:
        torch = self.torch
        self.network.module.eval()
        total = 0.0
        with torch.inference_mode():
            for some in _by_length([len(self.ids[row]) for row in self.aside], BATCH):
                rows = self.aside[some]
                scores = SCALE * self.head(self._embedded(rows))
                total += float(
                    torch.nn.functional.cross_entropy(scores, torch.tensor(self.column[rows]), reduction="sum")
                )
        return total / len(self.aside)

    def _state(self) -> dict[str, Any]:
        state = {f"body.{name}": value for name, value in self.network.module.state_dict().items()}
        state |= {f"head.{name}": value for name, value in self.head.state_dict().items()}
        return {name: value.detach().clone() for name, value in state.items()}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for part, module in (("body", self.network.module), ("head", self.head)):
            module.load_state_dict(part_of(state, part))

    def take_best(self) -> None:
        """Go back to the best pass."""
        if self.tuning.epochs:
            self._set_state(self.best)

    def as_head(self) -> Head:
        """The head as arrays."""
        weight = SCALE * self.head.weight.detach().numpy().T
        return Head(np.ascontiguousarray(weight, np.float32), np.asarray(SCALE * self.head.bias.detach().numpy()))

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write the state after a pass, so that `resume` can go on from it."""
        folder = self.tuning.checkpoints
        if folder is None:
            return
        tensors = needed("safetensors.torch", extra="transformer", purpose=PURPOSE)
        state = {f"now.{name}": value for name, value in self._state().items()}
        state |= {f"best.{name}": value.clone() for name, value in self.best.items()}
        for number, own in self.optimizer.state_dict()["state"].items():
            state |= {f"adam.{number}.{name}": value.detach().clone() for name, value in own.items()}
        tensors.save_file({name: value.contiguous() for name, value in state.items()}, folder / "next.safetensors")
        (folder / "next.safetensors").replace(folder / "state.safetensors")
        told = {"run": self.name, "epoch": self.epoch, "stale": self.stale, "least": self.least}
        (folder / "state.json").write_text(json.dumps(told), encoding="utf-8")

    def resume(self) -> None:
        """Go on where an earlier run with the same tickets and settings stopped; else make the folder.

        Raises
        ------
        InputError
            Where the folder belongs to another run.
        OSError
            Where there is none and none can be made.
        """
        folder = self.tuning.checkpoints
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)  # what would fail after a pass fails before the first
        if not (folder / "state.json").is_file():
            return
        accepted = "expected an empty folder, or one of a run with the same tickets and settings"
        try:
            told = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            if told["run"] != self.name:
                raise ValueError
            tensors = needed("safetensors.torch", extra="transformer", purpose=PURPOSE)
            state = tensors.load_file(folder / "state.safetensors")
            self._take_over(told, state)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise InputError([Defect(str(folder), None, None, None, f"{accepted} ({error})")]) from None

    def _take_over(self, told: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        parts: dict[str, dict[str, Any]] = {"now": {}, "best": {}, "adam": {}}
        for name, value in state.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        self._set_state(parts["now"])
        self.best = copy.copy(parts["best"])
        adam: dict[int, dict[str, Any]] = {}
        for name, value in parts["adam"].items():
            number, _, rest = name.partition(".")
            adam.setdefault(int(number), {})[rest] = value
        described = self.optimizer.state_dict()
        self.optimizer.load_state_dict({"state": adam, "param_groups": described["param_groups"]})
        self.epoch, self.stale, self.least = int(told["epoch"]), int(told["stale"]), float(told["least"])
        self.step = self.epoch * (self.steps // max(1, self.tuning.epochs))


def _aside(column: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """``(rows,)`` a twentieth of each topic's texts; at least one text in all, none of a topic that has one only."""
    rng = np.random.default_rng(seed)
    aside = np.zeros(len(column), bool)
    for k in np.unique(column):
        own = rng.permutation(np.flatnonzero(column == k))
        aside[own[: round(STOP_SHARE * len(own))]] = True
    if not aside.any():
        aside[np.argmax(np.bincount(column)[column])] = True
    return aside


def _by_length(lengths: Sequence[int], size: int) -> list[NDArray[np.intp]]:
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


@contextlib.contextmanager
def _threads(torch: Any, count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _half(torch: Any) -> Any:
    """Half precision where the processor computes in it; it takes two thirds of the time there."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return torch.autocast("cpu", dtype=torch.bfloat16) if supported() else contextlib.nullcontext()


@contextlib.contextmanager
def _progress(tuning: FineTuning, course: _Course) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal if tuning.progress is None else tuning.progress
    with Progress(console=console, disable=not shown) as bar:
        done = course.epoch * (course.steps // max(1, tuning.epochs))
        task = bar.add_task("fine-tuning", total=course.steps, completed=done)
        yield lambda: bar.advance(task)
