"""Pre-training of a small encoder of the project's own study, one an objective, into a folder."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cache import samples
from cache.paths import corpora_folder
from cache.requests import Pretrain, Progress, Subject
from cache.store import Store
from cache.tasks import Task

TOKENIZER = "tokenizer"


def run(
    store: Store, subject: Subject, request: Pretrain, progress: Progress, roots: Iterable[Path] | None
) -> None:
    """Pre-train the encoder of the objective that the subject names, into its folder, unless it is there."""
    from filelock import FileLock

    from core.corpora.sources import load
    from core.studies import pretraining

    out = Path(subject.path or subject.name)
    if out.exists():
        return
    progress("reading the text", 0, 0, "")
    texts = load(samples.chosen(request.corpus), folder=corpora_folder()).texts
    plan = pretraining.Plan(objective=subject.name)
    with FileLock(out.parent / "tokenizer.lock"):
        place = out.parent / TOKENIZER
        if not place.exists():
            made = out.parent / f".tmp-{TOKENIZER}"
            pretraining.train_tokenizer(texts, made, plan.vocabulary)
            made.rename(place)
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(place, local_files_only=True)
    pretraining.pretrain(texts, tokenizer, out, plan, progress)


def title(request: Pretrain, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"Pre-training: {', '.join(subject.name for subject in subjects)}"


TASK = Task(name="pretrain", request=Pretrain, run=run, verb="Pre-training", title=title)
