#!/usr/bin/python3
"""Compares the verbs of wf's frames with pandas (written for 1.5.3) over random frames.

    /usr/bin/python3 tests/peers/frames.py build/lua/wf --seed 1 --cases 2000 [--only join]

Each check below makes random frames, the Lua text that works on them, and what should come out: by pandas where it means the
same, else by a few plain lines of Python, and then the docstring says in what wf differs on purpose. Differences are printed
with the case that shows them; the exit status is 1 when there are any.
"""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

TEXTS = ["", "a", "b", "A", "ab", "é", "日本", "🎉", "a-b", " a ", "zz", "NA", "\n", "a,b"]
HERE = os.path.dirname(os.path.abspath(__file__))
CHECKS = {}
warnings.simplefilter("ignore")


def check(f):
    CHECKS[f.__name__] = f
    return f


# ---- random frames ------------------------------------------------------------------------------

class Column:
    """A name, a type of wf and values, None where missing."""

    def __init__(self, name, type, values):
        self.name, self.type, self.values = name, type, values

    def series(self):
        v = self.values
        if self.type in ("i64", "i32"):
            return pd.array(v, dtype="Int64" if self.type == "i64" else "Int32")
        if self.type in ("f64", "f32"):
            return np.array([math.nan if x is None else x for x in v], dtype=float)
        if self.type == "bool":
            return pd.array(v, dtype="boolean")
        return np.array([None if x is None else x for x in v] + [None], dtype=object)[:-1]


def value(r, type, special):
    if type in ("i64", "i32"):
        if special and r.random() < 0.1:
            return r.choice([2**31 - 1, -2**31] if type == "i32" else [2**63 - 1, -2**63, 2**53 + 1, -2**53 - 1])
        return r.randint(-3, 5)
    if type in ("f64", "f32"):
        if special and r.random() < 0.15:
            return r.choice([math.inf, -math.inf, -0.0, 0.0, math.nan])
        return r.choice([0.5, -1.25, 3.0, 1e6, 0.0, r.randint(-8, 8) / 4])
    if type == "bool":
        return r.random() < 0.5
    if type == "timestamp":
        return r.randint(-2**45, 2**51)
    return r.choice(TEXTS)


def column(r, name, type, n, special=False, missing=None):
    missing = r.choice([0, 0, 0.2, 0.5, 1]) if missing is None else missing
    return Column(name, type, [None if r.random() < missing else value(r, type, special) for _ in range(n)])


def rows(r):
    return r.choice([0, 1, 2, 3, 5, 8, 13, 40])


def pandas_of(columns):
    n = len(columns[0].values) if columns else 0
    return pd.DataFrame({c.name: c.series() for c in columns}, index=range(n))


def plain(x):
    """A pandas value as a Python one, None where missing."""
    if x is None or x is pd.NA or x is pd.NaT:
        return None
    if isinstance(x, (float, np.floating)):
        return None if math.isnan(x) else float(x)
    return x.item() if isinstance(x, np.generic) else x


def of_pandas(df):
    return [(str(name), [plain(x) for x in df[name]]) for name in df.columns]


# ---- comparing ----------------------------------------------------------------------------------

def wire(c):
    def cell(x):
        if isinstance(x, float) and (math.isnan(x) or math.isinf(x) or (x == 0 and math.copysign(1, x) < 0)):
            return {"nan": "nan", "inf": "inf", "-inf": "-inf", "-0.0": "-0"}[str(x)]
        return x
    return {"name": c.name, "type": c.type, "values": [cell(x) for x in c.values]}


def same(got, want, close):
    if want is None or got is None:
        return want is got
    if isinstance(want, bool):
        return got == ("true" if want else "false")
    if isinstance(want, int):
        return got in (str(want), "%.17g" % want)
    if isinstance(want, float):
        try:
            x = float(got)
        except ValueError:
            return False
        if math.isnan(want) or math.isinf(want):
            return x == want or (math.isnan(x) and math.isnan(want))
        return x == want or (close and abs(x - want) <= 1e-11 * max(abs(want), close))
    return got == want


def differs(answer, want, close):
    """What is different between wf's answer and [(name, values)], or an error's text; None when nothing is."""
    if isinstance(want, str):
        if "error" in answer and want in answer["error"]:
            return None
        return "an error with %r was expected, got %s" % (want, json.dumps(answer)[:400])
    if "error" in answer:
        return "error: " + answer["error"]
    got = answer["columns"]
    if want and want[0][0] is not None and [c["name"] for c in got] != [name for name, _ in want]:
        return "columns %s, not %s" % ([c["name"] for c in got], [name for name, _ in want])
    for c, (name, values) in zip(got, want):
        if len(c["values"]) != len(values):
            return "column %s has %d rows, not %d" % (c["name"], len(c["values"]), len(values))
        for i, (x, y) in enumerate(zip(c["values"], values)):
            if not same(x, y, close):
                return "column %s (%s), row %d: %r, not %r" % (c["name"], c["type"], i + 1, x, y)
    return None


