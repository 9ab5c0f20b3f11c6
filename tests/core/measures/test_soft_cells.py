"""The differentiable patchiness: exact gradients, the hard measure as its limit, and that it moves it."""

import numpy as np
import pytest
import torch

from core import quantizers
from core.errors import InputError
from core.measures.families import cells
from core.measures.quantized import Cells
from core.measures.soft_cells import soft_counts, soft_patchiness


@pytest.fixture(scope="module")
def cloud() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((300, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def product(cloud: np.ndarray) -> quantizers.Quantization:
    return quantizers.quantize("pq", cloud, M=2, k=8)


def tensors(made: quantizers.Quantization, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    return [torch.tensor(codebook, dtype=dtype) for codebook in made.codebooks]


def hard(vectors: np.ndarray, made: quantizers.Quantization) -> float:
    """Patchiness of the nearest-centroid codes of a product quantizer."""
    codes = [
        ((vectors[:, None, part] - codebook) ** 2).sum(2).argmin(1)
        for part, codebook in zip(made.parts, made.codebooks, strict=True)
    ]
    return cells.patchiness(
        Cells(vectors, quantizers.Quantization(np.stack(codes, 1), made.codebooks, made.parts))
    )


def test_gradients_reach_vectors_and_centroids() -> None:
    generator = torch.Generator().manual_seed(0)
    vectors, *codebooks = (
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in ((7, 5), (3, 2), (3, 3))
    )
    assert torch.autograd.gradcheck(lambda x, *books: soft_patchiness(x, books, 0.7), (vectors, *codebooks))
    additive = [
        torch.randn((3, 5), generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2)
    ]
    codes = torch.tensor([[0, 1], [2, 2], [1, 0], [0, 0], [2, 1], [1, 1], [0, 2]])
    assert torch.autograd.gradcheck(
        lambda x, *books: soft_patchiness(x, books, 0.7, codes=codes), (vectors, *additive)
    )


def test_counts_add_up_to_the_vectors(cloud: np.ndarray, product: quantizers.Quantization) -> None:
    counts = soft_counts(torch.tensor(cloud).double(), tensors(product), 1.0)
    torch.testing.assert_close(counts.sum(1), torch.full((2,), 300.0, dtype=torch.float64))


def test_tends_to_the_measure_as_the_temperature_falls(
    cloud: np.ndarray, product: quantizers.Quantization
) -> None:
    measure = cells.patchiness(Cells(cloud, product))
    x = torch.tensor(cloud).double()
    gaps = [abs(float(soft_patchiness(x, tensors(product), T)) - measure) for T in (1.0, 1e-2, 1e-6)]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 1e-6


def test_tends_to_the_additive_measure_too(cloud: np.ndarray) -> None:
    made = quantizers.quantize("lsq", cloud, M=2, k=8)
    measure = cells.patchiness(Cells(cloud, made))
    value = soft_patchiness(
        torch.tensor(cloud).double(), tensors(made), 1e-6, codes=torch.from_numpy(made.codes)
    )
    assert float(value) == pytest.approx(measure, abs=1e-4)


def test_at_infinite_temperature_all_cells_are_alike(
    cloud: np.ndarray, product: quantizers.Quantization
) -> None:
    value = soft_patchiness(torch.tensor(cloud).double(), tensors(product), 1e12)
    assert float(value) == pytest.approx(1 - 1 / (300 / 8), abs=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_following_its_gradient_moves_the_measure(
    sign: int, cloud: np.ndarray, product: quantizers.Quantization
) -> None:
    """Ascent makes the cloud patchier, descent evens it out, as counted by hard nearest-centroid codes."""
    x = torch.tensor(cloud, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.05)
    for _ in range(40):
        optimizer.zero_grad()
        (-sign * soft_patchiness(x, tensors(product, torch.float32), 0.5)).backward()
        optimizer.step()
    before, after = hard(cloud, product), hard(x.detach().numpy(), product)
    assert sign * (after - before) > 0.02


def test_centroids_can_be_trained_along(cloud: np.ndarray, product: quantizers.Quantization) -> None:
    codebooks = [codebook.requires_grad_() for codebook in tensors(product, torch.float32)]
    before = hard(cloud, product)
    optimizer = torch.optim.Adam(codebooks, lr=0.05)
    for _ in range(40):
        optimizer.zero_grad()
        soft_patchiness(torch.tensor(cloud), codebooks, 0.3).backward()
        optimizer.step()
    trained = quantizers.Quantization(
        product.codes, [codebook.detach().numpy() for codebook in codebooks], product.parts
    )
    assert hard(cloud, trained) < before - 0.02


def test_what_cannot_be_is_said(cloud: np.ndarray, product: quantizers.Quantization) -> None:
    x = torch.tensor(cloud).double()
    with pytest.raises(InputError) as caught:
        soft_patchiness(x, tensors(product), 0.0)
    assert str(caught.value) == "The temperature must be above 0, but is 0.0; the measure itself is at 0."
    with pytest.raises(InputError) as caught:
        soft_patchiness(x[:, :5], tensors(product), 1.0)
    assert str(caught.value) == (
        "Codebooks of widths 3, 3 do not fit vectors of 5 dimensions; "
        "without codes the widths must add up to them, with codes each must equal them."
    )
