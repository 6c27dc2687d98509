// An identity provider for the browser tests: oidc-provider, with a sign-in form, somebody to sign in, and a way to
// change what it says. It prints its issuer, and ends with the process that started it.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIRECT_URI, OIDC_PASSWORD } = process.env;

const people = new Map([['hedy', { name: 'Hedy Lamarr', email: 'hedy@corp.example', groups: ['film'] }]]);

function signingKey() {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: randomUUID(), use: 'sig', alg: 'ES256' };
}

const cookieKeys = [randomUUID()];

/** The provider with a new key; what it gave before stays, as after a restart. */
function start(issuer) {
  return new Provider(issuer, {
    jwks: { keys: [signingKey()] },
    cookies: { keys: cookieKeys },
    clients: [
      {
        client_id: OIDC_CLIENT_ID,
        client_secret: OIDC_CLIENT_SECRET,
        redirect_uris: [OIDC_REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: () => true,
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 600, RefreshToken: 3600, Session: 3600 },
    findAccount: async (_context, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, preferred_username: sub, email_verified: true, ...people.get(sub) }),
    }),
    // The portal belongs to the company: nobody is asked whether it may know who they are.
    loadExistingGrant: async ({ oidc }) => {
      const known = oidc.session.grantIdFor(oidc.client.clientId);
      if (known) return oidc.provider.Grant.find(known);
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
  });
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const page = (wrong) => `<!doctype html><html lang="en"><title>Corp</title><main><h1>Sign in to Corp</h1>
${wrong ? '<p role="alert">The name or the password is wrong.</p>' : ''}
<form method="post"><label>Name <input name="name" autocomplete="off"></label>
<label>Password <input name="password" type="password"></label><button>Sign in</button></form></main></html>`;

/** The sign-in form, and what it sends. */
async function interaction(provider, request, response) {
  await provider.interactionDetails(request, response);
  if (request.method === 'POST') {
    const form = new URLSearchParams(await body(request));
    if (people.has(form.get('name')) && form.get('password') === OIDC_PASSWORD) {
      return provider.interactionFinished(request, response, { login: { accountId: form.get('name') } });
    }
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(page(request.method === 'POST'));
}

/** `{"groups": {"hedy": […]}}` and `{"rotate": true}`. */
async function control(request, response) {
  const { groups = {}, rotate = false } = JSON.parse(await body(request));
  for (const [name, names] of Object.entries(groups)) people.get(name).groups = names;
  if (rotate) provider = start(issuer);
  response.writeHead(204).end();
}

let issuer;
let provider;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, issuer);
  const answered = async () => {
    if (pathname === '/control' && request.method === 'POST') return control(request, response);
    if (pathname.startsWith('/interaction/')) return interaction(provider, request, response);
    return provider.callback()(request, response);
  };
  answered().catch((error) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});

server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  provider = start(issuer);
  console.log(`issuer ${issuer}`);
});
process.on('disconnect', () => process.exit());
