"""600 rows of an output embedding out of a checkpoint of more than 4 GB: from disk, and over HTTP.

A Qwen2-like checkpoint (vocabulary 152,064, width 3,584, bfloat16, sharded) is generated in a temporary
folder and deleted afterwards. Each way runs in a process of its own, its libraries imported, the files
dropped from the page cache before: time until the rows are there in float32, peak memory of the process, and
bytes read from the disk (or the network). The rows of all ways are compared bit for bit. On a processor
transformers and safetensors only map the files: what it takes to pick rows off the mapping is shown beside
what it takes to have the model, or the one tensor, in memory.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

VOCABULARY, WIDTH, INNER, KEYS = 152_064, 3_584, 18_944, 512
IDS = np.sort(np.random.default_rng(0).choice(VOCABULARY, 600, replace=False))
LATENCY = 0.2
WAYS = {
    "rows": "ours: checkpoint known, rows read",
    "model": "AutoModelForCausalLM.from_pretrained, in memory",
    "mapped model": "AutoModelForCausalLM.from_pretrained, as mapped",
    "tensor": "the one tensor by safetensors, in memory",
    "mapped tensor": "the one tensor by safetensors, as mapped",
    "http": f"ours over HTTP, {LATENCY * 1000:.0f} ms a request",
    "measure": "ours: mean cosine of the whole matrix, in blocks",
}


def generate(folder: Path, layers: int) -> int:
    """Write the checkpoint; returns the bytes of its weight files."""
    import torch
    from safetensors.torch import save_file
    from transformers import Qwen2Config

    Qwen2Config(
        architectures=["Qwen2ForCausalLM"],
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=layers,
        num_attention_heads=28,
        num_key_value_heads=4,
        tie_word_embeddings=False,
        dtype="bfloat16",
    ).save_pretrained(folder)
    noise = (torch.randn(2**24, generator=torch.Generator().manual_seed(0)) * 0.02).bfloat16()
    shapes = {"model.embed_tokens.weight": (VOCABULARY, WIDTH), "lm_head.weight": (VOCABULARY, WIDTH)}
    block = {
        "self_attn.q_proj.weight": (WIDTH, WIDTH),
        "self_attn.q_proj.bias": (WIDTH,),
        "self_attn.k_proj.weight": (KEYS, WIDTH),
        "self_attn.k_proj.bias": (KEYS,),
        "self_attn.v_proj.weight": (KEYS, WIDTH),
        "self_attn.v_proj.bias": (KEYS,),
        "self_attn.o_proj.weight": (WIDTH, WIDTH),
        "mlp.gate_proj.weight": (INNER, WIDTH),
        "mlp.up_proj.weight": (INNER, WIDTH),
        "mlp.down_proj.weight": (WIDTH, INNER),
        "input_layernorm.weight": (WIDTH,),
        "post_attention_layernorm.weight": (WIDTH,),
    }
    shapes |= {f"model.layers.{n}.{name}": shape for n in range(layers) for name, shape in block.items()}
    shapes["model.norm.weight"] = (WIDTH,)
    shards: list[list[str]] = [[]]
    for name in shapes:  # as many to a file as make about a gigabyte
        if sum(np.prod(shapes[other]) for other in shards[-1]) > 2**29:
            shards.append([])
        shards[-1].append(name)
    where = {}
    for number, names in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        tensors = {}
        for name in names:
            count = int(np.prod(shapes[name]))
            tensors[name] = noise.repeat(-(-count // len(noise)))[:count].reshape(shapes[name])
            where[name] = file
        save_file(tensors, folder / file, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def drop_from_cache(folder: Path) -> None:
    for file in folder.iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def work_of(way: str, folder: Path, url: str) -> Callable[[], tuple[np.ndarray, int | None]]:
    """What to time, its libraries imported: rows, and bytes read where not the disk's are meant."""
    if "model" in way:
        from transformers import AutoModelForCausalLM, Qwen2ForCausalLM  # noqa: F401

        def model() -> tuple[np.ndarray, None]:
            loaded = AutoModelForCausalLM.from_pretrained(folder)
            if way == "model":
                for parameter in loaded.parameters():
                    parameter.data = parameter.data.clone()
            return loaded.get_output_embeddings().weight[IDS].float().detach().numpy(), None

        return model
    if "tensor" in way:
        import torch  # noqa: F401
        from safetensors import safe_open

        def tensor() -> tuple[np.ndarray, None]:
            index = json.loads((folder / "model.safetensors.index.json").read_text())
            with safe_open(folder / index["weight_map"]["lm_head.weight"], framework="pt") as file:
                whole = file.get_tensor("lm_head.weight")
                return (whole.clone() if way == "tensor" else whole)[IDS].float().numpy(), None

        return tensor
    from core.checkpoints import output_embedding as weights
    from core.checkpoints import resolve as checkpoints
    from core.measures import measure
    from core.weights.remote_file import RemoteFile

    def rows() -> tuple[np.ndarray, int | None]:
        checkpoint = checkpoints.resolve_unread(str(folder))
        if way == "http":
            import huggingface_hub  # noqa: F401

            files = sorted(folder.glob("*.safetensors"))
            remote = [
                RemoteFile(f.name, f"{url}/{f.name}", f.stat().st_size, None, {"authorization": "none"})
                for f in files
            ]
            checkpoint = replace(checkpoint, remote=tuple(remote))
        at = weights.output_embedding(checkpoint)
        if way == "measure":
            value = measure(weights.StoredMatrix(at), "unembedding_mean_cosine")
            return np.array(list(value.values()), np.float32), None
        read = weights.read_rows(at, IDS)
        return read.vectors, read.bytes_read if way == "http" else None

    return rows


