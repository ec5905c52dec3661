import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import worker from '../../src/index.ts';
import type { Bindings } from '../../src/domain/env.ts';
import { ask, bindings, emptyCopy, expectExactCopy } from './copy.ts';
import { addUser, emptyRegistry, room, write } from './registry.ts';

const ORIGIN = 'https://rooms.example';
const PATH = '/dashboard/operators';

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
  await write([room('ada', 'paper'), room('ada', 'pen')]);
});

async function send(path: string, init: RequestInit, on: Bindings = bindings): Promise<Response> {
  const context = createExecutionContext();
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, {
    method: init.method ?? 'GET',
    headers: init.headers ?? {},
    body: init.body ?? null,
    redirect: 'manual',
  });
  const response = await worker.fetch(request, on, context);
  await waitOnExecutionContext(context);
  return response;
}

const post = (path: string, fields: Record<string, string>, cookie = '', on = bindings) =>
  send(
    path,
    {
      method: 'POST',
      headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded', cookie },
      body: new URLSearchParams(fields).toString(),
    },
    on,
  );

async function operator(): Promise<string> {
  const email = `${crypto.randomUUID()}@example.com`;
  const response = await post('/sign-up', { name: 'Olga', email, password: 'correct horse battery' });
  await env.DB.prepare("UPDATE user SET role = 'admin' WHERE email = ?").bind(email).run();
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

async function page(cookie: string, path = PATH): Promise<string> {
  const response = await send(path, { headers: { cookie } });
  expect(response.status).toBe(200);
  return (await response.text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

test('an operator sees the lag, runs both passes and sees the results', async () => {
  const cookie = await operator();
  expect(await page(cookie)).toMatch(
    /Not copied yet 2 changes, the oldest from .* Last run never Last success never/,
  );

  const copied = await post(`${PATH}/mirror/run`, { pass: 'incremental' }, cookie);
  expect(copied.headers.get('location')).toBe(`${PATH}?done=incremental`);
  await expectExactCopy();
  expect(await page(cookie, `${PATH}?done=incremental`)).toMatch(
    /The incremental pass has run\..* Not copied yet nothing Last run just now ,? ?succeeded Last success just now .* Last error none since/,
  );

  await ask("delete from durable_object_instance where resource_name = 'pen'");
  const compared = await post(`${PATH}/mirror/run`, { pass: 'reconcile' }, cookie);
  expect(compared.headers.get('location')).toBe(`${PATH}?done=reconcile`);
  expect(await page(cookie)).toMatch(/2 rows compared, 1 missing, 0 different, 0 extra, 1 repaired/);
  await expectExactCopy();
});

test('an operator sees the error and time of a failed run and the last success', async () => {
  const cookie = await operator();
  await post(`${PATH}/mirror/run`, { pass: 'incremental' }, cookie);
  const twoHours = 2 * 60 * 60_000;
  await env.DB.prepare('UPDATE mirror_status SET last_success_at = last_success_at - ?').bind(twoHours).run();
  const broken: Bindings = { ...bindings };
  Reflect.set(broken, 'HYPERDRIVE', Reflect.get(env, 'HYPERDRIVE_NO_DATABASE'));
  const failed = await post(`${PATH}/mirror/run`, { pass: 'incremental' }, cookie, broken);
  expect(failed.headers.get('location')).toBe(`${PATH}?done=failed`);
  expect(await page(cookie)).toMatch(
    /Last run just now ,? ?failed Last success 2 hours ago .* Last error just now .*database/,
  );
});
