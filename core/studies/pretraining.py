"""A small encoder pre-trained with the plain masked-word objective, or with one that teaches no language.

The strange objectives are those of the non-standard models of arXiv 2406.12159, Section 3.4: from Alajrami
and Aletras (2022) the first character of a masked word, the sum of its ASCII codes modulo 5, a random number
of 5; from Sinha et al. (2021) masked words in text whose words are shuffled within the sentence, or drawn
one by one from the corpus' distribution. As there, 15 % of the words are masked: of these 80 % become
[MASK], 10 % another word, 10 % stay.

Not covered: anything a large encoder learns; two layers of width 128 on three million words are a model
organism, chosen so that the whole study runs on two processor cores.
"""

import json
import math
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Progress = Callable[[str, int, int, str], None]

OBJECTIVES = {
    "masked-words": "the masked words themselves",
    "first-character": "the first character of each masked word",
    "ascii-sum": "the sum of each masked word's ASCII codes, modulo 5",
    "random-number": "a random number of 5 for each masked word",
    "shuffled-sentences": "the masked words, in sentences whose words are shuffled",
    "shuffled-corpus": "the masked words, in text drawn word by word from the corpus' frequencies",
}
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_CHARACTERS = string.ascii_lowercase + string.digits  # any other first character is one class more
_MASKED, _TO_MASK, _TO_OTHER = 0.15, 0.8, 0.1


@dataclass(frozen=True)
class Plan:
    """The encoder and its training; the defaults are those of the project's own study."""

    objective: str = "masked-words"
    vocabulary: int = 4096
    layers: int = 2
    width: int = 128
    heads: int = 2
    length: int = 64  # tokens of a training sequence
    positions: int = 128
    batch: int = 16
    epochs: float = 1.0
    learning_rate: float = 1e-3
    seed: int = 0


