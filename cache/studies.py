"""What the shipped studies show: the latent-geometry paper from its data, and the project's own study.

Nothing of it depends on the store, so each is computed once a process; nobody may change what is returned.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from core.studies import latent_geometry, latent_geometry_print, own_study_findings
from core.studies.latent_geometry_figures import Panel, panels
from core.studies.own_study import shipped
from core.studies.own_study_findings import OwnFinding
from core.wording.latent_geometry import IDS, Finding, findings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Paper:
    """The figures and tables of the latent-geometry paper, from the data that its authors published.

    findings: by id, in the paper's order. comparisons: of every printed number with the data; see
    `core.studies.latent_geometry_print`. panels: of each figure, by id.
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


@cache
def paper() -> Paper:
    """The paper's findings; takes seconds the first time."""
    frame = latent_geometry.models()
    drawn = {name: panels(name, frame) for name in IDS if name.startswith("figure")}
    by_id = {finding.id: finding for finding in findings(frame)}
    return Paper(by_id, latent_geometry_print.comparisons(frame), drawn)


@cache
def own_study() -> OwnStudy:
    """The project's own study; takes seconds the first time."""
    long = shipped()
    models = latent_geometry.models()
    beside = own_study_findings.beside_the_paper(long, models)
    sentences = [
        *own_study_findings.agreement(beside),
        *own_study_findings.by_vectors(long),
        *own_study_findings.with_noise_fixed(long),
        *own_study_findings.architecture_helps(long, models),
        *own_study_findings.predicted_elsewhere(long),
        *own_study_findings.ranked_by_published(long, models),
    ]
    scores, texts = own_study_findings.protocols(long), own_study_findings.texts(long)
    scoring = "; ".join(f"{base}: {scores.get(base, 'no scores')}; {text}" for base, text in texts.items())
    return OwnStudy(own_study_findings.findings(long), beside, sentences, scoring, long["label"].nunique())


@cache
def ranked_by_published() -> list[str]:
    """How the published predictor ranks the checkpoints of the own study, one sentence a base."""
    return own_study_findings.ranked_by_published(shipped(), latent_geometry.models())
