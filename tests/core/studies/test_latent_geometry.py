"""The latent-geometry paper from its data: what comes out of its print, what does not, and its figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, pearsonr, spearmanr

from core import reference
from core.charts import findings as charts_findings
from core.charts.palette import family_colours
from core.charts.pictures import as_file
from core.prediction import Reference
from core.prediction.regression import Linear
from core.studies import latent_geometry as paper
from core.studies import latent_geometry_figures as figures
from core.studies.latent_geometry_figures import turns
from core.studies.latent_geometry_print import as_text, comparisons, for_people, printed, verdict
from core.wording.latent_geometry import IDS, findings
from core.wording.latent_geometry_print import commented


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return paper.models()


@pytest.fixture(scope="module")
def compared(frame: pd.DataFrame) -> pd.DataFrame:
    return commented(comparisons(frame), frame)


@pytest.fixture(scope="module")
def sentence(frame: pd.DataFrame) -> dict[str, object]:
    return {finding.id: finding for finding in findings(frame)}


def test_every_printed_correlation_comes_out_within_a_thousandth_but_for_one_sign(
    compared: pd.DataFrame,
) -> None:
    rows = compared[compared["column"].isin(["r_bert_small", "r_roberta"]) & (compared["printed"] != "")]
    assert len(rows) == 2 * (5 + 9)
    off = rows[rows["difference"].abs() > 1e-3]
    assert list(zip(off["table"], off["row"], off["column"], strict=True)) == [
        ("Table 1", "RS", "r_roberta"),
        ("Table 2", "AQ RS", "r_roberta"),
    ]
    assert off["ours"].to_numpy() == pytest.approx([0.574, 0.574], abs=5e-4)
    assert set(off["comment"]) == {"The data give +0.574: the same size, the opposite sign."}


@pytest.mark.parametrize(
    ("short", "expected"), [("PP", 0.0885), ("PDEEE", 0.0174), ("CDvar", 0.0532), ("RS", 0.0385)]
)
def test_errors_on_the_13_non_standard_models(frame: pd.DataFrame, short: str, expected: float) -> None:
    assert len(paper.others(frame)) == 13
    assert paper.error_of(frame, paper.ADDITIVE[short]) == pytest.approx(expected, abs=5e-5)


def test_the_printed_errors_come_out_only_with_all_13_models(frame: pd.DataFrame) -> None:
    rows = printed().query("column == 'mse' and not (table == 'Table 1' and row == 'EEE')")
    assert len(rows) == 13

    def matched(other: pd.DataFrame) -> int:
        models = [
            paper.regression(frame, paper.TABLES[row.table][row.row], architecture=True)
            for row in rows.itertuples()
        ]
        errors = [paper.error(model, other) for model in models]
        return sum(
            verdict(text, error) == "same" for text, error in zip(rows["printed"], errors, strict=True)
        )

    other = paper.others(frame)
    without = {label: matched(other[other["label"] != label]) for label in other["label"]}
    assert matched(other) == 13 and max(without.values()) < 13


def test_r2_of_figure_4_and_the_error_of_always_saying_the_mean(frame: pd.DataFrame) -> None:
    name = paper.ADDITIVE["PP"]
    assert paper.regression(frame, name, architecture=False).r2 == pytest.approx(0.317, abs=5e-4)
    assert paper.regression(frame, name, architecture=True).r2 == pytest.approx(0.506, abs=5e-4)
    assert paper.mean_error(frame) == pytest.approx(0.0456, abs=5e-5)


@pytest.mark.parametrize("measure", paper.MEASURES)
def test_the_regression_is_that_of_the_predictions_and_of_scipy(frame: pd.DataFrame, measure: str) -> None:
    other = paper.others(frame)
    for architecture in (False, True):
        own = paper.regression(frame, measure, architecture=architecture)
        twin = Linear((measure,), architecture).fit(Reference(paper.perturbed(frame), paper.GLUE))
        assert own.predict(other) == pytest.approx(twin.raw(other), abs=1e-9)
        assert own.r2 == pytest.approx(twin.r2, abs=1e-12)
    rows = paper.perturbed(frame).dropna(subset=[measure])
    line = linregress(rows[measure], rows[paper.GLUE])
    plain = paper.regression(frame, measure, architecture=False)
    assert plain.predict(other) == pytest.approx(line.intercept + line.slope * other[measure], abs=1e-9)


def test_correlations_are_those_of_scipy(frame: pd.DataFrame) -> None:
    for measure in paper.MEASURES:
        for family in (paper.SMALL, paper.ROBERTA):
            rows = paper.perturbed(frame, family).dropna(subset=[measure])
            expected = pearsonr(rows[measure], rows[paper.GLUE]).statistic
            assert paper.pearson(frame, measure, family) == pytest.approx(expected, abs=1e-12)


def test_what_differs_from_the_print_is_named(compared: pd.DataFrame) -> None:
    off = compared[compared["verdict"] == "differs"]
    assert list(off["table"] + ": " + off["row"] + ", " + off["column"]) == [
        "Table 1: RS, r_roberta",
        "Table 1: EEE, mse",
        "Table 2: AQ RS, r_roberta",
        "Text: perturbed models, in all",
        "Text: perturbed models, BERT-base",
        "Text: perturbed models, RoBERTa",
        "Text: models behind r, RoBERTa, RS and RI",
        "Text: BERT-small models, with α ≤ 0.1",
        "Text: non-standard models, described",
        "Text: non-standard models, drawn in Figure 5",
        "Text: transformer blocks, BERT-small",
        "Text: parameters, BERT-small",
        "Text: latent sample, tokens",
    ]
    assert (off["comment"] != "").all()
    assert compared["verdict"].value_counts().to_dict() == {
        "same": 48,
        "illegible": 30,
        "differs": 13,
        "last digit": 5,
    }
    eee = compared[(compared["row"] == "EEE") & (compared["column"] == "mse")].iloc[0]
    assert eee["ours"] == pytest.approx(0.0229, abs=5e-5)
    assert eee["comment"] == (
        "With the term for the architecture the data give 0.023. A regression on BERT-small alone gives "
        "0.054, which may be what was printed."
    )


def test_what_agrees_needs_no_comment_and_every_printed_number_has_a_source(compared: pd.DataFrame) -> None:
    assert (compared.loc[compared["verdict"] == "same", "comment"] == "").all()
    listed = printed()
    assert listed["source"].str.startswith("arXiv 2406.12159, ").all()
    assert not listed.duplicated(["table", "row", "column"]).any()
    assert len(compared) == len(listed) + 3 * 10


@pytest.mark.parametrize(
    ("text", "ours", "unit", "expected"),
    [
        ("0.461", 0.46176, "", "last digit"),
        ("0.461", 0.4614, "", "same"),
        ("0.461", 0.463, "", "differs"),
        ("-0.574", 0.574, "", "differs"),
        ("8", 7, "", "differs"),
        ("8", 8, "", "same"),
        ("110", 109.48, "million", "last digit"),
        ("", 0.5, "", "illegible"),
    ],
)
def test_the_verdict_goes_by_the_printed_digits(text: str, ours: float, unit: str, expected: str) -> None:
    assert verdict(text, ours, unit) == expected


def test_our_numbers_read_like_the_printed_ones() -> None:
    assert [as_text(0.574, "-0.574"), as_text(-0.574, "-0.6"), as_text(0.9018, "0.902")] == [
        "+0.574",
        "−0.574",
        "0.902",
    ]
    assert [as_text(58, "70"), as_text(28.7636, "29.1", "million"), as_text(0.0162, "")] == [
        "58",
        "28.8 million",
        "0.016",
    ]


def test_29_million_parameters_are_reached_with_the_heads_of_pre_training(frame: pd.DataFrame) -> None:
    # A dense layer, its normalisation and a bias a word; two outputs that say whether a sentence is next.
    encoder = int(paper.perturbed(frame, paper.SMALL)["parameters"].iloc[0])
    heads = (512 * 512 + 512) + 2 * 512 + 30522 + (2 * 512 + 2)
    assert round((encoder + heads) / 1e6, 1) == 29.1


def test_the_papers_median_charts_have_one_point_a_level(frame: pd.DataFrame) -> None:
    rows = paper.medians(frame, ["eee"])
    assert rows["family"].value_counts().to_dict() == {"BERT-small": 43, "RoBERTa-base": 23, "BERT-base": 6}
    assert rows["runs"].sum() == 168
    one = rows[(rows["family"] == "BERT-small") & (rows["alpha"] == 0.005)].iloc[0]
    runs = paper.perturbed(frame, "BERT-small").query("alpha == 0.005")["eee"]
    assert one["eee"] == sorted(runs)[1]


@pytest.mark.parametrize("figure", [name for name in IDS if name.startswith("figure")])
def test_every_figure_has_its_panels_and_draws(frame: pd.DataFrame, figure: str) -> None:
    many = {"figure-4": 2, "figure-6": 4, "figure-9": 8, "figure-10": 8, "figure-11": 3}.get(figure, 1)
    drawn = figures.panels(figure, frame)
    assert len(drawn) == many
    for panel in drawn:
        if panel.kind != "matrix":
            assert np.isfinite(panel.points[["x", "glue_average"]]).all(axis=None)
        spec = charts_findings.chart(panel, height=300, large=True, labels=True).to_dict()
        assert spec["height"] == 300
    file = as_file(charts_findings.sheet(drawn, "Seen", "From here"), "svg")
    assert file.startswith(b"<svg") and b"Seen" in file and b"From here" in file


def test_a_download_is_a_png(frame: pd.DataFrame) -> None:
    sheet = charts_findings.sheet(figures.panels("figure-5", frame), "Seen", "From here")
    assert as_file(sheet, "png").startswith(b"\x89PNG")


def test_families_keep_their_colours(frame: pd.DataFrame) -> None:
    spec = charts_findings.chart(figures.panels("figure-3", frame)[0], height=300).to_dict()
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    colours = family_colours([])
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {f: colours[f] for f in paper.FAMILIES}


def test_figure_5_draws_both_untrained_models(frame: pd.DataFrame) -> None:
    points = figures.panels("figure-5", frame)[0].points
    literature = points[points["variant"] == "non-standard"]
    assert len(literature) == 13 and {"Untrained", "Untrained + embeddings"} <= set(literature["label"])
    actual = literature["glue_average"]
    assert ((literature["x"] - actual) ** 2).mean() == pytest.approx(0.0885, abs=5e-5)


def test_figure_8_is_the_correlation_of_scipy(frame: pd.DataFrame) -> None:
    cells = figures.panels("figure-8", frame)[0].points.set_index(["row", "column"])["r"]
    assert len(cells) == 19 * 19
    rows = paper.perturbed(frame, "BERT-small")
    assert cells["EEE", "VRM"] == pytest.approx(pearsonr(rows["eee"], rows["vrm"]).statistic, abs=1e-12)
    assert cells["EEE", "EEE"] == pytest.approx(1)


def test_the_decay_is_found_again_in_made_data() -> None:
    alpha = np.linspace(0.005, 1, 40)
    made = pd.DataFrame({"variant": "perturbed", "family": "BERT-small", "alpha": alpha})
    result = figures.decay(made.assign(glue_average=0.4 + 0.35 * np.exp(-alpha / 0.08)))
    assert [result.floor, result.height, result.scale, result.r2] == pytest.approx(
        [0.4, 0.35, 0.08, 1], abs=1e-6
    )


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (lambda a: a, 0),
        (lambda a: (a - 0.5) ** 2, 1),
        (lambda a: np.sin(3 * np.pi * a), 3),
        (lambda a: a + 0.01 * np.sin(90 * a), 0),
    ],
)
def test_changes_of_direction_are_counted(curve, expected: int) -> None:
    alpha = np.linspace(0, 1, 101)
    made = pd.DataFrame({"variant": "perturbed", "family": "BERT-small", "alpha": alpha, "glue_average": 1.0})
    assert turns(made.assign(m=curve(alpha)), "m") == expected


def test_labels_cover_no_other_label_where_there_is_room() -> None:
    named = pd.DataFrame({"label": ["one", "two"], "x": [0.5, 0.505], "glue_average": [0.5, 0.5]})
    points = pd.concat([named, pd.DataFrame({"x": [0.0, 1.0], "glue_average": [0.0, 1.0]})])
    first, second = charts_findings.placed(named, points, 400, 1000)["place"]
    assert first[0] != second[0] or first[2] != second[2]


def test_findings_stand_in_the_papers_order_with_a_title_each(sentence: dict) -> None:
    assert list(sentence) == list(IDS)
    for finding in sentence.values():
        assert finding.title and not finding.title.endswith(".")
        assert finding.text.endswith(".") and "nan" not in f"{finding.title} {finding.text}"
        assert all(note.endswith(".") for note in finding.notes)


def test_sentences_hold_what_scipy_says(sentence: dict, frame: pd.DataFrame) -> None:
    rows = paper.others(figures.predictions(frame, paper.ADDITIVE["PP"], architecture=True))
    rank = spearmanr(rows["predicted"], rows[paper.GLUE]).statistic
    assert (
        f"rank correlation of prediction and score {rank:+.2f}".replace("-", "−") in sentence["figure-5"].text
    )
    assert sentence["figure-5"].title == "Patchiness misses 7 of the 13 non-standard models by more than 0.2"
    assert sentence["figure-4"].title == (
        "Knowing the architecture lifts what patchiness explains from 32 % to 51 %"
    )
    assert sentence["figure-6"].title == "All 4 of these measures turn back as noise grows"
    assert sentence["figure-7"].title == (
        "A small error on the non-standard models (0.017), by a line that does not fit"
    )
    noisy = paper.perturbed(frame, "BERT-small")
    across = {
        short: pearsonr(noisy[name], noisy[paper.PRODUCT[short]]).statistic
        for short, name in paper.ADDITIVE.items()
    }
    alike = [short for short, r in across.items() if r > 0.9]
    assert f"Between the two quantizers {len(alike)} of 8 measures agree as closely ({', '.join(alike)})" in (
        sentence["figure-8"].text
    )
    assert sentence["figure-7"].notes[-1] == (
        "PDEEE has the lowest error of Table 1's five measures, as the paper says; of all nineteen VRM has "
        "the lowest (0.0162 against 0.0174)."
    )
    assert sentence["table-1"].title == "12 of 15 printed numbers of Table 1 come out of the data, 2 do not"
    assert sentence["table-2"].title == "23 of 27 printed numbers of Table 2 come out of the data, 1 does not"


def test_sentences_follow_the_data(frame: pd.DataFrame) -> None:
    """Turn patchiness round in RoBERTa: titles and tables must say so."""
    name = paper.ADDITIVE["PP"]
    own = frame["family"] == "RoBERTa-base"
    changed = frame.assign(**{name: frame[name].where(~own, 2 - frame[name])})
    sentence = {finding.id: finding for finding in findings(changed)}
    assert sentence["figure-3"].title == "Patchiness and GLUE: r = +0.90 in BERT-small, −0.64 in RoBERTa"
    assert sentence["figure-9"].title.startswith("5 of 8 ")
    assert sentence["table-1"].title.startswith("10 of 15 ")


def test_for_people_has_a_row_a_number(compared: pd.DataFrame) -> None:
    shown = for_people(compared)
    assert len(shown) == len(compared)
    assert list(shown.iloc[4]) == ["RS", "r, RoBERTa", "−0.574", "+0.574", "differs"]


@pytest.mark.real
def test_counts_taken_over_are_those_of_the_authors_files(material) -> None:
    import lzma

    folder = material / "reference" / "marbut2024"
    listed = pd.read_csv(Path(reference.__file__).parent / "latent_geometry_files.csv")
    fact = listed.set_index("fact")["value"]
    small = pd.read_csv(folder / "bert_small_metrics.csv", index_col=0)
    assert len(small) == fact["BERT-small rows with scores"]
    assert (small["alpha"] <= 10).sum() == fact["BERT-small rows with alpha up to 0.1"]
    assert len(pd.read_csv(folder / "roberta_glue.csv")) == fact["RoBERTa-base rows with scores"]
    assert len(pd.read_csv(folder / "bert_base_glue.csv")) == fact["BERT-base rows with scores"]
    lines = lzma.decompress((folder / "sample_sequences.txt.xz").read_bytes()).decode().splitlines()
    assert (len(lines), sum(len(line.split()) for line in lines)) == (fact["sequences"], fact["words"])
    from transformers import AutoTokenizer

    for name, row in (("bert-base-uncased", "tokens of BERT"), ("roberta-base", "tokens of RoBERTa")):
        tokenizer = AutoTokenizer.from_pretrained(material / "tokenizers" / name)
        assert sum(map(len, tokenizer(lines)["input_ids"])) == fact[row]


@pytest.mark.real
def test_the_printed_tables_are_those_of_the_papers_text(material) -> None:
    text = (material / "papers" / "marbut2024-latent-geometry-glue.txt").read_text()
    listed = printed()
    for table, rows in listed[listed["table"] != "Text"].groupby("table"):
        for row, numbers in rows.groupby("row"):
            line = f"{row.split()[-1].upper()} {' '.join(numbers['printed'])}"
            assert line in text, (table, line)
