#!/usr/bin/python3
"""Compares the steps of wf's recipes with scikit-learn (written for 1.2.1) and pandas over random training and test frames.

    /usr/bin/python3 tests/peers/recipes.py build/lua/wf --seed 1 --cases 500 [--only scale]

Fitted on one frame, applied to another that holds values the first has not. What wf does otherwise on purpose is said in the
docstring of each check; features are float32. The Lua side also compares single rows and a recipe read again, bit by bit.
"""
import math
import sys
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
from sklearn import preprocessing as pre
from sklearn.impute import SimpleImputer

import frames
from frames import Column, column, quoted

warnings.simplefilter("ignore")
CHECKS = {}
TEXTS = ["a", "b", "ab", "é", "z z", "10"]


def check(f):
    CHECKS[f.__name__] = f
    return f


def numbers(r, n, missing=0.2):
    return Column("x", "f64", [None if r.random() < missing else r.choice([r.gauss(0, 3), r.randint(-4, 4) / 2]) for _ in range(n)])


def texts(r, n, missing=0.2, extra=()):
    return Column("s", r.choice(["string", "category"]), [None if r.random() < missing else r.choice(TEXTS + list(extra)) for _ in range(n)])


def both(r, make, **test):
    """A training and a test column; the first holds at least one value."""
    train = make(r, r.choice([1, 2, 5, 20, 60]))
    if all(v is None for v in train.values):
        train.values[0] = 1.5 if train.type == "f64" else "a"
    return train, make(r, r.choice([1, 7]), **test)


def array(c):
    return np.array([math.nan if v is None else v for v in c.values], dtype=float).reshape(-1, 1)


def of_array(name, values):
    return [(name, [None if math.isnan(v) else float(v) for v in np.asarray(values, dtype=float).ravel()])]


@check
def scale(r):
    """A constant column is divided by 1, as in scikit-learn."""
    train, test = both(r, numbers)
    how, scaler = r.choice([("standard", pre.StandardScaler()), ("minmax", pre.MinMaxScaler()), ("robust", pre.RobustScaler())])
    scaler.fit(array(train))
    return [train], [test], 'recipe.new():scale("x", "%s")' % how, of_array("x", scaler.transform(array(test)))


@check
def impute(r):
    train, test = both(r, numbers)
    how, name = r.choice([("mean", "mean"), ("median", "median"), ("mode", "most_frequent")])
    imputer = SimpleImputer(strategy=name).fit(array(train))
    return [train], [test], 'recipe.new():impute("x", "%s")' % how, of_array("x", imputer.transform(array(test)))


@check
def impute_text(r):
    train, test = both(r, texts)
    present = [v for v in train.values if v is not None]
    mode = min(set(present), key=lambda v: (-present.count(v), v.encode()))
    filled = [mode if v is None else v for v in test.values]
    order = sorted(set(present), key=str.encode)
    want = [("s", [float(order.index(v)) if v in order else None for v in filled])]
    return [train], [test], 'recipe.new():impute("s", "mode"):ordinal("s")', want


@check
def one_hot(r):
    """By OneHotEncoder(handle_unknown="ignore"); a missing value is a category when it is given a name, else all are 0."""
    train, test = both(r, texts, extra=["new"])
    order = sorted({v for v in train.values if v is not None}, key=str.encode)
    encoder = pre.OneHotEncoder(categories=[order], handle_unknown="ignore", sparse_output=False)
    filled = lambda c: np.array([["?" if v is None else v] for v in c.values], dtype=object)
    encoder.fit(np.array([[v] for v in order], dtype=object))
    encoded = encoder.transform(filled(test))
    return [train], [test], 'recipe.new():one_hot("s")', [("s_" + v, list(encoded[:, j])) for j, v in enumerate(order)]


