/*
 * States and profiles: stored under conditions, merged, listed, deleted.
 */
"use strict";

const { newActivity, newAgent, randomUUID } = require("../builders");
const { JSON_TYPE, TEXT_TYPE, TinCan, ask, refusal } = require("./client");

const someone = () => new TinCan.Agent(newAgent());

/** What a state, an activity profile and an agent profile are to this client. */
const kinds = {
  state: { name: "State", place: () => ({ activity: newActivity(), agent: someone() }) },
  "activity profile": { name: "ActivityProfile", place: () => ({ activity: newActivity() }) },
  "agent profile": { name: "AgentProfile", place: () => ({ agent: someone() }) },
};

function documentScenarios(kind, { name, place }) {
  const put = (content, at) => ask(`save${name}`, ["p", content], at);
  const get = (at) => ask(`retrieve${name}`, ["p"], { ...at });
  return {
    [`${kind}: from its creation to its end`]: async () => {
      const at = place();
      // Null, but that an old page cannot tell it from any other failure.
      const missing = await get(at).catch(({ error }) => error);
      await put({ page: 1 }, { ...at, ...JSON_TYPE });
      const first = await get(at);
      await put({ page: 2 }, { ...at, ...JSON_TYPE, lastSHA1: first.etag });
      const second = await get(at);
      const stale = await refusal(put({ page: 3 }, { ...at, ...JSON_TYPE, lastSHA1: first.etag }));
      const ids = await ask(`retrieve${name}Ids`, [], at);
      await ask(`drop${name}`, ["p"], at);
      return {
        missing, stale, ids,
        etag: first.etag,
        type: first.contentType,
        contents: [first.contents, second.contents],
        after: await ask(`retrieve${name}Ids`, [], at),
      };
    },

    [`${kind}: text`]: async () => {
      const at = place();
      await put("Seite 3 + 4 & 5 = 100 % ✓", { ...at, ...TEXT_TYPE });
      const { contents, contentType } = await get(at);
      return { contents, type: contentType };
    },

    [`${kind}: merged`]: async () => {
      const at = place();
      const method = "POST";
      await put({ a: 1 }, { ...at, ...JSON_TYPE, method });
      await put({ b: 2 }, { ...at, ...JSON_TYPE, method, lastSHA1: (await get(at)).etag });
      return (await get(at)).contents;
    },
  };
}

const ofEachKind = Object.assign(
  {},
  ...Object.entries(kinds).map(([kind, parts]) => documentScenarios(kind, parts)),
);

const states = {
  "a state put twice": async () => {
    const at = kinds.state.place();
    for (const page of [1, 2]) await ask("saveState", ["p", { page }], { ...at, ...JSON_TYPE });
    return (await ask("retrieveState", ["p"], at)).contents;
  },

  "states of a registration": async () => {
    const at = kinds.state.place();
    const registration = randomUUID();
    await ask("saveState", ["general", "1"], { ...at, ...TEXT_TYPE });
    await ask("saveState", ["registered", "2"], { ...at, ...TEXT_TYPE, registration });
    const names = await ask("retrieveStateIds", [], { ...at, registration });
    await ask("dropState", [null], { ...at, registration });
    return { names, left: await ask("retrieveStateIds", [], at) };
  },

  "a profile saved again without a look": async () => {
    const at = kinds["activity profile"].place();
    await ask("saveActivityProfile", ["p", "1"], { ...at, ...TEXT_TYPE });
    return refusal(ask("saveActivityProfile", ["p", "2"], { ...at, ...TEXT_TYPE }));
  },
};

module.exports = { ...ofEachKind, ...states };
