"""The queue: states that follow from files and locks, cancel, resume, and workers that may die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cache import claims, jobs, locks, samples, worker
from cache.requests import Measure, Settings, Subject, Vectors
from cache.results import Result
from cache.store import Store
from cache.tasks import measure as measuring
from core.errors import InputError
from core.hidden_states import extraction as hidden_states
from tests import handmade, stores

A, B, C = (Vectors(f"org/{name}") for name in "abc")  # of checkpoints, the text is a piece too
Fake = Callable[[Callable[..., None]], None]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def measure(monkeypatch) -> dict[str, Fake]:
    """What measuring each subject does, by name; subjects not named end at once."""
    behaviour: dict[str, Fake] = {}

    def fake(store: Store, subject: Subject, settings: Settings, progress, *, roots=None) -> Result:
        behaviour.get(subject.name, lambda progress: None)(progress)
        return Result()

    monkeypatch.setattr(measuring, "measure_subject", fake, raising=False)
    monkeypatch.setattr(worker, "LINGER", 0.05)
    return behaviour


def states(store: Store, job: str) -> list[str]:
    return [piece.state for piece in jobs.get(store, job).pieces]


def test_a_job_says_what_was_asked_for(store: Store, tmp_path: Path) -> None:
    settings = Settings(sequences=10, measures="eee", layer=1)
    first = jobs.submit(store, Measure(settings), [A])
    second = jobs.submit(store, Measure(), [A, B, C], roots=[tmp_path])
    third = jobs.submit(store, Measure(), [A], "mine")
    assert [job.id for job in jobs.list_jobs(store)] == [third, second, first]
    assert [job.title for job in jobs.list_jobs(store)] == ["mine", "a and 2 more", "a"]
    job = jobs.get(store, first)
    assert (job.pieces[0].request, job.pieces[0].subject, job.state, job.roots) == (
        Measure(settings),
        A,
        "queued",
        None,
    )
    assert jobs.get(store, second).roots == [str(tmp_path)]


def test_relative_paths_still_hold_where_the_worker_runs(store: Store, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "words.txt").touch()
    monkeypatch.chdir(tmp_path)
    job = jobs.submit(store, Measure(Settings(corpus="words.txt")), [Vectors("model"), A])
    model, hub = (piece.subject for piece in jobs.get(store, job).pieces)
    assert (model.name, model.path, hub) == ("model", str(tmp_path / "model"), A)
    assert jobs.get(store, job).pieces[0].request.settings.corpus == str(tmp_path / "words.txt")


def test_mistakes_are_one_sentence(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        jobs.submit(store, Measure(), [])
    assert str(caught.value) == "There is nothing to measure: choose a checkpoint or a file of vectors."
    for unknown in ("", "20200101-000000-abcdef", "../store"):
        with pytest.raises(InputError) as caught:
            jobs.get(store, unknown)
        assert (
            str(caught.value) == f"There is no job {unknown}: `cli.py jobs list` names those that there are."
        )


def test_pieces_are_carried_out_and_one_failure_does_not_stop_the_others(store: Store, measure) -> None:
    def refuse(progress) -> None:
        raise InputError("org/a has no config.json.")

    def break_down(progress) -> None:
        raise TypeError("a defect\nand more")

    measure["org/a"], measure["org/b"] = refuse, break_down
    job = jobs.submit(store, Measure(), [A, B, C])
    worker.work(store)
    result = jobs.get(store, job)
    assert (result.state, states(store, job)) == ("failed", ["failed", "failed", "done"])
    details = jobs.folder(store, job) / "0001.log"
    assert [piece.error for piece in result.pieces] == [
        "org/a has no config.json.",
        f"Measuring org/b failed unexpectedly (TypeError: a defect); the details are in {details}.",
        None,
    ]
    assert "TypeError: a defect\nand more" in details.read_text()
    assert all(piece.finished_at >= piece.started_at for piece in result.pieces)
    row = store.query("SELECT state, done, failed, total FROM jobs WHERE job = ?", [job])
    assert row.values.tolist() == [["failed", 1, 2, 3]]


def test_want_of_memory_is_one_sentence_and_results_are_kept_with_the_job(store: Store, measure) -> None:
    def exhaust(progress) -> None:
        raise MemoryError

    measure["org/b"] = exhaust
    job = jobs.submit(store, Measure(), [A, B, C])
    worker.carry_out(claims.claim(store, job, 0))
    worker.carry_out(claims.claim(store, job, 1))
    jobs.cancel(store, job)
    memory = "Measuring org/b failed, since memory ran out: free some, or measure fewer sequences."
    cancelled = f"org/c is cancelled, not finished: `cli.py jobs resume {job}` goes on with it."
    failures = [{"subject": "org/b", "error": memory}, {"subject": "org/c", "error": cancelled}]
    assert jobs.outcome(store, jobs.get(store, job)) == ([{}], failures)
    jobs.result_path(jobs.folder(store, job), 0).unlink()  # as a version that kept none would leave it
    results, (lost, *_) = jobs.outcome(store, jobs.get(store, job))
    assert (results, lost["subject"]) == ([], "org/a")
    assert lost["error"].startswith("The result for org/a was not kept")


def test_resuming_takes_up_what_failed_and_only_that(store: Store, measure) -> None:
    def fail(progress) -> None:
        raise InputError("Not yet.")

    runs: list[str] = []
    measure["org/a"] = lambda progress: runs.append("a")
    measure["org/b"] = fail
    job = jobs.submit(store, Measure(), [A, B])
    worker.work(store)
    measure["org/b"] = lambda progress: runs.append("b")
    jobs.resume(store, job)
    assert states(store, job) == ["done", "queued"]
    worker.work(store)
    assert (states(store, job), runs) == (["done", "done"], ["a", "b"])
    row = store.query("SELECT state, done, failed FROM jobs WHERE job = ?", [job])
    assert row.values.tolist() == [["done", 2, 0]]


def test_progress_tells_stage_rate_and_time_left(store: Store, measure, monkeypatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(claims.time, "monotonic", lambda: next(clock))
    seen = []

    def slow(progress) -> None:
        progress("hidden states", 100, 1000, "tokens")
        progress("hidden states", 300, 1000, "tokens")  # a second later
        seen.append(jobs.get(store, job))

    measure["org/a"] = slow
    job = jobs.submit(store, Measure(), [A])
    worker.carry_out(claims.claim(store))
    (piece,) = seen[0].pieces
    assert (seen[0].state, piece.state, piece.stage) == ("running", "running", "hidden states")
    assert (piece.done, piece.total, piece.unit) == (300, 1000, "tokens")
    assert (piece.rate, piece.seconds_left) == (200.0, 3.5)
    (piece,) = jobs.get(store, job).pieces
    assert (piece.state, piece.rate, piece.seconds_left) == ("done", None, None)


def test_cancelling_stops_at_the_next_sign_of_progress_and_resuming_goes_on(store: Store, measure) -> None:
    reached = []

    def cancelled_midway(progress) -> None:
        progress("one", 1, 2, "steps")
        jobs.cancel(store, job)
        assert states(store, job) == ["running", "cancelled"]
        progress("two", 2, 2, "steps")
        reached.append("beyond")

    measure["org/a"] = cancelled_midway
    job = jobs.submit(store, Measure(), [A, B])
    worker.work(store)
    assert (jobs.get(store, job).state, states(store, job)) == ("cancelled", ["cancelled", "cancelled"])
    assert not reached
    measure.clear()
    jobs.resume(store, job)
    assert (jobs.get(store, job).state, states(store, job)) == ("queued", ["queued", "queued"])
    worker.work(store)
    assert jobs.get(store, job).state == "done"


def test_a_cancelled_piece_stops_alone_and_runs_again_once_resumed(store: Store, measure) -> None:
    runs: list[str] = []

    def cancelled_midway(progress) -> None:
        jobs.cancel_piece(store, job, 0)
        jobs.cancel_piece(store, job, 1)  # which has not begun
        progress("one", 1, 2, "steps")
        runs.append("a")

    measure |= {"org/a": cancelled_midway}
    measure |= {f"org/{name}": lambda progress, name=name: runs.append(name) for name in "bc"}
    job = jobs.submit(store, Measure(), [A, B, C])
    worker.work(store)
    assert states(store, job) == ["cancelled", "cancelled", "done"] and runs == ["c"]
    measure.pop("org/a")
    jobs.resume(store, job)
    worker.work(store)
    assert jobs.get(store, job).state == "done" and runs == ["c", "b"]


def test_a_forgotten_job_stops_and_leaves_no_files(store: Store, measure) -> None:
    def forgotten_midway(progress) -> None:
        jobs.forget(store, job)
        progress("one", 1, 2, "steps")

    measure["org/a"] = forgotten_midway
    job = jobs.submit(store, Measure(), [A, B])
    worker.work(store)
    assert jobs.list_jobs(store) == []
    assert not list((store.folder / "jobs").iterdir())


def test_a_piece_is_worked_on_by_one_process_only(store: Store) -> None:
    job = jobs.submit(store, Measure(), [A])
    claim = claims.claim(store)
    assert claims.claim(store) is None
    assert claims.claim(store, job, 0) is None
    assert states(store, job) == ["running"]
    claim.lock.release()  # as the kernel does when the process is killed
    assert (jobs.get(store, job).state, states(store, job)) == ("interrupted", ["interrupted"])
    slot = locks.take(locks.slots(store.folder, 2)[0])
    assert states(store, job) == ["queued"]  # a worker is alive and will take it up
    slot.release()
    assert claims.claim(store).piece.subject == A


def test_a_piece_whose_worker_died_three_times_fails_until_it_is_resumed(store: Store) -> None:
    job = jobs.submit(store, Measure(), [A])
    for _ in range(3):
        claims.claim(store).lock.release()
    assert claims.claim(store) is None
    (piece,) = jobs.get(store, job).pieces
    assert piece.error == (
        "Measuring org/a failed, since its process was killed 3 times, perhaps for want of memory: free "
        "some, or measure fewer sequences, and resume the job."
    )
    jobs.resume(store, job)
    assert claims.claim(store).piece.state == "queued"


def test_no_more_workers_than_allowed(store: Store, measure, monkeypatch) -> None:
    monkeypatch.setenv("LATENT_SHORTLIST_WORKERS", "2")
    begun = []
    monkeypatch.setattr(worker, "_start", lambda store, threads, limit: begun.append((threads, limit)))
    monkeypatch.setattr(worker.os, "sched_getaffinity", lambda _: range(8))
    assert worker.ensure_workers(store) == 0
    jobs.submit(store, Measure(), [A])
    assert worker.ensure_workers(store) == 1
    assert begun == [(8, 2)]
    jobs.submit(store, Measure(), [B, C])
    slot = locks.take(locks.slots(store.folder, 2)[0])
    assert worker.ensure_workers(store) == 1
    assert begun[1:] == [(4, 2)]
    other = locks.take(locks.slots(store.folder, 2)[1])
    assert worker.ensure_workers(store) == 0
    measure["org/a"] = lambda progress: pytest.fail("a third worker worked")
    worker.work(store)
    slot.release()
    other.release()


def test_where_text_is_read_the_last_piece_says_how_representative_it_is(
    store: Store, tmp_path: Path
) -> None:
    settings = Settings(corpus=str(handmade.corpus(tmp_path / "words.txt")), sequences=20)
    checkpoint = Subject("org/a")
    job = jobs.submit(store, Measure(settings), [checkpoint])
    assert [piece.subject for piece in jobs.get(store, job).pieces] == [
        checkpoint,
        Subject("words.txt"),
    ]
    worker.carry_out(claims.claim(store, job, 1))
    assert states(store, job) == ["queued", "done"]
    assert samples.representativeness(store, settings.corpus, 20).usable == 60
    again = jobs.submit(store, Measure(settings), [checkpoint])
    assert [piece.subject for piece in jobs.get(store, again).pieces] == [checkpoint]
    with pytest.raises(InputError) as caught:
        jobs.submit(store, Measure(replace(settings, corpus="nowhere.txt")), [checkpoint])
    assert str(caught.value) == (
        "There is no corpus and no file nowhere.txt: give a text file, or one of standard-library, "
        "ptb+wikitext-2."
    )


def wait_for(what: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


TIMES = ("added_at", "created_at", "seconds")


def contents(store: Store) -> dict[str, list[tuple]]:
    """All that was measured, but for times."""
    tables = {}
    for table in ("checkpoints", "clouds", "measurements"):
        rows = store.query(f"SELECT * FROM {table}")
        rows = rows[rows["origin"] != "published"] if "origin" in rows else rows
        kept = rows[[column for column in rows if column not in TIMES]]
        tables[table] = sorted(map(repr, kept.itertuples(index=False, name=None)))
    return tables


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """The workers that this process has started, oldest first."""
    processes: list[subprocess.Popen] = []
    start = worker._start
    monkeypatch.setattr(worker, "_start", lambda *asked, **more: processes.append(start(*asked, **more)))
    return processes


def exists(process: subprocess.Popen) -> bool:
    """Whether the system still knows the process; it knows a zombie."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_ended_leaves_no_zombie(store: Store, started, monkeypatch) -> None:
    monkeypatch.setattr(worker, "COMMAND", [sys.executable, "-c", "input()"])  # its input is empty
    jobs.submit(store, Measure(), [A, B])
    assert worker.ensure_workers(store, limit=2) == 2
    wait_for(lambda: not any(map(exists, started)))
    left = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, left.pid, os.WEXITED | os.WNOWAIT)  # has ended, and nobody has waited for it
    assert exists(left)
    left.wait()
    assert not exists(left)


