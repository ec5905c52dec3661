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

/** Somebody with an account and his own view of the room routes; nothing of him is shared between tests. */
export interface RoomUser {
  readonly userId: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Drains what the last response left to do. */
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

/** An HTTP sync body. */
export function encodeSyncBody(stateVector: Uint8Array, update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, stateVector);
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** One HTTP sync of a document, as a client does it. */
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
 * Rings a room until it has nothing left to do by itself, for a room that nobody uses must come to rest. A version that
 * it will make some minutes later can wait.
 */
export async function runAlarmsUntilIdle(stub: ReturnType<typeof getRoomStub>): Promise<void> {
  for (let rings = 0; await isAlarmNear(stub); rings++) {
    if (rings === 5) throw new Error('the room does not come to rest');
    await runDurableObjectAlarm(stub);
  }
}

/** Whether a room will do something by itself before it makes its next version. */
export async function isAlarmNear(stub: ReturnType<typeof getRoomStub>): Promise<boolean> {
  const at = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
  return at !== null && at < Date.now() + AUTOMATIC_VERSION_INTERVAL_MS / 2;
}
