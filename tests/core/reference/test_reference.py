"""The published tables: they hold what the papers hold, and fit the store's keys."""

import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from core import reference

SHAPES = {  # function → (columns of the store's table, its key)
    "checkpoints": (
        "subject name origin source path revision family architecture kind parameters "
        "parameters_without_embeddings layers width heads vocabulary tied dtype max_positions base variant "
        "alpha note added_at",
        "subject",
    ),
    "measurements": (
        "subject cloud measure parameters seed version value standard_error note n d seconds origin source "
        "created_at",
        "subject cloud measure parameters seed version",
    ),
    "scores": (
        "subject name benchmark task metric value split formed source origin",
        "subject benchmark task metric split source",
    ),
    "covariates": ("subject name covariate value source origin", "subject covariate"),
    "gap": (
        "subject name token_set benchmark metric score source gap_cosine gap_euclidean "
        "cosine_within_domain cosine_within_reference cosine_between "
        "euclidean_within_domain euclidean_within_reference euclidean_between",
        "subject token_set",
    ),
    "findings": ("table_name metric statistic value source", "table_name metric statistic"),
}


@pytest.mark.parametrize("table", SHAPES)
def test_a_table_has_the_stores_columns_unique_keys_and_a_source_in_every_row(table: str) -> None:
    columns, key = (text.split() for text in SHAPES[table])
    rows = getattr(reference, table)()
    assert set(rows.columns) == set(columns)
    assert not rows.duplicated(key).any()
    assert rows[[*key, "source"]].notna().all(axis=None)
    assert rows["source"].str.contains("arXiv").all()


def _latent_geometry() -> pd.DataFrame:
    """The 181: one row a checkpoint with its measures, and `glue` the average."""
    wide = reference.measurements().pivot(index="subject", columns="measure", values="value")
    scores = reference.scores()
    wide["glue"] = scores[scores["task"] == "glue_average"].set_index("subject")["value"]
    return wide.join(reference.checkpoints().set_index("subject")[["name", "family", "variant", "alpha"]])


def test_the_181_checkpoints_of_the_paper_are_all_there() -> None:
    table = _latent_geometry()
    assert len(table) == 181
    assert table["glue"].notna().all()
    perturbed = table[table["variant"] == "perturbed"]["family"].value_counts().to_dict()
    assert perturbed == {"BERT-small": 125, "RoBERTa-base": 36, "BERT-base": 7}
    other = table[table["variant"] == "non-standard"]["family"].value_counts().to_dict()
    assert other == {"RoBERTa-base": 7, "BERT-base": 5, "BERT-small": 1}
    assert table["name"].is_unique
    assert {"BERT-small, 35 % noise, run 1", "ASCII (RoBERTa)"} <= set(table["name"])
    assert table.loc["published:arxiv-2406.12159/bert-small_0.5_1", "alpha"] == 0.005
    assert table["alpha"].notna().sum() == 168


@pytest.mark.parametrize(
    ("family", "measure", "expected"),
    [  # Table 1 of arXiv 2406.12159, except RS on RoBERTa, where the paper prints the sign wrong
        ("BERT-small", "lsq_patchiness_published", 0.902),
        ("RoBERTa-base", "lsq_patchiness_published", 0.640),
        ("RoBERTa-base", "lsq_reconstruction_skew", +0.574),
        ("BERT-small", "lsq_centroid_variance", 0.537),
        ("RoBERTa-base", "lsq_centroid_variance", -0.292),
        ("BERT-small", "lsq_cluster_eee", -0.429),
        ("RoBERTa-base", "lsq_cluster_eee", -0.764),
        ("BERT-small", "eee", -0.557),
        ("RoBERTa-base", "eee", -0.535),
        ("BERT-small", "pq_reconstruction_iqr", 0.808),
        ("RoBERTa-base", "pq_reconstruction_iqr", 0.514),
        ("BERT-small", "lsq_count_kl", 0.890),
    ],
)
def test_the_papers_correlations_come_out(family: str, measure: str, expected: float) -> None:
    table = _latent_geometry()
    rows = table[(table["family"] == family) & (table["variant"] == "perturbed")].dropna(subset=measure)
    assert pearsonr(rows[measure], rows["glue"]).statistic == pytest.approx(expected, abs=5.5e-4)


def test_on_the_non_standard_models_patchiness_does_not_follow_glue() -> None:
    rows = _latent_geometry().query("variant == 'non-standard'")
    assert spearmanr(rows["lsq_patchiness_published"], rows["glue"]).statistic == pytest.approx(
        -0.26, abs=5e-3
    )


def test_every_value_is_finite_and_every_score_a_fraction() -> None:
    assert reference.scores()["value"].between(-1, 1).all()
    assert reference.gap()["score"].between(0, 1).all()
    assert reference.covariates().query("covariate == 'alpha'")["value"].between(0, 1).all()
    assert reference.measurements()["value"].between(-10, 100).all()  # NaN and infinities are in no interval