def quoted(text):
    return '"' + "".join("\\%03d" % b for b in text.encode()) + '"'


def lua_list(values):
    return "{" + ", ".join(quoted(v) if isinstance(v, str) else str(v).lower() if isinstance(v, bool) else repr(v) for v in values) + "}"


# ---- combining ----------------------------------------------------------------------------------

@check
def join(r):
    """Missing keys never match (pandas matches them), an outer join keeps the left order and appends, NaN is not generated."""
    n_keys = r.choice([1, 1, 2])
    types = [r.choice(["i64", "string", "bool", "category", "f64", "timestamp"]) for _ in range(n_keys)]
    keys = ["k%d" % i for i in range(n_keys)]

    def side(value_name):
        n = rows(r)
        other = {"i64": "i32", "f64": "f32", "string": "category", "category": "string"}
        made = [column(r, k, other.get(t, t) if r.random() < 0.3 else t, n) for k, t in zip(keys, types)]
        for c in made:
            if c.type == "timestamp":
                c.values = [v and v % 3 for v in c.values]
        return made + [column(r, "v", "i64", n), column(r, value_name, "f64", n)]
    left, right = side("x"), side("y")
    how = r.choice(["inner", "left", "right", "outer", "semi", "anti"])
    suffix = r.choice([None, "_r"])
    a = list(zip(*[c.values for c in left])) if left[0].values else []
    b = list(zip(*[c.values for c in right])) if right[0].values else []
    match = lambda p, q: None not in p[:n_keys] and p[:n_keys] == q[:n_keys]
    none = (None,) * (len(left) - n_keys)
    pairs = [p + q[n_keys:] for p in a for q in b if match(p, q)]
    if how in ("semi", "anti"):
        want = [p for p in a if any(match(p, q) for q in b) == (how == "semi")]
    elif how == "inner":
        want = pairs
    elif how in ("left", "outer"):
        want = []
        for p in a:
            want += [p + q[n_keys:] for q in b if match(p, q)] or [p + none]
        if how == "outer":
            want += [q[:n_keys] + none + q[n_keys:] for q in b if not any(match(p, q) for p in a)]
    else:
        want = []
        for q in b:
            want += [p + q[n_keys:] for p in a if match(p, q)] or [q[:n_keys] + none + q[n_keys:]]
    if how == "inner" and not any(None in p[:n_keys] for p in a + b) and a and b and all(t in ("i64", "f64") for t in types):
        merged = pandas_of(left).merge(pandas_of(right), on=keys, how="inner", suffixes=("", suffix or "_right"))
        assert len(merged) == len(want)
    names = [c.name for c in left]
    if how not in ("semi", "anti"):
        names += ["v" + (suffix or "_right"), "y"]
    options = 'on = %s, how = "%s"%s' % (lua_list(keys), how, suffix and ', suffix = "%s"' % suffix or "")
    columns = list(zip(*want)) if want else [()] * len(names)
    return [left, right], "return a:join(b, { %s })" % options, list(zip(names, map(list, columns)))


@check
def join_validate(r):
    left, right = [column(r, "k", "i64", rows(r))], [column(r, "k", "i64", rows(r))]
    how = r.choice(["one_to_one", "one_to_many", "many_to_one", "many_to_many"])
    repeats = lambda c: len([v for v in c.values if v is not None]) > len({v for v in c.values if v is not None})
    bad = (how.startswith("one") and repeats(left[0])) or (how.endswith("one") and repeats(right[0]))
    code = 'local f = a:join(b, { on = "k", validate = "%s" }) return frame.new { { "ok", { true } } }' % how
    return [left, right], code, "same key" if bad else [("ok", [True])]


@check
def concat(r):
    """Types meet: integers with floats f64, category with string; a column without values fits every type."""
    kind = r.choice([["i64", "i32"], ["i64", "f64", "f32"], ["string", "category"], ["bool"], ["timestamp"]])
    left = [column(r, "x", r.choice(kind), rows(r)), None]
    right = [column(r, "x", r.choice(kind), rows(r)), None]
    left[1], right[1] = column(r, "y", "string", len(left[0].values)), column(r, "y", "f64", len(right[0].values), missing=1)
    want = [("x", left[0].values + right[0].values), ("y", left[1].values + right[1].values)]
    return [left, r.choice([right, right[::-1]])], "return a:concat(b)", want


