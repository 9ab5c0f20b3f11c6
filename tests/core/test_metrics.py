"""What a metric measures, by its name."""

import pytest

from core import reference
from core.metrics import Scale, scale_of


@pytest.mark.parametrize(
    ("metric", "scale"),
    [
        ("accuracy", Scale.SHARE),
        ("acc_norm", Scale.SHARE),
        ("macro-F1", Scale.SHARE),
        ("pass@1", Scale.SHARE),
        ("mean of accuracy and F1", Scale.SHARE),
        ("matthews", Scale.CORRELATION),
        ("mean of Pearson and accuracy", Scale.CORRELATION),
        ("eval_loss", Scale.LOSS),
        ("cross-entropy", Scale.LOSS),
        ("word error rate", Scale.LOSS),
        ("Perplexity", Scale.PERPLEXITY),
        ("BLEU", None),
        ("accuracy or loss", None),
        ("", None),
    ],
)
def test_a_metric_is_known_by_its_words(metric: str, scale: Scale | None) -> None:
    assert scale_of(metric) is scale


def test_scales_say_what_is_better_and_what_a_score_can_be() -> None:
    better = [scale for scale in Scale if scale.higher_is_better]
    assert better == [Scale.SHARE, Scale.CORRELATION]
    assert [scale.limits for scale in Scale] == [(0, 1), (-1, 1), None, None]


def test_every_published_score_has_a_known_scale_within_whose_limits_it_lies() -> None:
    scores = reference.scores()
    for metric, values in scores.groupby("metric")["value"]:
        scale = scale_of(str(metric))
        assert scale is not None and scale.limits is not None, metric
        assert values.between(*scale.limits).all(), metric
