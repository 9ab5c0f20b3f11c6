"""Sentences on references: what a number of bytes rests on stands beside it."""

from core.reference.members import NAMES
from core.wording import references


def test_a_download_says_what_its_number_rests_on() -> None:
    assert references.download(0, 0, 0, 0) == "nothing"
    assert references.download(3, 0, 0, 0) == ("3 checkpoints of a size not known before the hub is asked")
    assert references.download(1, 1, 0, 140_000_000) == (
        "about 140 MB for 1 checkpoint (1 judged by the number of parameters)"
    )
    assert references.download(3, 3, 3, 4_200_000_000) == (
        "4.2 GB for 3 checkpoints (3 as listed on the hub)"
    )
    assert references.download(9, 7, 2, 1_000_000) == (
        "at least about 1 MB for 9 checkpoints (2 as listed on the hub, 5 judged by the number of "
        "parameters and 2 not known)"
    )


def test_how_far_a_reference_is_measured() -> None:
    assert references.measured(0, 0, {}) == "none"
    assert references.measured(0, 61, {}) == "none of 61"
    assert references.measured(2, 61, {"eee": 2, "vrm": 1}) == "2 of 61, 2 measures (1 of them on each)"
    assert references.measured(2, 2, {"eee": 2}) == "all 2, 1 measure"


def test_parameters_say_of_how_many_they_are_known() -> None:
    assert references.parameters(0, 0, 0) == ""
    assert references.parameters(0, 0, 5) == "not known"
    assert references.parameters(6_000_000_000, 45, 104) == "6B in 45 of 104"
    assert references.parameters(6_000_000_000, 4, 4) == "6B"


def test_every_reference_has_a_title() -> None:
    assert set(NAMES) < set(references.TITLES)


def test_a_plan_says_what_is_left_out_and_why() -> None:
    assert references.plan("decoders", 61, 0, 0, 0) == "All 61 decoders are measured so already."
    assert references.plan("decoders", 61, 61, 61, 0) == "All 61 decoders lack measures: 61 to measure."
    assert references.plan("decoders", 61, 60, 12, 2) == (
        "60 of 61 decoders lack measures, 48 are larger than asked for, 2 cannot be had from the hub: 10 to "
        "measure."
    )


def test_a_budget_stands_beside_the_download() -> None:
    assert references.budget("8 GB for 9 checkpoints", 20_000_000_000, kept=False) == (
        "To download: 8 GB for 9 checkpoints. At most 20 GB of weights lie on the disk at a time; they are "
        "deleted after each checkpoint."
    )


def test_where_nothing_can_be_had_the_first_reason_stands_for_all() -> None:
    assert references.none_to_be_had(1, "A is gone.") == "A is gone."
    assert references.none_to_be_had(3, "A is gone.") == (
        "The hub gives none of these 3 checkpoints; of the first: A is gone."
    )
