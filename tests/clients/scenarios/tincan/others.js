/*
 * The other resources, credentials, and requests with long addresses.
 */
"use strict";

const { newActivity, newAgent } = require("../builders");
const {
  TEXT_TYPE, TinCan, ask, asStatement, idsOn, query, refusal, save, store, version,
} = require("./client");
const { sent } = require("./pages");

const others = {
  "about": async () => (await ask("about", [])).version,

  "an activity": async () => {
    const object = { ...newActivity(), definition: { name: { en: "A course" } } };
    await save(asStatement({ object }));
    const got = await ask("retrieveActivity", [object.id]);
    return { sent: object, got: got.asVersion(version) };
  },

  "wrong credentials": () => {
    const stranger = new TinCan.LRS({ ...store, password: "guessed" });
    return refusal(ask("saveStatement", [asStatement()], {}, stranger));
  },

  "more parameters of a launch": async () => {
    // An LMS may have the client add what it likes; cachebuster is what is seen in the wild.
    const launched = new TinCan.LRS({ ...store, extended: { cachebuster: "1" } });
    const statement = asStatement();
    await ask("saveStatement", [statement], {}, launched);
    const got = await ask("retrieveStatement", [statement.id], {}, launched);
    return { id: statement.id, got: got.id };
  },
};

/** Names so long that an address with them is longer than old browsers could bear. */
const longActivity = () => ({ id: `${newActivity().id}/${"x".repeat(2_048)}` });

const long = {
  "a long query": async () => {
    const object = longActivity();
    const statement = asStatement({ object });
    await save(statement);
    const found = idsOn(await query({ activity: object.id, ascending: true }));
    return { id: statement.id, found, request: sent.at(-1) };
  },

  "a long address of a document": async () => {
    const at = { activity: longActivity(), agent: new TinCan.Agent(newAgent()) };
    await ask("saveState", ["p", "a+b & ✓"], { ...at, ...TEXT_TYPE });
    const request = sent.at(-1);
    const { contents, contentType } = await ask("retrieveState", ["p"], at);
    await ask("dropState", ["p"], at);
    const after = await ask("retrieveStateIds", [], at);
    return { contents, type: contentType, request, after };
  },
};

module.exports = { ...others, ...long };
