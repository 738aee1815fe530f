/*
 * Statements: sent, read, found, voided.
 */
"use strict";

const { aStatement, newActivity, newAgent, newVerb, randomUUID } = require("../builders");
const { idsOf, lrs, read, refusal, send, sendAll, version } = require("./client");

const statements = {
  "a statement is read back": async () => {
    const sent = aStatement({ result: { score: { raw: 7.25 }, response: "Größe ✓" } });
    const id = await send(sent);
    return { sent, id, got: await read(id) };
  },

  "a batch": async () => {
    const sent = [aStatement(), aStatement({ id: randomUUID() }), aStatement()];
    const ids = await sendAll(...sent);
    const got = await Promise.all(ids.map(read));
    return { sent: sent.map((it) => it.object), got: got.map((it) => it.object), ids };
  },

  "filters": async () => {
    const [agent, group, course, verb, registration] = [
      newAgent(), newAgent(), newActivity(), newVerb(), randomUUID(),
    ];
    const sent = {
      first: aStatement({ actor: agent, verb, object: course }),
      registered: aStatement({ actor: agent, object: course, context: { registration } }),
      inside: aStatement({ context: { contextActivities: { parent: [course] } } }),
      instructed: aStatement({ context: { instructor: agent } }),
      member: aStatement({
        actor: { objectType: "Group", mbox: group.mbox, member: [agent] }, object: course,
      }),
    };
    const names = {};
    // One by one: the statements of a batch share their `stored`, which since and until look at.
    for (const [name, statement] of Object.entries(sent)) names[await send(statement)] = name;
    const { stored } = await read(Object.keys(names)[1]);
    const queries = {
      agent: { agent },
      verb: { verb: verb.id },
      activity: { activity: course.id },
      registration: { registration },
      "agent and activity": { agent, activity: course.id },
      "related agents": { agent, related_agents: true },
      "related activities": { activity: course.id, related_activities: true },
      since: { agent, related_agents: true, since: stored },
      until: { agent, related_agents: true, until: stored },
      limit: { agent, limit: 2 },
      ascending: { agent, ascending: true },
      ids: { agent, format: "ids" },
      canonical: { agent, format: "canonical" },
      nobody: { agent: newAgent() },
    };
    const found = {};
    for (const [name, query] of Object.entries(queries)) {
      found[name] = (await idsOf(query)).map((id) => names[id]);
    }
    return found;
  },

  "more": async () => {
    const object = newActivity();
    const ids = await sendAll(...Array.from({ length: 5 }, () => aStatement({ object })));
    const pages = [];
    let { data } = await lrs.getStatements({ activity: object.id, limit: 2, ascending: true });
    for (;;) {
      pages.push(data.statements.map((statement) => statement.id));
      if (!data.more) break;
      ({ data } = await lrs.getMoreStatements({ more: data.more }));
    }
    return { ids, pages };
  },

  "voiding": async () => {
    const sent = aStatement();
    const id = await send(sent);
    await lrs.voidStatement({ actor: newAgent(), statementId: id });
    return {
      id,
      asked: await refusal(lrs.getStatement({ statementId: id })),
      voided: (await lrs.getVoidedStatement({ voidedStatementId: id })).data.id,
      listed: await idsOf({ activity: sent.object.id }),
    };
  },

  "voiding several": async () => {
    const ids = await sendAll(aStatement(), aStatement());
    await lrs.voidStatements({ actor: newAgent(), statementIds: ids });
    const voided = await Promise.all(
      ids.map((voidedStatementId) => lrs.getVoidedStatement({ voidedStatementId })),
    );
    return { ids, voided: voided.map(({ data }) => data.id) };
  },

  "the same again": async () => {
    const sent = aStatement({ id: randomUUID() });
    return { id: sent.id, first: await send(sent), second: await send(sent) };
  },

  "another under the same id": async () => {
    const id = await send(aStatement());
    return { id, ...(await refusal(lrs.sendStatement({ statement: aStatement({ id }) }))) };
  },

  "an invalid statement": async () => {
    const invalid = aStatement({ result: { success: "yes" } });
    return refusal(lrs.sendStatements({ statements: [aStatement(), invalid] }));
  },

  "a statement that is not there": () => refusal(lrs.getStatement({ statementId: randomUUID() })),

  "context agents": async () => {
    const person = newAgent();
    const contextAgents = [{ objectType: "contextAgent", agent: person }];
    const sent = lrs.sendStatement({ statement: aStatement({ context: { contextAgents } }) });
    if (version !== "2.0.0") return refusal(sent);
    const [id] = (await sent).data;
    return { id, listed: await idsOf({ agent: person, related_agents: true }) };
  },

  "versions of statements": async () => {
    const id = await send(aStatement());
    return (await read(id)).version;
  },
};

module.exports = statements;
