import { beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { createApp } from '../../src/worker/app.ts';
import { otherRoutes } from '../../src/worker/other-routes.ts';
import { bearer, PASSWORD, signUpUser, type TestUser } from './support/auth-users.ts';
import { createDocWithText, encodeSyncBody } from './support/room-app.ts';
import { send, sendJson } from './support/whole-worker.ts';

/** As vitest.config.ts binds it. */
const OPERATOR = bearer('test-operator-token-of-at-least-32-characters');

interface Described {
  operationId: string;
  security: object[];
  parameters: { name: string; in: string; required?: boolean; schema: Record<string, unknown> }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, object> };
}

let description: Description;
let text: string;
let user: TestUser;
let mine: { authorization: string };
beforeAll(async () => {
  text = await (await send('/api/openapi.json')).text();
  description = JSON.parse(text);
  user = await signUpUser();
  mine = bearer(user.sessionToken);
});

const listOperations = () =>
  Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );

/** Creates a createValidator of a schema of the description. */
function createValidator(schema: object) {
  const local = JSON.stringify({ ...schema, $defs: description.components.schemas });
  return z.fromJSONSchema(JSON.parse(local.replaceAll('#/components/schemas/', '#/$defs/')));
}

/** Expects a response that conforms to the description. */
async function expectDescribed(method: string, path: string, response: Response): Promise<void> {
  const answer = description.paths[path]?.[method]?.responses[response.status];
  expect(answer, `${method} ${path} answered ${response.status}`).toBeDefined();
  const type = response.headers.get('content-type')?.split(';')[0];
  if (answer?.content === undefined) {
    expect(await response.text()).toBe('');
    return;
  }
  expect(Object.keys(answer.content)).toEqual([type]);
  const { schema } = answer.content[type ?? ''] ?? {};
  if (schema === undefined || !type?.endsWith('json')) return;
  const result = createValidator(schema).safeParse(await response.json());
  expect(result.error?.issues ?? [], `${method} ${path}`).toEqual([]);
}

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1, readable without a credential', async () => {
    const response = await send('/api/openapi.json', { headers: { origin: 'https://app.example' } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(description.openapi).toBe('3.1.0');
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(10);
    expect(Object.keys(description.components.schemas)).toEqual(expect.arrayContaining(references));
    const ids = listOperations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of listOperations()) {
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    }
  });

  it('has exactly the registered routes, except pages', () => {
    const registered = [...createApp(async () => otherRoutes).routes, ...otherRoutes.routes]
      .filter(
        ({ method, path }) =>
          method !== 'ALL' && /^\/(api\/(?!auth\/)|users|documents|workspaces|healthz|readyz)/.test(path),
      )
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const operations = listOperations()
      .filter(({ path }) => !path.startsWith('/api/auth/'))
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(operations.toSorted()).toEqual([...new Set(registered)].toSorted());
    expect(operations.length).toBeGreaterThan(15);
  });

  it('has the parameters of the validation', () => {
    const { parameters = [] } = description.paths['/api/admin/instances']?.['get'] ?? {};
    const inQuery = Object.fromEntries(
      parameters.filter((one) => one.in === 'query').map((one) => [one.name, one]),
    );
    expect(Object.keys(inQuery)).toEqual(['type', 'q', 'sort', 'order', 'limit', 'cursor', 'userId']);
    expect(inQuery['limit']?.schema).toEqual({ type: 'integer', minimum: 1, maximum: 200 });
    expect(inQuery['sort']?.schema).toEqual({
      type: 'string',
      enum: ['storageBytes', 'lastAccessedAt', 'createdAt', 'resourceName'],
      default: 'lastAccessedAt',
    });
    expect(inQuery['userId']).toMatchObject({ required: true, schema: { minLength: 1 } });
  });

  it('requires a credential exactly for the routes that answer 401 without one', async () => {
    for (const { path, method, operation } of listOperations()) {
      if (path.startsWith('/api/auth/')) continue;
      // oxlint-disable-next-line no-await-in-loop
      const { status } = await send(path.replaceAll(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
      expect([method, path, status === 401]).toEqual([method, path, operation.security.length > 0]);
    }
  });

  it('rejects values that do not conform to a schema', () => {
    const page = createValidator(description.components.schemas['InstancePage'] ?? {});
    expect(page.safeParse({ instances: [], nextCursor: null }).success).toBe(true);
    expect(page.safeParse({ instances: [], nextCursor: 1 }).success).toBe(false);
    expect(page.safeParse({ instances: [{}], nextCursor: null }).success).toBe(false);
    expect(page.safeParse({ instances: [], nextCursor: null, more: 1 }).success).toBe(false);
  });
});

