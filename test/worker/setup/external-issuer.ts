import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    externalIssuer: {
      /**
       * An issuer's server. `/jwks` is its key set, `/first-key` a part of it; `/two-keys` has two of one kind; `/unusable` has keys of the same names that
       * cannot be used, and `/private` the private ones; `/broken` answers 500 and `/garbage` no JSON; `/requests` is how often each path was asked for. `PUT /mode/{path}` makes a path answer like the one in the
       * body from now on; `down` cuts its connections.
       */
      readonly url: string;
      /** Where nothing listens. */
      readonly unreachableUrl: string;
      /** Its signing keys. Their `kid` is in the key set. */
      readonly ed25519: JWK;
      readonly rsa: JWK;
    };
  }
}

/** Runs an external issuer on the loopback while the tests of the project run: a real HTTP server with real keys. */
export default async function setup(project: TestProject): Promise<() => void> {
  const ed25519 = await signingKey('EdDSA', 'ed25519-1');
  const rsa = await signingKey('RS256', 'rsa-1');
  const answers: Record<string, { status: number; body: string }> = {
    '/jwks': { status: 200, body: JSON.stringify({ keys: [ed25519, rsa].map(publicHalf) }) },
    '/first-key': { status: 200, body: JSON.stringify({ keys: [publicHalf(ed25519)] }) },
    '/unusable': {
      status: 200,
      body: JSON.stringify({
        keys: [
          { ...publicHalf(ed25519), x: 'AAAA' },
          { ...shortRsaKey(), kid: rsa.kid, alg: rsa.alg },
        ],
      }),
    },
    '/two-keys': {
      status: 200,
      body: JSON.stringify({ keys: [ed25519, await signingKey('EdDSA', 'ed25519-2')].map(publicHalf) }),
    },
    '/private': { status: 200, body: JSON.stringify({ keys: [ed25519, rsa] }) },
    '/broken': { status: 500, body: 'broken' },
    '/garbage': { status: 200, body: 'no JSON' },
  };
  const requests: Record<string, number> = {};
  const modes: Record<string, string> = {};

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/requests') {
      response.end(JSON.stringify(requests));
      return;
    }
    if (path.startsWith('/mode/')) {
      request.setEncoding('utf8').on('data', (mode: string) => {
        modes[path.slice('/mode'.length)] = mode;
        response.end();
      });
      return;
    }
    requests[path] = (requests[path] ?? 0) + 1;
    // A query parts the key sets of tests that must not share a cache.
    const mode = modes[path] ?? path.split('?')[0] ?? '';
    if (mode === 'down') {
      request.socket.destroy();
      return;
    }
    const { status, body } = answers[mode] ?? { status: 404, body: '' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  const url = await listen(server);
  const closed = createServer();
  const unreachableUrl = await listen(closed);
  closed.close();

  project.provide('externalIssuer', { url, unreachableUrl, ed25519, rsa });
  return () => {
    server.closeAllConnections();
    server.close();
  };
}

async function signingKey(alg: 'EdDSA' | 'RS256', kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, kid };
}

/** RFC 7518, 3.3: at least 2,048 bits. */
function shortRsaKey(): JWK {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  return { kty: 'RSA', n, e };
}

function publicHalf({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...publicJwk }: JWK): JWK {
  return publicJwk;
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The issuer has no port.');
  return `http://127.0.0.1:${address.port}`;
}
