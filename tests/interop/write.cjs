// write.cjs PEER FOLDER — files of the peer's making, NAME.arrow, each with NAME.json: what wf should
// read, as values.cjs describes it.
"use strict";
const fs = require("node:fs");
const { peers, bits } = require("./values.cjs");

const [peer, folder] = process.argv.slice(2);
const reals = [1.5, null, -0, 5e-324, 1.7976931348623157e308, NaN];
const shorts = [1.5, null, -0, 0.5, -1024, 3];
const wholes = ["9007199254740993", null, "-9223372036854775808", "0", "7", "-1"];
const smalls = [1, null, -7, 100, 0, 2];
const truths = [true, null, false, true, true, false];
const texts = ["é", "", null, "a\nb", "日本", "x".repeat(40)];
const groups = ["b", null, "a", "b", "", "a"];
const times = ["1577934245678901", null, "-86400000000", "0", "1", "-1"];
const text = (values) => values.map((value) => (value === null ? null : String(value)));
const floats = (values) => values.map((value) => (value === null ? null : bits(value)));

function expected(name, type, values) {
  return { name, type, values: type === "f64" || type === "f32" ? floats(values) : text(values) };
}

function save(name, bytes, columns) {
  fs.writeFileSync(`${folder}/${name}.arrow`, bytes);
  fs.writeFileSync(`${folder}/${name}.json`, JSON.stringify(columns));
}

const big = (values) => values.map((value) => (value === null ? null : BigInt(value)));

function arrow() {
  const a = peers("apache-arrow");
  const days = (values) => values.map((value) => (value === null ? null : new Date(value * 86400000)));
  const columns = {
    f64: [a.vectorFromArray(reals, new a.Float64()), "f64", reals],
    f32: [a.vectorFromArray(shorts, new a.Float32()), "f32", shorts],
    i64: [a.vectorFromArray(big(wholes), new a.Int64()), "i64", wholes],
    i32: [a.vectorFromArray(smalls, new a.Int32()), "i32", smalls],
    i16: [a.vectorFromArray(smalls, new a.Int16()), "i32", smalls],
    i8: [a.vectorFromArray(smalls, new a.Int8()), "i32", smalls],
    u8: [a.vectorFromArray([1, null, 255, 0, 2, 3], new a.Uint8()), "i32", [1, null, 255, 0, 2, 3]],
    u32: [a.vectorFromArray([4294967295, null, 0, 1, 2, 3], new a.Uint32()), "i64", [4294967295, null, 0, 1, 2, 3]],
    u64: [a.vectorFromArray(big(["7", null, "0", "1", "2", "3"]), new a.Uint64()), "i64", [7, null, 0, 1, 2, 3]],
    bool: [a.vectorFromArray(truths, new a.Bool()), "bool", truths],
    utf8: [a.vectorFromArray(texts, new a.Utf8()), "string", texts],
    large: [a.vectorFromArray(texts, new a.LargeUtf8()), "string", texts],
    dictionary: [a.vectorFromArray(groups, new a.Dictionary(new a.Utf8(), new a.Int32())), "category", groups],
    narrow: [a.vectorFromArray(groups, new a.Dictionary(new a.Utf8(), new a.Int8())), "category", groups],
    ms: [a.vectorFromArray([1577934245678, null, 0, 1, -1, -86400000], new a.TimestampMillisecond()), "timestamp",
      ["1577934245678000", null, 0, 1000, -1000, -86400000000]],
    s: [a.vectorFromArray([1577934245000, null, 0, 1000, -1000, 0], new a.TimestampSecond()), "timestamp",
      ["1577934245000000", null, 0, 1000000, -1000000, 0]],
    day: [a.vectorFromArray(days([18263, null, 0, -1, 1, 2]), new a.DateDay()), "timestamp",
      ["1577923200000000", null, 0, -86400000000, 86400000000, 172800000000]],
    null: [a.vectorFromArray([null, null, null, null, null, null], new a.Null()), "f64", Array(6).fill(null)],
  };
  const table = new a.Table(Object.fromEntries(Object.entries(columns).map(([name, [vector]]) => [name, vector])));
  const all = Object.entries(columns).map(([name, [, type, values]]) => expected(name, type, values));
  const none = all.map(({ name, type }) => ({ name, type, values: [] }));
  const twice = all.map(({ name, type, values }) => ({ name, type, values: values.concat(values) }));
  save("all", a.tableToIPC(table, "file"), all);
  save("batches", a.tableToIPC(table.concat(table), "file"), twice);
  save("empty", a.tableToIPC(new a.Table(table.schema), "file"), none);
  save("no_columns", a.tableToIPC(new a.Table({}), "file"), []);
  const dense = a.vectorFromArray(Array.from({ length: 5000 }, (_, i) => i % 977), new a.Int32());
  save("long", a.tableToIPC(new a.Table({ n: dense }), "file"),
    [expected("n", "i32", Array.from({ length: 5000 }, (_, i) => i % 977))]);
}

