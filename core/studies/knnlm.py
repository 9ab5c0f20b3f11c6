"""kNN-LM with each candidate key, and whether the most dispersed one really was the best.

Source: Khandelwal et al. 2020 (arXiv 1911.00172) for the method (`core.studies.nearest_tokens`), §3.3 of "On
the predictive power of representation dispersion in language models" for the question. Texts are read in
segments that stand by themselves; every token but a segment's first is predicted.

Not shown: what a larger datastore, other neighbours or another text would give.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.blocks import Progress
from core.checkpoints.resolve import Checkpoint
from core.hidden_states import passes
from core.hidden_states.extraction import claim_space
from core.statistics.correlation import spearman
from core.studies.key_layers import Key, Spread, blocks_in, keys_of, vectors_of
from core.studies.nearest_tokens import FLAT_UP_TO, Datastore, interpolated, neighbour_probability, tuned

VERSION = 1
NEIGHBOURS = 64


@dataclass(frozen=True)
class Reading:
    """What a pass gives of n segments of L tokens, p = n·(L − 1) predicted tokens in their order.

    keys: of the first axis of `vectors`, (keys, p, d), memory-mapped: of the token before. tokens: (p,), what
    is predicted. losses: (p,), nats. last: the model's last layer.
    """

    keys: list[Key]
    vectors: np.ndarray
    tokens: np.ndarray
    losses: np.ndarray
    segments: int
    last: int
    note: str | None


@dataclass(frozen=True)
class KeyResult:
    """kNN-LM with one key.

    spreads: its dispersion, as in `core.studies.key_layers`. weight, temperature: λ and T.
    validation_perplexity, perplexity: with the datastore, on the text that chose them and on the test text.
    recall: of the search; None where it is exact. segment_losses: mean nats a token of each test segment.
    """

    kind: str
    number: int
    d: int
    spreads: list[Spread]
    weight: float
    temperature: float
    validation_perplexity: float
    perplexity: float
    recall: float | None
    segment_losses: list[float]

    @property
    def title(self) -> str:
        """As `Key.title`."""
        return Key(self.kind, self.number).title

    @property
    def dispersion(self) -> float | None:
        """Of the largest number of chunks; None where there are too few for any."""
        return self.spreads[-1].mean if self.spreads else None


@dataclass(frozen=True)
class Difference:
    """Mean loss of one key minus that of another, nats a token, with its 95 % interval over test segments."""

    loss: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """Whether the most dispersed key was the best, over `keys` keys that have a dispersion.

    widest, best: results. rank: of the widest by perplexity, 1 is best. difference: widest minus best.
    spearman: of dispersion and perplexity over the keys; None for fewer than three or where one is constant.
    attention, feed_forward: of the last block, the pair that the paper compares; None without.
    """

    keys: int
    widest: KeyResult
    best: KeyResult
    rank: int
    difference: Difference
    spearman: float | None
    attention: KeyResult | None
    feed_forward: KeyResult | None


def read(
    checkpoint: Checkpoint,
    ids: np.ndarray,
    out: Path,
    every: bool,
    *,
    only: Collection[Key] | None = None,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Reading:
    """Run a checkpoint on segments ids (n, L); the vectors are written to `out`, a float32 .npy.

    every: as in `core.studies.key_layers.keys_of`. only: of these keys, those wanted; None: all. The other
    options are those of `core.hidden_states.passes.run`. Nothing is left at `out` when this raises.
    """
    n, length = ids.shape
    losses = np.empty((n, length - 1))
    keys: list[Key] = []
    rows: list[np.memmap] = []

    def chosen(last: int) -> list[Key]:
        return [key for key in keys_of(last, every) if only is None or key in only]

    def begin(last: int, d: int) -> passes.Take:
        keys.extend(chosen(last))
        shape = (len(keys), n, length - 1, d)
        rows.append(np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=shape))
        claim_space(out)

        def take(batch: passes.Batch) -> None:
            assert batch.losses is not None
            losses[batch.sequences] = batch.losses.double().cpu().numpy()
            for place, key in enumerate(keys):
                rows[0][place, batch.sequences] = vectors_of(batch, key)[:, :-1].float().cpu().numpy()

        return take

    try:
        made = passes.run(
            checkpoint,
            ids.reshape(-1),
            np.arange(n + 1) * length,
            begin,
            predicting=True,
            blocks=lambda last: blocks_in(chosen(last)),
            device=device,
            precision=precision,
            progress=progress,
        )
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    vectors = rows[0].reshape(len(keys), -1, made.d)
    return Reading(keys, vectors, ids[:, 1:].reshape(-1), losses.reshape(-1), n, made.last, made.note)


def results(
    train: Reading,
    validation: Reading,
    test: Reading,
    spreads: dict[Key, list[Spread]],
    *,
    neighbours: int = NEIGHBOURS,
    flat_up_to: int = FLAT_UP_TO,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[KeyResult]:
    """kNN-LM with each key of the readings, one after the other, as they are ready.

    spreads: the dispersion of each. neighbours: of a query. flat_up_to: keys that are searched exactly.
    """
    for place, key in enumerate(train.keys):
        store = Datastore(train.vectors[place], train.tokens, flat_up_to=flat_up_to, seed=seed)
        found = {}
        for name, reading in (("validation", validation), ("test", test)):

            def tell(done: int, total: int, stage: str = f"{key.title}: searching for {name}") -> None:
                if progress is not None:
                    progress(stage, done, total, "tokens")

            distances, tokens = store.neighbours(reading.vectors[place], neighbours, tell)
            found[name] = distances, tokens == reading.tokens[:, None]
        best = tuned(validation.losses, *found["validation"])
        probability = neighbour_probability(*found["test"], best.temperature)
        losses = interpolated(test.losses, probability, best.weight)
        yield KeyResult(
            key.kind,
            key.number,
            train.vectors.shape[-1],
            spreads.get(key, []),
            best.weight,
            best.temperature,
            math.exp(best.loss),
            math.exp(losses.mean()),
            store.recall(validation.vectors[place], neighbours, seed),
            [round(float(one), 7) for one in losses.reshape(test.segments, -1).mean(axis=1)],
        )


def difference(one: KeyResult, other: KeyResult) -> Difference:
    """Loss of `one` minus that of `other`, segment by segment; the interval is 1.96 standard errors."""
    apart = np.array(one.segment_losses) - np.array(other.segment_losses)
    error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else math.inf
    mean = float(apart.mean())
    return Difference(mean, float(mean - 1.96 * error), float(mean + 1.96 * error))


def verdict(found: list[KeyResult]) -> Verdict | None:
    """Whether the most dispersed key was the best; None without two keys that have a dispersion."""
    kept = [one for one in found if one.dispersion is not None]
    if len(kept) < 2:
        return None
    widest = max(kept, key=lambda one: one.dispersion or 0.0)
    ordered = sorted(kept, key=lambda one: one.perplexity)
    rho = spearman(
        np.array([one.dispersion for one in kept], dtype=float), np.array([one.perplexity for one in kept])
    )
    last = max(one.number for one in kept)
    of = {one.kind: one for one in kept if one.number == last}
    return Verdict(
        len(kept),
        widest,
        ordered[0],
        1 + sum(one.perplexity < widest.perplexity for one in kept),
        difference(widest, ordered[0]),
        rho if len(kept) > 2 and math.isfinite(rho) else None,
        of.get("attention"),
        of.get("feed_forward"),
    )
