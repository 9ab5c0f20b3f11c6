"""Result files of evaluation tools: lm-evaluation-harness (and lighteval, which writes alike) and MTEB."""

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import InputError, OpenChoiceError

HARNESS, MTEB = "lm-evaluation-harness", "MTEB"
META = "model_meta.json"  # beside MTEB's result files: whose they are
_NO_METRICS = frozenset({"alias", "name", "bypass", "sample_len", "sample_count", "samples"})
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}[-:]\d{2}[-:]\d{2})")
_CHECKPOINT = re.compile(r"(?:^|,)\s*(?:pretrained|model|path)=([^,]+)")

Rows = list[dict[str, Any]]


def is_results(document: Any) -> bool:
    """Whether a JSON document is a result file of a tool that is known here."""
    return _of_harness(document) or _of_mteb(document)


def rows_of(document: dict[str, Any], path: Path, checkpoint: str | None = None) -> Rows:
    """The scores of a result file, a dict each: checkpoint, benchmark, task, metric, value, split, place, and
    standard_error where there is one.

    Arguments:
        document: the file's content; path: where it lies, since MTEB names the model by folder only.
        checkpoint: whose results they are, whatever the file says.

    Raises InputError: the file names no checkpoint, or holds no score.
    """
    whose = checkpoint or _checkpoint(document, path)
    if whose is None:
        raise OpenChoiceError(
            f"{path.name} names no checkpoint", "give it with --checkpoint NAME", "checkpoint", {}
        )
    rows = _harness(document) if _of_harness(document) else _mteb(document)
    if not rows:
        raise InputError(f"{path.name} holds no score: give a result file with figures.")
    return [{"checkpoint": whose, "place": row["task"], **row} for row in rows]


def made_at(document: dict[str, Any], path: Path) -> float:
    """When the results were made, in seconds since 1970: as the file says, its name, or the file system."""
    date = document.get("date")
    if isinstance(date, int | float) and _is_number(date):
        return float(date)
    for text in (date, path.name):
        if isinstance(text, str) and (found := _DATED.search(text)):
            day, _, hour = found[1].partition("T")
            try:
                moment = datetime.fromisoformat(f"{day}T{hour.replace('-', ':')}")
            except ValueError:
                continue
            return moment.replace(tzinfo=UTC).timestamp()
    return path.stat().st_mtime


def _of_harness(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        return False
    return all(isinstance(values, dict) for values in document["results"].values())


def _of_mteb(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("scores"), dict)
        and isinstance(document.get("task_name", document.get("mteb_dataset_name")), str)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _checkpoint(document: dict[str, Any], path: Path) -> str | None:
    config = document.get("config")
    general = document.get("config_general")
    named = [document.get("model_name"), general.get("model_name") if isinstance(general, dict) else None]
    arguments = config.get("model_args") if isinstance(config, dict) else None
    if isinstance(arguments, dict):
        named += [arguments.get("pretrained"), arguments.get("path")]
    elif isinstance(arguments, str) and (found := _CHECKPOINT.search(arguments)):
        named.append(found[1].strip())
    if (meta := path.parent / META).is_file():
        try:
            content = json.loads(meta.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = None
        named.append(content.get("name") if isinstance(content, dict) else None)
    named += [folder.name for folder in list(path.resolve().parents)[:2] if "__" in folder.name]
    return next((name for name in named if isinstance(name, str) and name.strip()), None)


def _harness(document: dict[str, Any]) -> Rows:
    config = document.get("config")
    shots = document.get("n-shot")
    usual = config.get("num_fewshot") if isinstance(config, dict) else None
    rows = []
    for key, values in document["results"].items():
        task, shot = str(key), shots.get(key) if isinstance(shots, dict) else usual
        if len(parts := task.split("|")) > 2:  # lighteval: suite|task|shots
            task, shot = parts[1], parts[2]
        for written, value in values.items():
            metric, _, filtered = str(written).partition(",")
            if "_stderr" in metric or metric in _NO_METRICS or not _is_number(value):
                continue
            error = values.get(f"{metric}_stderr,{filtered}" if filtered else f"{metric}_stderr")
            rows.append(
                {
                    "benchmark": HARNESS,
                    "task": task,
                    "metric": metric if filtered in ("", "none") else f"{metric} ({filtered})",
                    "value": float(value),
                    "split": "" if shot is None else f"{shot}-shot",
                    "standard_error": float(error) if _is_number(error) else None,
                }
            )
    return rows


def _mteb(document: dict[str, Any]) -> Rows:
    task = str(document.get("task_name", document.get("mteb_dataset_name")))
    rows = []
    for split, entries in document["scores"].items():
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict) and _is_number(entry.get("main_score")):
                subset = str(entry.get("hf_subset", "default"))
                rows.append(
                    {
                        "benchmark": MTEB,
                        "task": task if subset == "default" else f"{task} ({subset})",
                        "metric": "main_score",
                        "value": float(entry["main_score"]),
                        "split": str(split),
                    }
                )
    return rows