def disturbed(store: Store, job: str, started: list, reached: Callable[[], object]) -> list[str]:
    """Start a worker, kill it when it has `reached` something, start another; states seen in between."""
    assert worker.ensure_workers(store, limit=1) == 1
    wait_for(reached)
    os.kill(started[-1].pid, signal.SIGKILL)
    started[-1].wait()
    seen = [jobs.get(store, job).state, *states(store, job)]
    assert worker.ensure_workers(store, limit=1) == 1
    wait_for(lambda: jobs.get(store, job).state not in jobs.OPEN)
    started[-1].terminate()  # it would linger a little
    return seen


def test_a_killed_worker_costs_its_piece_and_the_store_ends_up_the_same(
    store: Store, tmp_path: Path, monkeypatch, started
) -> None:
    """SIGKILL in the middle of the second of three extractions; the job goes on with a new worker."""
    monkeypatch.setattr(worker, "COMMAND", [sys.executable, "-m", "tests.handmade"])
    settings = Settings(corpus=str(handmade.corpus(tmp_path / "words.txt")), sequences=40)
    subjects = [Subject(str(handmade.checkpoint(tmp_path / f"small-{i}", i))) for i in range(3)]
    job = jobs.submit(store, Measure(settings), subjects)
    stop = tmp_path / handmade.STOP_AT
    stop.write_text("small-1")

    def halted() -> bool:
        here = (tmp_path / handmade.HALTED).exists()
        if here:
            stop.unlink()
        return here

    seen = disturbed(store, job, started, halted)
    assert seen == ["interrupted", "done", "interrupted", "queued", "queued"]
    assert jobs.get(store, job).state == "done"
    assert not list((store.folder / "clouds").glob(".tmp-*"))
    made = store.query("SELECT created_at FROM clouds ORDER BY created_at")["created_at"]
    killed = jobs.get(store, job).pieces[1].started_at
    assert [time.timestamp() < killed for time in made.dt.tz_localize("UTC")] == [True, False, False]

    monkeypatch.setattr(hidden_states, "extract", handmade.extract)
    monkeypatch.setattr(worker, "LINGER", 0.05)
    other = stores.new(tmp_path / "other")
    jobs.submit(other, Measure(settings), subjects)
    worker.work(other)
    assert contents(other) == contents(store)
    assert len(contents(store)["measurements"]) == 3 * 12


@pytest.mark.real
def test_a_worker_killed_while_it_runs_a_real_model_is_replaced(
    store: Store, tmp_path: Path, minilm: Path, started
) -> None:
    text = handmade.corpus(tmp_path / "words.txt", lines=800)
    settings = Settings(corpus=str(text), sequences=800, measures="eee,unembedding_mean_cosine")
    job = jobs.submit(store, Measure(settings), [Subject("minilm")])

    def extracting() -> bool:
        piece = jobs.get(store, job).pieces[0]
        return piece.stage == "hidden states" and 0 < piece.done < piece.total

    seen = disturbed(store, job, started, extracting)
    assert seen == ["interrupted", "interrupted", "queued"]
    result = jobs.get(store, job)
    assert result.state == "done"
    rows = store.query("SELECT measure, n, d FROM measurements WHERE origin = 'measured' ORDER BY measure")
    assert rows["measure"].tolist() == ["eee", "unembedding_mean_cosine"]
    assert rows["d"].tolist() == [384, 384]
