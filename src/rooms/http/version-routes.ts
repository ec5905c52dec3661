import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { getIncarnation, INCARNATION_HEADER } from '../../domain/incarnation.ts';
import { DOCUMENT_PATHS } from '../../domain/room-paths.ts';
import { readBoundedBody } from '../../lib/bounded-body.ts';
import { problem } from '../../lib/problem.ts';
import { type ActionContext, createActionContext, type CreateRegistry } from '../actions/action-context.ts';
import {
  createVersion,
  deleteVersion,
  listVersions,
  readVersion,
  restoreVersion,
  type VersionRef,
} from '../actions/version-actions.ts';
import { formatVersionId } from '../actions/version-id.ts';
import type { RoomResult, VersionInfo } from '../contract/contract.ts';
import { MAX_LABEL_BYTES } from '../limits/room-limits.ts';
import { findRoom, type FoundRoom, type RoomContext } from './find-room.ts';
import { createMethodNotAllowed, createRefusalResponse, createUpdateResponse } from './responses.ts';

/** A label of the maximum size with each byte escaped, and the JSON around it. */
const MAX_BODY_BYTES = 6 * MAX_LABEL_BYTES + 512;

const PRIVATE = { 'cache-control': 'private, no-cache' };

interface VersionRequest extends FoundRoom {
  readonly context: ActionContext;
  readonly version: VersionRef;
}

type Handler = (c: RoomContext, request: VersionRequest) => Promise<Response>;

/** The routes of a document's versions. They require `authenticate`. */
export function createVersionRoutes(createRegistry: CreateRegistry): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const handle = (handler: Handler) => async (c: RoomContext) => {
    const room = findRoom(c);
    if (!room.ok) return room.response;
    const version = { id: c.req.param('id') ?? '', incarnation: room.incarnation };
    return handler(c, { ...room, version, context: createActionContext(c, createRegistry) });
  };
  for (const room of DOCUMENT_PATHS) {
    const path = `${room}/snapshots`;
    app.get(path, handle(getVersions));
    app.post(path, handle(postVersion));
    app.all(path, (c) => createMethodNotAllowed(c, 'GET, HEAD, POST'));
    app.get(`${path}/:id`, handle(getVersion));
    app.delete(`${path}/:id`, handle(removeVersion));
    app.all(`${path}/:id`, (c) => createMethodNotAllowed(c, 'GET, HEAD, DELETE'));
    app.post(`${path}/:id/restore`, handle(postRestore));
    app.all(`${path}/:id/restore`, (c) => createMethodNotAllowed(c, 'POST'));
  }
  return app;
}

const getVersions: Handler = async (c, { context, address, incarnation }) => {
  const listed = await listVersions(context, address, incarnation);
  if (!listed.ok) return createRefusalResponse(listed.refusal);
  setIncarnation(c, listed);
  return c.json(listed.snapshots.map(toJson), 200, PRIVATE);
};

const postVersion: Handler = async (c, { context, address, incarnation }) => {
  const body = await readBoundedBody(c.req.raw, MAX_BODY_BYTES);
  if (body === null) return problem(413, `label has at most ${MAX_LABEL_BYTES} bytes of UTF-8.`);
  // Imported here, so that an isolate that only syncs does not load zod.
  const { createVersionSchema } = await import('./version-body.ts');
  const parsed = createVersionSchema.safeParse(parseJson(body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(400, issue?.message ?? 'The body is malformed.', { field: 'label' });
  }
  const created = await createVersion(context, address, { label: parsed.data.label, incarnation });
  if (!created.ok) return createRefusalResponse(created.refusal);
  setIncarnation(c, created);
  return c.json(toJson(created.snapshot), 201);
};

const getVersion: Handler = async (_c, { context, address, version }) => {
  const read = await readVersion(context, address, version);
  if (!read.ok) return createRefusalResponse(read.refusal);
  return createUpdateResponse(read.data, { ...PRIVATE, [INCARNATION_HEADER]: getIncarnation(read) });
};

const postRestore: Handler = async (c, { context, address, version }) => {
  const restored = await restoreVersion(context, address, version);
  if (!restored.ok) return createRefusalResponse(restored.refusal);
  setIncarnation(c, restored);
  return c.body(null, 204);
};

const removeVersion: Handler = async (c, { context, address, version }) => {
  const deleted = await deleteVersion(context, address, version);
  if (!deleted.ok) return createRefusalResponse(deleted.refusal);
  setIncarnation(c, deleted);
  return c.body(null, 204);
};

function setIncarnation(c: RoomContext, result: RoomResult): void {
  c.header(INCARNATION_HEADER, getIncarnation(result));
}

const toJson = ({ createdAt, label }: VersionInfo) => ({
  id: formatVersionId(createdAt),
  label,
  createdAt: new Date(createdAt).toISOString(),
});

/** @returns an empty object for an empty body; `undefined` if the body is not JSON */
function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {};
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    return undefined;
  }
}
