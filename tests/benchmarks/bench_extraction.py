"""Tokens a second of our extraction, against one sequence at a time and against sentence-transformers.

All three run all-MiniLM-L6-v2 on the same sequences with the same number of threads, in turn within each
round; the ratios are medians over the rounds. One sequence at a time (the paper's way: plain transformers,
`output_hidden_states`) runs on the first few only, as its rate does not depend on how many there are. Ours
includes loading the model, tokenising and writing the file; theirs start with the model loaded. The share of
the machine's peak counts the multiplications of the weights and of attention against the best of several 2048
× 2048 products in the same round.
"""

import argparse
import lzma
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

SAMPLE = "reference/marbut2024/sample_sequences.txt.xz"


def sequences(count: int) -> tuple[str, list[str]]:
    """Every k-th published sequence, or of the built-in corpus where the test material is absent."""
    file = Path(__file__).resolve().parents[3] / "shared" / SAMPLE
    if file.is_file():
        text = lzma.decompress(file.read_bytes()).decode().splitlines()
        return "the published sequences of arXiv 2406.12159", text[:: max(len(text) // count, 1)][:count]
    from core.corpora.sources import load, sample

    return "the standard library's docstrings", sample(load("standard-library"), sequences=count).sequences


def peak() -> float:
    """Multiply-adds ×2 a second of a float32 matrix product, the best of several."""
    import torch

    a = torch.ones(2048, 2048)
    return max(2 * 2048**3 / seconds(lambda: a @ a) for _ in range(6))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from sentence_transformers import SentenceTransformer

    from core.checkpoints.loading import load_model
    from core.checkpoints.resolve import MINILM, resolve
    from core.checkpoints.tokenizing import load_tokenizer
    from core.hidden_states.extraction import extract
    from core.weights.tensor_files import read_headers, weight_files

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sequences", type=int, default=2000)
    options.add_argument("--one-at-a-time", type=int, default=150, help="how many of them go one at a time")
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()

    source, text = sequences(given.sequences)
    checkpoint = resolve(MINILM)
    tokenizer, model = load_tokenizer(checkpoint), load_model(checkpoint, "cpu", torch.float32)
    sentence_model = SentenceTransformer(str(checkpoint.folder), device="cpu")
    few = text[: given.one_at_a_time]

    def one_at_a_time() -> np.ndarray:
        with torch.no_grad():
            each = [model(**tokenizer(one, return_tensors="pt"), output_hidden_states=True) for one in few]
        return np.concatenate([output.hidden_states[-1][0].numpy() for output in each])

    def encode() -> np.ndarray:
        each = sentence_model.encode(text, output_value="token_embeddings", show_progress_bar=False)
        return np.concatenate([np.asarray(one) for one in each])

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "cloud.npy"

        def ours() -> np.ndarray:
            extract(checkpoint, text, out, device="cpu", precision="float32")
            return np.load(out)

        vectors, theirs, plain = ours(), encode(), one_at_a_time()  # warm, and the same values
        largest = max(np.abs(theirs - vectors).max(), np.abs(plain - vectors[: len(plain)]).max())
        rounds = [
            (
                len(plain) / seconds(one_at_a_time),
                len(vectors) / seconds(encode),
                len(vectors) / seconds(ours),
                peak(),
            )
            for _ in range(given.rounds)
        ]

    lengths = [len(one) for one in tokenizer(text)["input_ids"]]
    matrices = [
        t.size
        for t in read_headers(weight_files(checkpoint.folder)).values()
        if len(t.shape) == 2 and "embeddings" not in t.name and "pooler" not in t.name
    ]
    facts = checkpoint.facts
    attention = 4 * facts.layers * facts.width * sum(n * n for n in lengths) / sum(lengths)
    per_token = 2 * sum(matrices) + attention
    alone, batched, own, _ = (median(column) for column in zip(*rounds, strict=True))

    print(
        f"all-MiniLM-L6-v2 on {len(text)} of {source} ({sum(lengths):,} tokens), "
        f"{torch.get_num_threads()} threads,"
    )
    print(
        f"median of {given.rounds} rounds; the largest difference between any two values is {largest:.1e}\n"
    )
    print(f"{'way':<44}{'tokens/s':>10}{'ours is':>10}")
    print(f"{'ours, with loading and writing':<44}{own:>10,.0f}")
    versus = [median(r[2] / r[column] for r in rounds) for column in (0, 1)]
    print(f"{'one sequence at a time (' + str(len(few)) + ' of them)':<44}{alone:>10,.0f}{versus[0]:>9.1f}×")
    print(f"{'sentence-transformers, token_embeddings':<44}{batched:>10,.0f}{versus[1]:>9.2f}×")
    share = median(r[2] * per_token / r[3] for r in rounds)
    best = median(r[3] for r in rounds)
    print(
        f"\n{per_token / 1e6:.1f} MFLOP a token: ours does {own * per_token / 1e9:.0f} GFLOP/s, "
        f"{share:.0%} of the "
        f"{best / 1e9:.0f} GFLOP/s of a float32 matrix product here."
    )


if __name__ == "__main__":
    main()
