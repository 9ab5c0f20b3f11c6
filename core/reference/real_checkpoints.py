"""Published scores of real checkpoints by their hub id, for references and for checkpoints measured here.

- Decoders: arXiv 2507.05195, 61 checkpoints on 24 tasks, fine-tuned on the task and as they are, with the
  standard error the source gives, and the loss on three texts newer than most of them.
- Encoders: GLUE of 104 checkpoints from some 60 sources. Within one `protocol` and split figures compare;
  between protocols they do not: RTE, MRPC and STS-B of a model that was first tuned on MNLI are up to 10
  points higher, and tuning the settings is worth 1 to 3 points on small tasks.
- What estimators that use labels say of six encoders: arXiv 2312.04775.

Protocols of the encoders: "plain" (single-task fine-tuning, safest to compare), "default settings", "tuned",
"one recipe", "some tasks from an MNLI model", "pruned or trained on labelled tasks", "BabyLM's subsets",
"special procedure", and "other", which compares with nothing but its own source.
"""

from pathlib import Path

import pandas as pd

_HERE = Path(__file__).parent
_LOSSES = ("wiki_2025", "arxiv_2025", "stackexchange_2025")
_METRICS = {"cola": "matthews", "gsm8k": "exact match", "nq_open": "exact match"} | dict.fromkeys(
    _LOSSES, "loss"
)
GLUE_TASKS = ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2")  # of the decoders
FINE_TUNED, DIRECT = "fine-tuned", "without fine-tuning"


def sources() -> pd.DataFrame:
    """Where the figures come from (index: source): split, protocol, runs, split_stated, citation.

    runs: what a figure is of several runs, "" where that is not said. split_stated: else taken as dev here.
    """
    table = pd.read_csv(_HERE / "score_sources.csv", index_col="source", keep_default_na=False)
    return table.astype({"split_stated": bool})


def encoder_scores() -> pd.DataFrame:
    """GLUE of encoders: checkpoint (hub id), task, metric, value, checkpoint_presumed, and of `sources` the
    source with split, protocol, runs, split_stated, citation.

    checkpoint_presumed: the source names the model but not which checkpoint on the hub. `glue_average` is as
    printed: which tasks it is over differs between sources.
    """
    table = pd.read_csv(_HERE / "encoder_scores.csv")
    return table.astype({"checkpoint_presumed": bool}).join(sources(), on="source")


def decoder_scores() -> pd.DataFrame:
    """Scores of decoders: checkpoint (hub id), task, metric, value, standard_error (NaN: not given), and of
    `sources` the source with split, protocol (FINE_TUNED or DIRECT), citation.

    Of the metric `loss` less is better. Base and instruction-tuned models of a family are not independent.
    """
    wide = pd.read_csv(_HERE / "decoder_scores.csv")
    kinds = {"d01": "fine_tuned", "d02": "direct"}
    long = pd.concat(
        [
            wide[["checkpoint", "task"]].assign(
                value=wide[column], standard_error=wide[f"{column}_se"], source=source
            )
            for source, column in kinds.items()
        ],
        ignore_index=True,
    )
    long["metric"] = long["task"].map(_METRICS).fillna("accuracy")
    return long.join(sources(), on="source")


def encoder_selection() -> pd.DataFrame:
    """What estimators say of six encoders on eight tasks: task, method, pca_dimensions, checkpoint, value,
    seconds (mean over the checkpoints).

    The method "fine-tuned" is the score itself; those scores are the "plain" ones of `encoder_scores` again.
    """
    wide = pd.read_csv(_HERE / "encoder_selection.csv").astype({"pca_dimensions": "Int64"})
    keys = ["task", "method", "pca_dimensions", "seconds"]
    return wide.melt(keys, var_name="checkpoint", value_name="value")


def scores() -> pd.DataFrame:
    """All scores of real checkpoints, shaped as the store's table `scores`.

    The split names what of the protocol differs, so that readings of different protocols are different
    scores; subjects stand for no row of `checkpoints`: a checkpoint measured here is found by its name.
    """
    decoders = decoder_scores().assign(benchmark="LM-Harmony", formed=None)
    decoders["split"] = decoders["protocol"]
    encoders = encoder_scores().assign(benchmark="GLUE", standard_error=None)
    other = encoders["protocol"].where(
        encoders["protocol"] != "other", "other protocol (" + encoders["source"] + ")"
    )
    encoders["split"] = encoders["split"].where(other == "", encoders["split"] + ", " + other)
    notes = pd.DataFrame(
        {
            "average": encoders["task"].map({"glue_average": "as printed; its source says over which tasks"}),
            "runs": encoders["runs"],
            "split": encoders["split_stated"].map({True: "", False: "split not stated, taken as dev"}),
            "checkpoint": encoders["checkpoint_presumed"].map({True: "hub id presumed", False: ""}),
        }
    )
    rows = notes.fillna("").itertuples(index=False)
    encoders["formed"] = ["; ".join(filter(None, row)) or None for row in rows]
    both = pd.concat([decoders.astype({"standard_error": object}), encoders], ignore_index=True)
    columns = ["benchmark", "task", "metric", "value", "standard_error", "split", "formed"]
    return both[columns].assign(
        standard_error=pd.to_numeric(both["standard_error"]),
        subject="published:scores/" + both["checkpoint"],
        name=both["checkpoint"],
        source=both["citation"],
        origin="published",
    )
