#!/usr/bin/python3
"""What scikit-learn's inspection and (where it can be imported) the shap package take for the jobs of
bench_explain.lua, which runs this: peer_explain.py MODEL.json DATA.csv LABEL.csv COLUMN TRAIN.csv

Prints one JSON line of CPU seconds. The model is libxgboost's, on one thread; its predictions in place.
"""
import json
import sys
import time

import numpy as np
import xgboost as xgb
from sklearn.inspection import partial_dependence, permutation_importance


class Model:
    """The least that scikit-learn takes for a fitted binary classifier."""

    _estimator_type = "classifier"
    classes_ = np.array([0, 1])

    def __sklearn_is_fitted__(self):
        return True

    def __init__(self, path):
        self.booster = xgb.Booster({"nthread": 1})
        self.booster.load_model(path)
        self.booster.set_param({"nthread": 1})

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        p = self.booster.inplace_predict(np.asarray(x, dtype=np.float32), validate_features=False)
        return np.stack([1 - p, p], axis=1)

    def predict(self, x):
        return (self.predict_proba(x)[:, 1] > 0.5).astype(int)


def median_seconds(fn, runs=5):
    fn()
    times = []
    for _ in range(runs):
        start = time.process_time()
        fn()
        times.append(time.process_time() - start)
    return sorted(times)[runs // 2]


def shap_seconds(model, train, rows):
    try:
        import shap
    except ImportError:
        return None
    explainer = shap.KernelExplainer(lambda x: model.predict_proba(x)[:, 1], train[:100])
    start = time.process_time()
    explainer.shap_values(rows[:3], nsamples=2048, silent=True)
    return (time.process_time() - start) / 3


def main():
    path, data, label, column, train = sys.argv[1:]
    model = Model(path)
    x = np.genfromtxt(data, delimiter=",", skip_header=1, dtype=np.float32)
    y = np.genfromtxt(label, delimiter=",", skip_header=1).astype(int)
    background = np.genfromtxt(train, delimiter=",", skip_header=1, dtype=np.float32)
    grid = partial_dependence(model, x, [int(column)], grid_resolution=15, method="brute")
    result = {
        "dependence": median_seconds(lambda: partial_dependence(
            model, x, [int(column)], grid_resolution=15, method="brute")),
        "permutation": median_seconds(lambda: permutation_importance(
            model, x, y, scoring="roc_auc", n_repeats=5, random_state=0), runs=3),
        "kernel": shap_seconds(model, background, x),
        "values": grid["values"][0].tolist(), "averages": grid["average"][0].tolist(),
    }
    print(json.dumps(result))


main()