@check
def group(r):
    """A missing key is a group of its own where it first appears; NaN is not generated (pandas takes it for missing)."""
    n = rows(r)
    keys = [column(r, "k%d" % i, r.choice(["i64", "string", "bool", "category"]), n) for i in range(r.choice([1, 1, 2]))]
    x, s = column(r, "x", r.choice(["f64", "i64", "bool"]), n), column(r, "s", "string", n)
    df = pandas_of(keys + [x, s])
    if x.type == "bool":
        df["x"] = df["x"].astype("Int64")
    names = [k.name for k in keys]
    ids = {}
    group_of = [ids.setdefault(tuple(k.values[i] for k in keys), len(ids)) for i in range(n)]
    of = lambda g, c: [c.values[i] for i in range(n) if group_of[i] == g and c.values[i] is not None]
    want = [(name, [key[j] for key in ids]) for j, name in enumerate(names)]
    groups = pd.DataFrame({"g": np.array(group_of, dtype=int), "x": pd.Series(df["x"], dtype="float64")}).groupby("g", sort=False)["x"]
    for how in ["count", "sum", "mean", "min", "max", "std", "var", "median"]:
        want.append((how, [plain(v) for v in getattr(groups, how)()]))
    want.append(("q", [plain(v) for v in groups.quantile(0.3)]))
    if x.type == "bool":
        for at in (5, 6):  # the extremes of bools are bools
            name, values = want[len(names) + at - 2]
            want[len(names) + at - 2] = (name, [None if v is None else bool(v) for v in values])
    want.append(("first", [(of(g, s) or [None])[0] for g in range(len(ids))]))
    want.append(("last", [(of(g, s) or [None])[-1] for g in range(len(ids))]))
    want.append(("smin", [min(map(str.encode, of(g, s)), default=b"").decode() if of(g, s) else None for g in range(len(ids))]))
    want.append(("distinct", [len(set(of(g, s))) for g in range(len(ids))]))
    want.append(("n", [group_of.count(g) for g in range(len(ids))]))
    specs = ['{"%s", "x", "%s"}' % (h, h) for h in ["count", "sum", "mean", "min", "max", "std", "var", "median"]]
    specs += ['{"q", "x", "quantile", 0.3}', '{"first", "s", "first"}', '{"last", "s", "last"}', '{"smin", "s", "min"}',
              '{"distinct", "s", "distinct"}', '{"n", "count"}']
    return [keys + [x, s]], "return a:group_by(%s):agg { %s }" % (lua_list(names), ", ".join(specs)), want, 1


@check
def sort(r):
    """Missing values stand last in either direction (or first, when asked), NaN between numbers and missing values."""
    n = rows(r)
    keys = [column(r, "k%d" % i, r.choice(["i64", "f64", "f32", "string", "bool", "category", "timestamp"]), n, special=True)
            for i in range(r.choice([1, 2, 3]))]
    for k in keys:
        if k.type == "f32":
            k.values = [v and float(np.float32(v)) for v in k.values]
    down = [r.random() < 0.5 for _ in keys]
    first = r.random() < 0.4
    order = list(range(n))
    for k, d in reversed(list(zip(keys, down))):
        key = lambda i: k.values[i].encode() if isinstance(k.values[i], str) else k.values[i]
        number = [i for i in order if k.values[i] is not None and k.values[i] == k.values[i]]
        nan = [i for i in order if k.values[i] is not None and k.values[i] != k.values[i]]
        gone = [i for i in order if k.values[i] is None]
        number.sort(key=key, reverse=False)
        if d:
            number = sorted(reversed(number), key=key, reverse=True)
            number = stable_down([i for i in order if i in set(number)], key)
        order = gone + number + nan if first else number + nan + gone
    want = [(k.name, [k.values[i] for i in order]) for k in keys] + [("i", order)]
    code = 'return a:sort(%s, { descending = %s%s })' % (lua_list([k.name for k in keys]), lua_list(down),
                                                        ', missing = "first"' if first else "")
    return [keys + [Column("i", "i64", list(range(n)))]], code, want


def stable_down(items, key):
    return [x for _, x in sorted(((key(x), -at), x) for at, x in enumerate(items))][::-1]


