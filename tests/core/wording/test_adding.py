"""Sentences of the page Add."""

from core.wording import adding


def test_how_far_a_score_is_from_a_prediction() -> None:
    assert adding.needed("t", False, 0, 8) == "t: no measured checkpoint has it yet; a prediction needs 8."
    assert adding.needed("t", True, 1, 8) == (
        "t: 1 measured checkpoint has it; 7 more are needed for a prediction."
    )
    assert adding.needed("t", True, 7, 8) == (
        "t: 7 measured checkpoints have it; 1 more is needed for a prediction."
    )
    assert adding.needed("t", True, 8, 8) == (
        "t: 8 measured checkpoints have it, so it is predicted for the others."
    )


def test_what_is_said_of_files() -> None:
    assert adding.not_measured(["a", "b"], {"a": "A"}) == [
        "a is not measured here; did you mean A?",
        "Not measured here: b. Such values are kept and count once that is done.",
    ]
    assert adding.ready(1, 1, 0, "scores") == "1 score of 1 checkpoint, none of 1 measured here."
    assert adding.imported(1, "covariates") == "Imported 1 covariate."
    assert adding.problems(2, 5) == (
        "2 things have to be put right before anything is imported; 5 other values can be read."
    )
    assert adding.twice(["m.csv"]) == "Dropped twice: m.csv. The later one counts."


def test_settings_unlike_those_before() -> None:
    pairs = [("500 sequences", "1,000 sequences"), ("layer 3", "the last layer")]
    assert adding.unlike(16, pairs) == (
        "Unlike 16 checkpoints measured before: 500 sequences instead of 1,000 sequences and layer 3 instead "
        "of the last layer. Such values do not compare."
    )


def test_where_pages_read_files() -> None:
    assert adding.where_read(["/a", "/b"]) == "Pages read files under /a and /b (LATENT_SHORTLIST_ROOTS)."
    assert adding.where_read([]).startswith("Pages read files under no folder; none is set")
