import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { parseIfNoneMatch } from '../../lib/if-none-match.ts';
import { isUpgrade } from '../../lib/refuse-upgrade.ts';
import { callOrCreate } from '../actions/call-or-create.ts';
import { callRoom } from '../actions/call-room.ts';
import { readRoomLimits } from '../limits/read-limits.ts';
import { findRoom } from '../actions/find-room.ts';
import { readSyncBody, readUpdateBody } from './http-body.ts';
import { createIncarnation, INCARNATION_HEADER, getIncarnation } from '../../domain/incarnation.ts';
import { createRefusalResponse } from '../contract/room-refusals.ts';
import { type CreateRegistry, type RoomContext, recordUse } from '../actions/record-use.ts';
import { removeRow } from '../actions/remove-row.ts';
import {
  contentTooLarge,
  roomExists,
  roomFull,
  roomNotCreated,
  stateResponse,
  tooManyEntries,
  versionHeaders,
} from './responses.ts';
import { mountCompaction } from './compaction-route.ts';
import { ROOM_PATHS } from '../../domain/room-paths.ts';
import { connect } from './upgrade.ts';

/** The routes of both kinds of rooms. Must stand behind `authenticate`. */
export function roomRoutes(createRegistry: CreateRegistry): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const path of ROOM_PATHS) {
    mountRooms(app, path, createRegistry);
    mountCompaction(app, `${path}/compaction`, createRegistry);
  }
  return app;
}

function mountRooms(app: Hono<AppEnv>, path: string, createRegistry: CreateRegistry): void {
  app.get(path, async (c) => {
    const found = findRoom(c);
    if (!found.ok) return found.response;
    if (isUpgrade(c.req.raw)) return connect(c, found, createRegistry);

    const doc = await callRoom(c.env, found.address, async (stub) =>
      stub.getDoc(ifNoneMatch(c), found.incarnation),
    );
    if (doc.kind !== 'reached') return createRefusalResponse(doc.kind, found.address);
    recordUse(c, found.address, createRegistry, doc);
    return doc.data === null
      ? new Response(null, { status: 304, headers: versionHeaders(doc) })
      : stateResponse(doc.data, doc);
  });

  app.post(path, async (c) => {
    const found = findRoom(c);
    if (!found.ok) return found.response;
    const body = await readSyncBody(c.req.raw, readRoomLimits(c.env).maxPayloadBytes);
    if (!body.ok) return problem(body.status, body.detail);

    const synced = await callOrCreate(c, found.address, createRegistry, async (stub, mayCreate) =>
      stub.sync(body.stateVector, body.update, ifNoneMatch(c), found.incarnation, mayCreate),
    );
    if (synced.kind === 'too many rooms') return roomNotCreated(synced);
    if (synced.kind === 'malformed')
      return problem(400, `The body holds bytes that are not a Yjs ${synced.what}.`);
    if (synced.kind === 'too many entries') return tooManyEntries();
    if (synced.kind === 'full') return roomFull(c.env, found.address.doType);
    if (synced.kind !== 'reached') return createRefusalResponse(synced.kind, found.address);
    recordUse(c, found.address, createRegistry, synced);
    return synced.diff === null
      ? new Response(null, { status: 204, headers: versionHeaders(synced) })
      : stateResponse(synced.diff, synced);
  });

  app.put(path, async (c) => {
    const found = findRoom(c);
    if (!found.ok) return found.response;
    const readmit = c.req.query('readmit');
    if (readmit !== undefined && readmit !== 'true')
      return problem(400, '"readmit" can only be "true".', { field: 'readmit' });
    const body = await readUpdateBody(c.req.raw, readRoomLimits(c.env).maxPayloadBytes);
    if (!body.ok) return problem(body.status, body.detail);
    // Named here, so that the room recognises a call that is made again because its answer was lost.
    const proposed = createIncarnation();
    const created = await callOrCreate(c, found.address, createRegistry, async (stub, mayCreate) =>
      body.update === null
        ? stub.create(readmit === 'true', mayCreate, proposed)
        : stub.createWith(body.update, readmit === 'true', mayCreate, proposed),
    );
    if (created.kind === 'too many rooms') return roomNotCreated(created);
    if (created.kind === 'malformed') return problem(400, `The body is not a Yjs ${created.what}.`);
    if (created.kind === 'too many entries') return tooManyEntries();
    if (created.kind === 'full') return contentTooLarge(c.env);
    if (created.kind === 'exists') return roomExists(found.address, created);
    if (created.kind !== 'reached') return createRefusalResponse(created.kind, found.address);
    recordUse(c, found.address, createRegistry, created);
    const incarnation = getIncarnation(created);
    return c.json(
      {
        doType: found.address.doType,
        resourceName: found.address.resourceName,
        doName: found.address.doName,
        createdAt: new Date(created.createdAt).toISOString(),
        storageBytes: created.storageBytes,
        incarnation,
      },
      created.created ? 201 : 200,
      { [INCARNATION_HEADER]: incarnation },
    );
  });

  app.delete(path, async (c) => {
    const found = findRoom(c);
    if (!found.ok) return found.response;
    const removed = await callRoom(c.env, found.address, async (stub) => stub.remove(found.incarnation));
    if (removed.kind !== 'removed') return createRefusalResponse(removed.kind, found.address);
    const bookmark = await removeRow(c, found.address, removed.createdAt, createRegistry);
    return new Response(null, {
      status: 204,
      headers: bookmark === null ? {} : { 'x-d1-bookmark': bookmark },
    });
  });

  app.all(path, (c) =>
    problem(405, `${c.req.method} is not allowed here.`, {}, { allow: 'GET, HEAD, POST, PUT, DELETE' }),
  );
}

/** Entity tags that the client has, as a room names them: weak. */
function ifNoneMatch(c: RoomContext): string[] {
  const named = parseIfNoneMatch(c.req.header('if-none-match'));
  return named === '*' ? [named] : named.map((tag) => `W/"${tag}"`);
}
