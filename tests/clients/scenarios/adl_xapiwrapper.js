/*
 * What adl-xapiwrapper does. It joins its `url` and the name of a resource as they are.
 */
"use strict";

const adl = require("adl-xapiwrapper");
const { aStatement, newActivity, newAgent, newVerb, randomUUID } = require("./builders");
const { endpoint, key, secret, run } = require("./run");

const wrapperFor = (url, pass = secret) => new adl.XAPIWrapper({ url, auth: { user: key, pass } });
const lrs = wrapperFor(endpoint);

/** Call a method and wait for its callback; the answer is its status and its text. */
function ask(method, parts, asked = lrs) {
  return new Promise((resolve, reject) => {
    asked[method](...parts, (error, response, body) => {
      if (error) reject(error);
      else resolve({ status: response.statusCode, body, headers: response.headers });
    });
  });
}

const parsed = async (answer) => JSON.parse((await answer).body);
const send = (statements) => parsed(ask("sendStatements", [statements]));
const query = (parameters) => parsed(ask("getStatements", [parameters, null]));
const idsOn = ({ statements }) => statements.map(({ id }) => id);

async function refusal(answer) {
  const { status, body } = await answer;
  return { status, detail: JSON.parse(body).detail };
}

const statements = {
  "its look at the service": () => new Promise((resolve) => lrs.testConfig(resolve)),

  "its look with wrong credentials": () => new Promise((resolve) => {
    wrapperFor(endpoint, "guessed").testConfig(resolve);
  }),

  "a statement is read back": async () => {
    const sent = aStatement({ result: { score: { raw: 7.25 }, response: "Größe ✓" } });
    const [id] = await send(sent);
    return { sent, id, got: await query({ statementId: id }) };
  },

  "a batch": async () => {
    const object = newActivity();
    const ids = await send([aStatement({ object }), aStatement({ object })]);
    return { ids, listed: idsOn(await query({ activity: object.id, ascending: true })) };
  },

  "filters": async () => {
    const [actor, verb, registration] = [newAgent(), newVerb(), randomUUID()];
    const parts = {
      first: { actor, verb },
      registered: { actor, context: { registration } },
      instructed: { context: { instructor: actor } },
    };
    const names = {};
    for (const [name, properties] of Object.entries(parts)) {
      names[(await send(aStatement(properties)))[0]] = name;
    }
    const agent = JSON.stringify(actor);
    const queries = {
      agent: { agent },
      verb: { verb: verb.id },
      registration: { registration },
      "related agents": { agent, related_agents: true },
      limit: { agent, limit: 1 },
    };
    const found = {};
    for (const [name, parameters] of Object.entries(queries)) {
      found[name] = idsOn(await query(parameters)).map((id) => names[id]);
    }
    return found;
  },

  "more": async () => {
    const object = newActivity();
    const ids = await send(Array.from({ length: 3 }, () => aStatement({ object })));
    let page = await query({ activity: object.id, limit: 2, ascending: true });
    const pages = [idsOn(page)];
    while (page.more) {
      page = await parsed(ask("getStatements", [null, page.more]));
      pages.push(idsOn(page));
    }
    return { ids, pages };
  },

  "voiding": async () => {
    const [id] = await send(aStatement());
    const verb = { id: "http://adlnet.gov/expapi/verbs/voided" };
    await send(aStatement({ verb, object: { objectType: "StatementRef", id } }));
    const voided = await query({ voidedStatementId: id });
    const asked = await refusal(ask("getStatements", [{ statementId: id }, null]));
    return { id, voided: voided.id, asked };
  },

  "another under the same id": async () => {
    const [id] = await send(aStatement());
    return refusal(ask("sendStatements", [aStatement({ id })]));
  },

  "an invalid statement": () => {
    const invalid = aStatement({ object: { id: "no IRI" } });
    return refusal(ask("sendStatements", [[aStatement(), invalid]]));
  },

  "wrong credentials": () => refusal(
    ask("sendStatements", [aStatement()], wrapperFor(endpoint, "guessed")),
  ),
};

