#!/usr/bin/python3
"""Makes tests/forest/models: small XGBoost models of every kind with libxgboost's own answers.

Run by hand with xgboost 1.7.4:  /usr/bin/python3 -P tests/oracle/forest_models.py
For each model NAME: NAME.json, for some NAME.ubj; NAME.txt holds, line by line,
  rows columns outputs value_outputs trees
  the rows (%.9g, nan for missing), then margins, values, leaves, contributions (outputs x
  (columns + 1) a row), all row after row, each block after its name.
"""
import os

import numpy as np
import xgboost as xgb

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "forest", "models")
ROWS, COLUMNS = 40, 6
UBJ = ("logistic", "softprob", "categorical", "dart", "linear", "pruned")


def data(seed, n, missing=0.1, categorical=()):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, COLUMNS)).astype(np.float32)
    x[:, 1] = np.round(x[:, 1] * 2)
    for c in categorical:
        x[:, c] = rng.integers(0, 12 if c == 2 else 40, size=n)
    x[rng.random(x.shape) < missing] = np.nan
    z = np.nan_to_num(x)
    signal = z[:, 0] - 0.7 * z[:, 1] * (z[:, 3] > 0) + 0.3 * z[:, 4] ** 2
    for c in categorical:
        signal += 0.8 * np.isin(z[:, c], [1, 3, 4, 9, 17, 33])
    return x, signal + 0.3 * rng.normal(size=n)


def write(name, booster, x, dmatrix):
    booster.save_model(os.path.join(OUT, name + ".json"))
    if name in UBJ:
        booster.save_model(os.path.join(OUT, name + ".ubj"))
    linear = booster.attr("linear") == "1"
    margin = booster.predict(dmatrix, output_margin=True).reshape(len(x), -1)
    value = booster.predict(dmatrix).reshape(len(x), -1)
    leaf = np.zeros((len(x), 0)) if linear else booster.predict(dmatrix, pred_leaf=True)
    leaf = leaf.reshape(len(x), -1)
    contribs = booster.predict(dmatrix, pred_contribs=True).reshape(len(x), -1)
    with open(os.path.join(OUT, name + ".txt"), "w") as f:
        f.write(f"{len(x)} {x.shape[1]} {margin.shape[1]} {value.shape[1]} {leaf.shape[1]}\n")
        for title, block in (("rows", x), ("margins", margin), ("values", value),
                             ("leaves", leaf), ("contribs", contribs)):
            f.write(title + "\n")
            for row in block:
                f.write(" ".join("%.9g" % v for v in row) + "\n")


def make(name, params, label, rounds=6, categorical=(), names=None, **more):
    x, signal = data(len(name), 400, categorical=categorical)
    types = ["c" if i in categorical else "q" for i in range(COLUMNS)] if categorical else None
    kind = dict(feature_types=types, enable_categorical=bool(categorical), feature_names=names)
    train = xgb.DMatrix(x, label(signal), **kind)
    if params.get("objective") == "survival:aft":
        train.set_float_info("label_lower_bound", label(signal))
        train.set_float_info("label_upper_bound", label(signal))
    if params.get("objective", "").startswith("rank:"):
        train.set_group([20] * 20)
    params = {"max_depth": 4, "eta": 0.4, "seed": 7, "nthread": 1, **params}
    booster = xgb.train(params, train, rounds, **more)
    if params.get("booster") == "gblinear":
        booster.set_attr(linear="1")
    if "early" in name:
        valid = xgb.DMatrix(*data(99, 100))
        booster = xgb.train(params, train, 60, evals=[(valid, "v")], early_stopping_rounds=2,
                            verbose_eval=False)
    test, _ = data(1000 + len(name), ROWS, categorical=categorical)
    if categorical:  # values no split has seen, and ones that are no categories
        test[0, 2], test[1, 2], test[2, 2], test[3, 5] = 500, 31, 11.7, 39.5
    write(name, booster, test, xgb.DMatrix(test, **kind))


