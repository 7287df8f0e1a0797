#!/usr/bin/python3
"""CSV ingestion and transforms: wf beside pandas, data.table, Polars and DuckDB.

usage: run.py BUILD [--rows N] [--rounds N] [--modules DIR] [--only mixed,quoted,gzip,transforms,verbs]

BUILD is a build directory configured with -Dbench=true. DIR holds node_modules with nodejs-polars,
nodejs-polars-linux-x64-gnu and @duckdb/node-api. Peers that are not installed are left out.

Every round runs every program once, each in a process of its own; what is printed are medians of the
rounds with the smallest in brackets, and the peak of resident memory. A program that cannot do a task
(data.table reads gzip only with R.utils) is named and left out of it. Before each run 4 GB are touched and given back, and the
files are read once, so that nobody pays for cold memory or a cold page cache.
"""
import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("--rows", type=int, default=1000000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--modules", default=here)
parser.add_argument("--only", default="mixed,quoted,gzip,transforms,verbs")
parser.add_argument("--peers", default="wf,polars,data.table,duckdb,pandas")
options = parser.parse_args()

modules = os.path.join(os.path.abspath(options.modules), "node_modules")
programs = {"wf": [os.path.join(options.build, "lua/wf"), f"{here}/peer_wf.lua"]}
if os.path.isdir(f"{modules}/nodejs-polars"):
    programs["polars"] = ["node", f"{here}/peer_polars.js"]
if shutil.which("Rscript"):
    programs["data.table"] = ["Rscript", f"{here}/peer_table.R"]
if os.path.isdir(f"{modules}/@duckdb/node-api"):
    programs["duckdb"] = ["node", f"{here}/peer_duckdb.js"]
programs["pandas"] = ["/usr/bin/python3", f"{here}/peer_pandas.py"]
programs = {name: command for name, command in programs.items() if name in options.peers.split(",")}
environment = dict(os.environ, NODE_PATH=modules, POLARS_MAX_THREADS="2")


TOUCH = """import mmap
memory = mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_HUGEPAGE)
for at in range(0, 4 << 30, 1 << 12): memory[at] = 1
"""


def warm(paths):
    # in another process: what a child is charged for as its peak includes its parent's memory
    subprocess.run(["/usr/bin/python3", "-c", TOUCH], check=True)
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def run_once(name, task, paths):
    warm(paths[:2])
    process = subprocess.Popen(programs[name] + [task] + paths, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or not text.strip():
        return None
    times = json.loads(text.strip().splitlines()[-1])  # data.table shows its progress first
    times["cpu"] = usage.ru_utime + usage.ru_stime
    times["rss"] = usage.ru_maxrss / 1024
    return times


def rounds(title, task, paths):
    """The runs of every program that can do the task; one that cannot is named and left out."""
    results = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name in list(results):
            run = run_once(name, task, paths)
            if run is None and name == "wf":
                raise SystemExit(f"wf failed on {title or task}")
            if run is None:
                print(f"\n{name} cannot do {title or task}: left out", flush=True)
                del results[name]
            else:
                results[name].append(run)
    return results


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def report(title, task, paths, keys):
    results = rounds(title, task, paths)
    for key in keys:
        print(f"\n{title + ': ' if title else ''}{key}")
        ours = middle(results["wf"], key) if "wf" in results else None
        wide = key == "read"
        columns = "  cpu s  peak MB" if wide else ""
        print(f"  {'':<11} {'median ms':>9} {'(least)':>9} {'to wf':>8}{columns}")
        for name, runs in results.items():
            wall, best = middle(runs, key) * 1e3, min(run[key] for run in runs) * 1e3
            ratio = f"{wall / ours / 1e3:.2f} x" if ours else ""
            extra = f" {middle(runs, 'cpu'):6.2f}  {middle(runs, 'rss'):7.0f}" if wide else ""
            print(f"  {name:<11} {wall:9.1f} {f'({best:.1f})':>9} {ratio:>8}{extra}", flush=True)


def make(path, *command):
    with open(path, "wb") as file:
        subprocess.run([os.path.join(options.build, "tests/bench/data/make_csv"), *command], stdout=file, check=True)
    return path


def main(directory):
    wanted = options.only.split(",")
    n = str(options.rows)
    mixed = make(f"{directory}/mixed.csv", "mixed", n)
    right = make(f"{directory}/right.csv", "right", n)
    out = f"{directory}/out.csv"
    print(f"mixed.csv: {n} rows, {os.path.getsize(mixed) / 1e6:.0f} MB; {options.rounds} rounds")
    if "mixed" in wanted:
        report("mixed", "read", [mixed, right, out], ["read"])
    if "quoted" in wanted:
        quoted = make(f"{directory}/quoted.csv", "quoted", n)
        report("quoted", "read", [quoted, right, out], ["read"])
        os.remove(quoted)
    if "gzip" in wanted:
        packed = f"{mixed}.gz"
        with open(mixed, "rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        report("gzip", "read", [packed, right, out], ["read"])
        os.remove(packed)
    if "transforms" in wanted:
        tasks = ["join", "one_hot", "group_10", "group_90k", "impute", "split", "write"]
        report("", "transforms", [mixed, right, out], tasks)
    if "verbs" in wanted:
        tasks = ["sort", "sort_3", "filter", "group_texts", "join_texts", "value_counts", "unique", "describe",
                 "correlation", "concat", "arithmetic", "contains"]
        report("", "verbs", [mixed, right, out], tasks)


with tempfile.TemporaryDirectory(prefix="wf-bench-") as place:
    main(place)
