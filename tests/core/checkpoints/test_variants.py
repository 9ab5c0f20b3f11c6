"""Variants of checkpoints: what a recipe changes, what it leaves, and that it gives the same bits."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoints import loading, variants
from core.checkpoints import resolve as checkpoints
from core.errors import InputError
from tests import tiny


def weights(name: str) -> dict[str, torch.Tensor]:
    model = loading.load_model(checkpoints.resolve(name), "cpu", torch.float32)
    return {key: value.clone() for key, value in model.state_dict().items()}


def differing(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> set[str]:
    return {key for key in a if not torch.equal(a[key], b[key])}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.encoder(tmp_path_factory.mktemp("base") / "encoder", seed=1))


def test_noise_of_nothing_is_the_checkpoint_itself(base: str) -> None:
    plain, none = checkpoints.resolve(base), checkpoints.resolve(f"{base}+noise:0:111")
    assert none == plain
    assert differing(weights(base), weights(f"{base}+noise:0:222")) == set()


def test_noise_changes_every_weight_of_the_layers_and_nothing_else(base: str) -> None:
    changed = differing(weights(base), weights(f"{base}+noise:0.1:111"))
    expected = {key for key in weights(base) if key.startswith("encoder.layer") and key.endswith(".weight")}
    assert changed == expected
    assert any("LayerNorm" in key for key in changed)


def test_noise_follows_equation_1_with_the_same_draw_at_every_fraction(base: str) -> None:
    key = "encoder.layer.0.attention.self.query.weight"
    plain, noise = weights(base)[key], weights(f"{base}+noise:1:111")[key]
    mixed = weights(f"{base}+noise:0.3:111")[key]
    assert torch.allclose(mixed, 0.7 * plain + 0.3 * noise, atol=1e-6)


def test_whole_noise_is_standard_normal(minilm: Path) -> None:
    from scipy.stats import kstest

    made = weights("minilm+noise:1:333")
    values = np.concatenate(
        [
            made[f"encoder.layer.{layer}.attention.self.{part}.weight"].ravel().numpy()[:20_000]
            for layer in range(3)
            for part in ("query", "value")
        ]
    )
    assert kstest(values, "norm").pvalue > 0.001
    assert kstest(0.98 * values, "norm").pvalue < 0.001  # so that the test above can fail


def test_a_recipe_gives_the_same_bits_and_fingerprint_and_another_seed_others(base: str) -> None:
    one, again, other = (checkpoints.resolve(f"{base}+noise:0.05:{seed}") for seed in (111, 111, 222))
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert one.fingerprint != checkpoints.resolve(base).fingerprint
    assert not differing(weights(f"{base}+noise:0.05:111"), weights(f"{base}+noise:0.05:111"))
    assert differing(weights(f"{base}+noise:0.05:111"), weights(f"{base}+noise:0.05:222"))


def test_shuffling_permutes_the_rows_of_the_input_embedding_alone(base: str) -> None:
    plain, made = weights(base), weights(f"{base}+shuffled:111")
    key = "embeddings.word_embeddings.weight"
    assert differing(plain, made) == {key}
    assert torch.equal(plain[key].sort(dim=0).values, made[key].sort(dim=0).values)


def test_untrained_keeps_the_input_embedding_and_reinitialised_does_not(base: str) -> None:
    plain, key = weights(base), "embeddings.word_embeddings.weight"
    kept, fresh = weights(f"{base}+untrained:111"), weights(f"{base}+reinitialised:111")
    assert torch.equal(kept[key], plain[key])
    assert not torch.equal(fresh[key], plain[key])
    query = "encoder.layer.0.attention.self.query.weight"
    assert torch.equal(kept[query], fresh[query])
    assert abs(float(fresh[query].std()) - 0.02) < 0.002  # BERT's own initialisation


def test_an_input_embedding_can_be_borrowed_with_its_tokenizer(base: str, tmp_path: Path) -> None:
    other = tiny.encoder(tmp_path / "other", seed=5)
    made = checkpoints.resolve(f"{base}+embeddings-of:{other}")
    key = "embeddings.word_embeddings.weight"
    assert torch.equal(weights(f"{base}+embeddings-of:{other}")[key], weights(str(other))[key])
    assert made.borrowed is not None
    assert made.borrowed.folder == other
    assert made.name == "encoder, input embedding of other"


def test_an_input_embedding_of_another_width_is_refused(base: str, material: Path) -> None:
    other = material / "checkpoints" / "llama-stories260k"
    with pytest.raises(InputError) as refused:
        checkpoints.resolve(f"{base}+embeddings-of:{other}")
    assert str(refused.value) == (
        "The input embedding of llama-stories260k has width 64 and encoder has width 32: borrow from a "
        "checkpoint of the same width."
    )


@pytest.mark.parametrize("recipe", ["noise", "noise:x:1", "noise:0.1:1:2", "shuffled:one", "embeddings-of:"])
def test_a_recipe_that_cannot_be_followed_is_told(base: str, recipe: str) -> None:
    with pytest.raises(InputError) as refused:
        checkpoints.resolve(f"{base}+{recipe}")
    assert str(refused.value) == (
        f"{base}+{recipe} is no variant of a checkpoint: write {variants.FORMS} after the plus sign."
    )


def test_a_fraction_of_noise_above_one_is_refused(base: str) -> None:
    with pytest.raises(InputError, match=r"asks for a fraction of noise of 1\.5: give one from 0 to 1\.$"):
        checkpoints.resolve(f"{base}+noise:1.5:111")


def test_a_folder_with_a_plus_sign_in_its_name_is_a_folder(tmp_path: Path) -> None:
    folder = tiny.encoder(tmp_path / "a+noise")
    assert checkpoints.resolve(str(folder)).recipe is None


def test_decoders_are_perturbed_too(tmp_path: Path) -> None:
    folder = tiny.gpt2(tmp_path / "gpt2")
    changed = differing(weights(str(folder)), weights(f"{folder}+noise:0.2:111"))
    assert changed
    assert all(key.startswith("h.") and key.endswith(".weight") for key in changed)


def test_a_variant_must_lie_under_the_allowed_roots(base: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outside the folders that may be read"):
        checkpoints.resolve(f"{base}+shuffled:111", roots=[tmp_path])