@check
def ordinal(r):
    """Unseen values are missing."""
    train, test = both(r, texts, extra=["new"])
    order = sorted({v for v in train.values if v is not None}, key=str.encode)
    encoder = pre.OrdinalEncoder(categories=[order], handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    encoder.fit(np.array([[v] for v in order], dtype=object))
    encoded = encoder.transform(np.array([["?" if v is None else v] for v in test.values], dtype=object)).ravel()
    return [train], [test], 'recipe.new():ordinal("s")', [("s", [None if v < 0 else v for v in encoded])]


@check
def rare(r):
    """Kept are texts with at least `least` rows, as OneHotEncoder(min_frequency) has it; unseen ones are rare."""
    train, test = both(r, texts, extra=["new"])
    least = r.choice([1, 2, 5, 100])
    present = [v for v in train.values if v is not None]
    kept = {v for v in present if present.count(v) >= least}
    lump = lambda v: None if v is None else v if v in kept else "other"
    order = sorted({lump(v) for v in present}, key=str.encode)
    want = [("s_" + name, [float(lump(v) == name) for v in test.values]) for name in order]
    return [train], [test], 'recipe.new():rare("s", { least = %d }):one_hot("s")' % least, want


@check
def frequency(r):
    train, test = both(r, texts, extra=["new"])
    share = pd.Series(train.values, dtype=object).value_counts(normalize=True)
    want = [("s", [None if v is None else float(share.get(v, 0)) for v in test.values])]
    return [train], [test], 'recipe.new():frequency("s")', want


@check
def target(r):
    train, test = both(r, texts, extra=["new"])
    y = Column("y", "f64", [float(r.randint(0, 3)) for _ in train.values])
    m = r.choice([0, 1, 10])
    df = pd.DataFrame({"s": train.values, "y": y.values}).dropna()
    mean, groups = df.y.mean(), df.groupby("s").y.agg(["sum", "count"])
    rate = {k: (v["sum"] + m * mean) / (v["count"] + m) for k, v in groups.iterrows()}
    want = [("s", [None if v is None else rate.get(v, mean) for v in test.values])]
    return [train, y], [test], 'recipe.new():target("s", "y", { smoothing = %d })' % m, want


@check
def clip(r):
    train, test = both(r, numbers)
    q = r.choice([0.05, 0.25])
    low, high = np.nanquantile(array(train), [q, 1 - q])
    return [train], [test], 'recipe.new():clip("x", { quantile = %g })' % q, of_array("x", np.clip(array(test), low, high))


@check
def bins(r):
    """By KBinsDiscretizer where edges are distinct; wf puts each edge once, so repeated ones make fewer parts."""
    train, test = both(r, numbers, missing=0)
    n, how = r.randint(2, 5), r.choice(["width", "quantile"])
    x = array(train)[~np.isnan(array(train))]
    if how == "width":
        edges = np.linspace(x.min(), x.max(), n + 1)[1:-1] if x.min() < x.max() else []
    else:
        edges = np.unique(np.quantile(x, np.arange(1, n) / n))
    edges = [e for e in edges if e > x.min()]
    want = [("x", [None if v is None else float(sum(v >= e for e in edges)) for v in test.values])]
    near = [v for v in test.values if v is not None for e in edges if abs(v - e) < 1e-9 * (1 + abs(e)) and v != e]
    if len(x) > 5 and len(edges) == n - 1 and all(v is not None for v in test.values) and not near:
        binner = pre.KBinsDiscretizer(n, encode="ordinal", strategy="uniform" if how == "width" else "quantile", subsample=None)
        binner.fit(x.reshape(-1, 1))
        inside = np.clip(array(test), x.min(), x.max())
        assert list(binner.transform(inside).ravel()) == want[0][1] or how == "width"
    return [train], [test], 'recipe.new():bin("x", { n = %d, how = "%s" })' % (n, how), want


@check
def quantile(r):
    """By QuantileTransformer: places among the training data's quantiles, the middle where they are equal. Knots are exact here;
    in scikit-learn rounding may tell repeated values apart, so there it is compared where none repeat."""
    train, test = both(r, numbers)
    n = r.choice([2, 5, 1000])
    if len(set(train.values) - {None}) < 2:
        train.values += [-7.5, 9.25]
    n = min(n, sum(v is not None for v in train.values))
    x = sorted(v for v in train.values if v is not None)
    knots = [float(np.interp(float(Fraction(i * (len(x) - 1), n - 1)), range(len(x)), x)) for i in range(n)]

    def place(v):
        if v is None or v <= knots[0] or v >= knots[-1]:
            return v if v is None else float(v > knots[0])
        equal = [i for i in range(n) if knots[i] == v]
        if equal:
            return (equal[0] + equal[-1]) / 2 / (n - 1)
        i = sum(k < v for k in knots) - 1
        return (i + (v - knots[i]) / (knots[i + 1] - knots[i])) / (n - 1)
    want = [("x", [place(v) for v in test.values])]
    if len(set(x)) == len(x):
        t = pre.QuantileTransformer(n_quantiles=n, subsample=10**9).fit(array(train))
        assert np.allclose(t.transform(array(test)), np.array(want[0][1], dtype=float).reshape(-1, 1), atol=1e-9, equal_nan=True)
    return [train], [test], 'recipe.new():quantile("x", { n = %d })' % n, want


@check
def power(r):
    """By PowerTransformer(yeo-johnson, standardize=False) with wf's lambda; that it is the likeliest is checked by likelihood."""
    train, test = both(r, numbers)
    return [train], [test], 'recipe.new():power("x")', ("power", array(train), array(test))


@check
def log(r):
    train, test = both(r, numbers)
    with np.errstate(all="ignore"):
        x = array(test)
        return [train], [test], 'recipe.new():log("x")', of_array("x", np.where(x > -1, np.log1p(np.maximum(x, -0.999999999)), np.nan))


@check
def dates(r):
    train, test = (column(r, "t", "timestamp", n, missing=0.2) for n in (3, 7))
    t = pd.Series(pd.to_datetime([math.nan if v is None else v for v in test.values], unit="us"))
    parts = {"year": t.dt.year, "month": t.dt.month, "weekday": t.dt.weekday + 1, "hour": t.dt.hour}
    want = [("t_" + k, [None if math.isnan(x) else float(x) for x in v]) for k, v in parts.items()]
    return [train], [test], 'recipe.new():date("t", { "year", "month", "weekday", "hour" })', want


def likelihood(x, lam):
    t = pre._data.stats.yeojohnson(x, lam)
    return -len(x) / 2 * math.log(max(t.var(), 1e-300)) + (lam - 1) * (np.sign(x) * np.log1p(np.abs(x))).sum()


def check_power(answer, train, test):
    """wf's features are a Yeo-Johnson transform, and its lambda is about as likely as the likeliest."""
    if "error" in answer:
        return "error: " + answer["error"]
    from scipy import stats
    pre._data.stats = stats
    x = train[~np.isnan(train)]
    if len(np.unique(x)) < 3:
        return None  # any lambda will do
    best = pre.PowerTransformer(standardize=False).fit(train).lambdas_[0]
    want = stats.yeojohnson(test[~np.isnan(test)], best)
    got = np.array([float(v) for v in answer["columns"][0]["values"] if v is not None])
    if np.allclose(got, want, rtol=2e-3, atol=2e-3):
        return None
    fits = [lam for lam in np.linspace(-5, 5, 20001) if np.allclose(stats.yeojohnson(test[~np.isnan(test)], lam), got, rtol=1e-3, atol=1e-3)]
    if fits and max(likelihood(x, lam) for lam in fits) >= likelihood(x, best) - 1e-3:
        return None
    return "power: %s, not %s (lambda %g)" % (got, want, best)


def make_case(name, r):
    train, test, code, want = CHECKS[name](r)
    case = {"train": [frames.wire(c) for c in train], "test": [frames.wire(c) for c in test], "code": code,
            "exclude": [c.name for c in train if c.name == "y"]}
    return case, want


def differs(answer, want):
    if isinstance(want, tuple):
        return check_power(answer, want[1], want[2])
    rounded = [(name, [None if v is None else float(np.float32(v)) for v in values]) for name, values in want]
    return frames.differs(answer, rounded, 1e5)  # to 1e-6


if __name__ == "__main__":
    sys.exit(frames.compare("recipes.lua", CHECKS, make_case, differs))
