"""`cli.py evidence` on scores and covariates of one's own: confounds are seen through, effects stay."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cli
from cache import imports
from cache.store import Store
from tests import stores

Run = Callable[..., tuple[int, str, str]]
N = 80


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of 80 checkpoints of our own; scores and covariates come in from files."""
    folder = tmp_path_factory.mktemp("filled")
    rng = np.random.default_rng(0)
    size = np.exp(rng.uniform(np.log(4e6), np.log(75e6), N))
    own = rng.normal(size=N)
    store = stores.new(folder / "store")
    key = {"cloud": "", "parameters": "{}", "seed": 0, "version": 1, "origin": "measured"}
    checkpoints, measurements = [], []
    for index in range(N):
        facts = {"family": "ours", "parameters": int(size[index]), "origin": "measured"}
        checkpoints.append({"subject": f"s{index}", "name": f"model {index}", **facts})
        values = {"unembedding_effective_rank": np.log(size[index]) + 0.3 * own[index]}
        values["unembedding_isotropy"] = rng.normal()
        measurements += [
            {"subject": f"s{index}", "measure": name, "value": float(value)} | key
            for name, value in values.items()
        ]
    store.add("checkpoints", checkpoints)
    store.add("measurements", measurements)
    store.ingest()
    names = [f"s{index}" for index in range(N)]
    loss = 1.7 + 400 / size**0.34 + 0.05 * rng.normal(size=N)
    column = {"checkpoint": names, "benchmark": "Pile", "metric": "loss", "split": "test"}
    confounded = pd.DataFrame(column | {"task": "pile", "value": loss})
    effect = pd.DataFrame(column | {"task": "wiki", "value": loss - 0.1 * own})
    pd.concat([confounded, effect]).to_csv(folder / "scores.csv", index=False)
    covariates = {
        "checkpoint": names,
        "training_tokens": rng.choice([8e9, 32e9], N),
        "lr": rng.normal(size=N),
    }
    pd.DataFrame(covariates).to_parquet(folder / "covariates.parquet")

    assert imports.import_scores(store, folder / "scores.csv").count == 2 * N
    assert imports.import_covariates(store, folder / "covariates.parquet").count == 2 * N
    return folder


@pytest.fixture
def run(filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a copy of that store; returns (status, out, err)."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)

    def call(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([*map(str, arguments), "--store", str(tmp_path / "store")])
        return status, *capsys.readouterr()

    return call


def sentence(run: Run, *arguments: object) -> dict:
    status, out, err = run("evidence", "--measure", "unembedding_effective_rank", *arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_a_confound_is_seen_through_and_an_effect_stays(run: Run) -> None:
    confounded = sentence(run, "--score", "pile")
    assert confounded["n"] == N and confounded["raw_spearman"]["value"] < -0.8
    partial = confounded["partial_spearman"]
    assert partial["given"] == ["parameters", "lr", "training_tokens"]
    assert abs(partial["value"]) < 0.2 and partial["low"] < 0 < partial["high"]
    assert confounded["residual_spearman_chinchilla"]["law"]["beta"] is not None
    effect = sentence(run, "--score", "wiki")
    assert effect["partial_spearman"]["high"] < -0.4 and effect["partial_spearman"]["q"] < 0.001
    assert effect["added_r2"]["value"] > 0.02 > confounded["added_r2"]["value"]
    assert effect["tests"] == 2  # the published measures are of checkpoints without this score


def test_covariates_are_chosen_by_name(run: Run) -> None:
    document = sentence(run, "--score", "pile", "--covariates", "parameters, lr")
    assert document["covariates"] == {"used": ["parameters", "lr"], "missing": {}}
    assert document["partial_spearman"]["given"] == ["parameters", "lr"]


def test_the_seed_and_the_set_are_said(run: Run) -> None:
    document = sentence(run, "--score", "pile", "--seed", 3, "--checkpoints", "ours")
    assert (document["seed"], document["checkpoints"], document["n"]) == (3, "ours", N)
    assert sentence(run, "--score", "pile", "--seed", 3, "--checkpoints", "ours") == document


def test_people_get_a_table_and_what_it_rests_on(run: Run) -> None:
    status, out, _ = run("evidence", "--measure", "lsq_patchiness_published", "--score", "glue_average")
    words = " ".join(out.split())
    assert status == 0 and "lsq_patchiness_published and glue_average (181 checkpoints)" in words
    assert "Not controlled for:" in words and "training_tokens" in words
    assert "13 of 181 checkpoints lack a covariate that is controlled for" in words


def test_published_perturbed_checkpoints_and_families_are_sets(run: Run) -> None:
    for name, n in (("perturbed", 168), ("BERT-small", 126)):
        _, out, _ = run(
            "evidence", "--measure", "eee", "--score", "glue_average", "--checkpoints", name, "--json"
        )
        assert json.loads(out)["n"] == n


def test_the_figures_in_the_documentation(run: Run) -> None:
    options = (
        "--measure",
        "lsq_patchiness_published",
        "--score",
        "glue_average",
        "--checkpoints",
        "BERT-small",
    )
    document = json.loads(run("evidence", *options, "--json")[1])
    assert f"{document['raw_spearman']['value']:+.2f}" == "+0.93"
    assert f"{document['partial_spearman']['value']:+.2f}" == "+0.04"
    page = (Path(cli.__file__).parent / "docs/evidence.md").read_text()
    assert "goes from ρ = +0.93 to +0.04" in " ".join(page.split())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"--measure": "eeee"},
            "The store has no measure 'eeee' (did you mean eee?): measure it first; the store has eee; vrm; ",
        ),
        (
            {"--score": "PILE"},
            "The store has no score 'PILE': import it first; the store has glue_average; ",
        ),
        (
            {"--checkpoints": "theirs"},
            "There is no set of checkpoints called 'theirs': choose among all, perturbed, own, BERT-base, ",
        ),
        (
            {"--covariates": "momentum"},
            "The store holds no covariate momentum for these checkpoints: choose among parameters, ",
        ),
    ],
)
def test_mistakes_are_one_sentence(run: Run, change: dict[str, str], message: str) -> None:
    options = {"--measure": "eee", "--score": "glue_average"} | change
    status, out, err = run("evidence", *(word for pair in options.items() for word in pair))
    assert (status, out) == (1, "") and err.startswith(message) and err.count("\n") == 1


def test_covariates_are_listed(run: Run) -> None:
    _, out, _ = run("covariates", "list", "--json")
    listed = json.loads(out)["covariates"]
    assert {row["origin"] for row in listed} == {"published", "imported"}
    status, out, _ = run("covariates", "list")
    assert status == 0 and "training_tokens" in out


def test_the_same_files_again_change_no_figure(run: Run, tmp_path: Path) -> None:
    before = sentence(run, "--score", "pile")
    for what, file in (("scores", "scores.csv"), ("covariates", "covariates.parquet")):
        status, out, _ = run(what, "import", tmp_path / file, "--json")
        assert (status, json.loads(out)["imported"]) == (0, 2 * N)
    assert sentence(run, "--score", "pile") == before


def test_nothing_is_half_imported(run: Run, tmp_path: Path) -> None:
    before = Store(tmp_path / "store").state()
    (tmp_path / "bad.csv").write_text("checkpoint,batch\ns0,32\nnobody,64\n")
    status, out, err = run("covariates", "import", tmp_path / "bad.csv")
    assert (status, out) == (1, "")
    assert err == (
        "bad.csv names checkpoints that the store does not know (nobody): measure them first, or call them "
        "as the store does.\n"
    )
    assert Store(tmp_path / "store").state() == before
