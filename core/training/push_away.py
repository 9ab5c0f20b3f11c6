"""The push-away loss: hidden states of different texts are moved apart while a model learns.

Source: "On the predictive power of representation dispersion in language models", §3.4: minus the mean
cosine distance of all pairs of a batch, or of the pairs from different domains alone. There it is a sum over
pairs; here a closed form of sums of vectors, O(B·d), which never builds the B × B matrix.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def push_away_loss(hidden: "torch.Tensor", domain: "torch.Tensor | None" = None) -> "torch.Tensor":
    """Minus the mean pairwise cosine distance of hidden states, a scalar from −2 to 0 to be added to a loss.

    Arguments:
        hidden: (..., d), any floating type; computed in float32, under autocast too. A state of length 0 has
            distance 1 to every other.
        domain: integers, one a state (...) or one a sequence, the first axes of `hidden`: only pairs of
            different domains count. None: all pairs.

    Returns 0 where there is no pair: fewer than two states, or one domain only.

    Example, in a training loop of one's own:

        output = model(input_ids=ids, labels=ids, output_hidden_states=True)
        loss = output.loss + 0.1 * push_away_loss(output.hidden_states[-1])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    """
    import torch

    with torch.autocast(hidden.device.type, enabled=False):
        units = torch.nn.functional.normalize(hidden.float(), dim=-1, eps=1e-12)
        if domain is None:
            states = units.reshape(-1, units.shape[-1])
            pairs = len(states) * (len(states) - 1)
            same = (states * states).sum()  # each with itself: 1, or 0 for a state of length 0
            total = states.sum(0)
        else:
            kind = domain.reshape(domain.shape + (1,) * (units.ndim - 1 - domain.ndim))
            kind = kind.expand(units.shape[:-1]).reshape(-1)
            states = units.reshape(-1, units.shape[-1])
            _, place, counts = kind.unique(return_inverse=True, return_counts=True)
            pairs = len(states) ** 2 - int((counts**2).sum())
            sums = states.new_zeros(len(counts), states.shape[-1]).index_add(0, place, states)
            same = (sums * sums).sum()  # all pairs within a domain
            total = sums.sum(0)
        if pairs == 0:
            return (units * 0).sum()
        return (total @ total - same) / pairs - 1
