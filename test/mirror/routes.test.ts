import { Hono } from 'hono';
import { beforeEach, expect, test, vi } from 'vitest';
import { env } from 'cloudflare:workers';
import type { AppEnv, Bindings } from '../../src/domain/env.ts';
import { mirrorRoutes } from '../../src/mirror/routes.ts';
import { runMirror } from '../../src/mirror/passes/run.ts';
import { ask, bindings, emptyCopy, expectExactCopy } from './copy.ts';
import { addUser, emptyRegistry, room, write } from './registry.ts';

/** The routes alone: who may call them is decided where they are mounted. */
const app = new Hono<AppEnv>().route('/api/admin/mirror', mirrorRoutes());

const withoutMirror: Bindings = { ...bindings };
Reflect.deleteProperty(withoutMirror, 'HYPERDRIVE');

function run(body: BodyInit, on: Bindings = bindings): Response | Promise<Response> {
  return app.request('/api/admin/mirror/run', { method: 'POST', body }, on);
}

const lastReconcile = async () => {
  const report = await app.request('/api/admin/mirror', {}, bindings);
  return (await report.json<{ lastReconcile: unknown }>()).lastReconcile;
};

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
  await write([room('ada', 'paper')]);
});

test('without a Hyperdrive binding the mirror is off, and logs it once', async () => {
  const said = vi.spyOn(console, 'info');
  expect(await runMirror(withoutMirror)).toEqual({ state: 'off' });
  expect(await runMirror(withoutMirror)).toEqual({ state: 'off' });
  expect(said.mock.calls.filter(([record]) => record.event === 'mirror_off')).toHaveLength(1);
  said.mockRestore();

  const refused = await run('{"pass":"incremental"}', withoutMirror);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('HYPERDRIVE') });

  const report = await app.request('/api/admin/mirror', {}, withoutMirror);
  expect(await report.json()).toEqual({
    enabled: false,
    checkpointSeq: null,
    latestSeq: 1,
    lagRows: null,
    lagSeconds: null,
    lastSuccessAt: null,
    lastError: null,
    lastReconcile: null,
  });
});

test('an operator runs a pass and reads its summary and the report', async () => {
  const ran = await run('{"pass":"incremental"}');
  expect(ran.status).toBe(200);
  expect(await ran.json()).toEqual({
    pass: 'incremental',
    batches: 1,
    upserted: 1,
    deleted: 0,
    storageDays: 1,
    fromSeq: 0,
    toSeq: 1,
    more: false,
    restored: false,
    seconds: expect.any(Number),
  });
  await expectExactCopy();

  const report = await app.request('/api/admin/mirror', {}, bindings);
  expect(report.status).toBe(200);
  expect(await report.json()).toEqual({
    enabled: true,
    checkpointSeq: 1,
    latestSeq: 1,
    lagRows: 0,
    lagSeconds: 0,
    lastSuccessAt: expect.stringMatching(/Z$/),
    lastError: null,
    lastReconcile: null,
  });
});

test('an operator runs a reconcile pass in both modes and reads its result', async () => {
  expect((await run('{"pass":"incremental"}')).status).toBe(200);
  await ask("update durable_object_instance set resource_name = 'pepper'");
  const counts = { compared: 1, missing: 0, extra: 0, different: 1, seconds: expect.any(Number) };
  const ends = { startedAt: expect.stringMatching(/Z$/), finishedAt: expect.stringMatching(/Z$/) };
  const detected = await run('{"pass":"reconcile","mode":"detect"}');
  expect(detected.status).toBe(200);
  const history = { compared: 1, missing: 0, extra: 0, different: 0, repaired: 0 };
  const found = { ...counts, ...ends, mode: 'detect', repaired: 0, history };
  expect(await detected.json()).toEqual({ ...found, pass: 'reconcile', more: false, checkpointSeq: 1 });
  expect(await lastReconcile()).toEqual(found);

  const repaired = await run('{"pass":"reconcile"}');
  expect(await repaired.json()).toMatchObject({ mode: 'repair', different: 1, repaired: 1 });
  expect(await lastReconcile()).toEqual({ ...found, mode: 'repair', repaired: 1 });
  await expectExactCopy();
  const kept =
    "select mode, different::int, repaired::int from mirror_reconcile where source = 'registry' order by id";
  expect(await ask(kept)).toEqual([
    { mode: 'detect', different: 1, repaired: 0 },
    { mode: 'repair', different: 1, repaired: 1 },
  ]);
});

test('each run logs one record, never with the connection string', async () => {
  const info = vi.spyOn(console, 'info');
  const error = vi.spyOn(console, 'error');
  await run('{"pass":"incremental"}');
  expect(info.mock.calls).toEqual([[expect.objectContaining({ event: 'mirror_run', ok: true, toSeq: 1 })]]);
  expect(error).not.toHaveBeenCalled();
  info.mockClear();

  const failed = await run('{"pass":"incremental"}', {
    ...bindings,
    HYPERDRIVE: env.HYPERDRIVE_WRONG_PASSWORD,
  });
  expect(failed.status).toBe(502);
  expect(failed.headers.get('content-type')).toBe('application/problem+json');
  expect(await failed.json()).toMatchObject({ detail: expect.stringContaining('28P01') });
  expect(info).not.toHaveBeenCalled();
  expect(error.mock.calls).toEqual([[expect.objectContaining({ event: 'mirror_run', ok: false })]]);
  expect(JSON.stringify(error.mock.calls)).not.toContain('not-the-password');
  info.mockRestore();
  error.mockRestore();
});

test('a request for an unknown pass gets 400 and runs nothing', async () => {
  const bodies = [
    '',
    'incremental',
    '{',
    'null',
    '[]',
    '{}',
    '{"pass":null}',
    '{"pass":"Incremental"}',
    '{"pass":["incremental"]}',
    '{"pass":"incremental","limit":1}',
    '{"pass":"reconcile","mode":"fix"}',
    '{"pass":"incremental","mode":"detect"}',
    new Uint8Array([0xff, 0xfe, 0x00]),
  ];
  for (const body of bodies) {
    const response = await run(body);
    expect(response.status, String(body)).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      field: 'pass',
      detail: expect.stringContaining('"incremental"'),
    });
  }
  expect(await (await app.request('/api/admin/mirror', {}, bindings)).json()).toMatchObject({
    checkpointSeq: null,
  });
});

test('a body that is too long is refused, with or without a Content-Length', async () => {
  const long = `{"pass":"incremental"${' '.repeat(2_000)}}`;
  expect((await run(long)).status).toBe(413);
  const stream = new Response(long).body;
  const streamed = new Request('https://roomkeeper.example/api/admin/mirror/run', {
    method: 'POST',
    body: stream,
  });
  expect((await app.request(streamed, {}, bindings)).status).toBe(413);
});
