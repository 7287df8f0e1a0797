#!/usr/bin/python3
"""Reference models and histories of Python's xgboost 1.7.4, for tests/xgboost/test_reference.c.

usage: /usr/bin/python3 -P tests/oracle/xgboost_train.py > tests/xgboost/reference.json

The data are made by the same small generator in C (tests/xgboost/sample.c); every value is a
multiple of 1/8, so both languages get the same floats."""
import json
import sys

import numpy as np
import xgboost as xgb

MASK = (1 << 64) - 1


class Generator:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return self.state >> 33


def sample(n_rows, n_columns, seed, kind):
    g = Generator(seed)
    x = np.empty((n_rows, n_columns), np.float32)
    y = np.empty(n_rows, np.float32)
    w = np.empty(n_rows, np.float32)
    for i in range(n_rows):
        for j in range(n_columns):
            value = (g.next() % 2000) / 8 - 125
            x[i, j] = np.nan if g.next() % 10 == 0 else value
        known = [0.0 if np.isnan(v) else float(v) for v in x[i, :3]]
        s = known[0] + 0.5 * known[1] - 0.25 * known[2] + (g.next() % 200) - 100
        y[i] = {"binary": s > 0, "real": s, "count": abs(s) // 40,
                "class": 0 if s < -60 else 1 if s < 60 else 2}[kind]
        w[i] = (1 + g.next() % 4) / 2
    return x, y, w


COMMON = [("eta", "0.5"), ("max_depth", "3"), ("subsample", "0.75"), ("colsample_bytree", "0.75"),
          ("seed", "7")]
CASES = [
    ("exact", "binary", True, 0, [("objective", "binary:logistic"), ("eval_metric", "auc"),
                                  ("eval_metric", "logloss"), ("eval_metric", "error@0.3")]),
    ("hist", "real", False, 0, [("objective", "reg:squarederror"), ("tree_method", "hist")]),
    ("approx", "count", True, 0, [("objective", "count:poisson"), ("tree_method", "approx")]),
    ("classes", "class", False, 0, [("objective", "multi:softprob"), ("num_class", "3"),
                                    ("eval_metric", "merror"), ("eval_metric", "mlogloss")]),
    ("dart", "binary", False, 0, [("objective", "binary:logistic"), ("booster", "dart"),
                                  ("rate_drop", "0.3"), ("eval_metric", "aucpr")]),
    ("forest", "binary", False, 0, [("objective", "binary:logistic"), ("tree_method", "hist"),
                                    ("num_parallel_tree", "3")]),
    ("stopped", "binary", False, 4, [("objective", "binary:logistic"), ("tree_method", "hist"),
                                     ("eval_metric", "auc"), ("eval_metric", "error@0.4")]),
    ("weighted", "binary", True, 0, [("objective", "reg:logistic"), ("eval_metric", "aucpr"),
                                     ("eval_metric", "rmse"), ("eval_metric", "mae"),
                                     ("eval_metric", "error@0.5"), ("tree_method", "hist")]),
    ("linear", "real", False, 0, [("objective", "reg:squarederror"), ("booster", "gblinear"),
                                  ("updater", "coord_descent"), ("eta", "0.5")]),
]


def train_case(name, kind, weighted, patience, params):
    linear = ("booster", "gblinear") in params
    params = params if linear else params + COMMON
    rounds = 30 if patience else 4
    sets = []
    for n, seed in ((300, 1), (120, 2)):
        x, y, w = sample(n, 5, seed, kind)
        names = ["f%d" % i for i in range(5)]
        sets.append(xgb.DMatrix(x, y, weight=w if weighted else None, feature_names=names))
    history = {}
    booster = xgb.train(params, sets[0], rounds, evals_result=history, verbose_eval=False,
                        evals=[(sets[0], "train"), (sets[1], "validation")],
                        early_stopping_rounds=patience or None)
    best = booster.best_iteration if patience else rounds - 1
    if patience:
        booster = booster[: best + 1]
    model = json.loads(booster.save_raw("json").decode())
    return {"name": name, "kind": kind, "weighted": weighted, "patience": patience,
            "rounds": rounds, "params": params, "best_round": best, "history": history,
            "gradient_booster": model["learner"]["gradient_booster"],
            "learner_model_param": model["learner"]["learner_model_param"],
            "objective": model["learner"]["objective"]}


def cv_case(name, params, patience):
    x, y, w = sample(300, 5, 3, "binary")
    folds = [([i for i in range(300) if i % 3 != f], [i for i in range(300) if i % 3 == f])
             for f in range(3)]
    metrics = [v for k, v in params if k == "eval_metric"]
    seeded = params + COMMON + [("seed_per_iteration", "1")]  # what wf always does
    result = xgb.cv(seeded, xgb.DMatrix(x, y, weight=w), 20, folds=folds, metrics=metrics,
                    early_stopping_rounds=patience or None, as_pandas=False)
    return {"name": name, "params": params + COMMON, "patience": patience, "rounds": 20,
            "result": result}


CV_CASES = [
    ("cv exact", [("objective", "binary:logistic"), ("eval_metric", "logloss"),
                  ("eval_metric", "auc")], 3),
    ("cv hist", [("objective", "binary:logistic"), ("eval_metric", "error"),
                 ("tree_method", "hist")], 0),
    ("cv approx", [("objective", "binary:logistic"), ("eval_metric", "aucpr"),
                   ("tree_method", "approx"), ("colsample_bynode", "0.5")], 2),
    ("cv dart", [("objective", "binary:logistic"), ("eval_metric", "ndcg"),
                 ("eval_metric", "map"), ("booster", "dart"), ("rate_drop", "0.5")], 0),
]

json.dump({"version": xgb.__version__, "train": [train_case(*case) for case in CASES],
           "cv": [cv_case(*case) for case in CV_CASES]}, sys.stdout, separators=(",", ":"))
print()