def child(way: str, folder: Path, url: str, out: Path) -> None:
    work = work_of(way, folder, url)
    before = _number("/proc/self/io", "read_bytes:")
    started = time.perf_counter()
    vectors, told = work()
    seconds = time.perf_counter() - started
    read = _number("/proc/self/io", "read_bytes:") - before if told is None else told
    np.save(out, vectors)
    peak = 1024 * _number("/proc/self/status", "VmHWM:")  # that of getrusage counts the parent's, too
    print(json.dumps({"seconds": seconds, "peak": peak, "read": read}))


def _number(file: str, label: str) -> int:
    return int(Path(file).read_text().split(label)[1].split()[0])


def run(way: str, folder: Path, url: str, out: Path) -> dict[str, float]:
    drop_from_cache(folder)
    command = [sys.executable, "-m", "tests.benchmarks.bench_weights", "--way", way]
    done = subprocess.run(
        [*command, "--folder", folder, "--url", url, "--out", out],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "0" if way == "http" else "1"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--layers", type=int, default=5)
    options.add_argument("--rounds", type=int, default=3)
    for hidden in ("--way", "--folder", "--url", "--out"):
        options.add_argument(hidden, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        child(given.way, Path(given.folder), given.url, Path(given.out))
        return
    if shutil.disk_usage(tempfile.gettempdir()).free < 8e9:
        print(f"Left out: {tempfile.gettempdir()} has less than 8 GB free.")
        return
    from tests import storage

    with tempfile.TemporaryDirectory() as temporary, storage.serving() as server:
        folder = Path(temporary) / "checkpoint"
        folder.mkdir()
        total = generate(folder, given.layers)
        server.files = {file.name: file for file in folder.glob("*.safetensors")}
        server.latency = LATENCY
        results: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(given.rounds):
            for way in WAYS:
                results[way].append(run(way, folder, server.url, Path(temporary) / f"{way}.npy"))
        rows = {way: np.load(Path(temporary) / f"{way}.npy") for way in WAYS if way != "measure"}
    same = all(np.array_equal(result, rows["rows"]) for result in rows.values())
    print(f"{len(IDS)} rows of {VOCABULARY:,} × {WIDTH:,} bfloat16 out of {total / 1e9:.2f} GB, cold;")
    agree = "the same bits" if same else "DIFFERENT"
    print(f"median of {given.rounds} rounds; the rows of all ways are {agree}\n")
    print(f"{'way':<52}{'seconds':>9}{'ours is':>9}{'peak MB':>9}{'read MB':>9}{'of all':>8}")
    for way, label in WAYS.items():
        seconds, peak, read = (median(r[key] for r in results[way]) for key in ("seconds", "peak", "read"))
        ratio = median(
            r["seconds"] / o["seconds"] for r, o in zip(results[way], results["rows"], strict=True)
        )
        versus = f"{ratio:.0f}×" if "model" in way or "tensor" in way else ""
        print(
            f"{label:<52}{seconds:>9.3f}{versus:>9}{peak / 1e6:>9,.0f}{read / 1e6:>9,.1f}{read / total:>8.2%}"
        )


if __name__ == "__main__":
    main()
