"""Charts of decoders hold what the shipped tables say."""

from core.charts.decoders import accuracy, keys
from core.studies.decoder_figures import ALONE, KNNLM, LABEL_FREE, shipped


def test_every_key_is_a_point_and_the_model_alone_a_line() -> None:
    table = shipped(KNNLM)
    one = table[table["checkpoint"] == table["checkpoint"][0]]
    drawn = keys(one).to_dict()
    rows = {name: values for values in drawn["datasets"].values() for name in [len(values)]}
    assert set(rows) == {1, len(one) - 1}
    assert {row["key"] for row in rows[len(one) - 1]} == set(one["key"]) - {ALONE}
    assert "Dispersion over 100 chunks" in str(drawn)


def test_the_curve_has_its_mixtures_and_the_unlabelled_set() -> None:
    table = shipped(LABEL_FREE)
    one = table[table["checkpoint"] == table["checkpoint"][0]]
    drawn = accuracy(one, observed=0.04).to_dict()
    assert sorted(map(len, drawn["datasets"].values())) == [1, 11]
    assert len(accuracy(one).to_dict()["layer"]) == 3
