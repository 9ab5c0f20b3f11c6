"""config.json: reading it, and refusing a model that the installed transformers cannot build.

Importing transformers and its table of model types takes seconds and brings torch along, so the table of the
version that the requirements pin is kept beside this module, and transformers itself is asked only about
types that are not in it. So are the list of types whose output matrix is one of its own where their config
does not say, and what the classes of a type call their input embedding. `python -m core.checkpoints.config`
writes them anew; a test compares them.
"""

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.checkpoints.architecture import INPUT_EMBEDDINGS
from core.errors import InputError

MODEL_TYPES = Path(__file__).with_name("model_types.txt")
UNTIED_TYPES = Path(__file__).with_name("untied_types.txt")
INPUT_NAMES = Path(__file__).with_name("input_embeddings.txt")
_EMBEDDING = re.compile(r"self\.(\w+) = (?:nn\.|\w+)Embedding\(")  # nn.Embedding, BartScaledWordEmbedding
_PART = re.compile(r'base_model_prefix = "(\w+)"')

# Keys that say where or by what a file was written, not what the model is.
_INCIDENTAL = ("_name_or_path", "name_or_path", "transformers_version", "_commit_hash")


def read_config(folder: Path) -> dict[str, Any]:
    """The parsed config.json of a checkpoint folder; InputError if it is absent or is not a JSON object."""
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder} is not a checkpoint: it has no config.json; give the folder that a model was saved to."
        )
    return read_json(folder / "config.json")


def read_json(file: Path) -> dict[str, Any]:
    """The JSON object in a file; InputError if it holds anything else."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{file} is damaged: it should hold one JSON object; download or save it again.")
    return value


def canonical(config: dict[str, Any]) -> str:
    """A config as text, equal for equal models: keys sorted, without where and by what it was saved."""
    kept = {key: value for key, value in config.items() if key not in _INCIDENTAL}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)


def check(name: str, config: dict[str, Any]) -> None:
    """Refuse a model that the installed transformers cannot build, before anything large is read.

    name: what messages call the checkpoint.
    Errors: InputError for a config without model type, and for a type that transformers does not know.
    """
    kind = config.get("model_type")
    if not kind:
        raise InputError(
            f"{name} does not say what it is: its config.json has no model_type; save it again with "
            "transformers."
        )
    if kind in _shipped() or kind in installed_model_types():
        if foreign := [one for one in _own_classes(config) if not _installed(one)]:
            raise InputError(
                f"{name} brings its own model code ({foreign[0]}, by auto_map in its config.json), which is "
                f"never run here and may compute other states than the {kind} of transformers: use a version "
                "without it, or take auto_map out of config.json if the plain model is meant."
            )
        return
    if "auto_map" in config:
        raise InputError(
            f"{name} brings its own model code (model type {kind}), which is never run here: "
            "use a version of it that transformers supports itself."
        )
    raise InputError(
        f"{name} is of model type {kind}, which the installed transformers does not know: upgrade "
        "transformers, or measure vectors you extracted yourself."
    )


def code_left_aside(name: str, config: dict[str, Any]) -> str | None:
    """A note on model code that a checkpoint brings and that has the classes of transformers, or None."""
    if not (named := _own_classes(config)):
        return None
    return (
        f"{name} brings its own model code ({named[0]}, by auto_map in its config.json), which is never run: "
        "it is measured as the class of that name in transformers"
    )


def _own_classes(config: dict[str, Any]) -> list[str]:
    """The classes of models and configs that auto_map names, such as modeling_own.OwnModel, models first."""
    mapped = config.get("auto_map")
    entries = mapped.items() if isinstance(mapped, dict) else ()
    kept = {
        key: str(value) for key, value in entries if key.startswith(("AutoModel", "AutoConfig")) and value
    }
    return [kept[key] for key in sorted(kept, key=lambda key: (key == "AutoConfig", key))]


def _installed(named: str) -> bool:
    """Whether transformers exports a class of that name; importing it takes a second, without torch."""
    import transformers

    return named.rpartition(".")[2] in dir(transformers)


@cache
def _shipped() -> frozenset[str]:
    return frozenset(MODEL_TYPES.read_text(encoding="utf-8").split())


@cache
def installed_model_types() -> frozenset[str]:
    """The model types that the installed transformers can build, from the table that it exports.

    Importing it takes seconds.
    """
    from transformers import CONFIG_MAPPING

    return frozenset(CONFIG_MAPPING.keys())


def is_tied(config: dict[str, Any]) -> bool:
    """Whether the output matrix of a model is its input embedding, by its config or its type's default."""
    text = config.get("text_config") or config
    declared = config.get("tie_word_embeddings", text.get("tie_word_embeddings"))
    return text.get("model_type") not in _untied() if declared is None else bool(declared)


@cache
def _untied() -> frozenset[str]:
    return frozenset(UNTIED_TYPES.read_text(encoding="utf-8").split())


def input_names(model_type: str) -> frozenset[str]:
    """What the classes of a model type call their embeddings, such as wte; empty where that is not known."""
    return frozenset(name for name in _input_names().get(model_type, ()) if not name.endswith("."))


def is_foreign(part: str, model_type: str) -> bool:
    """Whether a part of a model, such as `roberta`, is named after a type and by no class of `model_type`."""
    known = _input_names().get(model_type)
    return known is not None and part in _shipped() and part != model_type and f"{part}." not in known


@cache
def _input_names() -> dict[str, frozenset[str]]:
    rows = (line.split() for line in INPUT_NAMES.read_text(encoding="utf-8").splitlines())
    return {kind: frozenset(names) for kind, *names in rows}


def write_input_names(file: Path = INPUT_NAMES) -> None:
    """Write what each model type's own source calls its embeddings to a file, a type a line.

    So is a part of its models that is named after a type, with a dot: `camembert roberta. word_embeddings`.
    """
    from transformers.models.auto.configuration_auto import model_type_to_module_name

    spec = find_spec("transformers")
    assert spec is not None and spec.origin is not None
    sources = Path(spec.origin).parent / "models"
    rows = []
    for kind in sorted(installed_model_types()):
        module = model_type_to_module_name(kind)
        source = sources / module / f"modeling_{module}.py"
        text = source.read_text(encoding="utf-8") if source.is_file() else ""
        parts = set(_PART.findall(text)) & installed_model_types() - {kind}
        if kept := sorted(set(_EMBEDDING.findall(text)) & set(INPUT_EMBEDDINGS)):
            rows.append(" ".join([kind, *(f"{part}." for part in sorted(parts)), *kept]))
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_table(file: Path = MODEL_TYPES) -> None:
    """Write the model types of the installed transformers to a file, one a line."""
    file.write_text("\n".join(sorted(installed_model_types())) + "\n", encoding="utf-8")


def write_untied(file: Path = UNTIED_TYPES) -> None:
    """Write the model types that transformers unties unless their config says otherwise, one a line."""
    from transformers import CONFIG_MAPPING
    from transformers.utils import logging

    logging.set_verbosity_error()  # what it says of its own defaults
    untied = []
    for kind in CONFIG_MAPPING.keys():  # noqa: SIM118 - a lazy mapping, which imports what is asked for
        try:
            made = CONFIG_MAPPING[kind]()
        except Exception:
            continue
        if getattr(made, "tie_word_embeddings", None) is False:
            untied.append(kind)
    file.write_text("\n".join(sorted(untied)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_table()
    write_untied()
    write_input_names()
