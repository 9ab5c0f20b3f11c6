"""Predict scores from measures: reference, predictors, intervals, applicability domain, ranking.

A reference holds checkpoints whose score is known. A predictor is fitted to it and predicts others, each with
an interval from held-out errors and the reasons why the reference does not cover it:

>>> import pandas as pd
>>> from core.prediction import Reference, estimator, rank
>>> known = pd.DataFrame({"eee": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "family": [*"aabbcc"],
...                       "my_task": [0.52, 0.55, 0.61, 0.64, 0.70, 0.73]})
>>> candidates = pd.DataFrame({"eee": [0.25, 0.45, 0.90], "family": [*"abc"]}, index=["x", "y", "z"])
>>> model = estimator("linear", ["eee"]).fit(Reference(known, score="my_task"))
>>> ranking = rank(model, model.predict(candidates), k=1)
>>> print(ranking[["predicted", "low", "high", "rank"]].round(2))
   predicted   low  high  rank
y       0.67  0.65  0.68   1.0
x       0.58  0.57  0.60   2.0
z       0.87  0.85  0.88   NaN
>>> ranking.loc["z", "reasons"]
(Reason(code='outside_range', values={'measure': 'eee', 'value': 0.9, 'low': 0.1, 'high': 0.6}),)
"""

from core.prediction.model import LEVEL, Estimator, Model
from core.prediction.predictions import Predictions, predict
from core.prediction.predictors import DEFAULT, LINEAR, PREDICTORS, estimator
from core.prediction.ranking import chances, rank
from core.prediction.reference import Reference, nonstandard, perturbed, perturbed_reference
from core.reasons import Reason

__all__ = [
    "DEFAULT",
    "LEVEL",
    "LINEAR",
    "PREDICTORS",
    "Estimator",
    "Model",
    "Predictions",
    "Reason",
    "Reference",
    "chances",
    "estimator",
    "nonstandard",
    "perturbed",
    "perturbed_reference",
    "predict",
    "rank",
]
