// A certified OpenID Connect provider for the tests, on a free port of this machine.
//
// Whoever signs in is who they say they are: `ada+analysts+staff` is Ada, in two groups. It prints
// its address, then answers each line of its input: `rotate` takes a new key in place of the old.

import { randomUUID } from "node:crypto";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import Provider from "oidc-provider";

const [client, secret, callback, algorithm] = process.argv.slice(2);

function keys() {
  const kinds = { RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }] };
  const { privateKey } = generateKeyPairSync(...kinds[algorithm]);
  const key = { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg: algorithm, use: "sig" };
  return { keys: [key] };
}

function account(id) {
  const [name, ...groups] = id.split("+");
  const claims = { sub: id, name, email: `${name}@example.org`, email_verified: true, groups };
  return { accountId: id, claims: async () => claims };
}

function provider(issuer) {
  return new Provider(issuer, {
    clients: [
      {
        client_id: client,
        client_secret: secret,
        redirect_uris: [callback],
        id_token_signed_response_alg: algorithm,
      },
    ],
    claims: {
      openid: ["sub"],
      profile: ["name"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    scopes: ["openid", "profile", "email", "groups"],
    findAccount: async (_, id) => account(id),
    cookies: { keys: ["of no use to anybody"] },
    pkce: { required: () => true },
    jwks: keys(),
  });
}

let current;
const server = createServer((request, response) => current.callback()(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  current = provider(issuer);
  console.log(`issuer ${issuer}`);
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (line === "rotate") current = provider(issuer);
    console.log(`done ${line}`);
  });
});
process.stdin.on("close", () => process.exit(0));
