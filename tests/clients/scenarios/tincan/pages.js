/*
 * As much of a browser as TinCanJS needs to run as it does in a page: on a host of its own, with
 * the requests that browsers have, or with those that old ones of Microsoft had.
 */
"use strict";

const { readFileSync } = require("node:fs");
const { runInThisContext } = require("node:vm");
const XMLHttpRequest = require("xhr2");

/** The requests that went out, as a page's developer would see them in the browser. */
const sent = [];

class PageRequest extends XMLHttpRequest {
  // Its presence tells scripts that they may ask other hosts.
  withCredentials = false;

  open(method, url, isAsync) {
    sent.push({ method, url });
    super.open(method, url, isAsync);
  }

  /** Send a Blob too, which xhr2 cannot. */
  send(data) {
    if (!(data instanceof Blob)) {
      super.send(data);
      return;
    }
    data.arrayBuffer().then((bytes) => super.send(bytes));
  }
}

/** It can but POST text, without a header of the script's, and tells neither status nor headers. */
class XDomainRequest {
  open(method, url) {
    Object.assign(this, { method, url });
    sent.push({ method, url });
  }

  async send(body) {
    const answer = await fetch(this.url, { method: this.method, body });
    this.responseText = await answer.text();
    this.contentType = answer.headers.get("Content-Type");
    (answer.ok ? this.onload : this.onerror)();
  }
}

/** Run a script as a page does that has one of these requests, and return what it is to find. */
function load(path, requests, name) {
  const location = { protocol: "http:", hostname: "course.example.org", port: "" };
  Object.assign(globalThis, { window: globalThis, self: globalThis, location }, requests);
  runInThisContext(readFileSync(path, "utf8"), { filename: path });
  return globalThis[name];
}

const PAGE = { XMLHttpRequest: PageRequest };
// The old one had an XMLHttpRequest as well, but only for the page's own host.
const OLD_PAGE = { XMLHttpRequest, XDomainRequest };

module.exports = { OLD_PAGE, PAGE, load, sent };
