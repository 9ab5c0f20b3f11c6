"""Sentences on text by its difficulty: each sign, and what is undefined."""

from core.studies.layers import MEASURES, LayerFigures
from core.studies.perplexity import Association, Curve
from core.wording.text_difficulty import (
    along_layers,
    between,
    clusters_between,
    coefficient,
    course,
    of_clusters,
)


def found(low: float | None, high: float | None, r: float | None = 0.5) -> Association:
    return Association(20, r, low, high, -0.25, -0.5, 0.125)


def shown(association: Association, last_token: bool = False) -> str:
    return course("small", "PTB", Curve(128, 5, last_token, [], association, found(0, 0)))


def test_a_course_is_said_as_found() -> None:
    assert shown(found(-0.75, -0.25, -0.5)) == (
        "Text that small predicts better is spread more widely, as the paper found of large models: "
        "r = −0.50 (95 % interval −0.75 to −0.25) over 20 bins of PTB, at layer 5."
    )
    assert shown(found(0.25, 0.75), last_token=True) == (
        "Tokens that small predicts better are spread less widely, the opposite of what the paper found: "
        "r = +0.50 (95 % interval +0.25 to +0.75) over 20 bins of PTB, after 128 tokens of context."
    )
    assert shown(found(-0.25, 0.75)) == (
        "Dispersion does not surely rise or fall with the perplexity of small: r = +0.50 (95 % interval "
        "−0.25 to +0.75) over 20 bins of PTB, at layer 5."
    )


def test_coefficients() -> None:
    assert coefficient(found(0.25, 0.75), "spearman") == "ρ = −0.25 (95 % interval −0.50 to +0.12)"
    assert coefficient(found(None, None)) == "r = +0.50 (too few for an interval)"
    assert coefficient(found(None, None, None)) == "r undefined"


def test_layers_say_where_a_measure_goes_with_perplexity_the_most() -> None:
    unsure = dict.fromkeys(MEASURES, found(-0.25, 0.75))
    figures = [
        LayerFigures(0, {}, unsure),
        LayerFigures(1, {}, unsure | {"curvature": found(-0.75, -0.25, -0.5)}),
    ]
    shown = along_layers("small", "PTB", figures)
    assert len(shown) == 5
    assert shown[0] == "Dispersion of small surely goes with perplexity on PTB at no layer."
    assert shown[4] == (
        "Curvature of small falls with perplexity on PTB the most at layer 1 of 1: r = −0.50 (95 % interval "
        "−0.75 to −0.25)."
    )
    assert along_layers("bert", "PTB", [LayerFigures(0, {}, {})]) == [
        "bert predicts nothing, so its layers are not set against perplexity."
    ]


def test_a_change_is_said_where_intervals_are_apart() -> None:
    low, middle, high = found(-0.75, -0.5, -0.625), found(-0.625, 0.25, 0.0), found(0.25, 0.75)
    assert between(("ep0", "ep3"), (low, high), "dispersion") == (
        "From ep0 to ep3 the correlation of dispersion at the last layer with perplexity goes from r = −0.62 "
        "(95 % interval −0.75 to −0.50) to r = +0.50 (95 % interval +0.25 to +0.75): the intervals are apart."
    )
    assert "overlap, so no change is shown" in between(("ep0", "ep3"), (low, middle), "dispersion")
    assert "overlap, so no change is shown" in between(("a", "b"), (found(None, None), high), "dispersion")


def test_clusters_are_said_with_their_sizes_and_what_changes() -> None:
    assert of_clusters("small", "PTB", (1500, 12, 10), 0.25, 0.5) == (
        "small on PTB, 1,500 clusters of 12 contexts before the same 10 tokens: mean cosine distance 0.250 "
        "within a cluster and 0.500 between them."
    )
    assert clusters_between(("ep0", "ep3"), (0.25, 0.5), (0.125, 0.25)) == (
        "From ep0 to ep3 the distance within clusters rises from 0.250 to 0.500 and that between them rises "
        "from 0.125 to 0.250, as the paper found during training."
    )
    assert clusters_between(("ep0", "ep3"), (0.5, 0.25), (0.125, 0.25)).endswith(
        "falls from 0.500 to 0.250 and that between them rises from 0.125 to 0.250, where the paper found "
        "both to rise."
    )
