"""Size and time of a job, from what was measured before."""

import pandas as pd

from cache.cost import estimate

CHECKPOINTS = pd.DataFrame({"subject": ["a"], "parameters_without_embeddings": [9_000_000]})
CLOUDS = pd.DataFrame({"subject": ["a"], "tokens": [1_000], "seconds": [2.0]})


def test_without_an_earlier_extraction_no_time_is_promised() -> None:
    guess = estimate(CLOUDS[:0], CHECKPOINTS, [(9_000_000, 384)], sequences=1000)
    assert (guess.tokens, guess.cloud_bytes, guess.seconds) == (23_300, 23_300 * 384 * 4, None)


def test_the_same_checkpoint_takes_as_long_a_token_as_it_did() -> None:
    guess = estimate(CLOUDS, CHECKPOINTS, [(9_000_000, 384)], sequences=1000)
    assert guess.seconds == 23_300 * 2.0 / 1_000


def test_time_adds_up_over_models_and_repeats_and_size_does_not() -> None:
    one = estimate(CLOUDS, CHECKPOINTS, [(9_000_000, 384)], sequences=1000)
    six = estimate(CLOUDS, CHECKPOINTS, [(9_000_000, 384)] * 2, sequences=1000, repeats=3)
    assert one.seconds is not None and six.seconds is not None
    assert abs(six.seconds - 6 * one.seconds) < 1e-9
    assert six.cloud_bytes == one.cloud_bytes


def test_a_second_pass_takes_as_long_again_and_no_more_disk() -> None:
    one, two = (estimate(CLOUDS, CHECKPOINTS, [(9_000_000, 384)], sequences=1000, passes=n) for n in (1, 2))
    assert one.seconds is not None and two.seconds == 2 * one.seconds
    assert (two.tokens, two.cloud_bytes) == (one.tokens, one.cloud_bytes)


def test_one_vector_a_sequence_is_kept_where_one_is_asked_for() -> None:
    guess = estimate(CLOUDS, CHECKPOINTS, [(1, 10)], sequences=1000, position="last")
    assert guess.cloud_bytes == 1000 * 10 * 4