@check
def counts(r):
    c = column(r, "x", r.choice(["i64", "string", "bool", "category", "f64"]), rows(r))
    seen = {}
    for v in c.values:
        seen[v] = seen.get(v, 0) + 1
    order = sorted(seen, key=lambda v: -seen[v])
    n = len(c.values)
    want = [("value", order), ("count", [seen[v] for v in order]), ("share", [seen[v] / n for v in order])]
    return [[c]], "return a:value_counts('x')", want


@check
def unique(r):
    n = rows(r)
    columns = [column(r, "x", "i64", n), column(r, "y", "string", n), Column("i", "i64", list(range(n)))]
    keep = r.choice(["first", "last", "none"])
    df = pandas_of(columns)
    df["y"] = df["y"].map(lambda v: "?" if v is None else v)
    kept = df.drop_duplicates(["x", "y"], keep=False if keep == "none" else keep)["i"]
    want = [(c.name, [c.values[i] for i in kept]) for c in columns]
    return [columns], 'return a:unique({ "x", "y" }, { keep = "%s" })' % keep, want


# ---- shapes and windows -------------------------------------------------------------------------

@check
def pivot(r):
    """Columns stand in order of first appearance (pandas sorts them); rows too."""
    n = rows(r)
    a = [column(r, "k", "i64", n), column(r, "c", "string", n, missing=0), column(r, "v", "f64", n, missing=0)]
    a[1].values = [v + "." for v in a[1].values]
    ids, names = dict.fromkeys(a[0].values), dict.fromkeys(a[1].values)
    how = r.choice(["sum", "mean", "max", "first"])
    cells = {}
    for k, c, v in zip(*[x.values for x in a]):
        cells.setdefault((k, c), []).append(v)
    f = {"sum": sum, "mean": lambda v: float(np.mean(v)), "max": max, "first": lambda v: v[0]}[how]
    want = [("k", list(ids))] + [(c, [f(cells[k, c]) if (k, c) in cells else None for k in ids]) for c in names]
    return [a], 'return a:pivot { index = "k", names = "c", values = "v", how = "%s" }' % how, want, 1


@check
def melt(r):
    n = rows(r)
    a = [column(r, "k", "i64", n), column(r, "x", "f64", n), column(r, "y", "i64", n)]
    m = pandas_of(a).astype({"y": "float64"}).melt(id_vars="k", value_vars=["x", "y"], var_name="name", value_name="value")
    return [a], 'return a:melt { keep = "k" }', of_pandas(m)


@check
def window(r):
    n = rows(r)
    a = [column(r, "g", "i64", n), column(r, "x", r.choice(["f64", "i64"]), n)]
    size, least = r.choice([1, 2, 3, 7]), None
    least = r.randint(1, size)
    how = r.choice(["sum", "mean", "min", "max", "std", "var", "median", "count"])
    df = pandas_of(a)
    df["x"] = pd.Series(df["x"], dtype="float64")
    x = df.groupby("g", dropna=False, sort=False)["x"]
    rolled = x.rolling(size, min_periods=least)
    exact = lambda w: getattr(pd.Series(w), how)()  # pandas updates a running value, which rounds
    values = rolled.count() if how == "count" else rolled.apply(exact, raw=True)
    values.index = values.index.get_level_values(-1)
    values = values.reindex(range(n)) if n else values
    if how == "count":
        seen = rolled.count()
        seen.index = seen.index.get_level_values(-1)
        values = values.where(seen.reindex(range(n)) >= least) if n else values
    if n:
        ids, lag = {}, r.choice([1, 2, -1, 0])
        at = [a[0].values[i] for i in range(n)]
        lagged = []
        for i in range(n):
            mine = [j for j in range(n) if at[j] == at[i]]
            place = mine.index(i) - lag
            lagged.append(a[1].values[mine[place]] if 0 <= place < len(mine) else None)
    else:
        lag, lagged = 1, []
    want = [("r", [plain(v) for v in values]), ("l", lagged)]
    code = ('return frame.new { { "r", a:rolling("x", %d, "%s", { by = "g", least = %d }) }, { "l", a:lag("x", %d, { by = "g" }) } }'
            % (size, how, least, lag))
    return [a], code, want, 1


# ---- columns ------------------------------------------------------------------------------------

@check
def arithmetic(r):
    """Division is f64 and by 0 gives inf or nan; integers that overflow make the whole result f64."""
    n = rows(r)
    x, y = column(r, "x", r.choice(["i64", "f64", "i32"]), n), column(r, "y", r.choice(["i64", "f64", "i32"]), n)
    op = r.choice("+-*/")
    whole = "f64" not in (x.type, y.type) and op != "/"

    def one(p, q):
        if p is None or q is None:
            return None
        if op == "/":
            if q == 0:
                return math.nan if p == 0 else math.copysign(math.inf, p) * math.copysign(1, q)
            return p / q
        v = {"+": p + q, "-": p - q, "*": p * q}[op]
        return v if whole else float(v)
    return [[x, y]], "return a.x %s a.y" % op, [(None, [one(p, q) for p, q in zip(x.values, y.values)])]