/** How the calls for a document are made, up to its content and its conditions. */
const kinds = {
  state: {
    place: () => [newActivity().id, newAgent(), "p", null],
    send: "sendState", get: "getState", list: ([activity, agent]) => [activity, agent, null, null],
  },
  "activity profile": {
    place: () => [newActivity().id, "p"],
    send: "sendActivityProfile", get: "getActivityProfile", list: ([activity]) => [activity, null],
  },
  "agent profile": {
    place: () => [newAgent(), "p"],
    send: "sendAgentProfile", get: "getAgentProfile", list: ([agent]) => [agent, null],
  },
};

const hash = (content) => adl.hash(JSON.stringify(content));

function documentScenarios(kind, calls) {
  const put = (at, content, ...match) => ask(calls.send, [...at, content, ...match]);
  const get = (at) => ask(calls.get, [...at, null]);
  return {
    [`${kind}: merged under the hash of what was there`]: async () => {
      const at = calls.place();
      const missing = await refusal(get(at));
      const [first, second] = [{ page: 1 }, { name: "Größe" }];
      const created = await put(at, first, null, "*");
      const changed = await put(at, second, `"${hash(first)}"`, null);
      const stale = await refusal(put(at, second, `"${hash(first)}"`, null));
      const { body, headers } = await get(at);
      return {
        missing, stale, statuses: [created.status, changed.status],
        content: JSON.parse(body), etag: headers.etag, hash: `"${hash({ ...first, ...second })}"`,
        ids: await parsed(ask(calls.get, [...calls.list(at), null])),
      };
    },

    // Its own documents show it so, though the standard wants quotes around.
    [`${kind}: merged under a hash without quotes`]: async () => {
      const at = calls.place();
      await put(at, { page: 1 }, null, "*");
      return (await put(at, { page: 2 }, hash({ page: 1 }), null)).status;
    },

    [`${kind}: lists and texts`]: async () => {
      const [listAt, textAt] = [calls.place(), calls.place()];
      await put(listAt, [1, 2], null, "*");
      await put(textAt, "a=1;b=ü", null, "*");
      const [list, text] = [await get(listAt), await get(textAt)];
      return {
        list: JSON.parse(list.body), text: text.body,
        types: [list.headers["content-type"], text.headers["content-type"]],
      };
    },
  };
}

const documents = Object.assign(
  {},
  ...Object.entries(kinds).map(([kind, calls]) => documentScenarios(kind, calls)),
);

const others = {
  "a state of a registration since then": async () => {
    const [activity, agent, registration] = [newActivity().id, newAgent(), randomUUID()];
    await ask("sendState", [activity, agent, "p", registration, { page: 1 }, null, null]);
    const at = (since) => parsed(ask("getState", [activity, agent, null, registration, since]));
    return { before: await at(new Date(0)), after: await at(new Date("2999-01-01T00:00:00Z")) };
  },

  "a person": async () => {
    const agent = newAgent();
    await send(aStatement({ actor: { ...agent, name: "Ada" } }));
    return { agent, person: await parsed(ask("getAgents", [agent])) };
  },

  "an activity": async () => {
    const object = { ...newActivity(), definition: { name: { en: "A course" } } };
    await send(aStatement({ object }));
    return { object, got: await parsed(ask("getActivities", [object.id])) };
  },

  // Its users forget the slash at the end, and then ask for /xapistatements.
  "an endpoint without a slash": async () => {
    const glued = wrapperFor(endpoint.replace(/\/$/, ""));
    const [id] = await parsed(ask("sendStatements", [aStatement()], glued));
    const [activity, agent] = [newActivity().id, newAgent()];
    await ask("sendState", [activity, agent, "p", null, { page: 1 }, null, null], glued);
    return {
      id,
      got: (await parsed(ask("getStatements", [{ statementId: id }, null], glued))).id,
      state: await parsed(ask("getState", [activity, agent, "p", null, null], glued)),
      looked: await new Promise((resolve) => glued.testConfig(resolve)),
    };
  },
};

run({ ...statements, ...documents, ...others });
