"""Whether sequences may share a batch and threads a model: tried on the model at hand, before it is run.

Some models mix what stands beside a sequence in its batch into its states (a Fourier transform or a
convolution that knows of no mask); some keep a state of their own between modules, which another thread
overwrites. Two short sequences run alone, padded together, and in two threads that take turns say so.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from core.errors import InputError
from core.hidden_states.batches import Budget, pad

Run = Callable[[np.ndarray, np.ndarray | None], np.ndarray]

# Norm of a token's difference, of its norm, that is rounding. In float32 a batch changed states of trained
# models by up to 2e-6, in bfloat16 by up to 0.02 (five times its spacing).
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.1}
_TOKENS = 15  # odd, so that pooling over pairs of tokens reaches beside the shorter sequence


@dataclass(frozen=True)
class Sharing:
    """What may be shared: a batch by sequences of any lengths, or of one; the model by so many threads.

    `note`: what is not shared and why, or None where all is.
    """

    lengths: bool
    batch: bool
    threads: int
    note: str | None

    def budget(self, budget: Budget) -> Budget:
        """The batches that may be made of what `budget` allows."""
        if self.lengths:
            return budget
        return Budget(budget.most if self.batch else 1, 0)


def tried(model: Any, run: Run, ids: np.ndarray, *, workers: int, precision: str, name: str) -> Sharing:
    """What the runs of a model may share.

    model: the module that `run` calls. run: ids (b, t) and mask (b, t) or None → states (…, b, t, d).
    ids: (t,) of the longest sequence, whose first tokens are used. workers: threads that are to run the
    model; one needs no trial. precision: a key of TOLERANCES. name: how the note calls the model.
    """
    tolerance = TOLERANCES[precision]
    first = ids[:_TOKENS]
    second = first[::-1][: max(1, 3 * len(first) // 4)]
    switches = _switches_positions(getattr(model, "config", None), len(ids))
    alone = [_together(run, [one])[0] for one in (first, second)]

    def harmless(sequences: list[np.ndarray], expected: list[np.ndarray]) -> bool:
        try:
            return _equal(_together(run, sequences), expected, tolerance)
        except MemoryError:
            raise
        except Exception:  # a model that cannot take a mask, or a batch: it is run without
            return False

    lengths = not switches and harmless([first, second], alone)
    batch = lengths or harmless([second, second[::-1]], [alone[1], _together(run, [second[::-1]])[0]])
    sizes = (2, 3) if batch else (1, 1)  # a state kept for two rows fits three no better than three fit two
    threads = workers == 1 or (
        not switches
        and _equal(
            _in_turns(model, run, [[first] * sizes[0], [second] * sizes[1]]),
            [alone[0]] * sizes[0] + [alone[1]] * sizes[1],
            tolerance,
        )
    )
    notes = []
    if not lengths:
        others = "sequences of other lengths" if batch else "other sequences"
        how = "only sequences of equal length share one" if batch else "each sequence is run alone"
        notes.append(f"the states of {name} depend on {others} in a batch, so {how}")
    if not threads:
        notes.append(f"two runs of {name} at once change each other's states, so it is run in one thread")
    return Sharing(lengths, batch, workers if threads else 1, "; ".join(notes) or None)


@contextmanager
def repeatable(run: Run, ids: np.ndarray, name: str) -> Iterator[None]:
    """Refuse a model that drew random numbers in the runs within, where two runs on `ids` (t,) differ.

    Reformer hashes with new random directions each time unless its config sets hash_seed.
    Errors: InputError, after the runs.
    """
    before = _random_state()
    yield
    if _random_state() == before:
        return
    first, second = (run(ids[None], None)[..., 0, :, :] for _ in range(2))
    if not _equal([first], [second], TOLERANCES["float32"]):
        raise InputError(
            f"The states of {name} differ from one run to the next, since the model draws random numbers: "
            "set the seed that its config.json may have (hash_seed of a Reformer), or measure vectors that "
            "you extracted yourself."
        )


def _random_state() -> list[bytes]:
    """What changes where random numbers are drawn."""
    import torch

    states = [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [])]
    return [state.numpy().tobytes() for state in states]


def _together(run: Run, sequences: list[np.ndarray]) -> list[np.ndarray]:
    """The states (…, t, d) of each sequence, run in one batch."""
    starts = np.concatenate([[0], np.cumsum([len(one) for one in sequences])])
    states = run(*pad(np.concatenate(sequences), starts, np.arange(len(sequences))))
    return [states[..., i, : len(one), :] for i, one in enumerate(sequences)]


def _equal(states: list[np.ndarray] | None, expected: list[np.ndarray], tolerance: float) -> bool:
    """Whether states of each sequence agree with those expected; NaN states, refused elsewhere, do."""
    if states is None:
        return False
    for ours, alone in zip(states, expected, strict=True):
        if not np.isfinite(alone).all():
            continue
        apart, norms = np.linalg.norm(ours - alone, axis=-1), np.linalg.norm(alone, axis=-1)
        if not (apart <= tolerance * norms).all():
            return False
    return True


def _in_turns(model: Any, run: Run, batches: list[list[np.ndarray]]) -> list[np.ndarray] | None:
    """The states of two batches whose threads change over at module after module; None where one fails.

    Left to the system, two threads might meet in the one place that matters once in a thousand runs.
    """
    import torch

    gates = [threading.Semaphore(1), threading.Semaphore(0)]
    turn, ended = threading.local(), list[int]()

    def change_over(*_: Any) -> None:
        if not ended:
            gates[1 - turn.own].release()
            gates[turn.own].acquire()

    def work(own: int) -> list[np.ndarray]:
        turn.own = own
        gates[own].acquire()
        try:
            return _together(run, batches[own])
        finally:
            ended.append(own)
            gates[1 - own].release()

    hooks = [module.register_forward_pre_hook(change_over) for module in model.modules()]
    try:
        with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return [*chain.from_iterable(pool.map(work, (0, 1)))]
    except MemoryError:
        raise
    except Exception:
        return None
    finally:
        for hook in hooks:
            hook.remove()


def _switches_positions(config: Any, longest: int) -> bool:
    """Whether the longest sequence of a batch decides how positions are encoded in it (LongRoPE)."""
    rope = getattr(config, "rope_parameters", None) or {}
    kinds = [one for one in (rope, *rope.values()) if isinstance(one, dict)]  # one a kind of layer, or one
    return any(
        one.get("rope_type") == "longrope" and longest > one.get("original_max_position_embeddings", longest)
        for one in kinds
    )
