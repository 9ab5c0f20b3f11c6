"""Classes of transformers, built small, are measured as plain transformers runs them, or say why not."""

import re
from pathlib import Path

import numpy as np
import pytest
import transformers

from tests import TOP
from tests.sweep import comparing, report
from tests.sweep.comparing import FOLDER, Result, compare
from tests.sweep.making import Case, build, cases

LENGTHS = (
    "the states of tiny depend on sequences of other lengths in a batch, so only sequences of equal length "
    "share one"
)
# One class of each way that a class may be loaded or run, and what comes of it.
QUICK = {
    Case("bert", "BertForMaskedLM"): ("equal", ""),
    Case("t5", "T5ForConditionalGeneration"): ("equal", ""),
    Case("bart", "BartForCausalLM"): ("equal", ""),  # a decoder alone, of a type that has an encoder
    Case("blenderbot-small", "BlenderbotSmallForCausalLM"): ("equal", ""),
    Case("mamba", "MambaForCausalLM"): ("equal", ""),
    Case("qwen3_moe", "Qwen3MoeForCausalLM"): ("equal", ""),
    Case("deepseek_v4", "DeepseekV4ForCausalLM"): ("equal", ""),  # AutoModel alone leaves out its last norm
    Case("audioflamingo3", "AudioFlamingo3ForConditionalGeneration"): ("equal", ""),  # a head within a part
    Case("emu3", "Emu3ForCausalLM"): ("equal", ""),  # AutoModel does not know its config
    Case("fsmt", "FSMTModel"): ("equal", ""),  # an encoder without a config, that takes no use_cache
    Case("pegasus_x", "PegasusXModel"): ("equal", ""),  # its layers pass on more than the states
    Case("ultrabert", "UltrabertForMaskedLM"): ("equal", ""),  # a head beside a model without a prefix
    Case("mllama", "MllamaForCausalLM"): ("equal", ""),  # its prefix is not where its model lies
    Case("fnet", "FNetModel"): ("noted", LENGTHS),
    Case("funnel", "FunnelBaseModel"): (
        "refused",
        "Layer 12 of tiny has 2 vectors for 8 tokens, since the model pools them there: choose another "
        "layer.",
    ),
}


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_a_class_is_measured_as_plain_transformers_runs_it(case: Case, tmp_path: Path) -> None:
    result = compare(case, tmp_path / FOLDER)
    assert (result.outcome, result.reason) == QUICK[case]


def test_another_value_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = comparing.plainly
    monkeypatch.setattr(comparing, "plainly", lambda *given: plain(*given) * np.float32(1.001))
    result = compare(Case("gpt2", "GPT2Model"), tmp_path / FOLDER)
    assert result.outcome == "apart" and result.reason.startswith("differ by up to 0.001 of their norm")


def test_a_model_that_stays_large_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.sweep.making.MOST_PARAMETERS", 1000)
    with pytest.raises(ValueError, match=r"it has [\d,]+ parameters"):
        build(Case("gpt2", "GPT2Model"), tmp_path / FOLDER)


def test_results_are_counted_kept_and_written(tmp_path: Path) -> None:
    file, one = tmp_path / "kept.jsonl", Case("a", "AModel")
    results = [Result(one, "equal"), Result(Case("b", "BModel"), "refused", "tiny is | not right.")]
    for result in results:
        report.keep(result, file)
    assert list(report.read(file).values()) == results and report.read(None) == {}
    assert report.totals(results) == (
        "2 classes: 1 the states of plain transformers; 1 refused in one sentence"
    )
    page = report.page(results, 3)
    assert "| BModel (b) | The checkpoint is \\| not right. |" in page and "AModel (a)." in page
    assert "| not swept yet | 1 |\n| all | 3 |" in page


def test_the_page_is_of_the_installed_transformers_and_has_no_class_apart() -> None:
    page = (TOP / "docs/model-types.md").read_text()
    assert f"of transformers {transformers.__version__}," in page, "run python -m tests.sweep --write"
    counts = dict(re.findall(r"^\| ([a-z ,]+) \| (\d+) \|$", page, flags=re.MULTILINE))
    assert counts["apart from plain transformers without a word"] == "0"
    assert int(counts["the states of plain transformers"]) > 100
    assert sum(map(int, counts.values())) == 2 * int(counts["all"])


@pytest.mark.sweep
def test_no_class_is_apart_from_plain_transformers(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "sweep" not in request.config.getoption("-m"):
        pytest.skip("half an hour: run with -m sweep")
    results = [compare(case, tmp_path / str(i) / FOLDER) for i, case in enumerate(cases())]
    assert len(results) > 400
    assert [one for one in results if one.outcome == "apart"] == []
