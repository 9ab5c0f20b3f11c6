"""What the shipped studies show: the latent-geometry paper from its data, and the project's own study.

Nothing of it depends on the store, so each is computed once a process; nobody may change what is returned.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache.remembered import once
from core.studies import (
    estimators,
    labelled_study,
    latent_geometry,
    latent_geometry_print,
    own_study_findings,
    size_and_loss,
)
from core.studies.latent_geometry_figures import Panel, panels
from core.studies.own_study import shipped
from core.studies.own_study_pictures import OwnFinding, pictures
from core.wording import estimators as estimator_words
from core.wording import own_study as words
from core.wording.latent_geometry import IDS, Finding, findings
from core.wording.latent_geometry_print import commented

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Paper:
    """The figures and tables of the latent-geometry paper, from the data that its authors published.

    findings: by id, in the paper's order. comparisons: of every printed number with the data; see
    `core.wording.latent_geometry_print`. panels: of each figure, by id.
    """

    findings: dict[str, Finding]
    comparisons: "pd.DataFrame"
    panels: dict[str, list[Panel]]


@dataclass(frozen=True)
class OwnStudy:
    """The project's own study, as far as it has been run.

    findings: its figures. beside: Pearson's r of each measure with the score, the paper's and ours.
    sentences: what follows. scoring: which scores and text, by base. checkpoints: how many.
    """

    findings: list[OwnFinding]
    beside: "pd.DataFrame"
    sentences: list[str]
    scoring: str
    checkpoints: int


@once
def paper() -> Paper:
    """The paper's findings; takes seconds the first time."""
    frame = latent_geometry.models()
    drawn = {name: panels(name, frame) for name in IDS if name.startswith("figure")}
    by_id = {finding.id: finding for finding in findings(frame)}
    return Paper(by_id, commented(latent_geometry_print.comparisons(frame), frame), drawn)


@once
def own_study() -> OwnStudy:
    """The project's own study; takes seconds the first time."""
    long = shipped()
    models = latent_geometry.models()
    beside = own_study_findings.beside_the_paper(long, models)
    scoring = words.protocol(own_study_findings.protocols(long), own_study_findings.texts(long))
    return OwnStudy(
        pictures(long),
        beside,
        words.sentences(long, models, beside),
        scoring,
        long["label"].nunique(),
    )


@dataclass(frozen=True)
class LabelStudy:
    """What estimators are worth: the shipped summary, size and loss of the decoders beside it, and what
    follows of them and of measures taken again of checkpoints that were made again."""

    summary: "pd.DataFrame"
    size_and_loss: "pd.DataFrame"
    sentences: list[str]


@once
def label_study() -> LabelStudy:
    """Estimators that use labels beside geometry, size and loss; takes a second the first time."""
    again = estimators.measured_again(shipped(), labelled_study.shipped())
    summary = estimators.shipped()
    sentences = [] if summary.empty else estimator_words.sentences(summary)
    sentences += estimator_words.on_measuring_again(again)
    return LabelStudy(summary, size_and_loss.size_and_loss(), sentences)


@once
def ranked_by_published() -> list[str]:
    """How the published predictor ranks the checkpoints of the own study, one sentence a base."""
    ranked = own_study_findings.ranked_by_published(shipped(), latent_geometry.models())
    return [words.ranked_by_published(one) for one in ranked]
