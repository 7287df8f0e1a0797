#!/usr/bin/python3
"""golden.txt, sparse text with weights and groups, and golden.tsv: what XGBoost 1.7.4's own loader makes of it.

Values are eighths: that loader's numbers are sometimes a unit in the last place off.

usage: libsvm.py   (writes into tests/libsvm)
"""
import os
import random

import numpy
import xgboost

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../libsvm")
rng = random.Random(5)
text_path = os.path.join(folder, "golden.txt")
with open(text_path, "w") as file:
    for row in range(60):
        features = sorted(rng.sample(range(12), rng.randrange(1, 9)))
        cells = " ".join(f"{f}:{rng.choice([0, 1, rng.randrange(-99, 99), rng.randrange(-99, 99) / 8])}" for f in features)
        file.write(f"{row % 2}:{1 + row % 4} qid:{row // 7} {cells}\n")
matrix = xgboost.DMatrix(text_path + "?format=libsvm", silent=True)
labels, weights = matrix.get_label(), matrix.get_weight()
ends = matrix.get_uint_info("group_ptr")
with open(os.path.join(folder, "golden.tsv"), "w") as file:
    dense = numpy.full((matrix.num_row(), matrix.num_col()), numpy.nan, dtype="float32")
    rows = matrix.get_data().tocoo()
    dense[rows.row, rows.col] = rows.data
    for i in range(len(dense)):
        group = int(numpy.searchsorted(ends, i, side="right")) - 1
        cells = ["." if numpy.isnan(v) else repr(float(v)) for v in dense[i]]
        file.write("\t".join([f"{labels[i]:g}", f"{weights[i]:g}", str(group)] + cells) + "\n")
