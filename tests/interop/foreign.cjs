// Writes tests/fuzz/corpus/arrow/foreign_file and foreign_stream: types that frames have not between
// types that they have; the stream has two batches, with a dictionary for each. Run by hand: WF_INTEROP=DIR node foreign.cjs FOLDER
const arrow = require(`${process.env.WF_INTEROP}/node_modules/apache-arrow`);
const fs = require('fs');
const field = (name, type) => new arrow.Field(name, type, true);
const column = (values, type) => arrow.vectorFromArray(values, type);
const decimal = (...values) => column(values.map((v) => v === null ? null
  : new Uint32Array([Number(v & 0xffffffffn), Number(v >> 32n & 0xffffffffn), Number(v >> 64n & 0xffffffffn),
    Number(v >> 96n & 0xffffffffn)])), new arrow.Decimal(2, 38, 128));
const make = (rows) => new arrow.Table({
  list: column(rows.map((i) => i % 2 ? null : [i, i + 1]), new arrow.List(field('item', new arrow.Int32))),
  id: column(rows, new arrow.Int32),
  pair: column(rows.map((i) => ({ a: BigInt(i), b: [`${i}`] })), new arrow.Struct([field('a', new arrow.Int64),
    field('b', new arrow.List(field('item', new arrow.Utf8)))])),
  half: column(rows.map((i) => i === 2 ? null : [0, 1.5, 0, -0.0999755859375, 65504, Infinity][i]), new arrow.Float16),
  bytes: column(rows.map((i) => new Uint8Array([i])), new arrow.Binary),
  three: column(rows.map((i) => [i, i, i]), new arrow.FixedSizeList(3, field('item', new arrow.Int8))),
  price: decimal(...rows.map((i) => [1n, -12345n, null, 99999999999999999999n, 0n, -1n][i])),
  word: column(rows.map((i) => (i < 3 ? ['x', 'y', null] : ['z', 'x', null])[i % 3]), new arrow.Dictionary(new arrow.Utf8, new arrow.Int8)),
  nothing: column(rows.map(() => null), new arrow.Null),
  last: column(rows.map((i) => `row ${i}`), new arrow.Utf8),
});
const one = make([0, 1, 2]), two = make([3, 4, 5]);
const table = new arrow.Table(one.schema, [...one.batches, ...two.batches.map((b) => new arrow.RecordBatch(one.schema, b.data))]);
fs.writeFileSync(`${process.argv[2]}/foreign_file`, arrow.tableToIPC(one, 'file'));
fs.writeFileSync(`${process.argv[2]}/foreign_stream`, arrow.tableToIPC(table, 'stream'));
