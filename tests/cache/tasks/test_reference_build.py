"""Building a reference from a hub on this machine: budget, deletion, refusals, kills, and nothing twice."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cache import downloads, jobs, locks, worker
from cache.claims import Cancelled
from cache.documents import from_json, to_json
from cache.files import Remembered
from cache.references import ask, entries, within
from cache.requests import Settings, Subject
from cache.store import Store
from cache.tables import one_row_each
from cache.tasks.measure import measure_subject
from cache.tasks.reference_build import OVERHEAD, ReferenceBuild, run
from core.errors import InputError
from core.hub import patience
from tests import TOP, fake_hub, stores, tiny
from tests.fake_hub import FakeHub

SMALL, MIDDLE, LARGE = (
    "EleutherAI/pythia-70m-deduped",
    "openai-community/gpt2",
    "EleutherAI/pythia-160m-deduped",
)
ENCODER = "google-bert/bert-base-uncased"
SETTINGS = Settings(corpus=str(TOP / "README.md"), sequences=20, measures="eee,vrm")
BUILD = ReferenceBuild("decoders", SETTINGS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {
        SMALL: tiny.llama(folder / "small", layers=1),
        MIDDLE: tiny.gpt2(folder / "middle", layers=2),
        LARGE: tiny.llama(folder / "large", layers=6, shard="60KB"),
        ENCODER: tiny.encoder(folder / "encoder"),
    }


@pytest.fixture
def hub(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with fake_hub.serving() as hub:
        hub.connect(monkeypatch, tmp_path / "hub")
        monkeypatch.setattr(patience, "FIRST_WAIT", 0.0)
        monkeypatch.setattr(downloads, "POLL", 0.01)
        for name, folder in models.items():
            hub.add(name, folder)
        yield hub


def build(store: Store, name: str, request: ReferenceBuild = BUILD, progress=lambda *far: None):
    return run(store, Subject(name), request, progress)


def refusal(store: Store, name: str, request: ReferenceBuild = BUILD) -> str:
    with pytest.raises(InputError) as caught:
        build(store, name, request)
    return str(caught.value)


def weights(hub: FakeHub, name: str) -> int:
    """How many requests for a repository's weights were answered with a body."""
    return sum(
        method == "GET" and path.startswith(f"/{name}/") and path.endswith(".safetensors")
        for method, path, _ in hub.requests
    )


def size(folder: Path) -> int:
    """Bytes of the files in a folder, which may be deleted while they are counted."""
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(here) / name).lstat().st_size
    return total


def total(folder: Path) -> int:
    return size(folder) + OVERHEAD


def left_over(store: Store) -> list[Path]:
    return [path for path in (store.folder / "downloads").iterdir() if path.is_dir()]


def test_published_scores_stand_in_the_row_of_what_was_built(hub: FakeHub, store: Store) -> None:
    measured = build(store, ENCODER, replace(BUILD, reference="encoders"))
    assert set(measured.measures) == {"eee", "vrm"} and not measured.cached
    overview = one_row_each(store)
    row = overview.rows.loc[measured.fingerprint]
    assert (row["name"], row["source"], row["path"]) == (ENCODER, "hub", None)
    assert row["eee"] == measured.measures["eee"]
    assert row[overview.scores].notna().sum() >= 8  # its GLUE scores
    assert {entry.name for entry in entries(store, "encoders", SETTINGS) if not entry.lacking} == {ENCODER}
    assert left_over(store) == []


def test_a_copy_under_another_name_gets_the_scores_too(
    hub: FakeHub, store: Store, models: dict[str, Path], tmp_path: Path
) -> None:
    mine = shutil.copytree(models[ENCODER], tmp_path / "mine")
    before = measure_subject(store, Subject(str(mine)), SETTINGS)
    assert one_row_each(store).rows.loc[before.fingerprint, "name"] == "mine"
    after = build(store, ENCODER, replace(BUILD, reference="encoders"))
    assert (after.fingerprint, after.cached) == (before.fingerprint, True)
    overview = one_row_each(store)
    row = overview.rows.loc[before.fingerprint]
    assert row["name"] == ENCODER and row[overview.scores].notna().sum() >= 8
    assert "mine" in store.query("SELECT name FROM names")["name"].tolist()


def test_it_is_the_checkpoint_that_a_plain_measurement_gives(
    hub: FakeHub, store: Store, models: dict[str, Path]
) -> None:
    measured = build(store, LARGE)
    again = measure_subject(store, Subject(str(models[LARGE])), SETTINGS)
    assert (again.fingerprint, again.cached) == (measured.fingerprint, True)
    assert again.measures == measured.measures


