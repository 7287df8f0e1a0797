#!/usr/bin/python3
"""What a no-op task costs: wf beside GNU make, doit and Snakemake, on the same number of tasks.

    tests/bench/peers_steps.py [--wf BINARY] [--tasks N] [--rounds N] [--slow-rounds N]

Every tool runs N independent tasks that do nothing, one at a time, from an empty directory:
wf steps that return a number (process durability, each kept and keyed), make recipes of /bin/true,
doit tasks that are remembered in its default database (which it writes when all are done), once of an
empty Python function in its own process and once of the command `true`, Snakemake rules that touch
their output and run `true`. A task's cost is what N tasks take longer than one, by N - 1, so that
nobody's start-up counts; the time of all N is beside it. Medians over rounds in which the tools take
turns. A tool that is not installed is left out, and said so. Ratios of one run on one machine are all that this is good for.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

WF = """local wf = require "wf"
local run <close> = wf.run { name = "Bench", durability = "process" }
for i = 1, %d do run:step("t" .. i, function(x) return x end, i) end
"""
MAKE = "all: %s\n%s\n.PHONY: all %s\n"
DOIT = """from doit.tools import run_once
def nothing():
    pass
def task_t():
    for i in range(1, %d + 1):
        yield {'name': str(i), 'actions': [%s], 'uptodate': [run_once]}
"""
SNAKE = """rule all:
    input: expand("out/{i}", i=range(1, %d + 1))
rule t:
    output: touch("out/{i}")
    shell: "true"
"""


def make_text(n):
    names = ["t%d" % i for i in range(1, n + 1)]
    return MAKE % (" ".join(names), "\n".join(name + ": ; @/bin/true" for name in names), " ".join(names))


def tools(wf):
    """(name, program, file, its text for n tasks, command, slow)"""
    return [
        ("wf", wf, "bench.lua", lambda n: WF % n, [wf, "bench.lua"], False),
        ("make", "make", "Makefile", make_text, ["make", "-s", "-j1", "all"], False),
        ("doit", "doit", "dodo.py", lambda n: DOIT % (n, "nothing"), ["doit", "-v0"], True),
        ("doit, shell", "doit", "dodo.py", lambda n: DOIT % (n, "'true'"), ["doit", "-v0"], True),
        ("snakemake", "snakemake", "Snakefile", lambda n: SNAKE % n,
         ["snakemake", "-q", "-c1", "--nolock"], True),
    ]


def seconds(tool, n):
    _, _, name, text, command, _ = tool
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, name), "w") as file:
            file.write(text(n))
        environment = dict(os.environ, WF_HOME=os.path.join(directory, ".wf"), HOME=directory)
        with open(os.path.join(directory, "output"), "w+") as output:
            started = time.monotonic()
            done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=subprocess.STDOUT)
            taken = time.monotonic() - started
            if done.returncode != 0:
                output.seek(0)
                sys.exit("%s failed:\n%s" % (command[0], output.read()[-2000:]))
        return taken


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--wf", default=os.path.join(here, "../../build-gcc/lua/wf"))
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=1, help="of doit and Snakemake")
    given = parser.parse_args()
    given.wf = os.path.abspath(given.wf)
    present = []
    for tool in tools(given.wf):
        if shutil.which(tool[1]):
            present.append(tool)
        else:
            print("%s is not installed: left out" % tool[0])
    costs, totals = {}, {}
    for turn in range(given.rounds):
        for tool in present:
            if tool[5] and turn >= given.slow_rounds:
                continue
            one, many = seconds(tool, 1), seconds(tool, given.tasks)
            costs.setdefault(tool[0], []).append((many - one) / (given.tasks - 1))
            totals.setdefault(tool[0], []).append(many)
    ours = statistics.median(costs["wf"])
    all_ours = statistics.median(totals["wf"])
    print("%-12s %13s %8s %14s %8s" % ("%d tasks" % given.tasks, "per task", "x wf", "all of them", "x wf"))
    for name, list_ in costs.items():
        cost, total = statistics.median(list_), statistics.median(totals[name])
        print("%-12s %10.1f us %8.1f %12.3f s %8.1f   (%d rounds)" % (
            name, cost * 1e6, cost / ours, total, total / all_ours, len(list_)))


main()
