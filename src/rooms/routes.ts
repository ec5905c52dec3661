import { Hono } from 'hono';
import type { AppEnv, Bindings, Principal } from '../env.ts';
import type { DoType } from '../instance.ts';
import { problem } from '../problem.ts';
import { CLOSE_CODES, isUpgrade, refuseUpgrade, subprotocolHeaders } from '../refuse-upgrade.ts';
import { callRoom } from './call-room.ts';
import { configuredLimits } from './configured-limits.ts';
import { readSyncBody } from './http-body.ts';
import { INCARNATION_HEADER, incarnationOf, namedIncarnation } from './incarnation.ts';
import { MAX_STATE_VECTOR_HEADER_BYTES } from './limits.ts';
import { type RoomAddress, addressRoom } from './name.ts';
import { notThere } from './not-there.ts';
import { type RegistryOf, type RoomContext, recordOpening, recordUse } from './record-use.ts';
import {
  type Bytes,
  CREATED_AT_HEADER,
  EXPIRES_AT_HEADER,
  type Reached,
  SESSION_ID_HEADER,
  type Version,
} from './contract.ts';

/** A deletion waits this long for its row to go, in milliseconds; the room sees to it afterwards. */
const REMOVE_ROW_WITHIN_MS = 2_000;

type Found =
  | { ok: true; address: RoomAddress; /** That the request names. */ incarnation: string | null }
  | { ok: false; response: Response };

/** The routes of both kinds of rooms. Must stand behind `authenticate`. */
export function roomRoutes(registryOf: RegistryOf): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  mountRooms(app, '/workspaces/:name', 'workspace', registryOf);
  mountRooms(app, '/documents/:name', 'document', registryOf);
  return app;
}

