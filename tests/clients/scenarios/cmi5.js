/*
 * What an assignable unit does that is built on @xapi/cmi5. The script is the LMS as well: it
 * leaves the launch data in the LRS, and makes a launch token there for each unit, which the unit
 * gets at the fetch URL.
 */
"use strict";

// The package is made for browsers and looks for this when it is loaded.
globalThis.XMLHttpRequest = require("xhr2");

const Cmi5 = require("@xapi/cmi5/dist/Cmi5.umd.js");
const XAPI = require("@xapi/xapi");
const { newActivity, randomUUID } = require("./builders");
const { endpoint, key, secret, run } = require("./run");

const SESSION_ID = "https://w3id.org/xapi/cmi5/context/extensions/sessionid";
const TOKEN = Buffer.from(`${key}:${secret}`).toString("base64");

const lms = new XAPI({ endpoint, auth: `Basic ${TOKEN}` });

/** Ask the launch tokens of the LRS, as the LMS. */
async function launchTokens(method, path = "", body = undefined) {
  const url = new URL(`/api/v1/launch-tokens${path}`, endpoint);
  const headers = { Authorization: `Basic ${TOKEN}`, "Content-Type": "application/json" };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
  return answer.status === 204 ? undefined : answer.json();
}

/** Launch a unit: what the LMS stores before, and the unit with the parameters of its address. */
async function launch({ masteryScore, base = endpoint, hasData = true } = {}) {
  const [actor, activity] = [
    { objectType: "Agent", account: { homePage: "http://lms.example.org", name: randomUUID() } },
    newActivity(),
  ];
  const registration = randomUUID();
  const launchData = {
    contextTemplate: {
      contextActivities: { grouping: [newActivity()] },
      extensions: { [SESSION_ID]: randomUUID() },
    },
    launchMode: "Normal",
    moveOn: "CompletedAndPassed",
    returnURL: "http://lms.example.org/back",
    ...(masteryScore === undefined ? {} : { masteryScore }),
  };
  if (hasData) {
    await lms.setState({
      agent: actor, activityId: activity.id, registration,
      stateId: "LMS.LaunchData", state: launchData,
    });
  }
  const made = await launchTokens("POST", "", { actor, activity: activity.id, registration });
  const unit = new Cmi5({
    endpoint: base, fetch: made.fetch_url, actor, registration, activityId: activity.id,
  });
  return { unit, made, actor, activity, registration, launchData };
}

async function stored(registration) {
  const { data } = await lms.getStatements({ registration, ascending: true });
  return data.statements;
}

const verbsOf = (statements) => statements.map(({ verb }) => verb.id.split("/").pop());

