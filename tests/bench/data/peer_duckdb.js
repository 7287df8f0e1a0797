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