def test_how_a_glue_average_was_formed_is_said_and_true() -> None:
    scores = reference.scores().set_index("subject")
    average = scores[(scores["task"] == "glue_average") & (scores["split"] == "dev")]
    over = average["formed"].str.extract(r"^mean of (\d) tasks")[0].fillna("not stated")
    assert over.value_counts().to_dict() == {"8": 159, "not stated": 10, "9": 7, "7": 3, "5": 2}
    tasks = scores[scores["metric"] != "mean over tasks"].reset_index()
    tasks = tasks[tasks["subject"].str.contains("2406.12159")]
    tasks = tasks.pivot(index="subject", columns="task", values="value")
    assert len(tasks) == 168
    for subject in tasks.index:
        stated = average.loc[subject, "formed"].partition("(")[2].partition(")")[0].split(", ")
        assert average.loc[subject, "value"] == pytest.approx(tasks.loc[subject, stated].mean(), abs=1e-12)
    short = average.loc["published:arxiv-2406.12159/roberta-base_4.5_1", "formed"]
    assert short == "mean of 5 tasks (CoLA, MRPC, QQP, SST-2, STS-B); MNLI, QNLI, RTE missing"
    eight = scores[scores["task"] == "glue_average_8_tasks"]["value"]
    assert len(eight) == 166
    assert eight["published:arxiv-2406.12159/bert-base-uncased_0_1"] == pytest.approx(0.81829, abs=5e-6)


@pytest.mark.parametrize(
    ("model", "original"),
    [
        ("roberta_sinha", "roberta.base.orig"),
        ("shuffle_sent", "roberta.base.shuffle.n1"),
        ("shuffle_corp", "roberta.base.shuffle.corpus"),
    ],
)
def test_a_word_order_models_average_is_the_mean_of_its_own_seven_tasks(model: str, original: str) -> None:
    """The tables say 0.841, 0.776, 0.623; the task scores of the word-order paper (no STS-B) give these."""
    scores = reference.scores().query("benchmark == 'GLUE'").set_index("subject")["value"]
    own = scores[f"published:{original}"]
    assert len(own) == 7
    assert scores[f"published:arxiv-2406.12159/{model}"] == pytest.approx(own.mean(), abs=6e-4)


def test_subjects_of_other_tables_are_known_checkpoints() -> None:
    known = set(reference.checkpoints()["subject"])
    assert set(reference.measurements()["subject"]) <= known
    assert set(reference.scores()["subject"]) == known
    assert set(reference.covariates()["subject"]) <= known
    assert reference.scores()["name"].notna().all()


def test_the_gap_is_within_domain_plus_between() -> None:
    row = reference.gap().set_index("subject").loc["published:Qwen/Qwen2.5-Math-7B"]
    assert (row["gap_cosine"], row["gap_euclidean"]) == (
        pytest.approx(0.27 + 1.14),
        pytest.approx(0.69 + 1.54),
    )
    assert row["score"] == 0.554


def test_findings_hold_the_raw_and_the_partial_correlation_of_a_measure() -> None:
    rows = reference.findings().set_index(["table_name", "metric", "statistic"])["value"]
    setting = ("in-distribution (Pile-10k)", "unembedding_effective_rank_ratio")
    assert rows[(*setting, "raw_spearman")] == -0.699
    assert rows[(*setting, "partial_spearman")] == -0.261
    assert (
        rows[("sub-layer dispersion of gpt2, feed_forward, 50 chunks", "dispersion", "mean_dispersion")]
        == 0.24
    )


@pytest.mark.real
def test_the_tables_hold_the_authors_own_figures(material) -> None:
    folder = material / "reference" / "marbut2024"
    ours = _latent_geometry()
    checked = 0
    for file, average in (
        ("bert_small_metrics.csv", "new_average"),
        ("roberta_model_metrics.csv", "average"),
        ("bert_model_metrics.csv", "average"),
        ("alt_model_metrics.csv", "glue_average"),
    ):
        theirs = pd.read_csv(folder / file, index_col=0).dropna(subset="a-patchiness")
        mine = ours.loc["published:arxiv-2406.12159/" + theirs.index]
        for column, name in {
            average: "glue",
            "a-patchiness": "lsq_patchiness_published",
            "a-error": "lsq_reconstruction_error",
            "a-iqr": "lsq_reconstruction_iqr",
            "a-skew": "lsq_reconstruction_skew",
            "a-centroids": "lsq_centroid_variance",
            "a-point_dist": "lsq_cluster_eee",
            "a-count_var": "lsq_count_variance",
            "a-count_kl": "lsq_count_kl",
            "p-patchiness": "pq_patchiness_published",
            "p-error": "pq_reconstruction_error",
            "p-skew": "pq_reconstruction_skew",
            "EEE": "eee",
            "VRM": "vrm",
            "IsoScore": "isoscore",
        }.items():
            assert mine[name].to_numpy() == pytest.approx(theirs[column].to_numpy(), abs=0, nan_ok=True), (
                file,
                column,
            )
            checked += len(theirs)
    assert checked == 181 * 15
