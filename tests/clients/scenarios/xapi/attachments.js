/*
 * Attachments: their data out and in.
 */
"use strict";

const { aStatement, anAttachment, newActivity } = require("../builders");
const { clientWith, lrs, refusal, send } = require("./client");

// In Node axios takes the type of the body from its Blob, which has none, so only fetch can send.
const sender = clientWith({ adapter: "fetch" });
const asBytes = (text) => new TextEncoder().encode(text).buffer;

const attachments = {
  "an attachment": async () => {
    const content = "one line, since this client cuts parts at line ends ✓";
    const statement = aStatement({ attachments: [anAttachment(content)] });
    const sent = await sender.sendStatement({ statement, attachments: [asBytes(content)] });
    const [id] = sent.data;
    const { data } = await lrs.getStatement({ statementId: id, attachments: true });
    return { id, content, statement: data[0].id, parts: data.slice(1) };
  },

  "attachments of a batch": async () => {
    const contents = ["first", "second", "third"];
    const object = newActivity();
    const batch = [
      aStatement({ object, attachments: contents.slice(0, 2).map((it) => anAttachment(it)) }),
      aStatement({ object, attachments: [anAttachment(contents[2])] }),
    ];
    const { data: ids } = await sender.sendStatements({
      statements: batch, attachments: contents.map(asBytes),
    });
    const query = { activity: object.id, ascending: true, attachments: true };
    const { data: [page, ...parts] } = await lrs.getStatements(query);
    return { ids, listed: page.statements.map(({ id }) => id), contents, parts: parts.sort() };
  },

  "the same attachment in every statement": async () => {
    const content = "the same bytes";
    const object = newActivity();
    const statements = [0, 1, 2].map(() => (
      aStatement({ object, attachments: [anAttachment(content)] })
    ));
    const copies = statements.map(() => asBytes(content));
    await sender.sendStatements({ statements, attachments: copies });
    const { data } = await lrs.getStatements({ activity: object.id, attachments: true });
    return { content, statements: data[0].statements.length, parts: data.slice(1) };
  },

  "an attachment that is elsewhere": async () => {
    const elsewhere = { ...anAttachment("far away"), fileUrl: "http://example.org/far-away" };
    const id = await send(aStatement({ attachments: [elsewhere] }));
    const { data } = await lrs.getStatement({ statementId: id, attachments: true });
    return { sent: elsewhere, got: data[0].attachments, parts: data.slice(1) };
  },

  "an attachment with other bytes": async () => {
    const statement = aStatement({ attachments: [anAttachment("announced")] });
    return refusal(sender.sendStatement({ statement, attachments: [asBytes("different")] }));
  },

  "what axios makes of an attachment": async () => {
    const statement = aStatement({ attachments: [anAttachment("x")] });
    const unlucky = clientWith({ adapter: "axios" });
    return refusal(unlucky.sendStatement({ statement, attachments: [asBytes("x")] }));
  },
};

module.exports = attachments;
