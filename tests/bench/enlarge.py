#!/usr/bin/python3
"""enlarge.py CLAIMS.csv CUSTOMERS.csv FACTOR DIRECTORY: both tables FACTOR times over, each copy with
policy numbers of its own."""
import sys

claims, customers, factor, directory = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
for source, name in ((claims, "claims.csv"), (customers, "customers.csv")):
    with open(source, encoding="utf-8") as file:
        header, *rows = file.read().splitlines()
    rests = [row.split(",", 1)[1] for row in rows]
    with open(f"{directory}/{name}", "w", encoding="utf-8") as out:
        out.write(header + "\n")
        for copy in range(factor):
            base = copy * len(rows)
            out.writelines(f"{base + i + 1},{rest}\n" for i, rest in enumerate(rests))
