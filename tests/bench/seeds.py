#!/usr/bin/python3
"""Test ROC-AUC over seeds of the split: wf's main job and the Python pipeline.

usage: seeds.py WF CLAIMS.csv CUSTOMERS.csv [SEEDS]
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
wf, claims, customers = (os.path.abspath(path) for path in sys.argv[1:4])
seeds = range(1, 1 + (int(sys.argv[4]) if len(sys.argv) > 4 else 25))


def wf_auc(seed):
    state = tempfile.mkdtemp(prefix="wf-bench-")
    environment = dict(os.environ, WF_HOME=state)
    subprocess.run([wf, f"{here}/../../examples/fraud_pipeline.lua", "-p", f"claims={claims}",
                    "-p", f"customers={customers}", "-p", f"seed={seed}", "-p", "min_auc=0",
                    "-p", "approval=PendingManualApproval"], env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    versions = json.loads(subprocess.run([wf, "models", "--json"], env=environment, check=True,
                                         capture_output=True).stdout)
    shutil.rmtree(state)
    return versions[0]["metrics"]["evaluation"]["roc_auc"]


def peer_auc(seed):
    done = subprocess.run(["/usr/bin/python3", f"{here}/peer_pipeline.py", claims, customers, str(seed)],
                          check=True, capture_output=True)
    return json.loads(done.stdout)["test_auc"]


def summary(name, values):
    passed = sum(value >= 0.70 for value in values)
    print(f"{name}: mean {statistics.mean(values):.4f}, min {min(values):.4f}, max {max(values):.4f}, "
          f"{passed} of {len(values)} at least 0.70")


summary("wf", [wf_auc(seed) for seed in seeds])
summary("python", [peer_auc(seed) for seed in seeds])
