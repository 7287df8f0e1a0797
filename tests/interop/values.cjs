// What a table holds, in a form that both sides can compare exactly: a list of
// { name, type, values }, types by wf's names, numbers of floats as the hexadecimal bits of a double ("nan" for all NaN),
// integers and times (microseconds) as decimal text, missing values as null.
"use strict";
const { createRequire } = require("node:module");
const peers = createRequire(process.env.WF_INTEROP + "/package.json");

function bits(number) {
  if (Number.isNaN(number)) return "nan";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

const arrowTypes = { Float64: "f64", Float32: "f32", Int64: "i64", Int32: "i32", Bool: "bool", Utf8: "string",
  LargeUtf8: "string", Utf8View: "string" };

function arrowType(type) {
  const text = String(type);
  if (text.startsWith("Timestamp<MICROSECOND")) return "timestamp";
  if (text.startsWith("Dictionary<")) return "category";
  return arrowTypes[text] ?? text;
}

// Timestamps are read from their memory: get() gives milliseconds.
function arrowValues(vector, type) {
  const values = [];
  for (const chunk of vector.data) {
    const part = vector.data.length === 1 ? vector : vector.slice(values.length, values.length + chunk.length);
    for (let i = 0; i < chunk.length; i++) {
      const value = type === "timestamp" && chunk.getValid(i) ? chunk.values[i] : part.get(i);
      if (value === null || value === undefined) values.push(null);
      else values.push(type === "f64" || type === "f32" ? bits(value) : String(value));
    }
  }
  return values;
}

function readArrow(bytes) {
  const table = peers("apache-arrow").tableFromIPC(bytes);
  return table.schema.fields.map(({ name, type }) => {
    const kind = arrowType(type);
    return { name, type: kind, values: arrowValues(table.getChild(name), kind) };
  });
}

const polarsTypes = { Float64: "f64", Float32: "f32", Int64: "i64", Int32: "i32", Bool: "bool", String: "string",
  Categorical: "category", Datetime: "timestamp" };

function readPolars(bytes) {
  const pl = peers("nodejs-polars");
  const frame = pl.readIPC(bytes);
  return frame.columns.map((name) => {
    const series = frame.getColumn(name);
    const variant = series.dtype.variant;
    const type = polarsTypes[variant] ?? variant;
    let exact = series;
    if (type === "timestamp") exact = series.cast(pl.Int64).cast(pl.String);
    else if (type !== "f64" && type !== "f32" && type !== "bool") exact = series.cast(pl.String);
    const values = [...exact.toArray()].map((value) => {
      if (value === null || value === undefined) return null;
      return type === "f64" || type === "f32" ? bits(value) : String(value);
    });
    return { name, type, values };
  });
}

module.exports = { peers, bits, readers: { "apache-arrow": readArrow, polars: readPolars } };