def train_tokenizer(texts: list[str], folder: Path, vocabulary: int) -> "PreTrainedTokenizerFast":
    """A lower-casing WordPiece tokenizer of `texts`, saved in `folder`; the same texts give the same one."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=_SPECIAL, show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator((text.replace("<unk>", "[UNK]") for text in texts), trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=Plan.positions,
    )
    fast.save_pretrained(folder)
    return fast


def pretrain(
    texts: list[str],
    tokenizer: "PreTrainedTokenizerFast",
    folder: Path,
    plan: Plan,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train an encoder on `texts` and save it with its tokenizer in `folder`; returns what was run.

    Written whole or not at all: `folder` exists only once training has ended.
    Errors: InputError for an objective that is not in OBJECTIVES, and for fewer words than one batch holds.
    """
    import torch
    from transformers import BertConfig, BertModel

    if plan.objective not in OBJECTIVES:
        raise InputError(f"{plan.objective} is no objective: give one of {', '.join(OBJECTIVES)}.")
    started = time.perf_counter()
    rng = np.random.default_rng(plan.seed)
    stream = _stream(texts, tokenizer, plan.objective, rng)
    rows = len(stream) // (plan.length - 2)
    if rows < plan.batch:
        raise InputError(
            f"{len(stream):,} tokens are fewer than the {plan.batch * plan.length:,} of one batch: give "
            "more text."
        )
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    body = stream[: rows * (plan.length - 2)].reshape(rows, plan.length - 2)
    data = np.concatenate([np.full((rows, 1), cls), body, np.full((rows, 1), sep)], axis=1)
    classes, answers_of = _answers(tokenizer, plan.objective)
    torch.manual_seed(plan.seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=plan.width,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        intermediate_size=4 * plan.width,
        max_position_embeddings=plan.positions,
    )
    model = BertModel(config, add_pooling_layer=False)
    for module in model.modules():  # no text is read twice, so nothing is gained by dropout
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    tied = classes == len(tokenizer)
    transform = torch.nn.Sequential(
        torch.nn.Linear(plan.width, plan.width), torch.nn.GELU(), torch.nn.LayerNorm(plan.width)
    )
    head = torch.nn.Linear(plan.width, classes)
    if tied:
        head.weight = model.get_input_embeddings().weight
    unique = {id(p): p for part in (model, transform, head) for p in part.parameters()}.values()
    optimizer = torch.optim.AdamW(unique, lr=plan.learning_rate, weight_decay=0.01, fused=True)
    steps = max(int(plan.epochs * (rows // plan.batch)), 1)
    warm = max(steps // 10, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max((steps - step) / max(steps - warm, 1), 0.0))
    )
    model.train()
    recent: list[float] = []
    for step, batch in enumerate(_batches(data, plan, rng), start=1):
        ids, masked = _mask(batch, tokenizer, rng)
        answers = torch.from_numpy(answers_of(batch[masked], rng))
        states = model(input_ids=torch.from_numpy(ids)).last_hidden_state[torch.from_numpy(masked)]
        loss = torch.nn.functional.cross_entropy(head(transform(states)), answers)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(unique, 1.0)
        optimizer.step()
        schedule.step()
        recent = [*recent[-49:], float(loss.detach())]
        if progress is not None:
            progress(f"pre-training on {plan.objective}", step, steps, "steps")
        if step == steps:
            break
    report = asdict(plan) | {
        "tokens": int(steps * plan.batch * plan.length),
        "steps": steps,
        "loss": float(np.mean(recent)),
        "loss_of_chance": math.log(classes),
        "seconds": time.perf_counter() - started,
        "threads": torch.get_num_threads(),
    }
    made = folder.with_name(f".tmp-{folder.name}")
    model.eval().save_pretrained(made)
    tokenizer.save_pretrained(made)
    (made / "pretraining.json").write_text(json.dumps(report, indent=1))
    made.rename(folder)
    return report


def _stream(
    texts: list[str], tokenizer: "PreTrainedTokenizerFast", objective: str, rng: np.random.Generator
) -> np.ndarray:
    """All tokens of the text one after the other, in the order the objective reads them. Returned: (n,)."""
    words = [text.replace("<unk>", "[UNK]").split() for text in texts]
    words = [one for one in words if one]
    if objective == "shuffled-sentences":
        words = [[one[i] for i in rng.permutation(len(one))] for one in words]
    if objective == "shuffled-corpus":
        flat = [word for one in words for word in one]
        words = [[flat[i] for i in rng.integers(len(flat), size=len(one))] for one in words]
    encoded = tokenizer([" ".join(one) for one in words], add_special_tokens=False, verbose=False)[
        "input_ids"
    ]
    return np.concatenate([np.asarray(ids, dtype=np.int64) for ids in encoded])


def _batches(data: np.ndarray, plan: Plan, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Batches (b, t) without end, in a new order each epoch; what does not fill a batch is left out."""
    while True:
        order = rng.permutation(len(data))
        for start in range(0, len(data) - plan.batch + 1, plan.batch):
            yield data[order[start : start + plan.batch]]


def _mask(
    batch: np.ndarray, tokenizer: "PreTrainedTokenizerFast", rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Token ids with some masked, and which were, both (b, t); [CLS], [SEP] and [UNK] never are."""
    allowed = batch >= len(_SPECIAL)
    masked = allowed & (rng.random(batch.shape) < _MASKED)
    if not masked.any():
        masked[0, 1] = True
    chance = rng.random(batch.shape)
    ids = np.where(masked & (chance < _TO_MASK), tokenizer.mask_token_id, batch)
    other = masked & (chance >= _TO_MASK) & (chance < _TO_MASK + _TO_OTHER)
    return np.where(other, rng.integers(len(_SPECIAL), len(tokenizer), batch.shape), ids), masked


def _answers(
    tokenizer: "PreTrainedTokenizerFast", objective: str
) -> tuple[int, Callable[[np.ndarray, np.random.Generator], np.ndarray]]:
    """How many classes the objective has, and what the answers to masked tokens (k,) are, (k,)."""
    if objective == "random-number":
        return 5, lambda tokens, rng: rng.integers(5, size=len(tokens))
    if objective not in ("first-character", "ascii-sum"):
        return len(tokenizer), lambda tokens, rng: tokens
    pieces = [
        piece.removeprefix("##") for piece in tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    ]
    if objective == "first-character":
        places = [_CHARACTERS.find(piece[:1]) if piece else -1 for piece in pieces]
        table = np.array([len(_CHARACTERS) if place < 0 else place for place in places])
        return len(_CHARACTERS) + 1, lambda tokens, rng: table[tokens]
    sums = np.array([sum(piece.encode("utf-8")) % 5 for piece in pieces])
    return 5, lambda tokens, rng: sums[tokens]
