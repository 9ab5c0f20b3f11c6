"""The commands whose JSON documents are pinned, and how a document is made comparable."""

import hashlib
import io
import json
import math
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd

import cli

TEXT = "--corpus @/corpus.txt --sequences 40"
PUBLISHED = """
measures
gap --sets
scores list
scores list --task glue_average
covariates list
predict --predictor mean
predict --predictor linear
predict --predictor linear+architecture
predict --predictor linear --measures eee,vrm --score MNLI
predict --predictor linear --set nonstandard
predict nobody
evidence --measure lsq_patchiness_published --score glue_average
evidence --measure eee --score CoLA --checkpoints RoBERTa-base --covariates alpha --seed 3
evidence --measure nothing --score glue_average
study paper
study held-out
study held-out --predictors mean,line:patchiness
study own minilm --tasks CoLA --collect @/own.csv
export @/published.csv
export @/published.parquet
jobs
jobs list
jobs watch
measure nothing --measures nothing
"""  # on a store that holds the published figures only
MEASURED = f"""
measure @/encoder @/gpt2 @/llama @/empty {TEXT}
measure @/encoder @/llama {TEXT}
measure @/encoder+noise:0.1 @/encoder+noise:0.1:222 @/encoder+shuffled @/encoder+reinitialised {TEXT} --measures spread,unembedding
measure @/encoder+untrained:7 @/encoder+embeddings-of:@/other @/encoder+noise:2 {TEXT} --measures eee,unembedding_isotropy
measure @/encoder --repeats 2 --seed 3 {TEXT}
measure @/gpt2 --layer 1 --position last --max-length 8 --seed 5 --measures dispersion,eee {TEXT}
measure @/gpt2 --layer 0 --position mean --measures dispersion,eee {TEXT}
measure --vectors @/cloud.npy --vectors @/cloud.npz --vectors @/cloud.csv --vectors @/missing.npy
measure --vectors @/cloud.parquet --vectors @/cloud.safetensors --measures spread
measure --vectors @/cloud.npy --measures lsq_patchiness,lsq_cluster_eee,pq_patchiness --at 300
measure --vectors @/cloud.npy --measures cells --m 2 --k 8 --quantizer-seeds 2
measure @/encoder --measures lsq --m 2 --k 16 --repeats 2 --quantizer-seeds 2 --at 500 {TEXT}
measure --vectors @/cloud.npy --measures lsq_patchiness --m 2 --k 16 --engine faiss
measure --vectors @/cloud.npy --measures lsq --at 10000
gap @/encoder @/gpt2 @/llama --domain digits --reference function
gap @/gpt2 @/other @/missing --domain @/words.txt --reference random:20 --cases --several average --form both --seed 3
gap @/gpt2 --domain digits --reference function
scores import @/scores.csv
covariates import @/covariates.parquet
scores list --task RTE
predict @/encoder @/gpt2 @/llama cloud.npy --predictor linear --measures eee,vrm
predict @/encoder @/llama --predictor best
study cells-sweep @/encoder @/gpt2 @/llama {TEXT} --k 16 --m 4 --at 300 --shares 0.5,1 --measures pq_count_kl
study glue @/encoder --tasks STS-B --data @/glue --epochs 1 --train-examples 32
export @/all.csv
measure --vectors @/cloud.npz --measures spread --detach
jobs watch
jobs list
"""  # noqa: E501

WORDS = {
    "about",
    "comment",
    "cost",
    "direction",
    "error",
    "formula",
    "left_out",
    "licence",
    "meaning",
    "missing",
}
WORDS |= {"note", "notes", "reason", "reasons", "stage", "title"}  # fields for people
VOLATILE = {"added_at", "job", "rate", "seconds", "seconds_left", "submitted_at"}
SOME = "…"  # stands for a sentence, and for what no two runs share
LONG = 40  # entries; longer lists are summarised


def documents(commands: str, folder: Path) -> dict[str, Any]:
    """{command: {"status", "document"}} of running each with --json; @ in a command is `folder`."""
    return {
        command: run(command, folder) | exported(command, folder)
        for command in filter(None, commands.splitlines())
    }


def run(command: str, folder: Path) -> dict[str, Any]:
    """Exit status and comparable document of one command; the store is named in the environment."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.main([*(word.replace("@", str(folder)) for word in command.split()), "--json"])
    document = json.loads(out.getvalue()) if out.getvalue() else None
    return {"status": status, "document": comparable(document, folder)}


def exported(command: str, folder: Path) -> dict[str, Any]:
    """What a command that exports has written of published rows, by column."""
    name = command.split()[-1]
    if not command.startswith("export") or name.endswith("html"):
        return {}
    file = Path(name.replace("@", str(folder)))
    frame = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    frame = frame[frame["origin"] == "published"].drop(columns=["created_at", "note"])
    return {"published": by_column(json.loads(frame.to_json(orient="records", double_precision=15)))}


def comparable(value: Any, folder: Path, field: str = "") -> Any:
    """`value` without paths, sentences and times; long lists summarised."""
    if isinstance(value, dict):
        if field in WORDS:
            return {key.replace(str(folder), "@"): SOME for key in value}
        return {key.replace(str(folder), "@"): comparable(item, folder, key) for key, item in value.items()}
    if field in VOLATILE and value is not None:
        return SOME
    if isinstance(value, str):
        return SOME if field in WORDS and value else value.replace(str(folder), "@")
    if isinstance(value, list):
        items = [comparable(item, folder, field if isinstance(item, str) else "") for item in value]
        return items if len(items) <= LONG else by_column(items)
    return value


def by_column(items: list[Any]) -> dict[str, Any]:
    """Number of entries, first and last, and a digest (of numbers: a weighted sum) for each field."""
    rows = items if isinstance(items[0], dict) else [{"": item} for item in items]
    fields = {field: [row.get(field) for row in rows] for field in rows[0]}
    return {
        "entries": len(items),
        "first": items[0],
        "last": items[-1],
        "fields": {field: _digest(values) for field, values in fields.items()},
    }


def _digest(values: list[Any]) -> list[Any]:
    given = [(place, value) for place, value in enumerate(values, 1) if value is not None]
    if given and all(type(value) in (int, float) for _, value in given):
        return [len(given), math.fsum(value * (1 + place / len(values)) for place, value in given)]
    return [len(given), hashlib.blake2b(json.dumps(values).encode(), digest_size=8).hexdigest()]
