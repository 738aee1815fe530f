/*
 * What @xapi/xapi does.
 */
"use strict";

const { run } = require("../run");

run({
  ...require("./statements"),
  ...require("./documents"),
  ...require("./others"),
  ...require("./attachments"),
});