@check
def functions(r):
    """The functions of columns, by numpy; outside its domain a function gives nan, as numpy does."""
    c = column(r, "x", "f64", rows(r), special=True)
    name = r.choice(["abs", "sqrt", "log", "log1p", "exp", "floor", "ceil", "sign"])
    with np.errstate(all="ignore"):
        want = [None if v is None else float(getattr(np, name)(v)) for v in c.values]
    return [[c]], "return a.x:%s()" % name, [(None, want)], 1e-300


@check
def compare(r):
    n = rows(r)
    kind = r.choice([["i64", "i32", "f64", "f32"], ["string", "category"], ["bool"], ["timestamp"]])
    x, y = (column(r, name, r.choice(kind), n, special=True) for name in "xy")
    for c in (x, y):
        if c.type == "f32":
            c.values = [v and float(np.float32(v)) for v in c.values]
    op, f = r.choice([("eq", lambda p, q: p == q), ("ne", lambda p, q: p != q), ("lt", lambda p, q: p < q),
                      ("le", lambda p, q: p <= q), ("gt", lambda p, q: p > q), ("ge", lambda p, q: p >= q)])
    e = lambda v: v.encode() if isinstance(v, str) else v
    want = [None if p is None or q is None else f(e(p), e(q)) for p, q in zip(x.values, y.values)]
    return [[x, y]], "return a.x:%s(a.y)" % op, [(None, want)]


@check
def logic(r):
    n = rows(r)
    x, y = column(r, "x", "bool", n), column(r, "y", "bool", n)
    df = pandas_of([x, y])
    op = r.choice("&|")
    want = [plain(v) for v in (~(df.x & df.y) if op == "&" else ~(df.x | df.y))]
    return [[x, y]], "return ~(a.x %s a.y)" % op, [(None, want)]


@check
def filtered(r):
    n = rows(r)
    a = [column(r, t, t, n, special=True) for t in ["i64", "f64", "string", "category", "bool", "timestamp"]]
    mask = column(r, "m", "bool", n)
    first = r.randint(1, max(n, 1))
    kept = [i for i in range(n) if mask.values[i] and i + 1 >= first]
    code = "return a:slice(%d):filter(a:slice(%d).m)" % (first, first)
    return [a + [mask]], code, [(c.name, [c.values[i] for i in kept]) for c in a + [mask]]


@check
def fill(r):
    """The mode is the first of equally frequent values; mean and median give f64."""
    type = r.choice(["f64", "i64", "string", "bool"])
    c = column(r, "x", type, rows(r))
    present = [v for v in c.values if v is not None]
    how = r.choice(["forward", "backward", "mode", "constant"] + (["mean", "median"] if type in ("f64", "i64") else []))
    if how in ("forward", "backward"):
        s = pd.Series([math.nan if v is None else v for v in c.values], dtype=object)
        want = [plain(v) for v in (s.ffill() if how == "forward" else s.bfill())]
    else:
        constant = {"f64": 0.5, "i64": 7, "string": "?", "bool": True}[type]
        by = {"constant": lambda: constant, "mode": lambda: max(present, key=present.count) if present else None,
              "mean": lambda: float(np.mean(present)) if present else None,
              "median": lambda: float(np.median(present)) if present else None}[how]()
        want = [by if v is None else v for v in c.values]
    way = {"constant": lua_list([{"f64": 0.5, "i64": 7, "string": "?", "bool": True}[type]])}.get(how, '"%s"' % how)
    return [[c]], "return a:fill_missing { x = %s }" % way, [("x", want)], 1e-9


@check
def drop_missing(r):
    n = rows(r)
    a = [column(r, "x", "f64", n), column(r, "y", "string", n), column(r, "z", "i64", n)]
    some = r.choice([["x"], ["x", "y"], []])
    kept = pandas_of(a).dropna(subset=some or None).index
    code = "return a:drop_missing(%s)" % (lua_list(some) if some else "")
    return [a], code, [(c.name, [c.values[i] for i in kept]) for c in a]


