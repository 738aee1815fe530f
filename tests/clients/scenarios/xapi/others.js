/*
 * The other resources, addresses and credentials.
 */
"use strict";

const { aStatement, newActivity, newAgent } = require("../builders");
const { endpoint, key } = require("../run");
const { XAPI, clientWith, lrs, refusal, send, sendAll } = require("./client");

const others = {
  "about": async () => (await lrs.getAbout()).data,

  "a person": async () => {
    const agent = newAgent();
    await sendAll(
      aStatement({ actor: { ...agent, name: "Ada" } }),
      aStatement({ actor: { ...agent, name: "Ada L." } }),
    );
    return { agent, person: (await lrs.getAgent({ agent })).data };
  },

  "an activity": async () => {
    const object = { ...newActivity(), definition: { name: { en: "A course" } } };
    await send(aStatement({ object }));
    return { object, got: (await lrs.getActivity({ activityId: object.id })).data };
  },

  "cachebusters": async () => {
    const at = { agent: newAgent(), activityId: newActivity().id };
    await lrs.setState({ ...at, stateId: "bookmark", state: { page: 1 } });
    const id = await send(aStatement({ actor: at.agent }));
    const useCacheBuster = true;
    const answers = [
      lrs.getAbout({ useCacheBuster }),
      lrs.getAgent({ agent: at.agent, useCacheBuster }),
      lrs.getActivity({ activityId: at.activityId, useCacheBuster }),
      lrs.getStatement({ statementId: id, useCacheBuster }),
      lrs.getStatements({ agent: at.agent, useCacheBuster }),
      lrs.getState({ ...at, stateId: "bookmark", useCacheBuster }),
      lrs.getStates({ ...at, useCacheBuster }),
      lrs.getActivityProfiles({ activityId: at.activityId, useCacheBuster }),
      lrs.getAgentProfiles({ agent: at.agent, useCacheBuster }),
    ];
    return (await Promise.all(answers)).map(({ status }) => status);
  },

  "wrong credentials": () => {
    const stranger = clientWith({ auth: XAPI.toBasicAuth(key, "guessed") });
    return refusal(stranger.sendStatement({ statement: aStatement() }));
  },

  "no credentials": async () => {
    // It sends `Basic Og==`, an empty key with an empty secret.
    const nobody = clientWith({ auth: undefined });
    const about = await nobody.getAbout();
    return { about: about.status, ...(await refusal(nobody.getStatements())) };
  },

  "endpoints": async () => {
    const id = await send(aStatement());
    const found = [];
    for (const spelling of [endpoint.replace(/\/$/, ""), endpoint, `${endpoint}/`]) {
      const { data } = await clientWith({ endpoint: spelling }).getStatement({ statementId: id });
      found.push(data.id === id);
    }
    return found;
  },
};

module.exports = others;