function mountRooms(app: Hono<AppEnv>, path: string, doType: DoType, registryOf: RegistryOf): void {
  app.get(path, async (c) => {
    const found = findRoom(c, doType);
    if (!found.ok) return found.response;
    if (isUpgrade(c.req.raw)) return connect(c, found, registryOf);

    const doc = await callRoom(c.env, found.address, async (stub) =>
      stub.getDoc(ifNoneMatch(c), found.incarnation),
    );
    if (doc.kind !== 'reached') return notThere(doc.kind, found.address);
    recordUse(c, found.address, registryOf, doc);
    return doc.data === null
      ? new Response(null, { status: 304, headers: versionHeaders(doc) })
      : stateResponse(doc.data, doc);
  });

  app.post(path, async (c) => {
    const found = findRoom(c, doType);
    if (!found.ok) return found.response;
    const body = await readSyncBody(c.req.raw, configuredLimits(c.env).maxPayloadBytes);
    if (!body.ok) return problem(body.status, body.detail);

    const synced = await callRoom(c.env, found.address, async (stub) =>
      stub.sync(body.stateVector, body.update, ifNoneMatch(c), found.incarnation),
    );
    if (synced.kind === 'malformed')
      return problem(400, `The body holds bytes that are not a Yjs ${synced.what}.`);
    if (synced.kind === 'full') return roomFull(c.env);
    if (synced.kind !== 'reached') return notThere(synced.kind, found.address);
    recordUse(c, found.address, registryOf, synced);
    return synced.diff === null
      ? new Response(null, { status: 204, headers: versionHeaders(synced) })
      : stateResponse(synced.diff, synced);
  });

  app.put(path, async (c) => {
    const found = findRoom(c, doType);
    if (!found.ok) return found.response;
    const readmit = c.req.query('readmit');
    if (readmit !== undefined && readmit !== 'true')
      return problem(400, '"readmit" can only be "true".', { field: 'readmit' });
    const created = await callRoom(c.env, found.address, async (stub) => stub.create(readmit === 'true'));
    recordUse(c, found.address, registryOf, created);
    const incarnation = incarnationOf(created.createdAt);
    return c.json(
      {
        doType,
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
    const found = findRoom(c, doType);
    if (!found.ok) return found.response;
    const removed = await callRoom(c.env, found.address, async (stub) => stub.remove(found.incarnation));
    if (removed.kind !== 'removed') return notThere(removed.kind, found.address);
    const bookmark = await removeRow(c, found.address, removed.createdAt, registryOf);
    return new Response(null, {
      status: 204,
      headers: bookmark === null ? {} : { 'x-d1-bookmark': bookmark },
    });
  });

  app.all(path, (c) =>
    problem(405, `${c.req.method} is not allowed here.`, {}, { allow: 'GET, HEAD, POST, PUT, DELETE' }),
  );
}

/** The caller's room that the path names. Whose it is comes from the credential alone, never from the request. */
export function findRoom(c: RoomContext, doType: DoType): Found {
  const principal = c.get('principal');
  if (principal.userId === null)
    return refuse(c, 403, 'An operator token has no rooms; use a user’s credential.');
  // The router's own decoding forgives what is malformed; the name is read from the path as it was sent.
  const encodedName = new URL(c.req.url).pathname.split('/')[2] ?? '';
  const addressed = addressRoom(principal.userId, doType, encodedName);
  if (!addressed.ok) return refuse(c, 400, addressed.detail);
  const named = namedIncarnation(c.req.raw);
  return named.ok
    ? { ...addressed, incarnation: named.incarnation }
    : refuse(c, 400, 'An incarnation is the digits that the room answered with.');
}

function refuse(c: RoomContext, status: 400 | 403, detail: string): Found {
  const code = status === 400 ? CLOSE_CODES.malformed : CLOSE_CODES.forbidden;
  const response = isUpgrade(c.req.raw) ? refuseUpgrade(c.req.raw, code, detail) : problem(status, detail);
  return { ok: false, response };
}

async function connect(
  c: RoomContext,
  { address, incarnation }: { address: RoomAddress; incarnation: string | null },
  registryOf: RegistryOf,
): Promise<Response> {
  let response: Response;
  try {
    response = await callRoom(c.env, address, (stub) =>
      stub.fetch(upgradeFor(c.req.raw, c.get('principal'), incarnation)),
    );
  } catch (error) {
    console.error({ event: 'upgrade failed', doName: address.doName, error: String(error) });
    return refuseUpgrade(c.req.raw, CLOSE_CODES.tryAgainLater, 'the room cannot be reached just now');
  }
  const { webSocket } = response;
  if (webSocket === null) return response;
  const headers = new Headers(response.headers);
  const createdAt = headers.get(CREATED_AT_HEADER);
  headers.delete(CREATED_AT_HEADER);
  // A refused connection has no such header, and leaves no trace in the registry.
  if (createdAt !== null) {
    headers.set(INCARNATION_HEADER, incarnationOf(Number(createdAt)));
    recordOpening(c, address, registryOf, Number(createdAt));
  }
  return new Response(null, { status: 101, webSocket, headers });
}

/** The upgrade as the room gets it: without the credential, with what that ends by. */
function upgradeFor(request: Request, principal: Principal, incarnation: string | null): Request {
  const headers = new Headers({ upgrade: 'websocket', ...subprotocolHeaders(request) });
  if (principal.expiresAt !== null) headers.set(EXPIRES_AT_HEADER, String(principal.expiresAt));
  if (principal.sessionId !== null) headers.set(SESSION_ID_HEADER, principal.sessionId);
  if (incarnation !== null) headers.set(INCARNATION_HEADER, incarnation);
  return new Request(new URL('/', request.url), { headers });
}

async function removeRow(
  c: RoomContext,
  { doName }: RoomAddress,
  createdAt: number,
  registryOf: RegistryOf,
): Promise<string | null> {
  const removal = registryOf(c.env)
    .remove({ doName, createdAt })
    .then(
      ({ bookmark }) => bookmark,
      (error: unknown) => {
        // The room has an alarm set that removes the row until it is gone.
        console.error({ event: 'row of a deleted room not removed yet', doName, error: String(error) });
        return null;
      },
    );
  c.executionCtx.waitUntil(removal);
  return Promise.race([
    removal,
    new Promise<null>((resolve) => setTimeout(resolve, REMOVE_ROW_WITHIN_MS, null)),
  ]);
}

/** Entity tags the client has, as weak ones: they are compared weakly (RFC 9110, 13.1.2). */
function ifNoneMatch(c: RoomContext): string[] {
  return (c.req.header('if-none-match') ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
    .map((tag) => (tag === '*' || tag.startsWith('W/') ? tag : `W/${tag}`));
}

function versionHeaders({ etag, stateVector, createdAt }: Version & Reached): Record<string, string> {
  const encoded = stateVector === null ? null : Buffer.from(stateVector).toString('base64url');
  return {
    etag,
    [INCARNATION_HEADER]: incarnationOf(createdAt),
    'cache-control': 'private, no-cache',
    ...(encoded !== null &&
      encoded.length <= MAX_STATE_VECTOR_HEADER_BYTES && { 'yjs-state-vector': encoded }),
  };
}

function stateResponse(bytes: Bytes, version: Version & Reached): Response {
  return updateResponse(bytes, versionHeaders(version));
}

/** For an edit for which the room has no space left. */
export function roomFull(env: Bindings): Response {
  const { maxRoomBytes } = configuredLimits(env);
  return problem(
    413,
    `A room may store ${maxRoomBytes} bytes, and this edit would exceed that. Nothing of it is stored; move some of the content to another room.`,
  );
}

/** One Yjs update as a response. */
export function updateResponse(bytes: Bytes, headers: Record<string, string>): Response {
  return new Response(bytes, {
    headers: {
      ...headers,
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    },
  });
}
