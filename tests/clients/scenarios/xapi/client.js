/*
 * @xapi/xapi as the scenarios use it: options are the version to speak and how, axios or fetch.
 */
"use strict";

const XAPI = require("@xapi/xapi");
const { endpoint, key, secret, options } = require("../run");

const [version, adapter] = options;
const auth = XAPI.toBasicAuth(key, secret);

/** A client like the one that all scenarios use, but for these parts of its configuration. */
function clientWith(parts) {
  return new XAPI({ endpoint, auth, version, adapter, ...parts });
}

const lrs = clientWith({});

/** What an application learns of a refusal: axios keeps the answer, fetch nothing but its text. */
async function refusal(answer) {
  try {
    await answer;
  } catch (error) {
    const { status, detail } = error.response?.data ?? JSON.parse(error.message);
    return { status, detail };
  }
  throw new Error("it was not refused");
}

async function send(statement) {
  const { data } = await lrs.sendStatement({ statement });
  return data[0];
}

async function sendAll(...statements) {
  return (await lrs.sendStatements({ statements })).data;
}

async function read(statementId) {
  return (await lrs.getStatement({ statementId })).data;
}

async function idsOf(query) {
  const { data } = await lrs.getStatements(query);
  return data.statements.map((statement) => statement.id);
}

module.exports = { XAPI, clientWith, idsOf, lrs, read, refusal, send, sendAll, version };