def binary(s): return (s > 0.3).astype(np.float32)
def real(s): return s.astype(np.float32)
def count(s): return np.maximum(np.round(np.exp(s / 2)), 0).astype(np.float32)
def positive(s): return np.exp(s / 2).astype(np.float32)
def three(s): return np.digitize(s, [-0.5, 0.8]).astype(np.float32)
def grade(s): return np.clip(np.digitize(s, [-0.5, 0.3, 1]), 0, 3).astype(np.float32)


def main():
    os.makedirs(OUT, exist_ok=True)
    make("logistic", {"objective": "binary:logistic", "base_score": 0.3}, binary,
         names=["age", "größe", "a b", "\"quoted\"", "x\\y", "naïve"])
    make("reg_logistic", {"objective": "reg:logistic"}, binary)
    make("logitraw", {"objective": "binary:logitraw", "base_score": 0.2}, binary)
    make("hinge", {"objective": "binary:hinge"}, binary)
    make("squared", {"objective": "reg:squarederror", "base_score": 1.5}, real)
    make("squaredlog", {"objective": "reg:squaredlogerror"}, positive)
    make("pseudohuber", {"objective": "reg:pseudohubererror"}, real)
    make("absolute", {"objective": "reg:absoluteerror"}, real)
    make("poisson", {"objective": "count:poisson"}, count)
    make("gamma", {"objective": "reg:gamma", "base_score": 2.5}, positive)
    make("tweedie", {"objective": "reg:tweedie", "tweedie_variance_power": 1.3}, positive)
    make("softprob", {"objective": "multi:softprob", "num_class": 3}, three)
    make("softmax", {"objective": "multi:softmax", "num_class": 3, "base_score": 0.9}, three)
    make("pairwise", {"objective": "rank:pairwise"}, grade)
    make("ndcg", {"objective": "rank:ndcg"}, grade)
    make("map", {"objective": "rank:map"}, binary)
    make("cox", {"objective": "survival:cox"}, positive)
    make("aft", {"objective": "survival:aft"}, positive)
    make("dart", {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.4,
                  "one_drop": 1}, binary, rounds=10)
    make("dart_multi", {"objective": "multi:softprob", "num_class": 3, "booster": "dart",
                        "rate_drop": 0.4, "one_drop": 1}, three)
    make("linear", {"objective": "binary:logistic", "booster": "gblinear"}, binary)
    make("linear_multi", {"objective": "multi:softprob", "num_class": 3, "booster": "gblinear"},
         three)
    make("categorical", {"objective": "binary:logistic", "tree_method": "hist",
                         "max_cat_to_onehot": 4}, binary, categorical=(2, 5))
    make("onehot", {"objective": "reg:squarederror", "tree_method": "approx",
                    "max_cat_to_onehot": 100}, real, categorical=(2, 5))
    make("parallel", {"objective": "binary:logistic", "num_parallel_tree": 3, "subsample": 0.6},
         binary, rounds=3)
    make("pruned", {"objective": "reg:squarederror", "tree_method": "exact", "gamma": 20,
                    "max_depth": 6}, real)
    make("lossguide", {"objective": "reg:squarederror", "tree_method": "hist", "max_depth": 0,
                       "grow_policy": "lossguide", "max_leaves": 40}, real, rounds=3)
    make("stumps", {"objective": "binary:logistic", "max_depth": 1}, binary, rounds=9)
    make("empty", {"objective": "binary:logistic", "base_score": 0.25}, binary, rounds=0)
    make("early", {"objective": "reg:squarederror"}, real)
    x, s = data(3, 400)
    y = np.stack([s, -s, s * s], axis=1).astype(np.float32)
    booster = xgb.train({"objective": "reg:squarederror", "max_depth": 3, "seed": 7},
                        xgb.DMatrix(x, y), 4)
    test, _ = data(77, ROWS)
    write("targets", booster, test, xgb.DMatrix(test))


main()
