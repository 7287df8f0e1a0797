// The data benchmark in DuckDB for Node: prints {task: seconds}.
const { DuckDBInstance } = require("@duckdb/node-api");
const [task, mixed, right, out] = process.argv.slice(2);
const times = {};

(async () => {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const db = await instance.connect();
  async function timed(name, ...statements) {
    const begin = process.hrtime.bigint();
    for (const statement of statements) await db.run(statement);
    times[name] = Number(process.hrtime.bigint() - begin) / 1e9;
  }
  const read = (name, path) => `create table ${name} as select * from read_csv('${path}')`;
  if (task === "read") {
    await timed("read", read("frame", mixed));
    const rows = await (await db.run("select count(*) from frame")).getRows();
    times.rows = Number(rows[0][0]);
  } else if (task === "verbs") {
    await db.run(read("frame", mixed));
    await db.run("create table keys as select c6, c7, avg(f0) as target from frame group by all");
    const numbers = [...Array(8).keys()].map((i) => `f${i}`);
    const pairs = numbers.flatMap((a, i) => numbers.slice(i + 1).map((b) => `corr(${a}, ${b})`));
    const several = "count(*) as n, avg(f0) as a, sum(f1) as b, min(f2) as c, max(f3) as d";
    await timed("sort", "create table t1 as select * from frame order by i5");
    await timed("sort_3", "create table t2 as select * from frame order by c4, i2, f7");
    await timed("filter", "create table t3 as select * from frame where f0 > 0 and i4 < 60");
    await timed("group_texts", `create table t4 as select c4, c6, ${several} from frame group by c4, c6`);
    await timed("join_texts", "create table t5 as select * from frame left join keys using (c6, c7)");
    await timed("value_counts", "create table t6 as select c7, count(*) as n from frame group by c7 order by n desc");
    await timed("unique", "create table t7 as select distinct i7 from frame");
    await timed("describe", "create table t8 as select * from (summarize frame)");
    await timed("correlation", `create table t9 as select ${pairs.join(",")} from frame`);
    await timed("concat", "create table t10 as select * from frame union all select * from frame");
    await timed("arithmetic", "create table t11 as select (f0 * f1 - f2) / (f3 + 1) as z from frame");
    await timed("contains", "create table t12 as select contains(note, 'lemon') as has from frame");
  } else {
    await db.run(read("frame", mixed));
    await db.run(read("other", right));
    const floats = [...Array(9).keys()].map((i) => `avg(f${i})`).join(",");
    const median = (f) => `coalesce(${f}, (select median(${f}) from frame)) as ${f}`;
    const hot = "north bronze river lemon quick silent harbor maple".split(" ").map((v) => `(c4 = '${v}')::utinyint as c4_${v}`);
    await timed("join", "create table t1 as select * from frame left join other using (id)");
    await timed("one_hot", `create table t2 as select ${hot.join(",")} from frame`);
    await timed("group_10", `create table t3 as select i1, ${floats} from frame group by i1`);
    await timed("group_90k", `create table t4 as select i3, ${floats} from frame group by i3`);
    await timed("impute", `create table t5 as select ${["f0", "f3", "f6"].map(median).join(",")} from frame`);
    await timed("split", "create table t6 as select *, hash(id + 42) % 10 as part from frame",
      "create table t7 as select * from t6 where part < 8", "create table t8 as select * from t6 where part = 8",
      "create table t9 as select * from t6 where part = 9");
    await timed("write", `copy frame to '${out}' (header)`);
  }
  console.log(JSON.stringify(times));
})().catch((error) => { console.error(error); process.exit(1); });
