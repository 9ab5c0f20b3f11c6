"""A checkpoint folder written by hand and an extractor that runs no model: the whole path without torch."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.hidden_states import extraction as hidden_states
from core.hidden_states.extraction import Extraction

D = 6
STOP_AT = (
    "stop-at"  # a file beside the checkpoints: names the one in whose middle the extractor comes to a halt
)
HALTED = "halted"  # and the one it leaves when it does


def checkpoint(folder: Path, seed: int = 0) -> Path:
    """A BERT folder of config and three small tensors, no tokenizer."""
    from safetensors.numpy import save_file

    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    tensors = {
        "bert.embeddings.word_embeddings.weight": (50, D),
        "bert.encoder.layer.0.attention.self.query.weight": (D, D),
    }
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": D,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "vocab_size": 50,
        "max_position_embeddings": 32,
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(
        {name: draw.normal(size=shape).astype(np.float32) for name, shape in tensors.items()},
        folder / "model.safetensors",
    )
    return folder


def corpus(path: Path, lines: int = 60) -> Path:
    """A text file of different lines of four to nine words."""
    words = [[f"word{(7 * i + j) % 41:02}" for j in range(4 + i % 6)] for i in range(lines)]
    path.write_text("\n".join(f"{' '.join(line)} end{i}" for i, line in enumerate(words)))
    return path


def extract(
    checkpoint: Any,
    sequences: list[str],
    out: Path,
    *,
    layer: int | None,
    position: str,
    max_length: int | None,
    device: str,
    precision: str,
    progress: Any,
) -> Extraction:
    """Vectors drawn from the checkpoint's fingerprint and the text, written as the real one writes them."""
    tokens = [word for sequence in sequences for word in sequence.split()]
    rows = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=(len(tokens), D))
    home = checkpoint.folder.parent
    for start in range(0, len(tokens), 50):
        block = tokens[start : start + 50]
        seeds = [int(checkpoint.fingerprint[:8], 16) + sum(word.encode()) for word in block]
        rows[start : start + 50] = [np.random.default_rng(seed).normal(size=D) for seed in seeds]
        if start and (home / STOP_AT).exists() and (home / STOP_AT).read_text() == checkpoint.folder.name:
            (home / HALTED).touch()
            time.sleep(600)
        progress("hidden states", start + len(block), len(tokens), "tokens")
    rows.flush()
    return Extraction(len(tokens), D, 1 if layer is None else layer, len(tokens), precision, "cpu", 0.1)


if __name__ == "__main__":  # a worker with this extractor
    from cache import worker

    hidden_states.extract = extract
    worker.main()
