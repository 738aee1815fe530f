/*
 * Attachments: their data out and in. An old page cannot send any.
 */
"use strict";

const { newActivity } = require("../builders");
const { TinCan, ask, asStatement, place, query, save, saveAll } = require("./client");

function anAttachment(content) {
  return new TinCan.Attachment({
    usageType: "http://id.tincanapi.com/attachment/supporting_media",
    display: { en: "A file" },
    contentType: "application/x-test",
    content,
  });
}

const TEXT = "first line\r\nsecond line ✓\n";
// In Node this client makes text of what it sends, so bytes survive in a page only.
const BYTES = Uint8Array.from({ length: 512 }, (_, index) => index % 256).buffer;

const hexOf = (content) => Buffer.from(content).toString("hex");

function contentsOf(statement) {
  return statement.attachments.map(({ content, sha2 }) => ({ sha2, hex: hexOf(content) }));
}

async function sentAndGot(...contents) {
  const statement = asStatement({ attachments: contents.map(anAttachment) });
  await save(statement);
  const params = { attachments: true };
  const one = await ask("retrieveStatement", [statement.id], { params });
  const listed = await query({ activity: statement.target.id, ...params });
  return {
    sent: contentsOf(statement), one: contentsOf(one), listed: contentsOf(listed.statements[0]),
  };
}

const attachments = {
  "an attachment of text": () => sentAndGot(TEXT),

  "several attachments": () => sentAndGot("first", "second"),

  "the same attachment twice": () => sentAndGot("the same", "the same"),

  "attachments of a batch": async () => {
    const object = newActivity();
    const batch = ["first", "the same", "the same"].map((content) => (
      asStatement({ object, attachments: [anAttachment(content)] })
    ));
    await saveAll(...batch);
    const listed = await query({ activity: object.id, ascending: true, attachments: true });
    return {
      sent: batch.flatMap(contentsOf),
      listed: listed.statements.flatMap(contentsOf),
    };
  },
};
if (place === "page") {
  attachments["an attachment of bytes"] = () => sentAndGot(BYTES);
}

module.exports = place === "old-page" ? {} : attachments;
