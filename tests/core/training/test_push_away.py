"""The push-away loss equals its definition over pairs, in value and gradient."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training.push_away import push_away_loss


def over_pairs(hidden: torch.Tensor, domain: torch.Tensor | None = None) -> torch.Tensor:
    """The definition: minus the mean of 1 − cos over the pairs that count."""
    states = torch.nn.functional.normalize(hidden.reshape(-1, hidden.shape[-1]), dim=-1)
    distances = 1 - states @ states.T
    if domain is None:
        counted = ~torch.eye(len(states), dtype=torch.bool)
    else:
        counted = domain[:, None] != domain[None, :]
    return -distances[counted].mean()


@given(n=st.integers(2, 24), d=st.integers(1, 9), seed=st.integers(0, 99), domains=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_equals_the_sum_over_pairs_in_value_and_gradient(n: int, d: int, seed: int, domains: int) -> None:
    torch.manual_seed(seed)
    hidden = torch.randn(n, d) * 10 ** torch.randn(n, 1)
    domain = torch.arange(n) % domains if domains > 1 else None
    if domain is not None and len(domain.unique()) < 2:
        return
    one, other = hidden.clone().requires_grad_(), hidden.double().requires_grad_()
    made, expected = push_away_loss(one, domain), over_pairs(other, domain)
    assert made.item() == pytest.approx(expected.item(), abs=1e-6)
    made.backward()
    expected.backward()
    # a gradient scales as 1 over the length of its state
    lengths = hidden.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(one.grad * lengths, other.grad.float() * lengths, atol=1e-6, rtol=0)


def test_autocast_does_not_round_it() -> None:
    torch.manual_seed(0)
    hidden = torch.randn(64, 8, 16)
    with torch.autocast("cpu", torch.bfloat16):
        inside = push_away_loss(hidden)
    assert inside.dtype == torch.float32 and inside.item() == push_away_loss(hidden).item()
    low = hidden.bfloat16()
    assert push_away_loss(low).item() == pytest.approx(over_pairs(low.double()).item(), abs=1e-6)


def test_a_domain_of_a_sequence_is_that_of_its_tokens() -> None:
    hidden = torch.randn(6, 5, 4)
    kinds = torch.tensor([0, 1, 1, 0, 2, 2])
    assert torch.equal(push_away_loss(hidden, kinds), push_away_loss(hidden, kinds[:, None].expand(6, 5)))


def test_without_a_pair_it_is_zero_and_has_a_gradient() -> None:
    hidden = torch.randn(3, 4, requires_grad=True)
    loss = push_away_loss(hidden, torch.zeros(3, dtype=torch.long)) + push_away_loss(hidden[:1])
    loss.backward()
    assert loss.item() == 0 and torch.equal(hidden.grad, torch.zeros(3, 4))


def test_no_step_of_it_grows_with_pairs() -> None:
    """60,000 states of 16 dimensions have 3.6e9 pairs; the memory of the largest tensor made is B·d."""
    sizes = []

    class Seen(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            made = func(*args, **(kwargs or {}))
            sizes.append(made.numel() if isinstance(made, torch.Tensor) else 0)
            return made

    with Seen():
        push_away_loss(torch.ones(60_000, 16), torch.arange(60_000) % 2)
    assert max(sizes) <= 60_000 * 16
