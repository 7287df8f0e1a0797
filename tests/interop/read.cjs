// read.cjs PEER FILE… — what each file holds as the peer reads it: a line of JSON for each.
"use strict";
const fs = require("node:fs");
const { readers } = require("./values.cjs");

const [peer, ...files] = process.argv.slice(2);
for (const file of files) {
  let result;
  try {
    result = { columns: readers[peer](fs.readFileSync(file)) };
  } catch (error) {
    result = { problem: String(error) };
  }
  console.log(JSON.stringify(result));
}
