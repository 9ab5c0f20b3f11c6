"""What the page says of a folder or hub id before a job is made of it."""

from pathlib import Path

import pytest

from cache.preflight import folder_facts, hub_problem
from core.errors import InputError
from tests import tiny


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    tiny.encoder(root / "fine")
    (root / "no-config").mkdir()
    (root / "pickled").mkdir()
    (root / "pickled/config.json").write_text('{"model_type": "bert"}')
    (root / "pickled/pytorch_model.bin").write_bytes(b"\x80")
    tiny.encoder(root / "cut")
    weights = root / "cut/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    return [root]


def test_facts_come_from_config_and_headers(roots: list[Path]) -> None:
    facts = folder_facts(roots[0] / "fine", roots)
    assert (facts.family, facts.kind, facts.layers, facts.width) == ("BERT", "encoder", 2, 32)


PROBLEMS = {
    "no-config": "{folder} is not a checkpoint: it has no config.json; give the folder that a "
    "model was saved to.",
    "pickled": "{folder} holds its weights only as pytorch_model.bin, a pickle that could run code when it "
    "is read: convert it where you trust it with the class that its config.json names under architectures "
    "(AutoModelForCausalLM, AutoModelForMaskedLM, …) and AutoTokenizer, "
    ".from_pretrained(folder).save_pretrained(new_folder) of each, and give the new folder.",
    "cut": "{folder}/model.safetensors is cut off or damaged: its header promises 112,512 bytes and it holds "
    "111,512; download or save it again.",
    "nowhere": "There is no folder {folder}: give the folder that a model was saved to.",
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_cannot_be_used_is_said_in_one_sentence(roots: list[Path], name: str) -> None:
    folder = roots[0] / name
    with pytest.raises(InputError) as error:
        folder_facts(folder, roots)
    assert str(error.value) == PROBLEMS[name].format(folder=folder)


def test_a_folder_outside_the_roots_is_refused_unseen(roots: list[Path], tmp_path: Path) -> None:
    (roots[0] / "link").symlink_to(tmp_path)
    for folder in (tmp_path, roots[0] / "link", roots[0] / ".."):
        with pytest.raises(InputError) as error:
            folder_facts(folder, roots)
        assert str(error.value) == (
            f"{folder} lies outside the folders that may be read ({roots[0]}): move it there, "
            "or add its parent to LATENT_SHORTLIST_ROOTS."
        )


def test_a_hub_id_is_told_from_nonsense_and_from_what_offline_cannot_reach() -> None:
    assert (
        hub_problem("a b", None)
        == "a b is no hub id: give it as org/model or org/model@revision, one a line."
    )
    assert hub_problem("org/model", None) == (
        "There is no folder org/model, and the hub is off (HF_HUB_OFFLINE is set) with org/model not among "
        "the models downloaded before: unset it, or give a local folder."
    )
