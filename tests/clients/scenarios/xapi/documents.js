/*
 * States and profiles: stored under conditions, merged, listed, deleted.
 */
"use strict";

const { newActivity, newAgent, randomUUID } = require("../builders");
const { lrs, refusal, version } = require("./client");

/** Where a document lies, and how this client's calls for it are named. */
const kinds = {
  state: {
    place: () => ({ agent: newAgent(), activityId: newActivity().id, stateId: "bookmark" }),
    id: "stateId",
    content: "state",
    calls: ["createState", "setState", "getState", "getStates", "deleteState"],
  },
  "activity profile": {
    place: () => ({ activityId: newActivity().id, profileId: "p" }),
    id: "profileId",
    content: "profile",
    calls: [
      "createActivityProfile", "setActivityProfile", "getActivityProfile", "getActivityProfiles",
      "deleteActivityProfile",
    ],
  },
  "agent profile": {
    place: () => ({ agent: newAgent(), profileId: "p" }),
    id: "profileId",
    content: "profile",
    calls: [
      "createAgentProfile", "setAgentProfile", "getAgentProfile", "getAgentProfiles",
      "deleteAgentProfile",
    ],
  },
};

const NEW = { matchHeader: "If-None-Match", etag: "*" };

function documentScenarios(kind, { place, id, content, calls }) {
  const [create, set, get, list, remove] = calls.map((name) => lrs[name].bind(lrs));
  return {
    [`${kind}: from its creation to its end`]: async () => {
      const at = place();
      const missing = await refusal(get(at));
      await set({ ...at, ...NEW, [content]: { page: 1 } });
      const first = await get(at);
      const { etag } = first.headers;
      await set({ ...at, [content]: { page: 2 }, matchHeader: "If-Match", etag });
      const second = await get(at);
      const stale = await refusal(
        set({ ...at, [content]: { page: 3 }, matchHeader: "If-Match", etag }),
      );
      const again = await refusal(set({ ...at, [content]: { page: 3 }, ...NEW }));
      const staleEnd = await refusal(remove({ ...at, etag }));
      await remove({ ...at, etag: second.headers.etag });
      return {
        missing, stale, again, staleEnd,
        contents: [first.data, second.data],
        etags: [etag, second.headers.etag],
        after: await refusal(get(at)),
      };
    },

    [`${kind}: merged`]: async () => {
      const at = place();
      await create({ ...at, ...NEW, [content]: { a: 1, b: { c: 1 } } });
      await create({ ...at, [content]: { b: { d: 2 } } });
      return (await get(at)).data;
    },

    [`${kind}: listed`]: async () => {
      const at = place();
      await set({ ...at, ...NEW, [id]: "first", [content]: { page: 1 } });
      const { data: names } = await list(at);
      await set({ ...at, ...NEW, [id]: "second", [content]: { page: 1 } });
      const { data: both } = await list(at);
      const { data: later } = await list({ ...at, since: "2999-01-01T00:00:00Z" });
      return { names, both: both.sort(), later };
    },

    [`${kind}: text`]: async () => {
      const at = place();
      await set({ ...at, ...NEW, [content]: "Seite 3 ✓", contentType: "text/plain" });
      const { data, headers } = await get(at);
      return { data, type: headers["content-type"] };
    },
  };
}

const ofEachKind = Object.assign(
  {},
  ...Object.entries(kinds).map(([kind, parts]) => documentScenarios(kind, parts)),
);

const states = {
  "states of a registration": async () => {
    const at = { agent: newAgent(), activityId: newActivity().id };
    const registration = randomUUID();
    await lrs.setState({ ...at, stateId: "general", state: { n: 1 } });
    await lrs.setState({ ...at, stateId: "registered", registration, state: { n: 2 } });
    const names = async (more) => (await lrs.getStates({ ...at, ...more })).data.sort();
    const before = { all: await names({}), registered: await names({ registration }) };
    await lrs.deleteStates({ ...at, registration });
    const after = await names({});
    await lrs.deleteStates(at);
    return { ...before, after, end: await names({}) };
  },

  "a state put twice": async () => {
    const at = { agent: newAgent(), activityId: newActivity().id, stateId: "bookmark" };
    await lrs.setState({ ...at, state: { page: 1 } });
    const second = lrs.setState({ ...at, state: { page: 2 } });
    if (version === "2.0.0") return refusal(second);
    await second;
    return (await lrs.getState(at)).data;
  },
};

module.exports = { ...ofEachKind, ...states };
