"""The push-away loss tried: a small decoder trained with it and without, on one domain or across two."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cache import samples, text_studies
from cache.paths import corpora_folder
from cache.requests import Progress, Request, Subject, a_file
from cache.results import Result
from cache.store import Store
from cache.tasks import Page, Task
from core.errors import InputError
from core.studies.push_away import CROSS, PRESETS, SINGLE, Comparison, Preset, Run, compare, runs

if TYPE_CHECKING:
    from core.training.loop import Recipe
    from core.training.texts import Blocks

VERSION = 1
SETTINGS = {SINGLE: "one domain, all pairs", CROSS: "two domains, pairs across them"}
PYTHON_CODE = "python-code"


@dataclass(frozen=True)
class PushAway(Request):
    """Train with the push-away loss and without; the subject is one of SETTINGS.

    preset: a key of PRESETS. text: a corpus or file. code: of the second domain, a file or PYTHON_CODE.
    column: of tables, the column with the text. seeds, pushes (λ): None are the preset's.
    """

    preset: str = "minutes"
    text: str = a_file("auto")
    code: str = a_file(PYTHON_CODE)
    column: str | None = None
    seeds: int | None = None
    pushes: tuple[float, ...] | None = None
    device: str = "auto"


@dataclass(frozen=True)
class KeptRun(Result):
    """One training, kept by itself, so that a study that was stopped goes on behind it."""

    run: Run


@dataclass(frozen=True)
class StudiedPushAway(Result):
    """What the loss changed.

    Attributes:
        subject: one of SETTINGS. preset: its name.
        domains: what people call the texts. tokens: that were trained on in each run.
        parameters: of the decoder. steps, batch, length: of its training.
        runs: every training. comparisons: of the chosen λ with none.
    """

    subject: str
    preset: str
    domains: list[str]
    tokens: int
    parameters: int
    steps: int
    batch: int
    length: int
    runs: list[Run]
    comparisons: list[Comparison]
    seconds: float
    cached: bool


def preset_of(request: PushAway, setting: str) -> Preset:
    """The sizes of a request. Errors: InputError for a preset, λ or number of seeds that cannot be."""
    if request.preset not in PRESETS:
        raise InputError(f"There is no preset {request.preset}: give one of {', '.join(PRESETS)}.")
    if setting not in SETTINGS:
        raise InputError(f"There is no setting {setting}: give one of {', '.join(SETTINGS)}.")
    preset = PRESETS[request.preset][setting == CROSS]
    pushes = preset.pushes if request.pushes is None else request.pushes
    seeds = preset.seeds if request.seeds is None else request.seeds
    if seeds < 1 or not pushes or min(pushes) <= 0:
        raise InputError("λ must be above 0, and there must be one seed at least: without λ is tried anyway.")
    return replace(preset, seeds=seeds, pushes=tuple(pushes))


def check(request: PushAway) -> None:
    """InputError for sizes that cannot be, and for texts that are not there."""
    preset_of(request, SINGLE)
    samples.source_of(request.text, request.column)
    if request.code != PYTHON_CODE:
        samples.source_of(request.code, request.column)


def study(
    store: Store, subject: Subject, request: PushAway, progress: Progress | None = None
) -> StudiedPushAway:
    """Every run of one setting; those that were kept are not trained again.

    Errors: InputError for a text that is not there or too short, and for a loss that is not finite.
    """
    from core.hidden_states.devices import resolve_device
    from core.training.decoders import made

    started = time.perf_counter()
    preset = preset_of(request, subject.name)
    tell = progress or (lambda stage, done, total, unit: None)
    tell("reading the text", 0, 0, "")
    domains, source = _domains(request, subject.name, preset)
    device = resolve_device(request.device)
    kept = 0

    def name_of(recipe: "Recipe") -> str:
        sizes = (asdict(preset.shape), preset.length, preset.marks)
        return text_studies.key_of("push-away", VERSION, source, sizes, asdict(recipe), device)

    def found(recipe: "Recipe") -> Run | None:
        nonlocal kept
        before = text_studies.find(store, KeptRun, name_of(recipe))
        kept += before is not None
        return None if before is None else before.run

    def keep(recipe: "Recipe", run: Run) -> None:
        text_studies.keep(store, name_of(recipe), KeptRun(run))

    sizes = text_studies.key_of(source, asdict(preset))
    state = store.folder / "training" / f"push-away-{subject.name}-{sizes}.safetensors"
    each = list(runs(domains, preset, device=device, found=found, keep=keep, state=state, progress=progress))
    result = StudiedPushAway(
        subject=subject.name,
        preset=request.preset,
        domains=[one.name for one in domains],
        tokens=preset.steps * preset.batch * preset.length,
        parameters=sum(p.numel() for p in made(preset.shape, 0).parameters()),
        steps=preset.steps,
        batch=preset.batch,
        length=preset.length,
        runs=each,
        comparisons=compare(each),
        seconds=time.perf_counter() - started,
        cached=kept == len(each),
    )
    text_studies.keep(store, text_studies.key_of(source, asdict(preset), device), result)
    return result


def _domains(request: PushAway, setting: str, preset: Preset) -> "tuple[list[Blocks], str]":
    """The blocks of each domain, and a key of what they were made from."""
    from core.training.texts import blocks, key, passages, trained_tokenizer

    names = [request.text, request.code] if setting == CROSS else [request.text]
    texts = {
        "Python source" if name == PYTHON_CODE else samples.title(name): passages(
            samples.chosen(name),
            column=request.column if name != PYTHON_CODE else None,
            folder=corpora_folder(),
            characters=preset.characters,
        )
        for name in names
    }
    tokenizer = trained_tokenizer(list(texts.values()), preset.shape.vocabulary)
    made = [blocks(name, each, tokenizer, preset.length) for name, each in texts.items()]
    return made, key(made)


def run(
    store: Store, subject: Subject, request: PushAway, progress: Progress, roots: Iterable[Path] | None
) -> StudiedPushAway:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress)


def title(request: PushAway, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"Push-away loss ({request.preset}): {', '.join(map(_called, subjects))}"


def _called(subject: Subject) -> str:
    return SETTINGS.get(subject.name, subject.name)


TASK = Task(
    name="push_away",
    request=PushAway,
    run=run,
    verb="Training on",
    title=title,
    page=lambda request: Page("papers", "Papers"),
    remedy="free some, or choose a smaller preset",
    check=check,
    called=_called,
)
