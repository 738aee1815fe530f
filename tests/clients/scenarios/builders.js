/*
 * Agents, activities and statements that no other scenario uses, so that the scenarios of all
 * clients can share one store.
 */
"use strict";

const { createHash, randomUUID } = require("node:crypto");

const ATTACHMENT_USAGE = "http://id.tincanapi.com/attachment/supporting_media";

function newAgent() {
  return { objectType: "Agent", mbox: `mailto:${randomUUID()}@example.org` };
}

function newActivity() {
  return { objectType: "Activity", id: `http://example.org/activities/${randomUUID()}` };
}

function newVerb() {
  return { id: `http://example.org/verbs/${randomUUID()}`, display: { en: "did" } };
}

/** A statement with these properties instead of, or beside, the least that it needs. */
function aStatement(properties = {}) {
  return { actor: newAgent(), verb: newVerb(), object: newActivity(), ...properties };
}

/** What a statement says of an attachment with this content. */
function anAttachment(content, contentType = "text/plain") {
  const bytes = Buffer.from(content);
  return {
    usageType: ATTACHMENT_USAGE,
    display: { en: "A file" },
    contentType,
    length: bytes.length,
    sha2: createHash("sha256").update(bytes).digest("hex"),
  };
}

module.exports = { aStatement, anAttachment, newActivity, newAgent, newVerb, randomUUID };
