#!/usr/bin/python3
"""Makes tests/model/tiny.json, three.json and their expected predictions with xgboost 1.7.4.

Run by hand from the source root: /usr/bin/python3 -P tests/oracle/model_tiny.py
The rows are those of tests/model/tiny.c; the encoding below is what its recipe must do.
"""
import numpy as np
import xgboost

SIZES = ["S", "M", "L"]
ROWS = [  # size, colour, weight, bad, kind
    ("S", "red", 1.5, 0, 0), ("M", "blue", 2.25, 1, 1), ("L", "red", None, 1, 2),
    (None, "blue", 4.0, 0, 0), ("S", None, 5.5, 1, 1), ("M", "red", 0.125, 0, 2),
    ("L", "blue", 7.0, 1, 0), ("S", "red", 3.0, 0, 1), ("M", None, None, 1, 2),
    ("L", "blue", 9.5, 1, 0), ("S", "blue", 2.0, 0, 1), (None, "red", 6.0, 0, 2),
]
NAMES = ["size", "colour_blue", "colour_red", "weight"]


def encode(row):
    size, colour, weight = row[:3]
    return [np.nan if size is None else SIZES.index(size), float(colour == "blue"),
            float(colour == "red"), np.nan if weight is None else weight]


def make(name, column, params):
    features = np.array([encode(row) for row in ROWS], dtype=np.float32)
    matrix = xgboost.DMatrix(features, label=[row[column] for row in ROWS], feature_names=NAMES)
    booster = xgboost.train({"max_depth": 3, "eta": 0.5, "min_child_weight": 0, "seed": 1,
                             "nthread": 1, **params}, matrix, 4)
    booster.save_model(f"tests/model/{name}.json")
    values = booster.predict(matrix).astype(np.float32).reshape(len(ROWS), -1)
    with open(f"tests/model/{name}.txt", "w", encoding="ascii") as out:
        for row in values:
            out.write(" ".join(float(value).hex() for value in row) + "\n")


make("tiny", 3, {"objective": "binary:logistic"})
make("three", 4, {"objective": "multi:softprob", "num_class": 3})
