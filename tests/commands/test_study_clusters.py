"""`cli.py study clusters`: the distances are those of a plain pass, kept, and compared along a run."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import cli
from core.checkpoints.loading import load_model
from core.checkpoints.resolve import resolve
from core.hidden_states.tokens import running_text
from core.studies.clusters import clusters, contexts, distances
from tests import stores, tiny

SIZES = {"n": 3, "occurrences": 5, "context": 8, "count": 6}


def test_two_epochs_are_measured_on_the_same_clusters(tmp_path: Path, capsys) -> None:
    file = tmp_path / "words.txt"
    texts = [f"{line} it was the river that" for line in tiny.sentences(150, longest=6)]
    file.write_text("\n".join(texts))
    store = stores.new(tmp_path / "store").folder
    runs = [str(tiny.llama(tmp_path / f"epoch{seed}", seed=seed)) for seed in (0, 1)]
    options = ["--tokens", "3", "--occurrences", "5", "--context", "8", "--clusters", "6"]
    asked = ["study", "clusters", *runs, "--corpus", str(file), *options, "--store", str(store)]
    assert cli.main([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    first, second = document["results"]
    assert first["clusters"] == second["clusters"] > 1 and first["within"] != second["within"]
    assert len(document["sentences"]) == 3 and document["sentences"][2].startswith("From epoch0 to epoch1")

    checkpoint = resolve(runs[0])
    ids = running_text(checkpoint, texts).ids
    made = clusters(ids, **SIZES)
    rows = contexts(ids, np.concatenate(made.ends), 8, np.empty(0, np.int32))
    states = load_model(checkpoint, "cpu", torch.float32)(input_ids=torch.from_numpy(rows).long())
    plain = distances(states.last_hidden_state[:, -1].numpy(), [len(one) for one in made.ends])
    assert (first["within"], first["between"]) == pytest.approx(plain, abs=1e-5)
    assert cli.main([*asked, "--json"]) == 0
    assert all(one["cached"] for one in json.loads(capsys.readouterr().out)["results"])
    assert list(store.glob("tmp*")) == []
    assert cli.main(asked) == 0
    assert "checkpoints compare only where their tokenizers" in " ".join(capsys.readouterr().out.split())