const sessions = {
  "a launch": async () => {
    const { unit, made, actor, registration, launchData } = await launch();
    const { data } = await unit.initialize();
    const [initialized] = await stored(registration);
    return {
      token: unit.getAuthToken(), made, ids: data, actor, registration, launchData, initialized,
      read: unit.getLaunchData(), preferences: unit.getLearnerPreferences(),
    };
  },

  "preferences": async () => {
    const { unit, actor } = await launch();
    const preferences = { languagePreference: "de-CH,en", audioPreference: "off" };
    await lms.setAgentProfile({
      agent: actor, profileId: "cmi5LearnerPreferences", profile: preferences,
      matchHeader: "If-None-Match", etag: "*",
    });
    await unit.initialize();
    return { preferences, read: unit.getLearnerPreferences() };
  },

  "no preferences": async () => {
    const { unit, actor } = await launch();
    await unit.initialize();
    const at = { agent: actor, profileId: "cmi5LearnerPreferences" };
    const { status } = await refusal(unit.xapi.getAgentProfile(at));
    return { status, read: unit.getLearnerPreferences() };
  },

  "a whole session": async () => {
    const { unit, registration, launchData } = await launch({ masteryScore: 0.8 });
    await unit.initialize();
    await unit.progress(50);
    await unit.complete();
    await unit.pass(0.9);
    await unit.terminate();
    const statements = await stored(registration);
    return { verbs: verbsOf(statements), statements, launchData };
  },

  "moving on": async () => {
    const { unit, registration } = await launch({ masteryScore: 0.5 });
    await unit.initialize();
    const ids = await unit.moveOn({ score: { scaled: 0.75, raw: 75, min: 0, max: 100 } });
    const statements = await stored(registration);
    return { ids, listed: statements.map(({ id }) => id), verbs: verbsOf(statements) };
  },

  "failing": async () => {
    const { unit, registration } = await launch({ masteryScore: 0.8 });
    await unit.initialize();
    await unit.fail(0.25);
    const [, failed] = await stored(registration);
    return { verb: failed.verb.id, result: failed.result };
  },

  "every kind of question": async () => {
    const { unit, registration } = await launch();
    await unit.initialize();
    const parts = ["a", "b"].map((id) => ({ id, description: { en: id } }));
    const period = { start: new Date(0), end: new Date(61_500) };
    const name = { en: "Is it?" };
    await unit.interactionTrueFalse("t", "1", true, true, name, undefined, true, period);
    await unit.interactionChoice("t", "2", ["a"], ["a", "b"], parts, name, undefined, false);
    await unit.interactionFillIn("t", "3", ["x", "y"], ["x", "y"]);
    await unit.interactionLongFillIn("t", "4", ["a long text"]);
    await unit.interactionLikert("t", "5", "a", "b", parts);
    await unit.interactionMatching("t", "6", { a: "b" }, { a: "b" }, parts, parts);
    await unit.interactionPerformance("t", "7", { a: "3" }, { a: { exact: 3 } }, parts);
    await unit.interactionSequencing("t", "8", ["a", "b"], ["b", "a"], parts);
    await unit.interactionNumeric("t", "9", 4, { min: 1, max: 5 });
    await unit.interactionOther("t", "10", "(1,2)", "(1,2)");
    const answers = (await stored(registration)).slice(1);
    return answers.map(({ object, result }) => ({
      kind: object.definition.interactionType,
      pattern: object.definition.correctResponsesPattern,
      response: result.response,
      duration: result.duration,
    }));
  },

  "a session that goes on": async () => {
    const { unit, registration } = await launch();
    await unit.initialize();
    const again = new Cmi5(unit.getLaunchParameters());
    await again.initialize({
      authToken: unit.getAuthToken(), initializedDate: unit.getInitializedDate(),
    });
    await again.terminate();
    return verbsOf(await stored(registration));
  },

  "a bookmark": async () => {
    const { unit, actor, activity, registration } = await launch();
    await unit.initialize();
    const beside = { agent: actor, activityId: activity.id, registration };
    const at = { ...beside, stateId: "bookmark" };
    await unit.xapi.setState({ ...at, state: "page=3;ü", contentType: "text/plain" });
    const names = await unit.xapi.getStates(beside);
    return { content: (await unit.xapi.getState(at)).data, names: names.data.sort() };
  },
};

/** What the page learns of a refusal: the axios of this client keeps the answer. */
async function refusal(answer) {
  try {
    await answer;
  } catch ({ response }) {
    const { status, detail } = response.data;
    return { status, detail };
  }
  throw new Error("it was not refused");
}

const launches = {
  "an endpoint with two slashes": async () => {
    const { unit, registration } = await launch({ base: `${endpoint}/` });
    await unit.initialize();
    await unit.terminate();
    return verbsOf(await stored(registration));
  },

  "an endpoint without a slash": async () => {
    const { unit, registration } = await launch({ base: endpoint.replace(/\/$/, "") });
    await unit.initialize();
    return verbsOf(await stored(registration));
  },

  "a fetch URL that was used": async () => {
    const { unit, made } = await launch();
    await unit.initialize();
    const answer = await fetch(made.fetch_url, { method: "POST" });
    return { status: answer.status, said: await answer.json() };
  },

  "a token that was revoked": async () => {
    const { unit, made } = await launch();
    await unit.initialize();
    await launchTokens("DELETE", `/${made.id}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return refusal(unit.terminate());
  },

  "another learner": async () => {
    const [one, other] = [await launch(), await launch()];
    await one.unit.initialize();
    const statement = {
      actor: other.actor,
      verb: { id: "http://adlnet.gov/expapi/verbs/experienced" },
      object: one.activity,
      context: { registration: one.registration },
    };
    return refusal(one.unit.xapi.sendStatement({ statement }));
  },

  "no launch data": async () => {
    const { unit } = await launch({ hasData: false });
    return refusal(unit.initialize());
  },
};

run({ ...sessions, ...launches });
