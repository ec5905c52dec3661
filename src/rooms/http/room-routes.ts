import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { getIncarnation, INCARNATION_HEADER } from '../../domain/incarnation.ts';
import { ROOM_PATHS } from '../../domain/room-paths.ts';
import { parseIfNoneMatch } from '../../lib/if-none-match.ts';
import { problem } from '../../lib/problem.ts';
import { isUpgrade } from '../../lib/refusals/refuse-upgrade.ts';
import { type ActionContext, createActionContext, type CreateRegistry } from '../actions/action-context.ts';
import { compactRoom, createRoom, deleteRoom, readRoom, syncRoom } from '../actions/room-actions.ts';
import { readRoomLimits } from '../limits/read-limits.ts';
import { findRoom, type FoundRoom, type RoomContext } from './find-room.ts';
import { readSyncBody, readUpdateBody } from './read-body.ts';
import {
  createExistsResponse,
  createMethodNotAllowed,
  createRefusalResponse,
  createStateResponse,
} from './responses.ts';
import { connectSocket } from './upgrade.ts';

type Handler = (c: RoomContext, context: ActionContext, room: FoundRoom) => Promise<Response>;

/** The routes of documents and workspaces. They require `authenticate`. */
export function createRoomRoutes(createRegistry: CreateRegistry): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const handle = (handler: Handler) => async (c: RoomContext) => {
    const room = findRoom(c);
    return room.ok ? handler(c, createActionContext(c, createRegistry), room) : room.response;
  };
  for (const path of ROOM_PATHS) {
    app.get(path, handle(getRoom));
    app.post(path, handle(postRoom));
    app.put(path, handle(putRoom));
    app.delete(path, handle(removeRoom));
    app.all(path, (c) => createMethodNotAllowed(c, 'GET, HEAD, POST, PUT, DELETE'));
    app.post(`${path}/compaction`, handle(postCompaction));
    app.all(`${path}/compaction`, (c) => createMethodNotAllowed(c, 'POST'));
  }
  return app;
}

const getRoom: Handler = async (c, context, { address, incarnation }) => {
  if (isUpgrade(c.req.raw)) return connectSocket(c, context, { address, incarnation });
  const state = await readRoom(context, address, { etags: readETags(c), incarnation });
  if (!state.ok) return createRefusalResponse(state.refusal);
  return createStateResponse(state.data, state, 304);
};

const postRoom: Handler = async (c, context, { address, incarnation }) => {
  const body = await readSyncBody(c.req.raw, readRoomLimits(c.env).maxPayloadBytes);
  if (!body.ok) return problem(body.status, body.detail);
  const { stateVector, update } = body;
  const synced = await syncRoom(context, address, { stateVector, update, etags: readETags(c), incarnation });
  if (!synced.ok) return createRefusalResponse(synced.refusal);
  return createStateResponse(synced.diff, synced, 204);
};

const putRoom: Handler = async (c, context, { address }) => {
  const readmit = c.req.query('readmit');
  if (readmit !== undefined && readmit !== 'true')
    return problem(400, '"readmit" can only be "true".', { field: 'readmit' });
  const body = await readUpdateBody(c.req.raw, readRoomLimits(c.env).maxPayloadBytes);
  if (!body.ok) return problem(body.status, body.detail);
  const created = await createRoom(context, address, {
    update: body.update,
    readmits: readmit === 'true',
  });
  if (!created.ok) return createRefusalResponse(created.refusal);
  if (created.kind === 'exists') return createExistsResponse(address, created);
  const { doType, resourceName, doName } = address;
  const { storageBytes } = created;
  const createdAt = new Date(created.createdAt).toISOString();
  const incarnation = getIncarnation(created);
  return c.json(
    { doType, resourceName, doName, createdAt, storageBytes, incarnation },
    created.created ? 201 : 200,
    { [INCARNATION_HEADER]: incarnation },
  );
};

const removeRoom: Handler = async (_c, context, { address, incarnation }) => {
  const deleted = await deleteRoom(context, address, incarnation);
  if (!deleted.ok) return createRefusalResponse(deleted.refusal);
  const headers = deleted.bookmark === null ? {} : { 'x-d1-bookmark': deleted.bookmark };
  return new Response(null, { status: 204, headers });
};

const postCompaction: Handler = async (c, context, { address, incarnation }) => {
  const compacted = await compactRoom(context, address, incarnation);
  if (!compacted.ok) return createRefusalResponse(compacted.refusal);
  const { outcome, bytesBefore, storageBytes } = compacted;
  return c.json({ compacted: outcome === 'compacted', storageBytesBefore: bytesBefore, storageBytes }, 200, {
    [INCARNATION_HEADER]: getIncarnation(compacted),
  });
};

/** The entity tags that the client has. Those of rooms are weak. */
function readETags(c: RoomContext): string[] {
  const named = parseIfNoneMatch(c.req.header('if-none-match'));
  return named === '*' ? [named] : named.map((tag) => `W/"${tag}"`);
}
