#!/usr/bin/python3
"""Makes tests/metrics/reference.json from scikit-learn (written for 1.2.1).

    /usr/bin/python3 tests/oracle/metrics.py > tests/metrics/reference.json

Inputs are rounded to three digits so that the file stays small; null stands for NaN.
"""
import json
import math
import sys
import warnings

import numpy as np
import sklearn
from sklearn import metrics as m

warnings.simplefilter("ignore")
rng = np.random.default_rng(20240607)


def number(x):
    x = float(x)
    return None if math.isnan(x) else x


def binary(name, y, s, w=None, threshold=0.5):
    y, s = np.asarray(y, float), np.asarray(s, float)
    p = (s > threshold).astype(int)
    both = len(set(y[np.asarray(w) > 0] if w is not None else y)) == 2
    tn, fp, fn, tp = m.confusion_matrix(y, p, labels=[0, 1], sample_weight=w).ravel()
    recalls = [r for r, n in ((tp / (tp + fn) if tp + fn else 0, tp + fn),
                              (tn / (tn + fp) if tn + fp else 0, tn + fp)) if n > 0]
    kw = dict(sample_weight=w, zero_division=0, labels=[0, 1], average=None)
    inside = s.min() >= 0 and s.max() <= 1
    fpr, tpr, cut = m.roc_curve(y, s, sample_weight=w, drop_intermediate=False)
    expect = {
        "tp": tp, "fp": fp, "fn": fn, "tn": tn,
        "roc_auc": m.roc_auc_score(y, s, sample_weight=w) if both else math.nan,
        "pr_auc": m.average_precision_score(y, s, sample_weight=w),
        "log_loss": m.log_loss(y, s, labels=[0, 1], sample_weight=w),
        "brier": m.brier_score_loss(y, s, pos_label=1, sample_weight=w) if inside else math.nan,
        "accuracy": m.accuracy_score(y, p, sample_weight=w),
        "balanced_accuracy": sum(recalls) / len(recalls),
        "precision": m.precision_score(y, p, **kw)[1],
        "recall": m.recall_score(y, p, **kw)[1],
        "specificity": m.recall_score(y, p, **kw)[0],
        "f1": m.f1_score(y, p, **kw)[1],
        "mcc": m.matthews_corrcoef(y, p, sample_weight=w),
    }
    if both and len(set(y)) == 2:
        assert abs(expect["balanced_accuracy"]
                   - m.balanced_accuracy_score(y, p, sample_weight=w)) < 1e-13
    case = {"name": name, "labels": y.astype(int).tolist(), "scores": s.tolist(),
            "weights": None if w is None else np.asarray(w, float).tolist(),
            "threshold": threshold, "expect": {k: number(v) for k, v in expect.items()}}
    if both:
        case["curve"] = [cut[1:].tolist(), tpr[1:].tolist(), fpr[1:].tolist()]
    return case


def binary_cases():
    out = []
    for i in range(40):
        n = int(rng.integers(2, 40))
        digits = int(rng.integers(1, 4))  # one digit: many ties
        y = (rng.random(n) < rng.random()).astype(int)
        s = np.clip(0.35 * y + rng.random(n) * 0.8, 0, 1).round(digits)
        w = None
        if i % 2:
            w = rng.choice([0.0, 0.25, 1.0, 2.5, 7.0, 1e-3], n)
            w[0] = 1.0
        out.append(binary(f"random {i}", y, s, w, round(float(rng.random()), 2)))
    n = 300
    y = (rng.random(n) < 0.2).astype(int)
    out.append(binary("larger", y, (0.2 * y + rng.random(n) * 0.8).round(3)))
    out.append(binary("larger, weighted", y, (0.2 * y + rng.random(n) * 0.8).round(3),
                      rng.exponential(1, n).round(3)))
    out.append(binary("all positive", [1, 1, 1], [0.2, 0.6, 0.9]))
    out.append(binary("all negative", [0, 0, 0], [0.2, 0.6, 0.9]))
    out.append(binary("one row", [1], [0.7]))
    out.append(binary("all tied", [0, 1, 1, 0], [0.5] * 4))
    out.append(binary("perfect", [0, 0, 1, 1], [0.0, 0.25, 0.75, 1.0]))
    out.append(binary("inverted", [0, 0, 1, 1], [1.0, 0.75, 0.25, 0.0]))
    out.append(binary("certain and wrong", [1, 0], [0.0, 1.0]))
    out.append(binary("nothing predicted positive", [1, 0, 1], [0.1, 0.2, 0.3]))
    out.append(binary("nothing predicted negative", [1, 0, 1], [0.8, 0.7, 0.9]))
    out.append(binary("score at the threshold is negative", [1, 0], [0.5, 0.25]))
    out.append(binary("negative zero ties with zero", [1, 0, 1], [-0.0, 0.0, 0.5]))
    out.append(binary("margins", [1, 0, 1, 0, 1], [2.5, -3.0, -0.5, 0.25, 40.0], None, 0))
    out.append(binary("weights leave one class", [1, 1, 0], [0.3, 0.6, 0.6], [1.0, 2.0, 0.0]))
    out.append(binary("tiny differences", [1, 0, 1], [1 / 3, 0.3333333333333333148, 1 / 3 + 6e-17]))
    return out


