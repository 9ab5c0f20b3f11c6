"""Add without a browser: empty and full, every refusal beside its input, and jobs as cards."""

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cache import claims, jobs
from cache.files import write_json
from cache.requests import Measure, Subject, Vectors
from cache.store import Store
from cache.tasks import called
from pages.parts.markdown import plain
from pages.parts.queue_cards import amount, duration, progress_text, summary
from tests import TOP, stores, tiny
from tests.own_scores import fill
from tests.vector_files import in_every_format

VECTORS = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def fresh_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as it is on first start; tests work on copies."""
    return stores.new(tmp_path_factory.mktemp("fresh") / "store").folder


@pytest.fixture
def open_page(fresh_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the page over a store in which nothing was measured and nobody works."""
    shutil.copytree(fresh_store, tmp_path / "store")
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path / "checkpoints"))
    (tmp_path / "checkpoints").mkdir()

    def open_it(tab: str = "models") -> AppTest:
        page = AppTest.from_file(str(TOP / "app.py"), default_timeout=60).switch_page("pages/add.py")
        page.query_params["tab"] = tab
        return page.run()

    return open_it


@pytest.fixture
def store(tmp_path: Path, open_page: Open) -> Store:
    """The page's store."""
    return Store.open(tmp_path / "store")


def texts(page: AppTest) -> str:
    """All Markdown and captions of the page, unescaped."""
    assert not page.exception
    return "\n".join(element.value for element in [*page.markdown, *page.caption]).replace("\\", "")


def upload(page: AppTest, files: dict[str, bytes]) -> AppTest:
    for name, content in files.items():
        page.file_uploader[0].upload(name, content)
    return page.run()


