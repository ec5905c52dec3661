import { expect, it } from 'vitest';
import {
  MAX_SILENCE_UNREAD_MS,
  MAX_UNREAD_BYTES,
  MAX_UNREAD_EDIT_BYTES,
  READ_BYTES_PER_SECOND,
} from '../../../src/rooms/limits.ts';
import { UnreadBytes } from '../../../src/rooms/unread-bytes.ts';
import { RawSocket, frames, join, read, readAwareness } from '../support/raw-socket.ts';
import { docWith, person, syncBody } from '../support/room-app.ts';
import * as Y from 'yjs';

const SOCKET = {};
const CONTENT_BYTES = 40_000_000;
const contentBytes = () => CONTENT_BYTES;

it('a client that reads a large room slowly, and sends meanwhile, is never stuck', () => {
  const unread = new UnreadBytes<object>();
  unread.sent(SOCKET, CONTENT_BYTES, true, 0);
  unread.asked(SOCKET, 0);
  for (let now = 0; now <= 180_000; now += 15_000) {
    unread.heard(SOCKET, now);
    unread.sent(SOCKET, 100_000, false, now);
    expect(unread.isStuck(SOCKET, contentBytes, now)).toBe(false);
  }
  expect(unread.isOverBudget(SOCKET)).toBe(true);
  unread.answered(SOCKET);
  expect(unread.isOverBudget(SOCKET)).toBe(false);
});

it('a client that is silent with more than its budget unread is stuck after a while', () => {
  const unread = new UnreadBytes<object>();
  unread.sent(SOCKET, MAX_UNREAD_BYTES + 1, false, 0);
  expect(unread.isStuck(SOCKET, contentBytes, MAX_SILENCE_UNREAD_MS)).toBe(false);
  expect(unread.isStuck(SOCKET, contentBytes, MAX_SILENCE_UNREAD_MS + 1)).toBe(true);
});

it('a client that sends and never reads is stuck at the most that it may have unread', () => {
  const unread = new UnreadBytes<object>();
  let sent = 0;
  for (let now = 0; !unread.isStuck(SOCKET, contentBytes, now); now += 1_000) {
    unread.heard(SOCKET, now);
    unread.sent(SOCKET, 1_000_000, false, now);
    sent += 1_000_000 - READ_BYTES_PER_SECOND;
    expect(sent).toBeLessThanOrEqual(MAX_UNREAD_EDIT_BYTES + 1_000_000);
  }
});

it('a client that pretends to have read is stuck once it has asked for the content a third time', () => {
  const unread = new UnreadBytes<object>();
  for (let answers = 0; answers < 3; answers++) {
    expect(unread.isStuck(SOCKET, contentBytes, 0)).toBe(false);
    unread.sent(SOCKET, CONTENT_BYTES, true, 0);
    unread.asked(SOCKET, 0);
    unread.answered(SOCKET);
  }
  expect(unread.isStuck(SOCKET, contentBytes, 0)).toBe(true);
});

it('an answer to a step 1 that was not asked proves nothing', () => {
  const unread = new UnreadBytes<object>();
  unread.sent(SOCKET, MAX_UNREAD_BYTES + 1, true, 0);
  unread.answered(SOCKET);
  expect(unread.isOverBudget(SOCKET)).toBe(true);
});

const EMPTY_STEP_2 = frames.step2(new Uint8Array([0, 0]));
const NOTHING = new Uint8Array([0]);
const path = '/documents/large';

async function largeRoom() {
  const owner = await person();
  const text = 'x'.repeat(1.6 * MAX_UNREAD_BYTES);
  const body = syncBody(NOTHING, Y.encodeStateAsUpdate(docWith(text)));
  expect((await owner.request(path, { method: 'POST', body })).status).toBe(200);
  return { owner, text };
}

const bytesOf = (received: readonly Uint8Array[]) =>
  received.reduce((sum, frame) => sum + frame.byteLength, 0);

it('a socket that asks 120 times without reading is sent one answer, and the next once it has read', async () => {
  const { owner, text } = await largeRoom();
  const socket = await RawSocket.open(owner, path);
  for (let asked = 0; asked < 120; asked++) socket.send(frames.step1(NOTHING));
  const first = await socket.untilHandled();
  expect(bytesOf(first)).toBeLessThan(1.1 * text.length);
  expect(read(first.at(-1) ?? new Uint8Array()).type).toBe('step1');
  socket.send(EMPTY_STEP_2);
  const second = await socket.untilHandled();
  expect(second.map(read).filter(({ type }) => type === 'step2')).toHaveLength(1);
  expect(bytesOf(second)).toBeGreaterThan(text.length);
});

it('a socket with too much unread is sent awareness once it has read, without those who have left', async () => {
  const { owner } = await largeRoom();
  const [slow, stays, leaves] = [
    await RawSocket.open(owner, path),
    await RawSocket.open(owner, path),
    await RawSocket.open(owner, path),
  ];
  leaves.send(frames.awareness(2, 1, 'leaves'));
  await leaves.untilHandled();
  await slow.untilHandled();
  await join(slow);
  stays.send(frames.awareness(1, 1, 'stays'));
  await stays.untilHandled();
  leaves.socket.close(1000);
  await leaves.closed;
  expect((await slow.untilHandled()).flatMap(readAwareness)).toEqual([]);
  slow.send(EMPTY_STEP_2);
  expect((await slow.untilHandled()).flatMap(readAwareness)).toEqual([
    { clientId: 1, clock: 1, state: 'stays' },
    { clientId: 2, clock: 1, state: null },
  ]);
});
