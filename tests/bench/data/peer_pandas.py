"""The data benchmark in pandas: prints {task: seconds}."""
import json
import sys
import time

import numpy
import pandas

task, mixed, right, out = sys.argv[1:5]
times = {}


def timed(name, fn):
    begin = time.perf_counter()
    result = fn()
    times[name] = time.perf_counter() - begin
    return result


def shuffle_split(frame):
    order = numpy.random.default_rng(42).permutation(len(frame))
    a, b = int(0.8 * len(frame)), int(0.9 * len(frame))
    return frame.iloc[order[:a]], frame.iloc[order[a:b]], frame.iloc[order[b:]]


if task == "read":
    times["rows"] = len(timed("read", lambda: pandas.read_csv(mixed)))
elif task == "verbs":
    frame = pandas.read_csv(mixed)
    numbers = [f"f{i}" for i in range(8)]
    keys = frame.groupby(["c6", "c7"], as_index=False).agg(target=("f0", "mean"))
    several = {"n": ("id", "size"), "a": ("f0", "mean"), "b": ("f1", "sum"), "c": ("f2", "min"), "d": ("f3", "max")}
    timed("sort", lambda: frame.sort_values("i5"))
    timed("sort_3", lambda: frame.sort_values(["c4", "i2", "f7"]))
    timed("filter", lambda: frame[(frame.f0 > 0) & (frame.i4 < 60)])
    timed("group_texts", lambda: frame.groupby(["c4", "c6"]).agg(**several))
    timed("join_texts", lambda: frame.merge(keys, on=["c6", "c7"], how="left"))
    timed("value_counts", lambda: frame["c7"].value_counts())
    timed("unique", lambda: frame["i7"].unique())
    timed("describe", lambda: frame.describe(include="all"))
    timed("correlation", lambda: frame[numbers].corr())
    timed("concat", lambda: pandas.concat([frame, frame], ignore_index=True))
    timed("arithmetic", lambda: frame.assign(z=(frame.f0 * frame.f1 - frame.f2) / (frame.f3 + 1)))
    timed("contains", lambda: frame["note"].str.contains("lemon", regex=False))
else:
    frame, other = pandas.read_csv(mixed), pandas.read_csv(right)
    floats = [f"f{i}" for i in range(9)]
    some = ["f0", "f3", "f6"]
    timed("join", lambda: frame.merge(other, on="id", how="left"))
    timed("one_hot", lambda: pandas.get_dummies(frame["c4"]))
    timed("group_10", lambda: frame.groupby("i1")[floats].mean())
    timed("group_90k", lambda: frame.groupby("i3")[floats].mean())
    timed("impute", lambda: frame[some].fillna(frame[some].median()))
    timed("split", lambda: shuffle_split(frame))
    timed("write", lambda: frame.to_csv(out, index=False))
print(json.dumps(times))
