// The data benchmark in Polars for Node: prints {task: seconds}.
const pl = require("nodejs-polars");
const [task, mixed, right, out] = process.argv.slice(2);
const times = {};

function timed(name, fn) {
  const begin = process.hrtime.bigint();
  const result = fn();
  times[name] = Number(process.hrtime.bigint() - begin) / 1e9;
  return result;
}

const options = { inferSchemaLength: 10000 };
if (task === "read") {
  times.rows = timed("read", () => pl.readCSV(mixed, options)).height;
} else {
  const frame = pl.readCSV(mixed, options), other = pl.readCSV(right, options);
  const floats = [...Array(9).keys()].map((i) => `f${i}`), some = ["f0", "f3", "f6"];
  const n = frame.height;
  timed("join", () => frame.join(other, { on: "id", how: "left" }));
  timed("one_hot", () => frame.select("c4").toDummies());
  timed("group_10", () => frame.groupBy("i1").agg(...floats.map((f) => pl.col(f).mean())));
  timed("group_90k", () => frame.groupBy("i3").agg(...floats.map((f) => pl.col(f).mean())));
  timed("impute", () => frame.select(...some.map((f) => pl.col(f).fillNull(pl.col(f).median()))));
  timed("split", () => {
    const all = frame.sample({ n, shuffle: true, seed: 42 });
    return [all.slice(0, 0.8 * n), all.slice(0.8 * n, 0.1 * n), all.slice(0.9 * n, 0.1 * n)];
  });
  timed("write", () => frame.writeCSV(out));
}
console.log(JSON.stringify(times));
