"""Text: where it comes from, which sample of it is drawn, and how representative that is."""

import gzip
import hashlib
import itertools
import json
import lzma
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.corpora import sources as corpora
from core.corpora.representativeness import Representativeness, representativeness
from core.corpora.sources import Corpus
from core.errors import InputError

PASSAGES = [
    "The <unk> sat on the mat , said Mr. Smith 's cat .",
    "the <unk> sat on the mat , said Mr. Smith 's cat",
    "Two words",
    "exactly three words",
    " = Heading of four words = ",
    "exactly three words",
    "",
    "don't split-this_way: it's 3.14 naïve — 数学 here",
]


def corpus_of(*texts: str) -> Corpus:
    return Corpus("mine.txt", "0" * 32, list(texts))


def many(n: int, seed: int = 0) -> Corpus:
    """n passages of 0 to 60 words, some of them twice, of a skewed vocabulary."""
    rng = np.random.default_rng(seed)
    words = np.array([f"word{i}" for i in range(300)])
    odds = 1 / np.arange(1, 301)
    texts = [" ".join(rng.choice(words, rng.integers(0, 61), p=odds / odds.sum())) for _ in range(n)]
    return Corpus("many", "1" * 32, texts + texts[: n // 5])


@settings(max_examples=60, deadline=None)
@given(st.text())
@example(PASSAGES[-1])
def test_tokens_are_those_of_scikit_learns_default_tokenizer(text: str) -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    assert corpora.tokens(text) == CountVectorizer().build_tokenizer()(text)


def test_usable_sequences_are_unique_sorted_and_within_bounds() -> None:
    outcome = corpora.usable(corpus_of(*PASSAGES))
    assert outcome == [
        "Heading of four words",
        "The unk sat on the mat said Mr Smith cat",
        "don split this_way it 14 naïve 数学 here",
        "exactly three words",
        "the unk sat on the mat said Mr Smith cat",
    ]
    assert corpora.usable(corpus_of(*PASSAGES), 4, 9) == [outcome[0], outcome[2]]
    edges = corpus_of(*(" ".join(["word"] * n) for n in (2, 3, 50, 51)))
    assert [len(text.split()) for text in corpora.usable(edges)] == [3, 50]


def test_a_sample_depends_on_the_seed_and_on_nothing_else() -> None:
    corpus = many(400)
    drawn = corpora.sample(corpus, 50, seed=3)
    assert drawn == corpora.sample(corpus, 50, seed=3)
    assert len(set(drawn.sequences)) == 50
    assert (drawn.corpus, drawn.seed, drawn.requested) == ("many", 3, 50)
    backwards = Corpus("many", "1" * 32, corpus.texts[::-1] * 2)
    assert corpora.sample(backwards, 50, seed=3) == drawn
    assert set(corpora.sample(corpus, 50, seed=4).sequences) != set(drawn.sequences)
    assert corpora.sample(corpus, 20, seed=3).sequences == drawn.sequences[:20]


def test_a_samples_fingerprint_is_over_its_sequences() -> None:
    corpus = many(400)
    drawn = corpora.sample(corpus, 50)
    assert len(drawn.fingerprint) == 32
    assert corpora.sample(Corpus("other", "2" * 32, corpus.texts), 50).fingerprint == drawn.fingerprint
    assert corpora.sample(corpus, 49).fingerprint != drawn.fingerprint
    assert corpora.sample(corpus, 50, seed=1).fingerprint != drawn.fingerprint


def test_the_sample_of_a_seed_is_the_same_on_every_machine() -> None:
    """The numbers are numpy.random.default_rng(0).permutation(20)[:5] of NumPy 2.4.6 on x86-64."""
    corpus = corpus_of(*(f"word{i:02} word{i:02} word{i:02}" for i in range(20)))
    assert [int(text[4:6]) for text in corpora.sample(corpus, 5).sequences] == [4, 19, 6, 2, 13]


def test_fewer_sequences_than_asked_for_are_all_given_and_it_shows() -> None:
    drawn = corpora.sample(corpus_of(*PASSAGES), 5000)
    assert sorted(drawn.sequences) == corpora.usable(corpus_of(*PASSAGES))
    assert drawn.requested == 5000


def refusal(function, *arguments, **options) -> str:
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("function", [corpora.sample, representativeness])
def test_too_little_text_is_refused(function) -> None:
    message = (
        "mine.txt holds 1 of the two unique sequences of 3 to 50 words that are needed at least: "
        "give more text, one passage a line."
    )
    assert refusal(function, corpus_of("one passage only", "short")) == message
    assert refusal(function, corpus_of()) == message.replace("holds 1", "holds 0")


def test_a_sample_of_one_is_refused() -> None:
    message = "A sample of 1 sequences says nothing: ask for at least two."
    assert refusal(corpora.sample, many(10), 1) == message


def write_text(path: Path) -> None:
    path.write_text("\ufeff" + "\r\n".join(PASSAGES), encoding="utf-8")


def write_xz(path: Path) -> None:
    path.write_bytes(lzma.compress("\n".join(PASSAGES).encode()))


def write_gz(path: Path) -> None:
    path.write_bytes(gzip.compress("\n".join(PASSAGES).encode()))


def frame() -> pd.DataFrame:
    return pd.DataFrame({"id": range(len(PASSAGES)), "body": PASSAGES, "title": "x"})


def write_jsonl(path: Path) -> None:
    frame().to_json(path, orient="records", lines=True)


def write_jsonl_xz(path: Path) -> None:
    path.write_bytes(lzma.compress(frame().to_json(orient="records", lines=True).encode()))


def write_parquet(path: Path) -> None:
    frame().to_parquet(path)


def write_csv(path: Path) -> None:
    frame().to_csv(path, index=False)


@pytest.mark.parametrize(
    ("name", "write", "column"),
    [
        ("a.txt", write_text, None),
        ("a.md", write_text, None),
        ("a.txt.xz", write_xz, None),
        ("a.tokens.gz", write_gz, None),
        ("a.jsonl", write_jsonl, "body"),
        ("a.jsonl.xz", write_jsonl_xz, "body"),
        ("a.parquet", write_parquet, "body"),
        ("a.csv", write_csv, "body"),
    ],
)
def test_every_format_gives_the_same_corpus(tmp_path: Path, name: str, write, column: str | None) -> None:
    write(tmp_path / name)
    corpus = corpora.load(tmp_path / name, column=column)
    assert corpus.texts == [text.strip() for text in PASSAGES if text]
    assert corpus.name == (f"{name}:{column}" if column else name)
    write_text(tmp_path / "same.txt")
    assert corpus.fingerprint == corpora.load(str(tmp_path / "same.txt")).fingerprint
    (tmp_path / "more.txt").write_text("\n".join([*PASSAGES, "more"]), encoding="utf-8")
    assert corpus.fingerprint != corpora.load(tmp_path / "more.txt").fingerprint


def test_a_column_called_text_or_the_only_one_need_not_be_named(tmp_path: Path) -> None:
    pd.DataFrame({"text": ["a passage"], "title": ["b"]}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"id": [1], "body": ["a passage"]}).to_parquet(tmp_path / "b.parquet")
    (tmp_path / "c.jsonl").write_text('{"id": 1}\n\n{"id": 2, "body": "a passage"}\n')
    for name in ("a.csv", "b.parquet", "c.jsonl"):
        assert corpora.load(tmp_path / name).texts == ["a passage"]


@pytest.mark.parametrize(
    ("name", "data", "column", "message"),
    [
        ("a.txt", b"caf\xe9 au lait\n", None, "a.txt is not text in UTF-8: save it so, one passage a line."),
        ("a.txt", b"text", "body", "a.txt is plain text without columns: leave 'body' away."),
        ("a.csv", b"id,body\n1,b\n", "text", "a.csv has no column 'text': it has id, body."),
        ("a.csv", b"id,body\n1,b\n", None, "a.csv is a table: say which column holds the text, of id, body."),
        ("a.jsonl", b'{"id": 1, "b": "c"}', "text", "a.jsonl has no column 'text': it has id, b."),
        (
            "a.jsonl",
            b'{"id": 1, "b": "c"}',
            "id",
            "Column 'id' of a.jsonl does not hold text: choose another of id, b.",
        ),
        (
            "a.jsonl",
            b'{"text": "b"}\n[1]\n',
            None,
            'Line 2 of a.jsonl is no JSON object: give one object a line, like {"text": "…"}.',
        ),
        ("a.jsonl", b"", None, "a.jsonl is a table: say which column holds the text, of none."),
        (
            "a.txt.xz",
            b"text",
            None,
            "a.txt.xz is cut off, damaged or no .xz file: save or download it again.",
        ),
        (
            "a.txt.xz",
            lzma.compress(b"text" * 99)[:-20],
            None,
            "a.txt.xz is cut off, damaged or no .xz file: save or download it again.",
        ),
        (
            "a.txt.gz",
            gzip.compress(b"text" * 99, mtime=0)[:-9],
            None,
            "a.txt.gz is cut off, damaged or no .gz file: save or download it again.",
        ),
        (
            "a.parquet",
            b"PAR1",
            None,
            "a.parquet is cut off, damaged or no .parquet file: save or download it again.",
        ),
        ("a.csv", b"", "b", "a.csv is cut off, damaged or no .csv file: save or download it again."),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_sentence(
    tmp_path: Path, name: str, data: bytes, column: str | None, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert refusal(corpora.load, tmp_path / name, column=column) == message


def test_a_parquet_column_of_numbers_is_refused(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet")
    message = "Column 'id' of a.parquet does not hold text: choose another of id, body, title."
    assert refusal(corpora.load, tmp_path / "a.parquet", column="id") == message


@pytest.mark.parametrize("function", [corpora.load, corpora.source_key])
def test_an_unknown_corpus_is_refused(function, tmp_path: Path) -> None:
    message = (
        "There is no corpus and no file {}: give a text file, or one of standard-library, ptb+wikitext-2."
    )
    assert refusal(function, "ptb") == message.format("ptb")
    assert refusal(function, tmp_path) == message.format(tmp_path)


def paper_folder(root: Path) -> Path:
    """ptb/ and wikitext-2/ in miniature, in three of the formats that copies come in."""
    for part in ("ptb", "wikitext-2"):
        (root / part).mkdir(parents=True)
    (root / "ptb" / "ptb.test.txt").write_text(" in ptb test \n")
    (root / "ptb" / "ptb.train.txt.xz").write_bytes(lzma.compress(b" in ptb train <unk> \n in ptb train\n"))
    (root / "ptb" / "ptb.valid.txt.gz").write_bytes(gzip.compress(b" in ptb valid \n"))
    (root / "ptb" / "README.md").write_text("not text of the corpus")
    for split in ("train", "validation", "test"):
        table = pd.DataFrame({"text": [f" in wikitext {split} \n", ""]})
        table.to_parquet(root / "wikitext-2" / f"{split}-00000-of-00001.parquet")
    return root


def test_local_copies_of_ptb_and_wikitext_are_read_all_splits(tmp_path: Path) -> None:
    corpus = corpora.load("ptb+wikitext-2", folder=paper_folder(tmp_path))
    assert corpus.name == "ptb+wikitext-2"
    assert corpus.texts == [
        *("in ptb train <unk>", "in ptb train", "in ptb valid", "in ptb test"),
        *("in wikitext train", "in wikitext validation", "in wikitext test"),
    ]
    files = corpora.local_files(tmp_path)
    assert len(files) >= 6 and {file.parent.name for file in files} == {"ptb", "wikitext-2"}
    assert corpora.local_files(None) == corpora.local_files(tmp_path / "gone") == []


REMEDIES = (
    "put its train, valid and test files into a folder {0} under the one that LATENT_SHORTLIST_CORPORA "
    "names, give a text file of your own, or use the built-in corpus standard-library."
)


def test_without_copies_and_offline_the_remedies_are_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    message = (
        "ptb is not on this machine and ptb-text-only/ptb_text_only cannot be fetched from the hub: "
        + REMEDIES.format("ptb")
    )
    assert refusal(corpora.load, "ptb+wikitext-2") == message
    folder = paper_folder(tmp_path)
    (folder / "ptb" / "ptb.valid.txt.gz").unlink()
    assert refusal(corpora.load, "ptb+wikitext-2", folder=folder) == message
    (folder / "ptb" / "ptb.valid.txt").write_text("in ptb valid")
    (folder / "wikitext-2" / "test-00000-of-00001.parquet").unlink()
    assert refusal(corpora.load, "ptb+wikitext-2", folder=folder) == (
        "wikitext-2 is not on this machine and Salesforce/wikitext cannot be fetched from the hub: "
        + REMEDIES.format("wikitext-2")
    )


SNAPSHOT = "a" * 40


class Datasets(BaseHTTPRequestHandler):
    """As much of the hub's interface as a download of data sets needs, answered from `files`."""

    files: ClassVar[dict[str, bytes]] = {}  # repository@revision/path → bytes

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        outcome = re.fullmatch(r"(/api)?/datasets/([^/]+/[^/]+)/(revision|tree|resolve)/(.+)", path)
        if not outcome:
            self.send_error(404)
            return
        _, repository, what, rest = outcome.groups()
        mine = {key.split("@")[1]: data for key, data in self.files.items() if key.startswith(repository)}
        revisions = {key.split(":")[0] for key in mine}
        paths = {key.split(":")[1]: data for key, data in mine.items()}
        if what == "resolve":
            data = paths[rest.removeprefix(f"{SNAPSHOT}/")]
        elif what == "tree":
            entries = [{"type": "file", "path": p, "size": len(d), "oid": p} for p, d in paths.items()]
            data = json.dumps(entries).encode()
        elif rest in revisions:
            data = json.dumps({"id": repository, "sha": SNAPSHOT, "siblings": []}).encode()
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", SNAPSHOT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch) -> Iterator[dict[str, bytes]]:
    """A hub on this machine, and an empty cache; gives the files it serves."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Datasets)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Datasets, "files", {})
    yield Datasets.files
    server.shutdown()
    server.server_close()


def parquet(column: str, *texts: str) -> bytes:
    return pd.DataFrame({column: texts}).to_parquet()


def test_ptb_and_wikitext_come_from_the_hubs_parquet_files_and_then_from_its_cache(
    hub: dict[str, bytes], tmp_path: Path, monkeypatch
) -> None:
    ptb, wikitext = "ptb-text-only/ptb_text_only@refs/convert/parquet:", "Salesforce/wikitext@main:"
    for split in ("test", "train", "validation"):
        shown = "valid" if split == "validation" else split
        texts = [f"in ptb {shown}"] + (["in ptb train <unk>"] if split == "train" else [])
        hub[f"{ptb}penn_treebank/{split}/0000.parquet"] = parquet("sentence", *reversed(texts))
        name = f"{split}-00000-of-00001.parquet"
        hub[f"{wikitext}wikitext-2-v1/{name}"] = parquet("text", "", f" in wikitext {split} \n")
        hub[f"{wikitext}wikitext-103-v1/{name}"] = b"another set, not to be fetched"
    corpus = corpora.load("ptb+wikitext-2")
    assert corpus == corpora.load("ptb+wikitext-2", folder=paper_folder(tmp_path / "copies"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert corpora.load("ptb+wikitext-2") == corpus


def test_a_hub_without_parquet_files_of_ptb_is_told(hub: dict[str, bytes]) -> None:
    hub["ptb-text-only/ptb_text_only@refs/convert/parquet:README.md"] = b"nothing here"
    assert refusal(corpora.load, "ptb+wikitext-2") == (
        "ptb is not on this machine and ptb-text-only/ptb_text_only on the hub (revision "
        "refs/convert/parquet) holds no Parquet files in penn_treebank: " + REMEDIES.format("ptb")
    )


def test_the_key_of_a_source_changes_with_the_source_and_reads_nothing(tmp_path: Path, monkeypatch) -> None:
    folder = paper_folder(tmp_path)
    monkeypatch.setattr("core.corpora.sources.read_texts", lambda *_: pytest.fail("read"))
    file = tmp_path / "mine.txt"
    file.write_text("some text")
    before = corpora.source_key(file)
    keys = {
        before,
        corpora.source_key(file, "body"),
        corpora.source_key("standard-library"),
        corpora.source_key("ptb+wikitext-2"),
        corpora.source_key("ptb+wikitext-2", folder=folder),
    }
    assert len(keys) == 5
    assert corpora.source_key(file) == before
    file.write_text("some more text")
    assert corpora.source_key(file) != before
    paper = corpora.source_key("ptb+wikitext-2", folder=folder)
    (folder / "ptb" / "ptb.test.txt").write_text("in ptb test, changed")
    assert corpora.source_key("ptb+wikitext-2", folder=folder) != paper


@pytest.fixture(scope="module")
def standard_library() -> Corpus:
    return corpora.load("standard-library")


def test_the_built_in_corpus_has_enough_of_this_pythons_docstrings(standard_library: Corpus) -> None:
    assert len(corpora.sample(standard_library).sequences) == 5000
    import textwrap

    paragraph = " ".join(textwrap.dedent.__doc__.split("\n\n")[0].split())
    assert paragraph in standard_library.texts
    assert not any(text.startswith(">>>") for text in standard_library.texts)


def test_the_built_in_corpus_is_read_without_importing_it(tmp_path: Path, monkeypatch) -> None:
    """Nested definitions, async ones, and a module that cannot be parsed; the code itself must not run."""
    (tmp_path / "package").mkdir()
    (tmp_path / "test").mkdir()
    (tmp_path / "b.py").write_text(
        '"""Module b.\n\nSecond\n  paragraph.\n\n>>> 1 + 1\n2\n"""\nraise SystemExit\n'
        'class A:\n    "Class A."\n    async def f(self):\n        """Method f."""\n        "no docstring"\n'
    )
    (tmp_path / "package" / "a.py").write_text("x = '\\d'\ndef f(): 'Function f.'\n")
    (tmp_path / "broken.py").write_text("def (:")
    (tmp_path / "test" / "c.py").write_text('"""Not read."""')
    (tmp_path / "ast.py").write_text("")
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"stdlib": str(tmp_path)})
    files = [str(file.relative_to(tmp_path)) for file in corpora.standard_library_files()]
    assert files == ["ast.py", "b.py", "broken.py", "package/a.py"]
    outcome = corpora.load("standard-library").texts
    assert outcome == ["Module b.", "Second paragraph.", "Class A.", "Method f.", "Function f."]


def test_a_python_without_its_library_is_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"stdlib": str(tmp_path)})
    message = f"The source of Python's standard library is not in {tmp_path}: give a text file of your own."
    assert refusal(corpora.load, "standard-library") == message


def test_importing_the_corpora_loads_no_heavy_library() -> None:
    code = "import sys, core.corpora.sources; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"sklearn", "torch", "transformers", "pandas", "pyarrow", "scipy"} & set(loaded.split())


def brute_force(texts: list[str], kind: str) -> dict[object, int]:
    counts: dict[object, int] = {}
    for text in texts:
        words = text.split()
        pairs = list(itertools.pairwise(words))
        for item in {"unigrams": words, "bigrams": pairs, "lengths": [len(words)]}[kind]:
            counts[item] = counts.get(item, 0) + 1
    return counts


def distance(one: dict[object, int], other: dict[object, int]) -> float:
    """Jensen–Shannon distance by its definition, base 2."""
    keys = list(one | other)
    p, q = (np.array([counts.get(k, 0) for k in keys], float) for counts in (one, other))
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    divergence = 0.0
    for part in (p, q):
        some = part > 0
        divergence += (part[some] * np.log2(part[some] / middle[some])).sum() / 2
    return float(np.sqrt(divergence))


def test_the_distances_are_those_of_a_plain_count() -> None:
    corpus = many(200)
    result = representativeness(corpus, 40, samples=3, seed=5)
    drawn = [corpora.sample(corpus, 40, seed=5 + i).sequences for i in range(3)]
    wholes = {
        "all text": [text for text in corpus.texts if text],
        "usable sequences": corpora.usable(corpus),
    }
    table = result.distances.set_index(["distribution", "whole"])
    assert len(table) == 6
    for kind, whole in table.index:
        expected = brute_force(wholes[whole], kind)
        outcome = [distance(brute_force(sequences, kind), expected) for sequences in drawn]
        assert table.loc[(kind, whole), "mean"] == pytest.approx(np.mean(outcome), abs=1e-12)
        assert table.loc[(kind, whole), "sd"] == pytest.approx(np.std(outcome, ddof=1), abs=1e-12)
    assert (result.sequences, result.samples, result.usable) == (40, 3, len(wholes["usable sequences"]))
    assert result.tokens == sum(len(text.split()) for text in corpus.texts)
    assert result.tokens_usable == sum(len(text.split()) for text in wholes["usable sequences"])
    assert result.tokens_sampled == np.mean([sum(len(s.split()) for s in sample) for sample in drawn])
    assert result.share == 40 / result.usable


def test_the_whole_as_a_sample_of_itself_is_at_distance_zero() -> None:
    result = representativeness(many(100), 5000, samples=2)
    own = result.distances[result.distances["whole"] == "usable sequences"]
    assert own["mean"].to_numpy() == pytest.approx(0, abs=1e-7)
    assert (own["by_chance"] > 0.01).all()
    assert result.share == 1


def test_a_draw_by_chance_lies_as_far_off_as_random_sequences_do_and_a_biased_text_farther() -> None:
    """Passages of one length and mixed words: sequences are then as good as single words."""
    rng = np.random.default_rng(0)
    short = [" ".join(f"w{i:02}" for i in rng.integers(0, 100, 20)) for _ in range(4000)]
    long = [" ".join(f"other{i}" for i in range(60))] * 1000  # over 50 words: never drawn
    table = representativeness(corpus_of(*short), 200).distances.set_index(["distribution", "whole"])
    for kind in ("unigrams", "bigrams"):
        row = table.loc[(kind, "usable sequences")]
        assert row["mean"] == pytest.approx(row["by_chance"], rel=0.1)
    biased = representativeness(corpus_of(*short, *long), 200).distances.set_index(["distribution", "whole"])
    row = biased.loc[("unigrams", "all text")]
    assert row["mean"] > 5 * row["by_chance"]
    assert biased.loc[("unigrams", "usable sequences"), "mean"] == table.loc[("unigrams", "all text"), "mean"]


def test_the_curves_are_thinned_shares_in_falling_order() -> None:
    curves = representativeness(many(300), 60, samples=2).frequencies
    assert set(curves["series"]) == {"all text", "usable sequences", "sample 1", "sample 2"}
    assert curves["frequency"].between(0, 1, inclusive="right").all()
    for (distribution, _), curve in curves.groupby(["distribution", "series"]):
        assert len(curve) <= 200
        assert curve["x"].is_monotonic_increasing
        assert curve["x"].is_unique
        if distribution == "lengths":
            assert curve["frequency"].sum() == pytest.approx(1)
        else:
            assert curve["frequency"].is_monotonic_decreasing
            assert curve["x"].iloc[0] == 1


def test_representativeness_keeps_exactly_as_text() -> None:
    result = representativeness(many(100), 30, samples=2)
    again = Representativeness.from_json(result.to_json())
    assert again.to_json() == result.to_json()
    pd.testing.assert_frame_equal(again.distances, result.distances, check_exact=True)
    pd.testing.assert_frame_equal(again.frequencies, result.frequencies, check_exact=True)
    assert representativeness(many(100), 30, samples=2).to_json() == result.to_json()
    assert representativeness(many(100), 30, samples=2, seed=1).to_json() != result.to_json()


@pytest.mark.real
def test_the_papers_own_sample_is_drawn_from_the_same_sequences(material: Path) -> None:
    """All 5,000 of the authors' sequences are among ours, with capitals as they are: case is kept."""
    corpus = corpora.load("ptb+wikitext-2", folder=material / "data")
    packed = (material / "reference" / "marbut2024" / "sample_sequences.txt.xz").read_bytes()
    theirs = lzma.decompress(packed).decode().splitlines()
    outcome = corpora.usable(corpus)
    assert len(theirs) == 5000
    assert set(theirs) <= set(outcome)
    assert len(outcome) == 54_697
    ours = corpora.sample(corpus)
    assert len(ours.sequences) == 5000
    words = [sum(len(text.split()) for text in sequences) for sequences in (ours.sequences, theirs)]
    assert words[0] == pytest.approx(words[1], rel=0.03)
