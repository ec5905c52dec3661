import { Hono } from 'hono';
import { readBoundedBody } from '../../lib/bounded-body.ts';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { callDocument } from '../actions/call-room.ts';
import type { RoomResult, VersionInfo } from '../contract/contract.ts';
import { findRoom } from '../actions/find-room.ts';
import { INCARNATION_HEADER, getIncarnation } from '../../domain/incarnation.ts';
import { MAX_USER_VERSIONS, MAX_LABEL_BYTES } from '../limits/room-limits.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { createRefusalResponse } from '../contract/room-refusals.ts';
import { type CreateRegistry, type RoomContext, recordUse } from '../actions/record-use.ts';
import { noSpaceToRestore, updateResponse } from './responses.ts';
import { DOCUMENT_PATHS } from '../../domain/room-paths.ts';
import { readSnapshotId, snapshotIdOf } from './snapshot-id.ts';

/** A label of the largest size, each of its bytes escaped, and the JSON around it. */
const MAX_BODY_BYTES = 6 * MAX_LABEL_BYTES + 512;

/** The versions of documents. Must stand behind `authenticate`. */
export function snapshotRoutes(createRegistry: CreateRegistry): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const path of DOCUMENT_PATHS) mountSnapshots(app, `${path}/snapshots`, createRegistry);
  return app;
}

function mountSnapshots(app: Hono<AppEnv>, path: string, createRegistry: CreateRegistry): void {
  app.get(path, (c) =>
    withDocument(c, async (address, incarnation) => {
      const listed = await callDocument(c.env, address, async (stub) => stub.listSnapshots(incarnation));
      if (listed.kind !== 'reached') return createRefusalResponse(listed.kind, address);
      book(c, address, listed);
      return c.json(listed.snapshots.map(toWire), 200, { 'cache-control': 'private, no-cache' });
    }),
  );

  app.post(path, (c) =>
    withDocument(c, async (address, incarnation) => {
      const body = await readBoundedBody(c.req.raw, MAX_BODY_BYTES);
      if (body === null) return problem(413, `label has at most ${MAX_LABEL_BYTES} bytes of UTF-8.`);
      // No sync needs zod, so whoever makes a version loads it.
      const { createSnapshotSchema } = await import('./snapshot-body.ts');
      const parsed = createSnapshotSchema.safeParse(parseJson(body));
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        return problem(400, issue?.message ?? 'The body is malformed.', { field: 'label' });
      }
      const made = await callDocument(c.env, address, async (stub) =>
        stub.createSnapshot(parsed.data.label, incarnation),
      );
      if (made.kind === 'too many snapshots') {
        return problem(
          409,
          `The document has ${MAX_USER_VERSIONS} versions that were made by hand; delete some of them.`,
        );
      }
      if (made.kind !== 'reached') return createRefusalResponse(made.kind, address);
      book(c, address, made);
      return c.json(toWire(made.snapshot), 201);
    }),
  );

  app.get(`${path}/:id`, (c) =>
    withSnapshot(c, async (address, createdAt, incarnation) => {
      const read = await callDocument(c.env, address, async (stub) =>
        stub.readSnapshot(createdAt, incarnation),
      );
      if (read.kind === 'no such snapshot') return noSuchSnapshot(address);
      if (read.kind === 'unreadable snapshot') return unreadableSnapshot();
      if (read.kind !== 'reached') return createRefusalResponse(read.kind, address);
      book(c, address, read);
      return updateResponse(read.data, {
        'cache-control': 'private, no-cache',
        [INCARNATION_HEADER]: getIncarnation(read),
      });
    }),
  );

  app.post(`${path}/:id/restore`, (c) =>
    withSnapshot(c, async (address, createdAt, incarnation) => {
      const restored = await callDocument(c.env, address, async (stub) =>
        stub.restoreSnapshot(createdAt, incarnation),
      );
      if (restored.kind === 'no such snapshot') return noSuchSnapshot(address);
      if (restored.kind === 'unreadable snapshot') return unreadableSnapshot();
      if (restored.kind === 'full') return noSpaceToRestore(c.env);
      if (restored.kind === 'too large to restore') {
        return problem(
          413,
          'The document is too large to be turned back in place. GET this version and store it as another document.',
        );
      }
      if (restored.kind !== 'reached') return createRefusalResponse(restored.kind, address);
      book(c, address, restored);
      return c.body(null, 204);
    }),
  );

  app.delete(`${path}/:id`, (c) =>
    withSnapshot(c, async (address, createdAt, incarnation) => {
      const removed = await callDocument(c.env, address, async (stub) =>
        stub.removeSnapshot(createdAt, incarnation),
      );
      if (removed.kind === 'no such snapshot') return noSuchSnapshot(address);
      if (removed.kind !== 'reached') return createRefusalResponse(removed.kind, address);
      book(c, address, removed);
      return c.body(null, 204);
    }),
  );

  for (const [route, allow] of [
    [path, 'GET, HEAD, POST'],
    [`${path}/:id`, 'GET, HEAD, DELETE'],
    [`${path}/:id/restore`, 'POST'],
  ] as const) {
    app.all(route, (c) => problem(405, `${c.req.method} is not allowed here.`, {}, { allow }));
  }

  function book(c: RoomContext, address: RoomAddress, reached: RoomResult): void {
    c.header(INCARNATION_HEADER, getIncarnation(reached));
    recordUse(c, address, createRegistry, reached);
  }
}

async function withDocument(
  c: RoomContext,
  handle: (address: RoomAddress, incarnation: string | null) => Promise<Response>,
): Promise<Response> {
  const found = findRoom(c);
  return found.ok ? handle(found.address, found.incarnation) : found.response;
}

function withSnapshot(
  c: RoomContext,
  handle: (address: RoomAddress, createdAt: number, incarnation: string | null) => Promise<Response>,
): Promise<Response> {
  return withDocument(c, async (address, incarnation) => {
    const createdAt = readSnapshotId(c.req.param('id') ?? '');
    return createdAt === null ? noSuchSnapshot(address) : handle(address, createdAt, incarnation);
  });
}

const toWire = ({ createdAt, label }: VersionInfo) => ({
  id: snapshotIdOf(createdAt),
  label,
  createdAt: new Date(createdAt).toISOString(),
});

/** An empty body is an empty object; `undefined` for what is no JSON. */
function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {};
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    return undefined;
  }
}

function noSuchSnapshot({ resourceName }: RoomAddress): Response {
  return problem(404, `The document "${resourceName}" has no such version; GET …/snapshots lists them.`);
}

function unreadableSnapshot(): Response {
  return problem(
    422,
    'What is stored of this version is damaged and cannot be read. GET …/snapshots lists the others.',
  );
}
