import {
  createExecutionContext,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { createAfterResponseQueue } from '../../../src/lib/after-response.ts';
import type { AppEnv, Bindings } from '../../../src/domain/env.ts';
import { onError } from '../../../src/lib/problem.ts';
import { createRegistry } from '../../../src/worker/registry-port.ts';
import { AUTOMATIC_VERSION_INTERVAL_MS } from '../../../src/rooms/limits/storage-limits.ts';
import { createRoomRoutes } from '../../../src/rooms/http/room-routes.ts';
import { createVersionRoutes } from '../../../src/rooms/http/version-routes.ts';

/** A user with an app of the room routes. No state is shared between tests. */
export interface RoomUser {
  readonly userId: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Waits for the after-response tasks of the last request. */
  settle(): Promise<void>;
}

export async function createRoomUser(
  options: { userId?: string; expiresAt?: number; sessionId?: string; bindings?: Partial<Bindings> } = {},
): Promise<RoomUser> {
  const userId = options.userId ?? crypto.randomUUID();
  await env.DB.prepare('INSERT INTO user (id, name, email) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING')
    .bind(userId, 'Test', userId)
    .run();
  const app = new Hono<AppEnv>();
  app.onError(onError);
  app.use(async (c, next) => {
    const { expiresAt = null, sessionId = null } = options;
    c.set('principal', { userId, expiresAt, sessionId, via: 'session' });
    const queue = createAfterResponseQueue();
    c.set('afterResponse', queue);
    await next();
    c.executionCtx.waitUntil(queue.drain());
  });
  app.route('/', createRoomRoutes(createRegistry));
  app.route('/', createVersionRoutes(createRegistry));

  let last = createExecutionContext();
  return {
    userId,
    async request(path, init) {
      last = createExecutionContext();
      const bindings = { ...env, ...options.bindings };
      return app.fetch(new Request(`http://room.test${path}`, init), bindings, last);
    },
    settle: () => waitOnExecutionContext(last),
  };
}

export function getRoomStub(type: 'workspace' | 'document', userId: string, name: string) {
  const doName = `user:${encodeURIComponent(userId)}:${type}:${encodeURIComponent(name)}`;
  return (type === 'workspace' ? env.WORKSPACE_ROOM : env.DOCUMENT_ROOM).getByName(doName);
}

/** The body of an HTTP sync request. */
export function encodeSyncBody(stateVector: Uint8Array, update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, stateVector);
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** Syncs a document once over HTTP and applies the response. */
export async function syncOverHttp(
  user: RoomUser,
  path: string,
  doc: Y.Doc,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = encodeSyncBody(Y.encodeStateVector(doc), Y.encodeStateAsUpdate(doc));
  const response = await user.request(path, { method: 'POST', body, headers });
  if (response.status === 200) Y.applyUpdate(doc, new Uint8Array(await response.clone().arrayBuffer()));
  return response;
}

export function createDocWithText(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return doc;
}

/**
 * Runs the alarms of a room until only that of its next automatic version is left.
 * @throws if it still has alarms after five runs: an unused room must become idle
 */
export async function runAlarmsUntilIdle(stub: ReturnType<typeof getRoomStub>): Promise<void> {
  for (let rings = 0; await isAlarmNear(stub); rings++) {
    if (rings === 5) throw new Error('the room does not become idle');
    await runDurableObjectAlarm(stub);
  }
}

/** Whether a room has an alarm before that of its next automatic version. */
export async function isAlarmNear(stub: ReturnType<typeof getRoomStub>): Promise<boolean> {
  const at = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
  return at !== null && at < Date.now() + AUTOMATIC_VERSION_INTERVAL_MS / 2;
}
