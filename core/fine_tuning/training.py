"""Fine-tune a checkpoint on one GLUE task, as the GLUE script of transformers does with its usual arguments.

3 epochs of AdamW, 2e-5 falling linearly to 0, batches of 32, 128 tokens: the protocol that arXiv 2406.12159
calls the script's defaults. Departures, none of which changes what is computed but for rounding and which
dropout mask falls on which token: a batch is padded to its own longest example, and a batch of very unequal
lengths is passed in parts of equal weight in one optimizer step.

Not covered: choosing hyperparameters. A score is that of one seed; its spread between seeds is several points
on the small tasks.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core.checkpoints import accounting, adapters
from core.checkpoints.loading import follow_recipe, unwrapped
from core.checkpoints.resolve import Checkpoint
from core.checkpoints.tokenizing import load_tokenizer
from core.errors import InputError
from core.fine_tuning.glue import Examples, TaskData, metrics
from core.formatting import first_line
from core.hidden_states.devices import resolve_device
from core.weights.tensor_files import read_headers, weight_files

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Progress = Callable[[str, int, int, str], None]

VERSION = 1  # of this protocol's code: part of what identifies a score
_SPLIT_FROM = 1024  # padded tokens of a batch from which its parts are padded by themselves
_PARTS = 4
_EVALUATED = 4096  # padded tokens of a batch of the development set


@dataclass(frozen=True)
class Protocol:
    """How to fine-tune. train_examples: only the first so many (None: all), which every score states."""

    epochs: float = 3.0
    learning_rate: float = 2e-5
    batch: int = 32
    length: int = 128
    seed: int = 42
    train_examples: int | None = None


@dataclass(frozen=True)
class Result:
    """How a fine-tuned checkpoint did: `score` is the mean of `metrics`; `seconds` of the whole."""

    task: str
    score: float
    metrics: dict[str, float]
    steps: int
    seconds: float
    device: str
    details: dict[str, Any]


def fine_tune(
    checkpoint: Checkpoint,
    data: TaskData,
    protocol: Protocol,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> Result:
    """Train on the task's training examples and score its development examples.

    progress: called with stage, done, total, unit; whatever it raises stops the work. The same protocol on
    the same device and number of threads gives the same bits.
    Errors: InputError for a checkpoint that transformers cannot give a classification head.
    """
    started = time.perf_counter()
    where = resolve_device(device)
    tokenizer = load_tokenizer(checkpoint)
    length = min(protocol.length, checkpoint.facts.max_positions or protocol.length)
    stage = f"fine-tuning {data.task.name}"
    train = _encoded(_Key(tokenizer, data, "train", length, protocol.train_examples))
    dev = _encoded(_Key(tokenizer, data, "dev", length, None))
    model = classifier(checkpoint, data.task.classes, protocol.seed, tokenizer.pad_token_id)
    trainer = _trainer(model, train, protocol, where, stage, progress)
    trainer.train()
    answers = _answers(trainer.model, dev, where, data.task.classes)
    values = metrics(data.task, dev.labels, answers)
    return Result(
        data.task.name,
        float(np.mean(list(values.values()))),
        values,
        int(trainer.state.global_step),
        time.perf_counter() - started,
        where,
        asdict(protocol)
        | {
            "data": data.fingerprint,
            "source": data.source,
            "examples": data.used(protocol.train_examples),
            "trained_on": len(train.labels),
            "version": VERSION,
        },
    )


def classifier(checkpoint: Checkpoint, classes: int, seed: int, pad: int | None) -> "PreTrainedModel":
    """The checkpoint with a new head of `classes` outputs, drawn with `seed`; variants are made first."""
    import torch
    from transformers import AutoModelForSequenceClassification, set_seed
    from transformers.utils import logging

    shown = logging.get_verbosity()
    logging.set_verbosity_error()  # that the head is new is what is wanted
    logging.disable_progress_bar()
    set_seed(seed)
    try:
        with adapters.without(checkpoint.folder) as folder:
            model = AutoModelForSequenceClassification.from_pretrained(
                folder,
                num_labels=classes,
                problem_type="regression" if classes == 1 else "single_label_classification",
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                **unwrapped(accounting.wrapper(read_headers(weight_files(checkpoint.folder)))),
            )
    except Exception as error:
        reason = first_line(error)
        raise InputError(f"{checkpoint.name} cannot be fine-tuned: {reason}.") from error
    finally:
        logging.set_verbosity(shown)
    follow_recipe(checkpoint, model.base_model)
    model.config.pad_token_id = pad
    return model


@dataclass(frozen=True)
class _Encoded:
    """Token ids and segments of each example, and the labels (n,)."""

    ids: list[list[int]]
    segments: list[list[int]] | None
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"index": index}


class _Key:
    """What is to be encoded, equal to another for which that gives the same."""

    def __init__(self, tokenizer: Any, data: TaskData, split: str, length: int, count: int | None) -> None:
        self.tokenizer, self.data, self.length = tokenizer, data, length
        self.examples: Examples = getattr(data, split).head(count)
        backend = getattr(tokenizer, "backend_tokenizer", None)
        content = backend.to_str() if backend is not None else str(id(tokenizer))
        self.identity = (content, data.fingerprint, split, length, count)

    def __hash__(self) -> int:
        return hash(self.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.identity == self.identity


@lru_cache(maxsize=32)
def _encoded(key: _Key) -> _Encoded:
    """Variants of one checkpoint share a tokenizer, and so this."""
    texts: list[Any] = [key.examples.first] + ([key.examples.second] if key.examples.second else [])
    encoding = key.tokenizer(*texts, truncation=True, max_length=key.length, return_attention_mask=False)
    return _Encoded(encoding["input_ids"], encoding.get("token_type_ids"), key.examples.labels)


def _batch(encoded: _Encoded, indices: list[int], pad: int) -> "dict[str, torch.Tensor]":
    """Ids, mask, segments and labels of some examples, padded on the right to the longest."""
    import torch

    longest = max(len(encoded.ids[i]) for i in indices)
    ids = torch.full((len(indices), longest), pad)
    mask = torch.zeros_like(ids)
    segments = torch.zeros_like(ids)
    for row, i in enumerate(indices):
        count = len(encoded.ids[i])
        ids[row, :count] = torch.tensor(encoded.ids[i])
        mask[row, :count] = 1
        if encoded.segments is not None:
            segments[row, :count] = torch.tensor(encoded.segments[i])
    labels = torch.from_numpy(encoded.labels[indices])
    graded = labels.is_floating_point()
    batch = {"input_ids": ids, "attention_mask": mask, "labels": labels.float() if graded else labels}
    return batch | ({} if encoded.segments is None else {"token_type_ids": segments})


def _trainer(
    model: "PreTrainedModel",
    train: _Encoded,
    protocol: Protocol,
    device: str,
    stage: str,
    progress: Progress | None,
) -> Any:
    from transformers import PrinterCallback, Trainer, TrainerCallback

    pad = model.config.pad_token_id or 0

    class Telling(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if progress is not None:
                progress(stage, state.global_step, state.max_steps, "steps")

    class InParts(Trainer):
        def compute_loss(self, model: Any, inputs: Any, *rest: Any, **more: Any) -> Any:
            total = sum(len(part["labels"]) for part in inputs["parts"])
            losses = [model(**part).loss * (len(part["labels"]) / total) for part in inputs["parts"]]
            return sum(losses[1:], losses[0])

    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        indices = sorted((row["index"] for row in rows), key=lambda i: len(train.ids[i]))
        wide = len(indices) * len(train.ids[indices[-1]]) >= _SPLIT_FROM
        cuts = [list(part) for part in np.array_split(indices, _PARTS if wide else 1) if len(part)]
        return {"parts": [_batch(train, part, pad) for part in cuts]}

    trainer = InParts(
        model=model,
        args=arguments(protocol, device),
        train_dataset=train,
        data_collator=collate,
        callbacks=[Telling()],
    )
    trainer.remove_callback(PrinterCallback)  # prints a report where there is no progress bar
    return trainer


def arguments(protocol: Protocol, device: str) -> Any:
    """The Trainer's arguments: its defaults, but for what the GLUE script is given, and for its reports."""
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=tempfile.gettempdir(),  # nothing is written: save_strategy
        num_train_epochs=protocol.epochs,
        learning_rate=protocol.learning_rate,
        per_device_train_batch_size=protocol.batch,
        seed=protocol.seed,
        use_cpu=device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _answers(model: Any, dev: _Encoded, device: str, classes: int) -> np.ndarray:
    """What the model says to each development example: a class, or a number. Returned: (n,)."""
    import torch

    model.eval()
    order = np.argsort([len(ids) for ids in dev.ids], kind="stable")
    answers = np.empty(len(dev), dtype=np.float64 if classes == 1 else np.int64)
    batch: list[int] = []
    with torch.inference_mode():
        for place, index in enumerate(order.tolist(), start=1):
            batch.append(index)
            following = len(dev.ids[order[place]]) if place < len(order) else 0
            if following and (len(batch) + 1) * following <= _EVALUATED:
                continue
            inputs = _batch(dev, batch, model.config.pad_token_id or 0)
            inputs.pop("labels")
            logits = model(**{key: value.to(device) for key, value in inputs.items()}).logits.float().cpu()
            answers[batch] = logits[:, 0].numpy() if classes == 1 else logits.argmax(-1).numpy()
            batch = []
    return answers