def regression(name, y, p, w=None):
    y, p = np.asarray(y, float), np.asarray(p, float)
    mse = m.mean_squared_error(y, p, sample_weight=w)
    expect = {"mse": mse, "rmse": math.sqrt(mse), "mae": m.mean_absolute_error(y, p, sample_weight=w),
              "r2": m.r2_score(y, p, sample_weight=w)}
    return {"name": name, "labels": y.tolist(), "predictions": p.tolist(),
            "weights": None if w is None else np.asarray(w, float).tolist(),
            "expect": {k: number(v) for k, v in expect.items()}}


def regression_cases():
    out = []
    for i in range(16):
        n = int(rng.integers(2, 30))
        y = (rng.normal(size=n) * 10.0 ** rng.integers(-2, 5)).round(3)
        p = (y + rng.normal(size=n) * np.abs(y).mean() * rng.random() * 2).round(3)
        w = rng.choice([0.0, 0.5, 1.0, 3.0], n) if i % 2 else None
        if w is not None:
            w[:2] = 1.0
        out.append(regression(f"random {i}", y, p, w))
    out.append(regression("constant labels", [3, 3, 3], [3, 3, 4]))
    out.append(regression("constant labels met", [3, 3, 3], [3, 3, 3]))
    out.append(regression("perfect", [1, 2, 3], [1, 2, 3]))
    out.append(regression("mean", [1, 2, 3], [2, 2, 2]))
    out.append(regression("one row", [1], [2]))
    out.append(regression("far from zero", [1e9 + 1, 1e9 + 2, 1e9 + 4], [1e9, 1e9 + 3, 1e9 + 4]))
    return out


def multiclass(name, y, s, w=None):
    y, s = np.asarray(y), np.asarray(s, float)
    k, p = s.shape[1], s.argmax(axis=1)
    labels = list(range(k))
    in_use = y if w is None else y[np.asarray(w) > 0]
    kw = dict(sample_weight=w, zero_division=0)
    area = math.nan
    if len(set(in_use)) == k:
        area = np.mean([m.roc_auc_score(y == c, s[:, c], sample_weight=w) for c in labels])
        if k > 2 and np.allclose(s.sum(axis=1), 1) and w is None:
            assert abs(area - m.roc_auc_score(y, s, multi_class="ovr", labels=labels)) < 1e-13
    expect = {"accuracy": m.accuracy_score(y, p, sample_weight=w),
              "log_loss": m.log_loss(y, s, labels=labels, sample_weight=w), "roc_auc_ovr": area}
    for average in ("macro", "weighted"):
        expect[average + "_precision"] = m.precision_score(y, p, average=average, **kw)
        expect[average + "_recall"] = m.recall_score(y, p, average=average, **kw)
        expect[average + "_f1"] = m.f1_score(y, p, average=average, **kw)
    return {"name": name, "n_classes": k, "labels": y.tolist(), "scores": s.ravel().tolist(),
            "weights": None if w is None else np.asarray(w, float).tolist(),
            "confusion": m.confusion_matrix(y, p, labels=labels, sample_weight=w).ravel().tolist(),
            "expect": {n: number(v) for n, v in expect.items()}}


def multiclass_cases():
    out = []
    for i in range(16):
        n, k = int(rng.integers(4, 30)), int(rng.integers(2, 6))
        y = rng.integers(0, k, n)
        s = rng.dirichlet(np.ones(k), n)
        s[np.arange(n), y] += rng.random(n) * 0.7
        s = (s / s.sum(axis=1, keepdims=True)).round(2)
        if i % 3:  # sums that are not quite 1 are normalised by log loss, after clipping
            s[:, -1] = (1 - s[:, :-1].sum(axis=1)).round(2)
        w = rng.choice([0.0, 0.5, 1.0, 3.0], n) if i % 2 else None
        if w is not None:
            w[0] = 1.0
        out.append(multiclass(f"random {i}", y, s, w))
    out.append(multiclass("absent class", [0, 1, 1], [[0.5, 0.5, 0], [0.2, 0.8, 0], [0.7, 0.3, 0]]))
    out.append(multiclass("tied scores", [0, 1, 2], [[1 / 3] * 3] * 3))
    out.append(multiclass("certain and wrong", [0, 1, 2], [[0, 1, 0], [0, 1, 0], [1, 0, 0]]))
    return out


json.dump({"made_by": "tests/oracle/metrics.py", "scikit_learn": sklearn.__version__,
           "binary": binary_cases(), "regression": regression_cases(),
           "multiclass": multiclass_cases()}, sys.stdout, separators=(",", ":"))
print()