@check
def is_in(r):
    type = r.choice(["i64", "f64", "string", "category", "bool"])
    c = column(r, "x", type, rows(r))
    some = list({value(r, type, False) for _ in range(r.randint(1, 4))})
    want = [None if v is None else v in some for v in c.values]
    return [[c]], "return a.x:is_in %s" % lua_list(some), [(None, want)]


@check
def outliers(r):
    c = column(r, "x", "f64", rows(r))
    x = np.array([v for v in c.values if v is not None], dtype=float)
    if r.random() < 0.5:
        low, high = (np.quantile(x, 0.25), np.quantile(x, 0.75)) if len(x) else (0, 0)
        outside = lambda v: v < low - 1.5 * (high - low) or v > high + 1.5 * (high - low)
        code = "return a.x:outliers()"
    else:
        mean, std = (x.mean(), x.std(ddof=1)) if len(x) > 1 else (0, math.nan)
        outside = lambda v: abs(v - mean) > 1.2 * std
        code = 'return a.x:outliers { method = "z", k = 1.2 }'
    return [[c]], code, [(None, [None if v is None else bool(outside(v)) for v in c.values])]


@check
def text(r):
    """Case is ASCII's, positions are code points from 1."""
    c = column(r, "s", r.choice(["string", "category"]), rows(r))
    ascii_only = lambda f: lambda s: "".join(f(x) if x.isascii() else x for x in s)
    first, last = r.choice([1, 2, -2, -1]), r.choice([-1, 1, 2, 5])

    def cut(s):
        n = len(s)
        i, j = (first if first > 0 else max(n + first + 1, 1)), (last if last > 0 else n + last + 1)
        return s[i - 1:j] if j >= i else ""
    part = lambda s: s.split("-")[1] if s.count("-") >= 1 else None
    call, f = r.choice([
        ("lower()", ascii_only(str.lower)), ("upper()", ascii_only(str.upper)), ("trim()", lambda s: s.strip(" \t\r\n")),
        ("length()", len), ('contains("a")', lambda s: "a" in s), ('starts_with("a")', lambda s: s.startswith("a")),
        ('ends_with("b")', lambda s: s.endswith("b")), ('replace("a", "xy")', lambda s: s.replace("a", "xy")),
        ('part("-", 2)', part), ("sub(%d, %d)" % (first, last), cut)])
    return [[c]], "return a.s:%s" % call, [(None, [None if s is None else f(s) for s in c.values])]


@check
def date(r):
    c = column(r, "t", "timestamp", rows(r), missing=r.choice([0, 0.3]))
    t = pd.Series(pd.to_datetime([v for v in c.values if v is not None], unit="us"))
    name = r.choice(["year", "quarter", "month", "day", "weekday", "yearday", "hour", "minute", "second"])
    if len(t):
        values = iter([int(v) for v in (t.dt.weekday + 1 if name == "weekday" else t.dt.dayofyear if name == "yearday" else getattr(t.dt, name))])
    return [[c]], 'return a.t:date("%s")' % name, [(None, [None if v is None else next(values) for v in c.values])]


@check
def quantile(r):
    c = column(r, "x", r.choice(["f64", "i64"]), rows(r))
    x = np.array([v for v in c.values if v is not None], dtype=float)
    q = r.choice([0, 0.1, 0.5, 0.77, 1])
    if not len(x):
        return [[c]], "return a.x:quantile(%g)" % q, "no values"
    return [[c]], 'return frame.new { { "q", { a.x:quantile(%g) * 1.0 } } }' % q, [("q", [float(np.quantile(x, q))])], 1e-9


@check
def describe(r):
    n = rows(r)
    a = [column(r, "x", "f64", n), column(r, "n", "i64", n)]
    df = pandas_of(a).astype("float64")
    want = {"column": ["x", "n"], "count": [int(df[c].count()) for c in df], "missing": [int(df[c].isna().sum()) for c in df],
            "distinct": [int(df[c].nunique()) for c in df]}
    for name, f in [("mean", "mean"), ("std", "std"), ("min", "min"), ("median", "median"), ("max", "max")]:
        want[name] = [plain(getattr(df[c], f)()) for c in df]
    names = list(want)
    return [a], "return a:describe():select %s" % lua_list(names), [(k, want[k]) for k in names], 1e-6


