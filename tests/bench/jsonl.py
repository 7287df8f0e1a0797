#!/usr/bin/python3
"""JSON lines: wf beside Polars and pandas, reading and writing the same file.

usage: jsonl.py BUILD [--rows N] [--rounds N] [--modules DIR]

BUILD is a build directory configured with -Dbench=true; DIR holds node_modules with nodejs-polars.
Programs take turns, each in a process of its own; medians of the rounds and the ratio to wf.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("--rows", type=int, default=500000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--modules", default=here)
options = parser.parse_args()

MAKE = "local wf = require \"wf\" wf.jsonl.write(wf.csv.read(arg[1]), arg[2])"
WF = """local wf = require "wf"
local clock = require "wf.core.sys".monotonic
local t = clock()
local f = wf.jsonl.read(arg[1])
local read = clock() - t
t = clock()
wf.jsonl.write(f, arg[2])
print(('{"read": %.4f, "write": %.4f, "rows": %d}'):format(read, clock() - t, #f))
"""
POLARS = """
const pl = require("nodejs-polars");
let t = process.hrtime.bigint();
const f = pl.scanJson(process.argv[2], {}).collectSync();
const read = Number(process.hrtime.bigint() - t) / 1e9;
t = process.hrtime.bigint();
f.writeJSON(process.argv[3], { format: "lines" });
console.log(JSON.stringify({ read, write: Number(process.hrtime.bigint() - t) / 1e9, rows: f.height }));
"""
PANDAS = """
import json, sys, time, pandas
t = time.perf_counter()
f = pandas.read_json(sys.argv[1], lines=True)
read = time.perf_counter() - t
t = time.perf_counter()
f.to_json(sys.argv[2], orient="records", lines=True)
print(json.dumps(dict(read=read, write=time.perf_counter() - t, rows=len(f))))
"""

with tempfile.TemporaryDirectory() as folder:
    def script(name, text):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    wf = os.path.join(options.build, "lua/wf")
    modules = os.path.join(os.path.abspath(options.modules), "node_modules")
    programs = {"wf": [wf, script("peer.lua", WF)], "pandas": ["/usr/bin/python3", script("peer.py", PANDAS)]}
    if os.path.isdir(f"{modules}/nodejs-polars"):
        programs["polars"] = ["node", script("peer.js", POLARS)]
    table, lines, copy = (os.path.join(folder, name) for name in ("t.csv", "t.jsonl", "copy.jsonl"))
    with open(table, "w") as file:
        subprocess.run([os.path.join(options.build, "tests/bench/data/make_csv"), "mixed", str(options.rows)], stdout=file,
                       check=True)
    subprocess.run([wf, script("make.lua", MAKE), table, lines], check=True)
    size = os.path.getsize(lines)
    environment = dict(os.environ, NODE_PATH=modules, POLARS_MAX_THREADS="2")
    times = {name: {"read": [], "write": []} for name in programs}
    for _ in range(options.rounds):
        for name, command in programs.items():
            result = subprocess.run(command + [lines, copy], stdout=subprocess.PIPE, env=environment, check=True)
            for key, values in times[name].items():
                values.append(json.loads(result.stdout)[key])
    print(f"{options.rows} rows, {size / 1e6:.0f} MB, medians of {options.rounds}")
    for key in ("read", "write"):
        base = statistics.median(times["wf"][key])
        for name in programs:
            median = statistics.median(times[name][key])
            print(f"{key:6}{name:8}{median:8.3f} s {size / 1e6 / median:7.0f} MB/s   {median / base:5.2f} x wf")
