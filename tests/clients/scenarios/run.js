/*
 * Runs the scenarios of one client against a running service and prints one line of JSON for each:
 * what the client made of the answers. Whether that is right is for the tests to say.
 *
 *     node <client>.js <endpoint> <key> <secret> [options of the client]
 */
"use strict";

// A callback that a client never calls must not hold up the scenarios after it.
const DEADLINE_MS = 20_000;

const [endpoint, key, secret, ...options] = process.argv.slice(2);

/** What ends the scenario that is under way, if it does not end by itself. */
let fail = (error) => {
  throw error;
};

// Some clients call back from within an event, where nobody catches what is thrown.
process.on("uncaughtException", (error) => fail(error));

function failure() {
  return new Promise((resolve, reject) => {
    fail = reject;
    setTimeout(() => reject(new Error("it did not end in time")), DEADLINE_MS).unref();
  });
}

async function report(name, scenario) {
  try {
    return { scenario: name, saw: await Promise.race([failure(), scenario()]) };
  } catch (error) {
    // Not the whole stack: it would show lines of the clients, which are minified.
    return { scenario: name, error: `${error?.message ?? JSON.stringify(error)}` };
  }
}

async function run(scenarios) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    process.stdout.write(`${JSON.stringify(await report(name, scenario))}\n`);
  }
  // Clients keep connections open, which would keep the process; but first all must be written.
  process.stdout.end(() => process.exit());
}

module.exports = { endpoint, key, secret, options, run };
