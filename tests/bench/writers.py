#!/usr/bin/python3
"""Writing text: wf beside Polars, data.table, DuckDB, pandas and scikit-learn, the same table from memory.

usage: writers.py BUILD [--rows N] [--rounds N] [--modules DIR] [--peers wf,polars,data.table,duckdb,pandas]
                  [--formats csv,csv.gz,csv.zst,jsonl,jsonl.gz,svm] [--directory DIR]

BUILD is a build directory configured with -Dbench=true; DIR of --modules holds node_modules with nodejs-polars,
nodejs-polars-linux-x64-gnu and @duckdb/node-api. Peers that are not installed, and formats that a peer lacks, are left
out. Programs take turns, each in a process of its own that reads the table and writes every format once; printed are
medians of the rounds with the smallest in brackets, the size of the file and the ratio to wf.

Not the same is done by all: wf replaces the file atomically and syncs it to the device, the others leave it in the page
cache; data.table writes 15 significant digits, the others what reads back to the same bits. gzip at the level each
has by itself. The libsvm table is the numeric part of the columns (scikit-learn writes zeros neither, and wants no
missing values: they are 0 in its table).
"""
import argparse
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
parser.add_argument("--peers", default="wf,polars,data.table,duckdb,pandas")
parser.add_argument("--formats", default="csv,csv.gz,csv.zst,jsonl,jsonl.gz,svm")
parser.add_argument("--directory", help="where the files are written; default: a temporary one")
options = parser.parse_args()

WF = """local wf = require "wf"
local clock = require "wf.core.sys".monotonic
local f, times = wf.csv.read(arg[1]), {}
local g = f:drop { "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "note", "day" }:rename { id = "label" }
for format in arg[3]:gmatch "[^,]+" do
  local write = format:find "svm" and wf.libsvm.write or format:find "jsonl" and wf.jsonl.write or wf.csv.write
  local t = clock()
  write(format:find "svm" and g or f, arg[2] .. "." .. format)
  times[format] = clock() - t
end
print(wf.json.encode(times))
"""
POLARS = """
const pl = require("nodejs-polars");
const [table, out, formats] = process.argv.slice(2), times = {};
const f = pl.readCSV(table, { inferSchemaLength: 10000 });
const write = { csv: (path) => f.writeCSV(path), jsonl: (path) => f.writeJSON(path, { format: "lines" }) };
for (const format of formats.split(",").filter((format) => write[format])) {
  const t = process.hrtime.bigint();
  write[format](out + "." + format);
  times[format] = Number(process.hrtime.bigint() - t) / 1e9;
}
console.log(JSON.stringify(times));
"""
DUCKDB = """
const { DuckDBInstance } = require("@duckdb/node-api");
const [table, out, formats] = process.argv.slice(2), times = {};
const how = { csv: "header", "csv.gz": "header, compression gzip", "csv.zst": "header, compression zstd",
  jsonl: "format json", "jsonl.gz": "format json, compression gzip" };
(async () => {
  const db = await (await DuckDBInstance.create(":memory:", { threads: "2" })).connect();
  await db.run(`create table frame as select * from read_csv('${table}')`);
  for (const format of formats.split(",").filter((format) => how[format])) {
    const t = process.hrtime.bigint();
    await db.run(`copy frame to '${out}.${format}' (${how[format]})`);
    times[format] = Number(process.hrtime.bigint() - t) / 1e9;
  }
  console.log(JSON.stringify(times));
})().catch((error) => { console.error(error); process.exit(1); });
"""
TABLE = """
suppressMessages(library(data.table))
setDTthreads(2)
args <- commandArgs(trailingOnly = TRUE)
f <- fread(args[1], showProgress = FALSE)
times <- list()
for (format in intersect(strsplit(args[3], ",")[[1]], c("csv", "csv.gz"))) {
  begin <- proc.time()[["elapsed"]]
  fwrite(f, paste0(args[2], ".", format), showProgress = FALSE)
  times[[format]] <- proc.time()[["elapsed"]] - begin
}
cat(sprintf("{%s}\\n", paste(sprintf("\\"%s\\": %.6f", names(times), unlist(times)), collapse = ", ")))
"""
PANDAS = """
import json, sys, time, pandas
from sklearn.datasets import dump_svmlight_file
f, times = pandas.read_csv(sys.argv[1]), {}
g = f.select_dtypes("number").fillna(0).to_numpy()
write = {"csv": lambda path: f.to_csv(path, index=False), "csv.gz": lambda path: f.to_csv(path, index=False),
         "jsonl": lambda path: f.to_json(path, orient="records", lines=True),
         "jsonl.gz": lambda path: f.to_json(path, orient="records", lines=True),
         "svm": lambda path: dump_svmlight_file(g[:, 1:], g[:, 0], path)}
for format in sys.argv[3].split(","):
    if format not in write:
        continue
    t = time.perf_counter()
    write[format](sys.argv[2] + "." + format)
    times[format] = time.perf_counter() - t
print(json.dumps(times))
"""

TOUCH = """import mmap
memory = mmap.mmap(-1, 2 << 30)
memory.madvise(mmap.MADV_HUGEPAGE)
for at in range(0, 2 << 30, 1 << 12): memory[at] = 1
"""


def main(folder):
    def script(name, text):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    modules = os.path.join(os.path.abspath(options.modules), "node_modules")
    programs = {"wf": [os.path.join(options.build, "lua/wf"), script("peer.lua", WF)]}
    if os.path.isdir(f"{modules}/nodejs-polars"):
        programs["polars"] = ["node", script("polars.js", POLARS)]
    if shutil.which("Rscript"):
        programs["data.table"] = ["Rscript", script("peer.R", TABLE)]
    if os.path.isdir(f"{modules}/@duckdb/node-api"):
        programs["duckdb"] = ["node", script("duckdb.js", DUCKDB)]
    programs["pandas"] = ["/usr/bin/python3", script("peer.py", PANDAS)]
    programs = {name: command for name, command in programs.items() if name in options.peers.split(",")}
    table = os.path.join(folder, "table.csv")
    with open(table, "wb") as file:
        subprocess.run([os.path.join(options.build, "tests/bench/data/make_csv"), "mixed", str(options.rows)],
                       stdout=file, check=True)
    environment = dict(os.environ, NODE_PATH=modules, POLARS_MAX_THREADS="2")
    times, sizes = {}, {}
    for _ in range(options.rounds):
        for name, command in programs.items():
            out = os.path.join(folder, name)
            subprocess.run(["/usr/bin/python3", "-c", TOUCH], check=True)  # nobody pays for cold memory
            result = subprocess.run(command + [table, out, options.formats], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, env=environment, check=True)
            for format, seconds in json.loads(result.stdout.splitlines()[-1]).items():
                times.setdefault(format, {}).setdefault(name, []).append(seconds)
                sizes[format, name] = os.path.getsize(f"{out}.{format}")
                os.remove(f"{out}.{format}")
    print(f"{options.rows} rows of 30 columns, medians of {options.rounds}")
    for format in options.formats.split(","):
        print(f"\n{format}")
        ours = times[format].get("wf")
        for name, runs in times[format].items():
            median = statistics.median(runs)
            ratio = f"{median / statistics.median(ours):6.2f} x wf" if ours else ""
            print(f"  {name:<11} {median * 1e3:8.0f} ms ({min(runs) * 1e3:8.0f})"
                  f"  {sizes[format, name] / 1e6:6.0f} MB  {ratio}", flush=True)


with tempfile.TemporaryDirectory(prefix="wf-bench-", dir=options.directory) as place:
    main(place)
