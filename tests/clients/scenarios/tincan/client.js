/*
 * TinCanJS as the scenarios use it: options are the version to speak, and where it runs: in node,
 * in a page or in an old-page.
 */
"use strict";

const { aStatement } = require("../builders");
const { endpoint, key, secret, options } = require("../run");
const { OLD_PAGE, PAGE, load } = require("./pages");

const [version, place] = options;

function loaded() {
  if (place === "node") return require("tincanjs");
  const requests = place === "page" ? PAGE : OLD_PAGE;
  return load(require.resolve("tincanjs/build/tincan.js"), requests, "TinCan");
}

const TinCan = loaded();
const store = { endpoint, username: key, password: secret, version, allowFail: false };
const tincan = new TinCan({ recordStores: [store] });
const [lrs] = tincan.recordStores;

/** Call a method of a record store, and wait for its callback. */
function ask(method, parts, configuration = {}, asked = lrs) {
  return new Promise((resolve, reject) => {
    const callback = (error, result) => {
      if (error === null) resolve(result);
      else reject({ error, text: result?.responseText });
    };
    asked[method](...parts, { ...configuration, callback });
  });
}

/** What an application learns of a refusal; an old page learns only that it was one. */
async function refusal(answer) {
  try {
    await answer;
  } catch ({ error, text }) {
    return { error, detail: place === "old-page" ? null : JSON.parse(text).detail };
  }
  throw new Error("it was not refused");
}

const JSON_TYPE = { contentType: "application/json" };
const TEXT_TYPE = { contentType: "text/plain; charset=utf-8" };

const asStatement = (properties) => new TinCan.Statement(aStatement(properties));
const save = (statement) => ask("saveStatement", [statement]);
const saveAll = (...statements) => ask("saveStatements", [statements]);
const read = (id) => ask("retrieveStatement", [id]);
const query = (params) => ask("queryStatements", [], { params });
const idsOn = (result) => result.statements.map(({ id }) => id);

module.exports = {
  JSON_TYPE, TEXT_TYPE, TinCan, ask, asStatement, idsOn, place, query, read, refusal, save, saveAll,
  store, tincan, version,
};