@check
def correlation(r):
    n = rows(r)
    a = [column(r, name, r.choice(["f64", "i64"]), n) for name in "xyz"]
    df = pandas_of(a).astype("float64")
    how = r.choice(["pearson", "spearman"])
    with np.errstate(all="ignore"):
        m = df.corr(method=how, min_periods=2)
    for p in m:
        for q in m:  # a constant side leaves rounding noise in pandas
            both = df[[p, q]].dropna()
            if p != q and (both[p].nunique() < 2 or both[q].nunique() < 2):
                m.loc[p, q] = math.nan
            if p == q and df[p].dropna().nunique() < 2:
                m.loc[p, q] = math.nan
    want = [("column", list("xyz"))] + [(p, [plain(m.loc[q, p]) for q in "xyz"]) for p in "xyz"]
    return [a], 'return a:correlation { method = "%s" }' % how, want, 1


@check
def along(r):
    """cumulative, difference and rank: missing values stay missing and are passed over."""
    n = rows(r)
    a = [column(r, "g", "i64", n), column(r, "x", r.choice(["f64", "i64"]), n)]
    x = pandas_of(a)
    x["x"] = pd.Series(x["x"], dtype="float64")
    by = r.random() < 0.5
    s = x.groupby("g", dropna=False, sort=False)["x"] if by else x["x"]
    how = r.choice(["sum", "min", "max", "rank"])
    option = ', { by = "g" }' if by else ""
    if how == "rank":
        want, code = s.rank(), 'return a:rank("x"%s)' % option
    else:
        want, code = getattr(s, "cum" + how)(), 'return a:cumulative("x", "%s"%s)' % (how, option)
    return [a], code, [(None, [plain(v) for v in want])], 1e-6


@check
def when(r):
    n = rows(r)
    m, x, y = column(r, "m", "bool", n), column(r, "x", "i64", n), column(r, "y", r.choice(["i64", "f64"]), n)
    constant = r.random() < 0.3
    want = [None if c is None else p if c else (9 if constant else q) for c, p, q in zip(m.values, x.values, y.values)]
    return [[m, x, y]], "return frame.when(a.m, a.x, %s)" % ("9" if constant else "a.y"), [(None, want)]


@check
def cast(r):
    """A cast keeps the value or fails."""
    to = r.choice(["i64", "i32", "f64", "bool", "string"])
    c = column(r, "x", r.choice(["i64", "f64"]), rows(r), special=True)
    fits = {"i64": lambda v: v == v and abs(v) != math.inf and v == math.floor(v), "f64": lambda v: True,
            "i32": lambda v: v == v and abs(v) < 2**32 and v == math.floor(v) and -2**31 <= v < 2**31,
            "bool": lambda v: v in (0, 1), "string": lambda v: True}[to]
    present = [v for v in c.values if v is not None]
    if not all(fits(v) for v in present):
        return [[c]], 'return a.x:cast("%s")' % to, "row"
    if to == "string":
        return [[c]], 'return a.x:cast("string"):cast("%s")' % c.type, [(None, c.values)]
    f = {"i64": int, "i32": int, "f64": float, "bool": bool}[to]
    return [[c]], 'return a.x:cast("%s")' % to, [(None, [None if v is None else f(v) for v in c.values])]


@check
def mapped(r):
    n = rows(r)
    a = [column(r, "x", "i64", n), column(r, "s", "string", n)]
    want = [None if x is None else "%d%s" % (x, s or "") for x, s in zip(a[0].values, a[1].values)]
    if not any(v is not None for v in want):
        want = [None] * n
    return [a], 'return a:map(function(row, i) return row.x and row.x .. (row.s or "") end)', [(None, want)]


# ---- choices: what must hold, as Lua assertions ---------------------------------------------------

@check
def split(r):
    n = r.choice([0, 1, 2, 5, 30, 100])
    a = [Column("i", "i64", list(range(n))), column(r, "s", "string", n), column(r, "t", "i64", n)]
    kind = r.choice(["", ', stratify = "s"', ', group = "s"', ', order = "t"'])
    code = """
local parts = a:split { train = 0.7, test = 0.3, seed = %d%s }
local seen, n = {}, 0
for _, name in ipairs { "train", "test" } do
  for row in parts[name]:rows() do assert(not seen[row.i], "twice") seen[row.i] = name n = n + 1 end
end
assert(n == #a, "lost")
local kind = "%s"
if kind == "" or kind == "order" then assert(math.abs(#parts.train - 0.7 * n) <= 1, "size") end
if kind == "group" then
  local of = {}
  for row in a:rows() do
    local key = row.s or NA
    assert(not of[key] or of[key] == seen[row.i], "group") of[key] = seen[row.i]
  end
elseif kind == "order" then
  local latest = parts.train.t:max()
  for row in parts.test:rows() do assert(not latest or not row.t or row.t >= latest, "order") end
  assert(not (parts.train.t:missing_count() > 0 and parts.test.t:missing_count() < #parts.test), "missing last")
elseif kind == "stratify" then
  local size, got = {}, {}
  for row in a:rows() do size[row.s or NA] = (size[row.s or NA] or 0) + 1 end
  for row in parts.train:rows() do got[row.s or NA] = (got[row.s or NA] or 0) + 1 end
  for key, count in pairs(size) do assert(math.abs((got[key] or 0) - 0.7 * count) <= 1.5, "stratum") end
end
return frame.new { { "ok", { true } } }""" % (r.randint(0, 99), kind, kind.split(" ")[1] if kind else "")
    return [a], code, [("ok", [True])]