def npy(array: np.ndarray, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def test_a_newcomer_finds_the_installed_encoder_chosen_and_one_button(open_page: Open) -> None:
    page = open_page()
    assert page.multiselect(key="folders_add_models").value == ["minilm"]
    assert page.button(key="add_measure").label == "Measure 1 checkpoint"
    assert not page.button(key="add_measure").disabled
    assert "Nothing has been measured yet." in texts(page)
    (facts,) = page.dataframe[0].value.to_dict("records")
    assert (facts["Family"], facts["Parameters"]) == ("BERT", "22.7M")


def test_the_button_queues_the_choice_and_clears_it(open_page: Open, store: Store) -> None:
    page = open_page()
    page.number_input(key="settings_sequences").set_value(50)
    page.checkbox(key="measure_vrm").uncheck()
    page.button(key="add_measure").click().run()
    assert not page.exception
    (job,) = jobs.list_jobs(store)
    assert job.pieces[0].subject == Subject("minilm")
    assert job.title == "all-MiniLM-L6-v2"
    settings = job.pieces[0].request.settings
    assert settings.sequences == 50
    assert "vrm" not in settings.measures.split(",") and "eee" in settings.measures.split(",")
    assert job.roots == [str(Path(store.folder.parent / "checkpoints").resolve())]
    assert page.multiselect(key="folders_add_models").value == []
    assert page.button(key="add_measure").disabled
    assert page.button(key=f"cancel_{job.id}")


def test_the_same_vectors_in_five_formats_are_one_subject(open_page: Open, store: Store) -> None:
    page = upload(open_page("vectors"), in_every_format(VECTORS))
    shown = texts(page)
    assert shown.count("50 vectors × 8") == 5
    assert shown.count("The same vectors as cloud, measured once") == 4
    page.button(key="vectors_measure").click().run()
    (job,) = jobs.list_jobs(store)
    (piece,) = job.pieces
    assert (type(piece.subject), piece.subject.name) == (Vectors, "cloud")
    assert piece.subject.path is not None and Path(piece.subject.path).is_file()


def test_every_unusable_upload_gets_its_sentence_and_harms_no_other(open_page: Open) -> None:
    holes = VECTORS.copy()
    holes[3, 2] = np.nan
    good = in_every_format(VECTORS)
    page = upload(
        open_page("vectors"),
        {
            "pickled.npy": npy(np.array([{}], dtype=object), pickled=True),
            "holes.npy": npy(holes),
            "flat.npy": npy(VECTORS[0]),
            "deep.npy": npy(VECTORS[None]),
            "whole.npy": npy(VECTORS.astype(np.int64)),
            "single.npy": npy(VECTORS[:1]),
            "text.csv": b"name,x\na,p\nb,q\n",
            "cut.safetensors": good["cloud.safetensors"][:-100],
            "fine.parquet": good["cloud.parquet"],
        },
    )
    shown = texts(page)
    for sentence in (
        "pickled.npy holds pickled Python objects, which could run code and are never loaded: save the "
        "vectors as a plain array, numpy.save(file, vectors.astype('float32')).",
        "holes.npy holds a value that is NaN or infinite, at row 3, column 2 (counted from 0).",
        "flat.npy has shape (8,): give a table of shape (n, d), one row a vector.",
        "deep.npy has shape (1, 50, 8): give a table of shape (n, d), one row a vector.",
        "whole.npy holds int64 values where floating-point numbers are expected: save the vectors as "
        "float32.",
        "single.npy has shape (1, 8): at least two vectors are needed, one a row.",
        "text.csv holds no column of numbers: give a table of vectors, one a row.",
        "cut.safetensors is cut off, damaged or no .safetensors file: save or download it again.",
    ):
        assert sentence in shown
    assert "fine.parquet · 50 vectors × 8" in shown
    assert page.button(key="vectors_measure").label == "Measure 1 file"
    assert "--" not in shown  # no option of the command line


def test_a_file_over_the_limit_is_refused(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from cache import uploads

    limited = uploads.keep
    monkeypatch.setattr(uploads, "keep", lambda *a, limit_bytes, choice: limited(*a, limit_bytes=1000))
    page = upload(open_page("vectors"), {"large.npy": npy(VECTORS)})
    assert (
        "large.npy is 1,728 bytes, over the limit of 1,000: keep fewer rows, or measure it from the "
        "command line." in texts(page)
    )


def test_folders_under_the_roots_are_offered_and_unusable_ones_say_why(
    open_page: Open, tmp_path: Path
) -> None:
    root = (tmp_path / "checkpoints").resolve()
    tiny.encoder(root / "mine")
    (root / "pickled").mkdir()
    (root / "pickled/config.json").write_text('{"model_type": "bert"}')
    (root / "pickled/pytorch_model.bin").write_bytes(b"\x80")
    page = open_page()
    box = page.multiselect(key="folders_add_models")
    assert box.options == ["all-MiniLM-L6-v2, installed with this app", "mine", "pickled"]
    page = box.set_value([str(root / "mine"), str(root / "pickled"), "elsewhere"]).run()
    shown = texts(page)
    assert (
        f"{root}/pickled holds its weights only as pytorch_model.bin, a pickle that could run code" in shown
    )
    assert f"elsewhere lies outside the folders that may be read ({root})" in shown
    assert page.button(key="add_measure").label == "Measure 1 checkpoint"


def test_hub_ids_offline_say_so_beside_their_field(open_page: Open) -> None:
    page = open_page()
    page = page.text_area(key="hub_ids_add_models").set_value("org/model\nno id at all").run()
    shown = texts(page)
    assert (
        "There is no folder org/model, and the hub is off (HF_HUB_OFFLINE is set) with org/model not among "
        "the models downloaded before: unset it, or give a local folder." in shown
    )
    assert "no id at all is no hub id: give it as org/model or org/model@revision, one a line." in shown
    assert page.button(key="add_measure").label == "Measure 1 checkpoint"


@pytest.mark.parametrize(
    "file", ["nowhere.txt", "diary.txt", "checkpoints/../diary.txt", "checkpoints/link.txt"]
)
def test_a_text_that_may_not_be_read_is_as_one_that_is_not_there(
    open_page: Open, tmp_path: Path, file: str
) -> None:
    (tmp_path / "diary.txt").write_text("a private line\n")
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "checkpoints" / "link.txt").symlink_to(tmp_path / "diary.txt")
    page = open_page()
    page.segmented_control(key="corpus").set_value("a file of mine").run()
    assert page.button(key="add_measure").disabled
    page.text_input(key="corpus_file").set_value(str(tmp_path / file)).run()
    sentence = f"There is no file {tmp_path / file}: give the path of a text file or a table on this machine."
    assert sentence in texts(page)
    assert page.button(key="add_measure").disabled


def test_a_text_under_an_allowed_folder_is_read(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "checkpoints" / "text.txt").write_text("a line\n")
    page.segmented_control(key="corpus").set_value("a file of mine").run()
    page.text_input(key="corpus_file").set_value(str(tmp_path / "checkpoints" / "text.txt")).run()
    assert "There is no file" not in texts(page)
    assert page.button(key="add_measure").label == "Measure 1 checkpoint"


def test_choices_outlive_a_visit_to_another_page(open_page: Open) -> None:
    page = open_page()
    page.number_input(key="settings_sequences").set_value(70)
    page.multiselect(key="folders_add_models").set_value([]).run()
    page.switch_page("pages/shortlist.py").run()
    page.switch_page("pages/add.py").run()
    assert not page.exception
    assert page.number_input(key="settings_sequences").value == 70
    assert page.multiselect(key="folders_add_models").value == []


def test_the_queue_shows_how_each_subject_ended(open_page: Open, store: Store) -> None:
    subjects = [
        Subject("minilm"),
        Subject("org/gone"),
        Vectors("a.npy", path="/a"),
    ]
    job = jobs.submit(store, Measure(), subjects, title="Three *subjects*")
    folder = jobs.folder(store, job)
    write_json(jobs.record_path(folder, 0), {"state": "done", "started_at": 0, "finished_at": 75})
    write_json(jobs.record_path(folder, 1), {"state": "failed", "error": "There is no [org/gone] anywhere."})
    page = open_page()
    shown = texts(page)
    assert "1 of 3 done · 1 failed · 1 to go" in shown
    assert ":red[:material/error:] There is no [org/gone] anywhere." in shown
    assert "all-MiniLM-L6-v2 :gray[· 75 s]" in shown and "a.npy :gray[· waiting]" in shown
    page.button(key=f"cancel_{job}").click().run()
    assert jobs.get(store, job).state == "cancelled"
    page.button(key=f"resume_{job}").click().run()
    assert [piece.state for piece in jobs.get(store, job).pieces][:3] == ["done", "queued", "queued"]
    page.button(key=f"cancel_{job}").click().run()
    page.button(key=f"remove_{job}").click().run()
    assert jobs.list_jobs(store) == []
    assert "Nothing has been measured yet." in texts(page)


def test_what_a_store_that_cannot_be_written_refuses_is_said_on_the_card(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.submit(store, Measure(), [Subject("minilm")], title="One")
    jobs.cancel(store, job)
    (jobs.folder(store, f".{job}") / "in the way").mkdir(parents=True)  # so that removing it, a rename, fails
    (jobs.folder(store, job) / "cancelled").unlink()
    (jobs.folder(store, job) / "cancelled").mkdir()  # and so does resuming it, which unlinks this
    page = open_page()
    for button in ("resume", "remove"):
        page.button(key=f"{button}_{job}").click().run()
        assert texts(page).count(f"The store {store.folder} cannot be written (") == 1
        assert jobs.get(store, job).state == "cancelled"


def test_a_job_that_cannot_be_read_is_one_card_that_can_be_removed(open_page: Open, store: Store) -> None:
    jobs.submit(store, Measure(), [Vectors("a.npy", path="/a")], title="Healthy")
    bad = jobs.submit(store, Measure(), [Vectors("b.npy", path="/b")])
    write_json(jobs.folder(store, bad) / "job.json", {"format": 99})
    page = open_page()
    assert not page.exception
    assert "**Healthy**" in texts(page)
    assert "This job cannot be read: it has format 99, and this version reads up to 2." in texts(page)
    assert f"resume_{bad}" not in [button.key for button in page.button]
    page.button(key=f"remove_{bad}").click().run()
    assert [job.title for job in jobs.list_jobs(store)] == ["Healthy"]


def test_a_choice_on_another_page_presses_no_button(open_page: Open, store: Store) -> None:
    page = open_page()
    page.session_state["measure"] = "vrm"  # as the chooser of that key on Evidence leaves it
    page.run()
    assert not page.exception
    assert jobs.list_jobs(store) == []


def test_names_from_files_are_shown_as_they_are() -> None:
    assert plain("a*b_[c](d) :red[x]") == r"a\*b\_\[c\]\(d\) \:red\[x\]"
    assert called(Subject("/models/mine/")) == "mine"
    assert called(Subject("org/model")) == "org/model"


def test_progress_is_said_in_words() -> None:
    piece = jobs.Piece(
        "running",
        "hidden states",
        1200,
        5000,
        "sequences",
        210.4,
        3700,
        index=0,
        request=Measure(),
        subject=Subject("m"),
    )
    assert progress_text(piece) == (
        "Hidden states · 1,200 of 5,000 sequences · 210 sequences a second · about 62 min left"
    )
    assert progress_text(replace(piece, stage="", total=0, rate=None, seconds_left=None)) == "Starting"
    assert [duration(s) for s in (0.2, 89, 5399, 7300)] == ["1 s", "89 s", "1 h 30 min", "2 h 2 min"]
    assert [amount(v) for v in (0.1234, 12.34, 1234)] == ["0.123", "12.3", "1,234"]
    job = jobs.Job("j", "t", "", "running", [piece])
    assert summary(job) == "0 of 1 done"


def test_cells_are_asked_for_at_one_size_with_their_cost_said(open_page: Open) -> None:
    page = open_page()
    assert "for 100,000 vectors of width 384 about half a minute" in texts(page)
    page.checkbox(key="measure_lsq_patchiness").check().run()
    page.number_input(key="settings_at").set_value(4000)
    page.number_input(key="settings_quantizer_seeds").set_value(3).run()
    assert "cells of 4,000 vectors" in texts(page)


def test_one_subject_of_a_job_is_cancelled_alone_and_finished_jobs_are_cleared(
    open_page: Open, store: Store
) -> None:
    done = jobs.submit(store, Measure(), [Vectors("a.npy", path="/a")], title="Done")
    for piece in jobs.get(store, done).pieces:
        write_json(jobs.record_path(jobs.folder(store, done), piece.index), {"state": "done"})
    two = jobs.submit(store, Measure(), [Vectors(name, path=name) for name in ("/b", "/c")], title="Two")
    page = open_page()
    page.button(key=f"stop_{two}_0").click().run()
    assert [piece.state for piece in jobs.get(store, two).main] == ["cancelled", "queued"]
    assert claims.claim(store, two, 0) is None
    page.button(key="clear_finished").click().run()
    assert not page.exception
    assert [job.title for job in jobs.list_jobs(store)] == ["Two"]
    jobs.resume(store, two)
    assert [piece.state for piece in jobs.get(store, two).main] == ["queued", "queued"]


def test_settings_unlike_those_before_are_warned_of_and_remembered(open_page: Open, store: Store) -> None:
    fill(store, scored=0)  # sixteen checkpoints on 1,000 sequences
    page = open_page()
    assert page.multiselect(key="folders_add_models").value == []  # nothing, once something was measured
    assert page.number_input(key="settings_sequences").value == 1000
    page.multiselect(key="folders_add_models").set_value(["minilm"]).run()
    assert not page.warning
    page.number_input(key="settings_sequences").set_value(500).run()
    assert "500 sequences instead of 1,000 sequences" in page.warning[0].value.replace("\\", "")
    page.button(key="use_usual").click().run()
    assert page.number_input(key="settings_sequences").value == 1000 and not page.warning
    page.number_input(key="settings_sequences").set_value(700).run()
    page.button(key="add_measure").click().run()
    assert open_page().number_input(key="settings_sequences").value == 700  # another session


def test_a_switch_turns_the_measures_of_its_group(open_page: Open) -> None:
    page = open_page()
    page.toggle(key="group_spread").set_value(False).run()
    assert not page.checkbox(key="measure_eee").value and page.checkbox(key="measure_dispersion").value
    page.checkbox(key="measure_vrm").check().run()
    assert (
        page.toggle(key="group_spread").value and page.toggle(key="group_spread").label == "Spread (1 of 5)"
    )


def test_the_loss_of_decoders_is_off_until_it_is_asked_for(open_page: Open) -> None:
    page = open_page()
    switch = page.toggle(key="group_decoder")
    assert not switch.value and switch.label == "Loss of decoders"
    switch.set_value(True).run()
    assert page.checkbox(key="measure_loss").value and page.checkbox(key="measure_bits_per_byte").value
    assert page.toggle(key="group_spread").value


def test_rows_of_another_length_are_asked_about(open_page: Open) -> None:
    rows = "\n".join(",".join(map(str, row)) for row in VECTORS)
    page = upload(open_page("vectors"), {"mine.csv": f"{rows}\n0.5,0.25".encode()})
    assert "row 50 (counted from 0) has 2 cells where others have 8" in texts(page)
    assert "--" not in texts(page)
    next(button for button in page.button if button.label == "Leave such rows out").click().run()
    assert "50 vectors × 8" in texts(page)


def test_a_column_that_may_be_a_label_is_asked_about(open_page: Open, store: Store) -> None:
    rows = "".join(f"{','.join(map(str, row))},{n % 3}.0\n" for n, row in enumerate(VECTORS))
    head = ",".join([*(f"d{column}" for column in range(8)), "grade"])
    page = upload(open_page("vectors"), {"mine.csv": f"{head}\n{rows}".encode()})
    assert "Column 'grade' of mine.csv holds whole numbers alone" in texts(page) and "--" not in texts(page)
    assert page.button(key="vectors_measure").disabled
    next(button for button in page.button if button.label.startswith("Leave")).click().run()
    assert "50 vectors × 8" in texts(page)
    page.text_input(key="dropped_name_1").set_value("layer 3").run()
    page.selectbox(key="dropped_family_1").set_value("BERT-small").run()
    page.button(key="vectors_measure").click().run()
    (piece,) = jobs.list_jobs(store)[0].pieces
    assert isinstance(piece.subject, Vectors)
    assert (piece.subject.name, piece.subject.family) == ("layer 3", "BERT-small")
