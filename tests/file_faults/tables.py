"""Odd files of scores, covariates and labelled texts, and what is wrong with a reading of one."""

import json
import math
import random
from pathlib import Path

from core.scores.covariates import read_covariates
from core.scores.files import ScoreFile, read_scores
from tests.file_faults import OddFile, labels, table_texts
from tests.file_faults.damage import changed
from tests.file_faults.table_texts import Rows, Table

NAMES = ["m", "org/m", "007", "é", "a, b", "[x]", "1e5", "x|y", "m-1.0", "true", "ß;t"]
TASKS = ["RTE", "007", "SST-2", "a b", "T,1", "1.50", "naïve"]
METRICS = {"accuracy": 1.0, "f1": 1.0, "matthews": 1.0, "loss": 3.0, "perplexity": 40.0, "odd": 7.0}
Key = tuple[str, ...]


def odd_file(seed: str) -> OddFile:
    """A file of scores, covariates or labelled texts, whole or damaged."""
    chance = random.Random(seed)
    return chance.choice((_long, _long, _wide, _results, _covariates, labels.labelled))(chance)


def _value(metric: str, chance: random.Random, percent: bool) -> float:
    value = round(chance.uniform(0.01, 0.99) * METRICS[metric], 4)
    return round(value * 100, 2) if percent and METRICS[metric] == 1 else value


def _long(chance: random.Random) -> OddFile:
    percent = chance.random() < 0.3
    expected: dict[Key, float] = {}
    rows: Rows = []
    spelling = chance.choice([("checkpoint", "value"), ("model", "score"), ("Model_Name", "VALUE")])
    for _ in range(chance.randint(1, 12)):
        metric = chance.choice(sorted(METRICS))
        key = (chance.choice(NAMES), "B", chance.choice(TASKS), metric)
        if key in expected:
            continue
        value = _value(metric, chance, percent)
        expected[key] = value / 100 if percent and METRICS[metric] == 1 else value
        row: dict[str, object] = dict(zip((spelling[0], "benchmark", "task", "metric"), key, strict=True))
        rows.append(row | {spelling[1]: value})
    if chance.random() < 0.3:
        rows = [row | {"source": "mine", "split": "test"} for row in rows]
    order = chance.sample(list(rows[0]), len(rows[0]))
    rows = [{name: row[name] for name in order} for row in rows]
    table = table_texts.as_file(rows, chance, [name for name in order if name != spelling[1]])
    return _of_scores("scores, a row each", table, expected, chance, {})


def _wide(chance: random.Random) -> OddFile:
    percent = chance.random() < 0.3
    heads = chance.sample(["RTE_acc", "CoLA (mcc)", "mrpc/f1", "SST-2, accuracy", "hellaswag_acc_norm"], 3)
    names = {"RTE_acc": ("RTE", "acc"), "CoLA (mcc)": ("CoLA", "mcc"), "mrpc/f1": ("mrpc", "f1")}
    names |= {"SST-2, accuracy": ("SST-2", "accuracy"), "hellaswag_acc_norm": ("hellaswag", "acc_norm")}
    expected: dict[Key, float] = {}
    rows: Rows = []
    for name in chance.sample(NAMES, chance.randint(1, 6)):
        row: dict[str, object] = {"checkpoint": name}
        for head in heads:
            value = _value("accuracy", chance, percent)
            given = chance.random() < 0.85
            row[head] = value if given else None
            if given:
                expected[name, "own", *names[head]] = value / 100 if percent else value
        rows.append(row)
    table = table_texts.as_file(rows, chance, ["checkpoint"])
    return _of_scores("scores, a column a task", table, expected, chance, {})


def _results(chance: random.Random) -> OddFile:
    """Result files of lm-evaluation-harness, lighteval and MTEB."""
    expected: dict[Key, float] = {}
    whose = chance.choice(["org/m", "m"])
    document: dict[str, object]
    if chance.random() < 0.6:
        results: dict[str, dict[str, object]] = {}
        for task in chance.sample(TASKS, chance.randint(1, 4)):
            value, error = round(chance.random(), 4), round(chance.random() / 50, 4)
            results[task] = {
                "acc,none": value,
                "acc_stderr,none": chance.choice([error, "N/A"]),
                "alias": task,
            }
            expected[whose, "lm-evaluation-harness", task, "acc"] = value
            if chance.random() < 0.5:
                results[task]["exact_match,strict-match"] = value / 2
                expected[whose, "lm-evaluation-harness", task, "exact_match (strict-match)"] = value / 2
        document = {"results": results, "date": chance.choice([1.7e9, "2024-01-01T10-00-00", None])}
        document |= chance.choice(
            [
                {"model_name": whose},
                {"config": {"model_args": f"pretrained={whose},dtype=float32"}},
                {"config": {"model_args": {"pretrained": whose}}},
                {"config_general": {"model_name": whose}},
            ]
        )
        document |= {"n-shot": dict.fromkeys(results, 5)} if chance.random() < 0.5 else {}
    else:
        scores = [{"main_score": (value := round(chance.random(), 4)), "hf_subset": "default"}]
        document = {"task_name": "Task", "scores": {"test": scores}, "mteb_version": "1"}
        expected[whose, "MTEB", "Task", "main_score"] = value
    table = Table("results.json", json.dumps(document).encode(), "results")
    options = {"checkpoint": whose} if "task_name" in document else {}
    return _of_scores("results of a tool", table, expected, chance, options)


