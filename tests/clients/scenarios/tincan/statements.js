/*
 * Statements: sent, read, found, voided.
 */
"use strict";

const { aStatement, newActivity, newAgent, newVerb, randomUUID } = require("../builders");
const {
  TinCan, ask, asStatement, idsOn, query, read, refusal, save, saveAll, tincan, version,
} = require("./client");

const statements = {
  "a statement is read back": async () => {
    const statement = asStatement({ result: { score: { raw: 7.25 }, response: "Größe ✓" } });
    await save(statement);
    const got = await read(statement.id);
    return { sent: statement.asVersion(version), got: got.asVersion(version) };
  },

  "a statement without an id": async () => {
    const statement = new TinCan.Statement(aStatement(), { doStamp: false });
    const [id] = JSON.parse((await save(statement)).responseText);
    return { made: statement.id, id, got: (await read(id)).id };
  },

  "a batch": async () => {
    const batch = [asStatement(), asStatement(), asStatement()];
    const ids = JSON.parse((await saveAll(...batch)).responseText);
    const got = await Promise.all(ids.map(read));
    return {
      sent: batch.map(({ id, target }) => [id, target.id]),
      got: got.map(({ target }, index) => [ids[index], target.id]),
    };
  },

  "filters": async () => {
    const [agent, course, verb, registration] = [
      new TinCan.Agent(newAgent()), newActivity(), newVerb(), randomUUID(),
    ];
    const actor = agent.asVersion(version);
    const parts = {
      first: { actor, verb, object: course },
      registered: { actor, object: course, context: { registration } },
      inside: { context: { contextActivities: { parent: [course] } } },
      instructed: { context: { instructor: actor } },
    };
    const names = {};
    for (const [name, properties] of Object.entries(parts)) {
      const statement = asStatement(properties);
      names[statement.id] = name;
      await save(statement);
    }
    const { stored } = await read(Object.keys(names)[1]);
    const queries = {
      agent: { agent },
      verb: { verb: verb.id },
      activity: { activity: course.id },
      registration: { registration },
      "related agents": { agent, related_agents: true },
      "related activities": { activity: course.id, related_activities: true },
      since: { agent, related_agents: true, since: stored },
      until: { agent, related_agents: true, until: stored },
      limit: { agent, limit: 1 },
      ascending: { agent, ascending: true },
      ids: { agent, format: "ids" },
    };
    const found = {};
    for (const [name, params] of Object.entries(queries)) {
      found[name] = idsOn(await query(params)).map((id) => names[id]);
    }
    return found;
  },

  "more": async () => {
    const object = newActivity();
    const batch = Array.from({ length: 5 }, () => asStatement({ object }));
    await saveAll(...batch);
    let result = await query({ activity: object.id, limit: 2, ascending: true });
    const pages = [idsOn(result)];
    while (result.more) {
      result = await ask("moreStatements", [], { url: result.more });
      pages.push(idsOn(result));
    }
    return { ids: batch.map(({ id }) => id), pages };
  },

  "voiding": async () => {
    const statement = asStatement();
    await save(statement);
    const actor = new TinCan.Agent(newAgent());
    const [{ err }] = await new Promise((resolve) => {
      tincan.voidStatement(statement.id, resolve, { actor });
    });
    const voided = await ask("retrieveVoidedStatement", [statement.id]);
    return { err, id: statement.id, voided: voided.id, asked: await refusal(read(statement.id)) };
  },

  "the same again": async () => {
    const statement = asStatement();
    await save(statement);
    await save(statement);
    return { id: statement.id, listed: idsOn(await query({ activity: statement.target.id })) };
  },

  "another under the same id": async () => {
    const first = asStatement();
    await save(first);
    return refusal(save(asStatement({ id: first.id })));
  },

  "an invalid statement": () => refusal(save(asStatement({ verb: { id: "no IRI" } }))),

  "a statement that is not there": () => refusal(read(randomUUID())),
};

module.exports = statements;
