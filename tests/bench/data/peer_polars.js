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
} else if (task === "verbs") {
  const frame = pl.readCSV(mixed, options), col = pl.col;
  const numbers = [...Array(8).keys()].map((i) => `f${i}`);
  const keys = frame.groupBy("c6", "c7").agg(col("f0").mean().alias("target"));
  timed("sort", () => frame.sort("i5"));
  timed("sort_3", () => frame.sort(["c4", "i2", "f7"]));
  timed("filter", () => frame.filter(col("f0").gt(0).and(col("i4").lt(60))));
  timed("group_texts", () => frame.groupBy("c4", "c6").agg(pl.len().alias("n"), col("f0").mean(),
    col("f1").sum(), col("f2").min(), col("f3").max()));
  timed("join_texts", () => frame.join(keys, { on: ["c6", "c7"], how: "left" }));
  timed("value_counts", () => frame.getColumn("c7").valueCounts());
  timed("unique", () => frame.getColumn("i7").unique());
  timed("describe", () => frame.describe());
  timed("correlation", () => frame.select(...numbers.flatMap((a, i) =>
    numbers.slice(i + 1).map((b) => pl.pearsonCorr(a, b).alias(`${a}_${b}`)))));
  timed("concat", () => pl.concat([frame, frame], { how: "vertical", rechunk: true }));
  timed("arithmetic", () => frame.withColumn(col("f0").mul(col("f1")).minus(col("f2")).div(col("f3").plus(1)).alias("z")));
  timed("contains", () => frame.getColumn("note").str.contains("lemon"));
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