/** The HTTP sync request of a document with the text "hello". */
const body = () => encodeSyncBody(new Uint8Array([0]), Y.encodeStateAsUpdate(createDocWithText('hello')));

describe('responses conform to the description:', () => {
  const json = { 'content-type': 'application/json' };

  it.each([
    ['document', true],
    ['workspace', true],
    ['document', false],
    ['workspace', false],
  ])('those of a %s (canonical path: %s)', async (type, isCanonical) => {
    const path = `${isCanonical ? '/users/{userId}' : ''}/${type}s/{name}`;
    const room = `${isCanonical ? `/users/${user.id}` : ''}/${type}s/room-${isCanonical}`;
    const ask = (method: string, rest: object = {}) => send(room, { method, headers: mine, ...rest });
    await expectDescribed('get', path, await ask('GET'));
    await expectDescribed('put', path, await ask('PUT'));
    await expectDescribed('put', path, await ask('PUT'));
    await expectDescribed('post', path, await ask('POST', { body: body() }));
    await expectDescribed('post', path, await ask('POST', { body: 'garbage' }));
    const read = await ask('GET');
    await expectDescribed('get', path, read.clone());
    const headers = { ...mine, 'if-none-match': read.headers.get('etag') ?? '' };
    await expectDescribed('get', path, await ask('GET', { headers }));
    const compaction = () => send(`${room}/compaction`, { method: 'POST', headers: mine });
    await expectDescribed('post', `${path}/compaction`, await compaction());
    await expectDescribed('delete', path, await ask('DELETE'));
    await expectDescribed('post', `${path}/compaction`, await compaction());
    await expectDescribed('get', path, await ask('GET'));
    await expectDescribed('get', path, await ask('GET', { headers: OPERATOR }));
  });

  it('those of versions', async () => {
    const path = '/documents/{name}/snapshots';
    await send('/documents/kept', { method: 'POST', headers: mine, body: body() });
    const made = await sendJson('/documents/kept/snapshots', { label: 'First' }, mine);
    const { id } = await made.clone().json<{ id: string }>();
    await expectDescribed('post', path, made);
    await expectDescribed('post', path, await sendJson('/documents/kept/snapshots', { label: 1 }, mine));
    await expectDescribed('get', path, await send('/documents/kept/snapshots', { headers: mine }));
    const one = `/documents/kept/snapshots/${id}`;
    await expectDescribed('get', `${path}/{id}`, await send(one, { headers: mine }));
    await expectDescribed('get', `${path}/{id}`, await send(`${one}x`, { headers: mine }));
    await expectDescribed(
      'post',
      `${path}/{id}/restore`,
      await send(`${one}/restore`, { method: 'POST', headers: mine }),
    );
    await expectDescribed('delete', `${path}/{id}`, await send(one, { method: 'DELETE', headers: mine }));
  });

  it('those of the registry', async () => {
    await send('/documents/listed', { method: 'POST', headers: mine, body: body() });
    const asked: [string, Record<string, string>, string][] = [
      ['/api/instances', mine, ''],
      ['/api/instances', mine, '?limit=1'],
      ['/api/instances', mine, '?limit=0'],
      ['/api/instances', OPERATOR, ''],
      ['/api/usage', mine, ''],
      ['/api/usage/history', mine, ''],
      ['/api/usage/history', mine, '?from=2026-11-01&to=2026-11-01T12:00:00Z'],
      ['/api/usage/history', mine, '?from=yesterday'],
      ['/api/admin/usage', OPERATOR, '?since=2020-01-01T00:00:00Z&limit=1'],
      ['/api/admin/usage', OPERATOR, '?by=rooms'],
      ['/api/admin/usage', OPERATOR, '?by=x'],
      ['/api/admin/usage', mine, ''],
      ['/api/admin/instances', OPERATOR, `?userId=${user.id}`],
      ['/api/admin/instances', OPERATOR, '?userId=nobody'],
      ['/api/admin/mirror', OPERATOR, ''],
    ];
    for (const [path, headers, query] of asked) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await send(path + query, { headers });
      const etag = response.headers.get('etag');
      // oxlint-disable-next-line no-await-in-loop
      await expectDescribed('get', path, response);
      if (etag === null) continue;
      // oxlint-disable-next-line no-await-in-loop
      const again = await send(path + query, { headers: { ...headers, 'if-none-match': etag } });
      expect(again.status).toBe(304);
      // oxlint-disable-next-line no-await-in-loop
      await expectDescribed('get', path, again);
    }
    const run = await sendJson('/api/admin/mirror/run', { pass: 'incremental' }, OPERATOR);
    await expectDescribed('post', '/api/admin/mirror/run', run);
  });

  it('those of health and accounts', async () => {
    for (const path of ['/healthz', '/readyz', '/api/openapi.json', '/api/auth/jwks']) {
      // oxlint-disable-next-line no-await-in-loop
      await expectDescribed('get', path, await send(path));
    }
    for (const path of ['/api/auth/token', '/api/auth/get-session', '/api/me']) {
      // oxlint-disable-next-line no-await-in-loop
      await expectDescribed('get', path, await send(path, { headers: mine }));
    }
    await expectDescribed('get', '/api/auth/get-session', await send('/api/auth/get-session'));
    const account = { name: 'Ada', email: `${crypto.randomUUID()}@example.com`, password: PASSWORD };
    await expectDescribed(
      'post',
      '/api/auth/sign-up/email',
      await sendJson('/api/auth/sign-up/email', account),
    );
    await expectDescribed(
      'post',
      '/api/auth/sign-up/email',
      await sendJson('/api/auth/sign-up/email', account),
    );
    await expectDescribed(
      'post',
      '/api/auth/sign-in/email',
      await sendJson('/api/auth/sign-in/email', account),
    );
    const wrong = { ...account, password: 'wrong password' };
    await expectDescribed(
      'post',
      '/api/auth/sign-in/email',
      await sendJson('/api/auth/sign-in/email', wrong),
    );
    const out = await send('/api/auth/sign-out', {
      method: 'POST',
      headers: { ...mine, ...json },
      body: '{}',
    });
    await expectDescribed('post', '/api/auth/sign-out', out);
  });

  it('those of erasures', async () => {
    const leaving = await signUpUser();
    const headers = { ...bearer(leaving.sessionToken), ...json };
    const response = await send('/api/account', {
      method: 'DELETE',
      headers,
      body: JSON.stringify({ password: PASSWORD }),
    });
    const { erasure } = await response.clone().json<{ erasure: { id: string } }>();
    await expectDescribed('delete', '/api/account', response);
    await expectDescribed(
      'get',
      '/api/account/erasure/{id}',
      await send(`/api/account/erasure/${erasure.id}`),
    );
    await expectDescribed('get', '/api/account/erasure/{id}', await send('/api/account/erasure/x'));
    const trail = '/api/admin/erasures';
    await expectDescribed('get', trail, await send(trail, { headers: OPERATOR }));
    await expectDescribed('get', trail, await send(`${trail}?limit=x`, { headers: OPERATOR }));
    await expectDescribed(
      'get',
      `${trail}/{id}`,
      await send(`${trail}/${erasure.id}`, { headers: OPERATOR }),
    );
    const other = bearer((await signUpUser()).sessionToken);
    const deleted = await sendJson('/api/auth/delete-user', { password: PASSWORD }, other);
    await expectDescribed('post', '/api/auth/delete-user', deleted);
  });
});