def _of_scores(
    form: str, table: Table, expected: dict[Key, float], chance: random.Random, options: dict[str, str]
) -> OddFile:
    def read(path: Path) -> ScoreFile:
        return read_scores(path, **options)

    def keyed(file: ScoreFile) -> dict[Key, float]:
        return {
            tuple(row[k] for k in ("checkpoint", "benchmark", "task", "metric")): row["value"]
            for row in file.rows
        }

    def of_whole(file: ScoreFile) -> str | None:
        return _unlike(keyed(file), expected) or _twice(len(file.rows), len(keyed(file)))

    def of_damaged(file: ScoreFile) -> str | None:
        if form == "results of a tool":
            return _of_document(json.loads(data.decode("utf-8-sig")), file)
        found = [
            _not_in(_rows_of(file.rows, "value"), table, cells) for cells in table_texts.cells_of(table, data)
        ]
        return None if None in found else found[0]

    if chance.random() < 0.5:
        return OddFile(form, table.name, table.content, table.what, read, of_whole, readable=True)
    data = changed(table.content, chance)
    return OddFile(f"damaged {form}", table.name, data, table.what, read, of_damaged)


def _twice(rows: int, keys: int) -> str | None:
    return None if rows == keys else f"gives {rows} values for {keys} scores"


def _unlike(found: dict[Key, float], expected: dict[Key, float]) -> str | None:
    if found.keys() != expected.keys():
        return f"lacks {set(expected) - set(found)} and has {set(found) - set(expected)}"
    wrong = {key: found[key] for key in found if not math.isclose(found[key], expected[key], rel_tol=1e-9)}
    return f"gives {wrong}" if wrong else None


def _rows_of(rows: Rows, value: str) -> list[tuple[str, float]]:
    return [(str(row["checkpoint"]), float(str(row[value]))) for row in rows]


def _not_in(rows: list[tuple[str, float]], table: Table, cells: table_texts.plain.Cells) -> str | None:
    """What was read that stands in no row of cells, name and number in one; rows that were passed over."""
    if not cells:
        return "a plain reader finds no row"
    used = set()
    for name, value in rows:
        place = next(
            (place for place, row in enumerate(cells) if _holds(row, name, value, table.decimal)), None
        )
        if place is None:
            return f"gives {name} {value}, which a plain reader does not find"
        used.add(place)
    held = {place for place, row in enumerate(cells) if any(_is_number(cell, table.decimal) for cell in row)}
    lost = held - used - {0}
    return f"passes over row {min(lost)}" if lost and len(cells[0]) > 2 else None


def _is_number(cell: object, decimal: str) -> bool:
    return (
        isinstance(cell, float | str)
        and "." in str(cell)
        and math.isfinite(table_texts.number(cell, decimal))
    )


def _holds(row: list[object], name: str, value: float, decimal: str) -> bool:
    if not any(str(cell).strip() == name for cell in row if cell is not None):
        return False
    for sign in dict.fromkeys((decimal, ".", ",")):
        numbers = [table_texts.number(cell, sign) for cell in row]
        if any(math.isclose(one / by, value, rel_tol=1e-9) for one in numbers for by in (1, 100)):
            return True
    return False


def _of_document(document: object, file: ScoreFile) -> str | None:
    """What was read that stands nowhere in a JSON document."""
    numbers: set[float] = set()

    def walk(one: object) -> None:
        if isinstance(one, dict | list):
            for part in one.values() if isinstance(one, dict) else one:
                walk(part)
        elif isinstance(one, int | float):
            numbers.update((float(one), float(one) / 100))

    walk(document)
    lost = [row["value"] for row in file.rows if row["value"] not in numbers]
    return f"gives {lost}, which the file does not hold" if lost else None


def _covariates(chance: random.Random) -> OddFile:
    names = chance.sample(NAMES, chance.randint(1, 6))
    kinds = chance.sample(["training_tokens", "lr", "alpha", "layers"], 2)
    drawn = {"training_tokens": 2.5e9, "lr": 0.001, "alpha": 0.25, "layers": 12.0}
    expected: dict[Key, float] = {}
    rows: Rows = []
    wide = chance.random() < 0.5
    for name in names:
        values = {kind: round(drawn[kind] * chance.randint(1, 3), 6) for kind in kinds}
        expected |= {(name, kind): value for kind, value in values.items()}
        if wide:
            rows.append({"checkpoint": name, **values})
        else:
            rows += [
                {"checkpoint": name, "covariate": kind, "value": value} for kind, value in values.items()
            ]
    table = table_texts.as_file(rows, chance, ["checkpoint", "covariate"])

    def of_whole(file: ScoreFile) -> str | None:
        return _unlike({(row["checkpoint"], row["covariate"]): row["value"] for row in file.rows}, expected)

    def of_damaged(file: ScoreFile) -> str | None:
        found = [
            _not_in(_rows_of(file.rows, "value"), table, cells) for cells in table_texts.cells_of(table, data)
        ]
        return None if None in found else found[0]

    if chance.random() < 0.5:
        return OddFile(
            "covariates", table.name, table.content, table.what, read_covariates, of_whole, readable=True
        )
    data = changed(table.content, chance)
    return OddFile("damaged covariates", table.name, data, table.what, read_covariates, of_damaged)
