#!/usr/bin/python3
"""The main job against the same pipeline in Python, whole processes in turn.

usage: pipeline.py WF CLAIMS.csv CUSTOMERS.csv [RUNS] [TREE_METHOD]

Every wf run is cold: an empty state directory, no server running; it cross-validates, trains,
explains, registers durably, starts a server and gets an answer from it. peer_pipeline.py stops at a
saved model file. Prints each pair, the medians and the ratio. Stopping the server and removing the
state directory are not timed; nothing else is left out.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
wf, claims, customers = (os.path.abspath(path) for path in sys.argv[1:4])
runs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
tree_method = sys.argv[5] if len(sys.argv) > 5 else None


def timed(command, **options):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - begin


def run_wf():
    state = tempfile.mkdtemp(prefix="wf-bench-")
    environment = dict(os.environ, WF_HOME=state)
    command = [wf, f"{here}/../../examples/fraud_pipeline.lua", "-p", f"claims={claims}",
               "-p", f"customers={customers}"]
    if tree_method:
        command += ["-p", f"tree_method={tree_method}"]
    seconds = timed(command, env=environment, stderr=subprocess.DEVNULL)
    subprocess.run([wf, "serve", "--stop"], env=environment, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(state)
    return seconds


def run_peer():
    extra = ["42", tree_method] if tree_method else []
    return timed(["/usr/bin/python3", f"{here}/peer_pipeline.py", claims, customers, *extra])


def main():
    run_wf(), run_peer()  # warm the page cache
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(run_wf())
        theirs.append(run_peer())
        print(f"wf {ours[-1]:.3f} s   python {theirs[-1]:.3f} s   ratio {theirs[-1] / ours[-1]:.2f}")
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"median of {runs}: wf {a:.3f} s, python {b:.3f} s, ratio {b / a:.2f}")


main()