@check
def folds(r):
    n = r.choice([2, 5, 30, 100])
    a = [Column("i", "i64", list(range(n))), column(r, "s", "string", n)]
    k = r.randint(2, 6)
    kind = r.choice(["", "stratify", "group"])
    code = """
local folds = a:folds(%d, { seed = %d%s })
local sizes, strata, fold_of = {}, {}, {}
for i = 1, #a do
  local f, key = folds[i], a.s[i] or NA
  assert(f >= 0 and f < %d, "range")
  sizes[f] = (sizes[f] or 0) + 1
  strata[key] = strata[key] or {}
  strata[key][f] = (strata[key][f] or 0) + 1
  assert("%s" ~= "group" or not fold_of[key] or fold_of[key] == f, "group")
  fold_of[key] = f
end
local function balanced(counts)
  local least, most = math.huge, 0
  for f = 0, %d do least, most = math.min(least, counts[f] or 0), math.max(most, counts[f] or 0) end
  return most - least <= 1
end
assert("%s" == "group" or balanced(sizes), "sizes")
if "%s" == "stratify" then for _, counts in pairs(strata) do assert(balanced(counts), "stratum") end end
return frame.new { { "ok", { true } } }""" % (k, r.randint(0, 99), kind and ', %s = "s"' % kind, k, kind, k - 1, kind, kind)
    most = len(set(a[1].values)) if kind == "group" else n
    return [a], code, [("ok", [True])] if k <= most else "folds of"


@check
def sample(r):
    n = rows(r)
    a = [Column("i", "i64", list(range(n))), Column("w", "f64", [r.choice([0.0, None, 1.0, 2.5]) for _ in range(n)])]
    possible = sum(1 for w in a[1].values if w)
    m, replace = r.randint(0, n), r.random() < 0.5
    bad = m > possible if not replace else m > 0 and possible == 0
    code = """
local s = a:sample(%d, { seed = 3, weights = "w", replace = %s })
local seen = {}
for row in s:rows() do
  assert(row.w and row.w > 0 and (%s or not seen[row.i])) seen[row.i] = true
end
return frame.new { { "n", { #s } } }""" % (m, str(replace).lower(), str(replace).lower())
    return [a], code, "weight" if bad else [("n", [m])]


# ---- running ------------------------------------------------------------------------------------

def make_case(name, r):
    made, code, want, *close = CHECKS[name](r)
    case = {"frames": [[wire(c) for c in columns] for columns in made], "code": code}
    return case, (want, close[0] if close else 0)


def compare(script, checks, make, differ):
    """Runs cases of the checks through a script of wf; the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("wf")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--only", choices=sorted(checks))
    args = parser.parse_args()
    names = [args.only] if args.only else sorted(checks)
    made = []
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number in range(args.cases):
            name = names[number % len(names)]
            made.append((name, number) + make(name, random.Random("%d %s %d" % (args.seed, name, number))))
            file.write(json.dumps(made[-1][2]) + "\n")
        file.flush()
        ran = subprocess.run([args.wf, os.path.join(HERE, script), file.name], capture_output=True, text=True)
    answers = ran.stdout.splitlines()
    if ran.returncode != 0 or len(answers) != len(made):
        sys.exit("wf ended with %d after %d of %d cases\n%s" % (ran.returncode, len(answers), len(made), ran.stderr[-2000:]))
    failures = {}
    for (name, number, case, want), line in zip(made, answers):
        wrong = differ(json.loads(line), want)
        if not wrong:
            continue
        failures[name] = failures.get(name, 0) + 1
        if failures[name] <= 2:
            print("%s %d: %s\n  %s" % (name, number, wrong, json.dumps(case)))
    print("%d cases of seed %d, %d differ %s" % (len(made), args.seed, sum(failures.values()), failures or ""))
    print("%d passed, %d failed" % (len(names) - len(failures), len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(compare("frames.lua", CHECKS, make_case, lambda answer, want: differs(answer, *want)))