function polars() {
  const pl = peers("nodejs-polars");
  const series = (name, values, type) => pl.Series(name, values).cast(type);
  const frame = pl.DataFrame([
    pl.Series("f64", reals, pl.Float64), series("f32", shorts, pl.Float32),
    pl.Series("i64", wholes, pl.String).cast(pl.Int64), series("i32", smalls, pl.Int32),
    series("i16", smalls, pl.Int16), series("i8", smalls, pl.Int8), series("u32", [4294967295, null, 0, 1, 2, 3], pl.UInt32),
    series("u64", [7, null, 0, 1, 2, 3], pl.UInt64), pl.Series("bool", truths, pl.Bool),
    pl.Series("string", texts, pl.String), pl.Series("category", groups, pl.String).cast(pl.Categorical),
    pl.Series("us", times, pl.String).cast(pl.Int64).cast(pl.Datetime("us")),
    pl.Series("ms", [5, null, 0, 1, -1, 2], pl.Int64).cast(pl.Datetime("ms")),
    pl.Series("ns", [5000, null, 0, 1000, -1000, 2000], pl.Int64).cast(pl.Datetime("ns")),
    pl.Series("day", [18263, null, 0, -1, 1, 2], pl.Int32).cast(pl.Date),
  ]);
  const kinds = [["f64", "f64", reals], ["f32", "f32", shorts], ["i64", "i64", wholes], ["i32", "i32", smalls],
    ["i16", "i32", smalls], ["i8", "i32", smalls], ["u32", "i64", [4294967295, null, 0, 1, 2, 3]],
    ["u64", "i64", [7, null, 0, 1, 2, 3]], ["bool", "bool", truths], ["string", "string", texts],
    ["category", "category", groups], ["us", "timestamp", times], ["ms", "timestamp", [5000, null, 0, 1000, -1000, 2000]],
    ["ns", "timestamp", [5, null, 0, 1, -1, 2]],
    ["day", "timestamp", ["1577923200000000", null, 0, -86400000000, 86400000000, 172800000000]]];
  const all = kinds.map(([name, type, values]) => expected(name, type, values));
  const write = (table) => table.writeIPC({ compression: "uncompressed" });
  save("all", write(frame), all);
  save("lz4", frame.writeIPC({ compression: "lz4" }), all);
  save("zstd", frame.writeIPC({ compression: "zstd" }), all);
  const long = Array.from({ length: 20000 }, (_, i) => i % 7);
  save("zstd_long", pl.DataFrame([pl.Series("n", long, pl.Int32)]).writeIPC({ compression: "zstd" }),
    [expected("n", "i32", long)]);
  save("empty", write(frame.head(0)), all.map(({ name, type }) => ({ name, type, values: [] })));
  save("batches", write(frame.vstack(frame)),
    all.map(({ name, type, values }) => ({ name, type, values: values.concat(values) })));
  save("slice", write(frame.slice(2, 3)), all.map(({ name, type, values }) => ({ name, type, values: values.slice(2, 5) })));
}

({ "apache-arrow": arrow, polars })[peer]();
