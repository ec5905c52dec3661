import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { createRandom } from '../../../../scripts/lib/random.ts';
import { checkUpdate } from '../../../../src/yjs/read-update.ts';
import { mutations } from '../../../support/mutations.ts';
import { frames, join, RawSocket } from '../../support/raw-socket.ts';
import { createRoomUser, getRoomStub } from '../../support/room-app.ts';

/** 21,600 inputs in total, spread over rooms so that no log becomes long. */
const ROOMS = 6;
const INPUTS_PER_ROOM = 1_800;
const REQUESTS_PER_ROOM = 40;
const CONTROL = 'content that must not change';

const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
console.log(`fuzz: seed ${seed}`);

describe.each(['documents', 'workspaces'] as const)('a fuzzed room among %s', (type) => {
  it('throws nothing, stores only updates that Yjs can apply, answers no 5xx and keeps its content', async () => {
    const random = createRandom(type === 'documents' ? seed : seed + 1);
    const generator = mutations(random);
    for (let room = 0; room < ROOMS; room++) {
      const ada = await createRoomUser();
      const path = `/${type}/fuzzed-${room}`;
      const socket = await RawSocket.open(ada, path);
      const control = new Y.Doc();
      control.getText('control').insert(0, CONTROL);
      socket.send(frames.update(Y.encodeStateAsUpdate(control)));
      await socket.waitUntilHandled();

      const stub = getRoomStub(type === 'documents' ? 'document' : 'workspace', ada.userId, `fuzzed-${room}`);
      await runInDurableObject(stub, async (instance, state) => {
        let attacker = await openInside(instance, state);
        for (let input = 0; input < INPUTS_PER_ROOM; input++) {
          if (input % 3 === 0) {
            instance.sync(generator.stateVector(), generator.update(), []);
            continue;
          }
          const frame = generator.frame();
          instance.webSocketMessage(attacker, typeof frame === 'string' ? frame : frame.slice().buffer);
          if (attacker.readyState !== WebSocket.OPEN) attacker = await openInside(instance, state);
        }
      });
      for (let request = 0; request < REQUESTS_PER_ROOM; request++) {
        const response = await ada.request(path, { method: 'POST', body: generator.body() });
        expect([200, 204, 400]).toContain(response.status);
        await response.arrayBuffer();
        await ada.settle();
      }

      await runInDurableObject(stub, (_instance, { storage }) => {
        for (const update of readStoredUpdates(storage.sql))
          expect(checkUpdate(update)).not.toBe('malformed');
      });
      expect(await readControlText(ada, path)).toBe(CONTROL);
      await runDurableObjectAlarm(stub);
      expect(await readControlText(ada, path)).toBe(CONTROL);
      // The first socket is still open.
      await socket.waitUntilHandled();
    }
  });
});

interface Upgradable {
  fetch(request: Request): Response | Promise<Response>;
}

/** Opens a socket inside the object, without the Worker in front of it. */
async function openInside(instance: Upgradable, state: DurableObjectState): Promise<WebSocket> {
  const before = new Set(state.getWebSockets());
  const response = await instance.fetch(
    new Request('http://room.test', { headers: { upgrade: 'websocket' } }),
  );
  response.webSocket?.accept();
  const opened = state.getWebSockets().find((socket) => !before.has(socket));
  if (opened === undefined) throw new Error('no socket was opened');
  return opened;
}

function readStoredUpdates(sql: SqlStorage): Uint8Array[] {
  const rows = sql.exec<{ last: number; bytes: ArrayBuffer }>(
    'SELECT last, bytes FROM update_log ORDER BY id',
  );
  return rows
    .toArray()
    .filter(({ last }) => last > 0)
    .map(({ bytes }) => new Uint8Array(bytes));
}

async function readControlText(
  user: Awaited<ReturnType<typeof createRoomUser>>,
  path: string,
): Promise<string> {
  const socket = await RawSocket.open(user, path);
  const doc = await join(socket);
  socket.socket.close();
  return doc.getText('control').toJSON();
}
