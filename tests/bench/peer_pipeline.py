#!/usr/bin/python3
"""The main job as a Python user would write it: pandas, scikit-learn, xgboost.

usage: peer_pipeline.py CLAIMS.csv CUSTOMERS.csv [SEED] [TREE_METHOD]

The stages of examples/fraud_pipeline.lua up to a saved model: read, join, encode, split, 3-fold
cross-validation, train, evaluate, bias, SHAP over the training split. It neither registers nor
deploys. Prints one JSON line: seed, rows, cv rounds, test AUC, seconds (imports included).
"""
import time

started = time.perf_counter()

import json
import sys
import tempfile

import pandas as pd
import xgboost as xgb
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

ORDINAL = {
    "police_report_available": ["No", "Yes"],
    "policy_liability": ["15/30", "25/50", "30/60", "100/200"],
    "customer_education": ["Below High School", "High School", "Associate", "Bachelor", "Advanced Degree"],
    "incident_severity": ["Minor", "Major", "Totaled"],
}
ONE_HOT = ["driver_relationship", "incident_type", "collision_type", "authorities_contacted",
           "policy_state", "customer_gender"]
PARAMS = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.5, "subsample": 0.75,
          "colsample_bytree": 0.75}


def read(path):
    return pd.read_csv(path, keep_default_na=False, na_values=["", "N/A", "NA", "NaN", "nan", "null", "NULL"])


def encode(table):
    for column, values in ORDINAL.items():
        table[column] = table[column].map({value: i for i, value in enumerate(values)})
    table[ONE_HOT] = table[ONE_HOT].fillna("na")
    return pd.get_dummies(table, columns=ONE_HOT, dtype="uint8")


def main():
    claims, customers = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 42
    params = dict(PARAMS, seed=seed)
    if len(sys.argv) > 4:
        params["tree_method"] = sys.argv[4]

    table = read(claims).merge(read(customers), on="policy_id", how="left")
    table = encode(table.drop(columns=["policy_id", "customer_zip"]))
    train, rest = train_test_split(table, train_size=0.8, random_state=seed)
    _, test = train_test_split(rest, test_size=0.5, random_state=seed)

    features, label = train.drop(columns="fraud"), train["fraud"]
    dtrain = xgb.DMatrix(features, label=label)
    dtest = xgb.DMatrix(test.drop(columns="fraud"), label=test["fraud"])
    cv = xgb.cv(params, dtrain, num_boost_round=5, nfold=3, early_stopping_rounds=3, metrics=["auc"], seed=seed)
    booster = xgb.train(params, dtrain, num_boost_round=len(cv))
    auc = roc_auc_score(test["fraud"], booster.predict(dtest))

    accepted = booster.predict(dtrain) <= 0.5
    female = features["customer_gender_Female"].to_numpy() == 1
    dppl = float(accepted[~female].mean() - accepted[female].mean())

    shap = booster.predict(dtrain, pred_contribs=True)
    importance = abs(shap[:, :-1]).mean(0)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        booster.save_model(file.name)

    print(json.dumps({"seed": seed, "rows": len(table), "cv_rounds": len(cv), "test_auc": auc, "dppl": dppl,
                      "top": features.columns[importance.argmax()],
                      "seconds": round(time.perf_counter() - started, 3)}))


main()