def test_a_commit_measured_before_is_not_downloaded_again(hub: FakeHub, store: Store) -> None:
    first = build(store, SMALL)
    assert weights(hub, SMALL) == 1
    again = build(store, SMALL)
    assert again.cached and again.measures == first.measures and again.n == first.n
    assert weights(hub, SMALL) == 1
    more = build(store, SMALL, replace(BUILD, settings=replace(SETTINGS, measures="isoscore")))
    assert not more.cached and weights(hub, SMALL) == 2


def test_what_the_user_has_is_measured_where_it_is_and_stays(
    hub: FakeHub, store: Store, tmp_path: Path
) -> None:
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(SMALL))
    before, asked = size(tmp_path / "hub"), weights(hub, SMALL)
    build(store, SMALL)
    assert weights(hub, SMALL) == asked and size(tmp_path / "hub") == before
    assert (folder / "model.safetensors").exists()


def test_kept_weights_are_found_by_every_other_command_and_count_against_the_budget(
    hub: FakeHub, store: Store, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = total(models[SMALL]) + 1000
    keeping = replace(BUILD, keep_weights=True, disk_budget=budget)
    build(store, SMALL, keeping)
    assert left_over(store) == []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    plain = measure_subject(store, Subject(SMALL), replace(SETTINGS, measures="isoscore"))
    assert plain.measures and weights(hub, SMALL) == 1
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    message = refusal(store, MIDDLE, replace(keeping, disk_budget=total(models[MIDDLE]) + 1000))
    assert message.startswith(f"{MIDDLE} was left out, since it needs ") and "kept weights take" in message
    shutil.rmtree(tmp_path / "hub")
    build(store, MIDDLE, replace(keeping, disk_budget=total(models[MIDDLE]) + 1000))


def test_a_checkpoint_beyond_the_budget_is_left_out_unseen(
    hub: FakeHub, store: Store, models: dict[str, Path]
) -> None:
    message = refusal(store, LARGE, replace(BUILD, disk_budget=size(models[LARGE]) // 2))
    assert message.startswith(f"{LARGE} was left out, since it needs ")
    assert message.endswith("give a larger --disk-budget.")
    assert weights(hub, LARGE) == 0


def test_refusals_are_one_sentence_each(hub: FakeHub, store: Store) -> None:
    hub.close(SMALL, gated=True)
    assert refusal(store, SMALL) == (
        f"{SMALL} on the hub is gated: accept its terms on its page and sign in with `hf auth login`."
    )
    gone = "Qwen/Qwen2-0.5B"
    assert refusal(store, gone).startswith(f"There is no folder {gone}, and no repository {gone} on the hub")
    hub.add(gone, {"config.json": b"{}", "pytorch_model.bin": b""})
    assert refusal(store, gone).startswith(f"{gone} on the hub holds only pytorch_model.bin, a pickle")
    hub.refuse(MIDDLE, 403, files=True)
    assert refusal(store, MIDDLE) == (
        f"{MIDDLE} on the hub may not be read from here (403): ask for access on its page and sign in with "
        "`hf auth login`."
    )
    hub.refuse(LARGE, 404)
    assert refusal(store, LARGE).startswith(f"{LARGE} could not be reached on the hub (")
    assert weights(hub, SMALL) == weights(hub, MIDDLE) == weights(hub, LARGE) == 0
    assert left_over(store) == []


def test_code_of_a_repository_is_refused_before_its_weights_come(hub: FakeHub, store: Store) -> None:
    hub.add(
        SMALL, {"config.json": b'{"auto_map": {}, "model_type": "unheard-of"}', "model.safetensors": b"x"}
    )
    assert SMALL in refusal(store, SMALL)
    assert weights(hub, SMALL) == 0


@pytest.mark.parametrize("files", [False, True])
def test_a_hub_asked_too_often_is_asked_again_after_the_time_it_states(
    files: bool, hub: FakeHub, store: Store
) -> None:
    stages = []
    hub.refuse(SMALL, 429, times=2, files=files, Retry_After="1")
    started = time.monotonic()
    build(store, SMALL, progress=lambda stage, *far: stages.append(stage))
    assert time.monotonic() - started > 2
    assert "waiting, since the hub was asked too often" in stages or files


def test_a_hub_that_stays_so_is_given_up(hub: FakeHub, store: Store) -> None:
    hub.refuse(SMALL, 429, Retry_After="0")
    assert refusal(store, SMALL) == (
        f"{SMALL} was left out, since the hub answered that it was asked too often (429) and asks to wait 0 "
        "seconds: resume the job later, or sign in with `hf auth login`."
    )
    assert len(hub.requests) == patience.TRIES
    hub.refuse(SMALL, 429, Retry_After="3600")
    assert "asks to wait 3600 seconds" in refusal(store, SMALL)
    assert len(hub.requests) == patience.TRIES + 1


def test_the_hub_that_is_off_is_one_sentence(store: Store) -> None:
    assert refusal(store, SMALL) == (
        f"{SMALL} cannot be downloaded while the hub is off (HF_HUB_OFFLINE is set): unset it, and resume "
        "the job."
    )


def test_measures_of_the_output_embedding_fetch_its_bytes_alone(
    hub: FakeHub, store: Store, models: dict[str, Path]
) -> None:
    asked = replace(SETTINGS, measures="unembedding")
    before = hub.sent
    measured = build(store, LARGE, replace(BUILD, settings=asked))
    rows, width = measured.n, measured.d
    small = sum(
        file.stat().st_size
        for file in models[LARGE].iterdir()
        if file.suffix != ".safetensors" and file.name != "generation_config.json"
    )
    headers = hub.sent - before - 4 * rows * width - small
    assert 0 < headers < 2**16 and hub.sent - before < size(models[LARGE])
    ranges = [span for _, path, span in hub.requests if path.endswith(".safetensors")]
    assert ranges and None not in ranges
    expected = measure_subject(store, Subject(str(models[LARGE])), asked)
    assert expected.measures == measured.measures
    assert left_over(store) == []
    sent = hub.sent
    assert build(store, LARGE, replace(BUILD, settings=asked)).cached and hub.sent == sent


def test_the_hub_says_sizes_before_anything_is_downloaded(
    hub: FakeHub, store: Store, models: dict[str, Path]
) -> None:
    hub.repositories["models", LARGE].parameters = 12
    chosen = within(entries(store, "decoders", SETTINGS), 200_000_000)
    assert [entry.name for entry in chosen] == [SMALL, MIDDLE, LARGE]
    assert not any(entry.stated for entry in chosen)
    hub.close(MIDDLE)
    ask(store, chosen)
    stated = {entry.name: entry for entry in entries(store, "decoders", SETTINGS)}
    fetched = size(models[LARGE]) - (models[LARGE] / "generation_config.json").stat().st_size
    assert (stated[LARGE].bytes, stated[LARGE].parameters) == (fetched, 12)
    assert stated[MIDDLE].problem.startswith("There is no folder") and not stated[MIDDLE].stated
    asked = replace(SETTINGS, measures="unembedding")
    ask(store, within(entries(store, "decoders", asked), 200_000_000))
    stated = {entry.name: entry for entry in entries(store, "decoders", asked)}
    rows = len(tiny.vocabulary())
    assert (stated[LARGE].bytes, stated[MIDDLE].bytes) == (4 * 32 * rows, None)
    ranges = [span for _, path, span in hub.requests if path.endswith(".safetensors")]
    assert ranges and None not in ranges


def test_a_limit_on_parameters_holds_also_where_only_the_hub_knows_them(hub: FakeHub, store: Store) -> None:
    hub.repositories["models", ENCODER].parameters = 110_000_000
    assert refusal(store, ENCODER, ReferenceBuild("encoders", SETTINGS, max_parameters=10**8)) == (
        f"{ENCODER} was left out, since it has 110M parameters and at most 100M were asked for: give a "
        "larger --max-parameters."
    )
    assert weights(hub, ENCODER) == 0


def test_the_smallest_come_first_and_only_those_that_lack_something(hub: FakeHub, store: Store) -> None:
    def wanted() -> list[str]:
        return [entry.name for entry in within(entries(store, "decoders", SETTINGS), 200_000_000)]

    assert wanted() == [SMALL, MIDDLE, LARGE]
    build(store, MIDDLE)
    assert wanted() == [SMALL, LARGE]
    Remembered(store.folder / "hub_sizes")[LARGE] = json.dumps({"bytes": 1})
    assert wanted() == [LARGE, SMALL]


def test_stopping_a_download_leaves_nothing_behind(hub: FakeHub, store: Store) -> None:
    def progress(stage: str, *far: object) -> None:
        if stage == "downloading" and weights(hub, LARGE) > 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        build(store, LARGE, progress=progress)
    assert left_over(store) == []
    assert build(store, LARGE).measures


@pytest.fixture
def work(store: Store, hub: FakeHub, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts a worker process, whose hub is this one."""
    started: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        environment = os.environ | hub.environment(tmp_path / "hub")
        environment |= {locks.WORKERS: "2", "OMP_NUM_THREADS": "1"}
        command = [*worker.COMMAND, "--store", str(store.folder)]
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(subprocess.Popen(command, cwd=TOP, env=environment, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_killed_worker_is_followed_by_one_that_downloads_and_measures_nothing_twice(
    hub: FakeHub, store: Store, work: Callable[[], subprocess.Popen]
) -> None:
    """SIGKILL when half of a shard of the third checkpoint has come, with shards before it whole."""
    job = jobs.submit(store, BUILD, [Subject(name) for name in (SMALL, MIDDLE, LARGE)])
    running = work()

    def kill(path: str) -> None:
        if path.endswith("model-00003-of-00005.safetensors"):
            hub.halfway = None
            running.kill()
            running.wait()

    hub.halfway = kill
    assert running.wait(120) == -signal.SIGKILL
    rows = store.query("SELECT * FROM measurements WHERE origin = 'measured' ORDER BY ALL")
    assert len(rows) == 4
    assert size(store.folder / "downloads") > 0
    assert [piece.state for piece in jobs.get(store, job).main] == ["done", "done", "interrupted"]
    work().wait(120)
    assert {piece.state for piece in jobs.get(store, job).pieces} == {"done"}
    after = store.query("SELECT * FROM measurements WHERE origin = 'measured' ORDER BY ALL")
    assert len(after) == 6 and len(after.merge(rows)) == 4
    fetched = [path.rpartition("/")[2] for method, path, _ in hub.requests if method == "GET"]
    shards = [name for name in fetched if name.startswith("model-0")]
    assert len(shards) == 6 and len(set(shards)) == 5  # all but the cut one came once
    assert weights(hub, SMALL) == weights(hub, MIDDLE) == 1
    assert left_over(store) == []


def test_the_disk_is_never_above_the_budget_with_two_at_work(
    hub: FakeHub, store: Store, models: dict[str, Path], tmp_path: Path
) -> None:
    """The budget holds any one of the three, and no two of them."""
    request = replace(BUILD, disk_budget=max(total(models[name]) for name in (SMALL, MIDDLE, LARGE)))
    sizes: list[int] = []
    hub.halfway = lambda path: sizes.append(size(store.folder / "downloads"))
    waited = []

    def progress(stage: str, *far: object) -> None:
        sizes.append(size(store.folder / "downloads"))
        waited.append(stage == "waiting for room within the disk budget")

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda name: build(store, name, request, progress), (LARGE, MIDDLE, SMALL)))
    assert all(one.measures for one in made) and any(waited)
    assert 0 < max(sizes) <= request.disk_budget
    assert left_over(store) == [] and size(tmp_path / "hub") == 0


def test_what_a_killed_process_left_gives_way(hub: FakeHub, store: Store, models: dict[str, Path]) -> None:
    gone = store.folder / "downloads" / "org--gone"
    (gone / "hub").mkdir(parents=True)
    (gone / "hub" / "weights").write_bytes(bytes(10**6))
    build(store, SMALL, replace(BUILD, disk_budget=total(models[SMALL])))
    assert not gone.exists()


def test_one_refusal_does_not_end_the_job(hub: FakeHub, store: Store, monkeypatch) -> None:
    monkeypatch.setattr(worker, "LINGER", 0.05)
    hub.close(MIDDLE, gated=True)
    job = jobs.submit(store, BUILD, [Subject(name) for name in (SMALL, MIDDLE, LARGE)])
    worker.work(store)
    assert [piece.state for piece in jobs.get(store, job).main] == ["done", "failed", "done"]
    assert jobs.get(store, job).title == "Reference decoders: 3 checkpoints"
    assert from_json(ReferenceBuild, to_json(BUILD)) == BUILD


def test_requests_that_cannot_be_carried_out_are_refused(store: Store) -> None:
    for request in (
        ReferenceBuild("perturbed", SETTINGS),
        ReferenceBuild("decoders", replace(SETTINGS, measures="unheard-of")),
        replace(BUILD, disk_budget=0),
    ):
        with pytest.raises(InputError):
            jobs.submit(store, request, [Subject(SMALL)])
