"""Fine-tuning: the script's defaults, the same score each time, and what the store keeps of it."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from cache import jobs, worker
from cache.requests import GlueRun, Subject
from cache.tasks import glue_run as remembered
from core.checkpoints import loading
from core.checkpoints import resolve as checkpoints
from core.errors import InputError
from core.fine_tuning import glue
from core.fine_tuning.training import Protocol, arguments, classifier, fine_tune
from tests import TOP, stores, tiny
from tests.glue_files import write


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models so small wait longer for a second thread than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("base") / "encoder", seed=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("glue")
    for task in ("CoLA", "MRPC", "RTE", "STS-B"):
        write(folder, task)
    return folder


def request(data: Path, *tasks: str, **protocol: object) -> GlueRun:
    return GlueRun(tasks, str(data), protocol, device="cpu")


def test_the_protocol_is_the_glue_scripts() -> None:
    given = arguments(Protocol(), "cpu")
    assert (given.num_train_epochs, given.learning_rate) == (3.0, 2e-5)
    assert (given.per_device_train_batch_size, Protocol().length) == (32, 128)
    assert (given.seed, given.weight_decay, given.warmup_steps) == (42, 0.0, 0)
    assert (given.lr_scheduler_type, given.max_grad_norm) == ("linear", 1.0)
    assert (given.adam_beta1, given.adam_beta2, given.adam_epsilon) == (0.9, 0.999, 1e-8)
    assert given.optim.value.startswith("adamw")
    assert given.gradient_accumulation_steps == 1


def test_the_same_run_gives_the_same_score_and_learns(
    encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = checkpoints.resolve(str(encoder))
    task = glue.load("CoLA", write(tmp_path, "CoLA", train=256))
    protocol = Protocol(epochs=16, learning_rate=3e-3)
    first, again = (fine_tune(checkpoint, task, protocol, device="cpu") for _ in range(2))
    assert first.metrics == again.metrics
    assert first.steps == 128
    assert first.score > 0.5  # the label can be told from a word; by chance it would be 0 ± 0.18
    assert capsys.readouterr().out == ""


def test_a_seed_draws_another_head(encoder: Path) -> None:
    checkpoint = checkpoints.resolve(str(encoder))
    heads = [classifier(checkpoint, 2, seed, 0).get_parameter("classifier.weight") for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_a_variant_is_fine_tuned_as_the_variant(encoder: Path) -> None:
    made = checkpoints.resolve(f"{encoder}+noise:0.5:111")
    model = classifier(made, 2, 42, 0)
    expected = loading.load_model(made, "cpu", torch.float32).state_dict()
    body = model.base_model.state_dict()
    shared = [name for name in expected.keys() & body.keys() if "pooler" not in name]
    assert len(shared) > 30
    assert [name for name in shared if not torch.equal(body[name], expected[name])] == []


def test_parts_of_a_batch_weigh_as_the_whole_batch(encoder: Path) -> None:
    """The loss in parts is the mean over the batch: the gradients agree with those of one padded batch."""
    from core.fine_tuning import training as fine_tuning

    checkpoint = checkpoints.resolve(str(encoder))
    rows = [[1, *range(5, 5 + length), 2] for length in (3, 40, 7, 22, 55, 9, 12)]
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 0]).numpy()
    encoded = fine_tuning._Encoded(rows, None, labels)
    gradients = []
    for parts in (1, 4):
        model = classifier(checkpoint, 2, 42, 0).eval()  # without dropout, so that both see the same
        trainer = fine_tuning._trainer(model, encoded, Protocol(batch=7), "cpu", "", None)
        cuts = [[0, 1, 2, 3, 4, 5, 6]] if parts == 1 else [[0, 2], [5, 6], [3, 1], [4]]
        batch = {"parts": [fine_tuning._batch(encoded, cut, 0) for cut in cuts]}
        trainer.compute_loss(model, batch).backward()
        gradients.append(model.get_parameter("classifier.weight").grad)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def test_scores_are_kept_with_what_repeats_them_and_not_made_again(
    encoder: Path, data: Path, tmp_path: Path
) -> None:
    store = stores.new(tmp_path / "store")
    asked = request(data, "CoLA", "MRPC", "RTE", "STS-B", epochs=1.0)
    subject = Subject(str(encoder))
    first = remembered.fine_tune_subject(store, subject, asked)
    copy = shutil.copytree(encoder, tmp_path / "copy")
    again = remembered.fine_tune_subject(store, Subject(str(copy)), asked)
    assert not first.cached
    assert again.cached
    assert store.query("SELECT subject, name, path FROM names").to_numpy().tolist() == [
        [first.fingerprint, "copy", str(copy)]
    ]
    assert again.scores == first.scores
    mean = sum(first.scores.values()) / 4
    assert first.averages == {"glue_average_4_tasks": pytest.approx(mean, abs=1e-12)}
    rows = store.query("SELECT * FROM scores WHERE subject = ?", [first.fingerprint])
    assert set(rows["task"]) == {"CoLA", "MRPC", "RTE", "STS-B", "glue_average_4_tasks"}
    assert set(rows["split"]) == {
        *(f"dev, 1 epochs, part of the examples of {task}" for task in ("CoLA", "MRPC", "RTE", "STS-B")),
        "dev, 1 epochs, part of the examples of CoLA and MRPC and RTE and STS-B",
    }
    kept = store.query("SELECT details FROM fine_tunings WHERE task = 'RTE'")
    details = json.loads(kept["details"][0])
    assert details["examples"] == "64 of 2,490 + 32 of 277 examples"
    assert details["trained_on"] == 64


def test_other_seeds_and_examples_are_other_runs(encoder: Path, data: Path, tmp_path: Path) -> None:
    store = stores.new(tmp_path / "store")
    subject = Subject(str(encoder))
    for more in ({}, {"seed": 1}, {"train_examples": 32}):
        asked = request(data, "RTE", epochs=1.0, **more)
        assert not remembered.fine_tune_subject(store, subject, asked).cached
    assert len(store.query("SELECT * FROM fine_tunings")) == 3


@pytest.mark.parametrize("protocol", [{"epochs": 0.0}, {"train_examples": 3}, {"learning_rate": -1.0}])
def test_a_protocol_that_trains_nothing_is_refused(data: Path, protocol: dict[str, float]) -> None:
    with pytest.raises(InputError) as refused:
        remembered.check(GlueRun(("RTE",), str(data), protocol))
    assert str(refused.value) == (
        "Fine-tuning needs a task, epochs and a learning rate above 0, and at least one batch of examples: "
        "change them."
    )


def test_killed_and_resumed_ends_with_the_score_of_an_undisturbed_run(
    encoder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is killed in the middle of the second task; the first is not trained again."""
    write(data := tmp_path / "glue", "CoLA")
    write(data, "RTE", train=640)
    asked = request(data, "CoLA", "RTE", epochs=6.0, learning_rate=1e-3)
    store = stores.new(tmp_path / "store")
    job = jobs.submit(store, asked, [Subject(str(encoder))])
    command = [sys.executable, "-m", "cache.worker", "--store", str(store.folder)]
    process = subprocess.Popen(command, cwd=TOP)
    until = time.monotonic() + 120
    while time.monotonic() < until:
        piece = jobs.get(store, job).pieces[0]
        if piece.stage == "fine-tuning RTE" and piece.done > 5:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert jobs.get(store, job).pieces[0].state == "interrupted"
    store.ingest()
    before = store.query("SELECT created_at FROM fine_tunings WHERE task = 'CoLA'")
    assert len(before) == 1
    monkeypatch.setattr(worker, "LINGER", 0.05)
    worker.work(store)
    assert jobs.get(store, job).state == "done"
    runs = store.query("SELECT task, score, created_at FROM fine_tunings ORDER BY task").set_index("task")
    assert runs.loc["CoLA", "created_at"] == before["created_at"][0]

    undisturbed = stores.new(tmp_path / "undisturbed")
    jobs.submit(undisturbed, asked, [Subject(str(encoder))])
    worker.work(undisturbed)
    expected = undisturbed.query("SELECT task, score FROM fine_tunings ORDER BY task").set_index("task")
    assert runs["score"].to_dict() == expected["score"].to_dict()
