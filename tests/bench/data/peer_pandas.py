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
