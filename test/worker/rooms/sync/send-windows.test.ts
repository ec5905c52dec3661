import { describe, expect, it } from 'vitest';
import {
  MIN_BULK_WINDOW_BYTES,
  MAX_UNREAD_BULK_BYTES_PER_ROOM,
  MAX_UNREAD_BYTES_PER_SOCKET,
  SEND_WINDOW_BYTES,
} from '../../../../src/rooms/limits/socket-limits.ts';
import { SendWindows } from '../../../../src/rooms/sync/sending/send-windows.ts';

const ONE = {};
const OTHER = {};
const CONTENT_BYTES = 40_000_000;
const contentBytes = () => CONTENT_BYTES;

describe('unread data of a client', () => {
  it('is at most the window, unless a single frame is larger', () => {
    const windows = new SendWindows<object>();
    expect(windows.getSendTime(ONE, 2 * SEND_WINDOW_BYTES, false)).toBe('now');
    windows.recordSent(ONE, SEND_WINDOW_BYTES, false);
    expect(windows.getSendTime(ONE, 1, false)).toBe('after reading');
    expect(windows.getSendTime(OTHER, 1, false)).toBe('now');
  });

  it('ends at the step 1 of the room that the client answers', () => {
    const windows = new SendWindows<object>();
    windows.recordSent(ONE, 100, false);
    windows.recordStep1(ONE, 0);
    windows.recordSent(ONE, 10, false);
    windows.recordStep2(ONE);
    expect(windows.unread(ONE)).toBe(10);
  });

  it('does not shrink when the client answers a step 1 that the room did not send', () => {
    const windows = new SendWindows<object>();
    windows.recordSent(ONE, 100, true);
    expect(windows.recordStep2(ONE)).toBe(false);
    expect(windows.unread(ONE)).toBe(100);
  });

  it('is within the room’s limit for bulk data, plus a minimum for each socket', () => {
    const windows = new SendWindows<object>();
    const sockets = Array.from({ length: 50 }, () => ({}));
    let sent = 0;
    for (const socket of sockets) {
      while (windows.getSendTime(socket, 100_000, true) === 'now') {
        windows.recordSent(socket, 100_000, true);
        sent += 100_000;
      }
    }
    expect(sent).toBeLessThanOrEqual(MAX_UNREAD_BULK_BYTES_PER_ROOM + sockets.length * MIN_BULK_WINDOW_BYTES);
    expect(windows.getSendTime({}, SEND_WINDOW_BYTES, true)).toBe('after others');
    expect(windows.getSendTime({}, MIN_BULK_WINDOW_BYTES, true)).toBe('now');
  });

  it('frees the room’s limit for other sockets once it is read or its socket is closed', () => {
    const windows = new SendWindows<object>();
    windows.recordSent(ONE, MAX_UNREAD_BULK_BYTES_PER_ROOM / 2, true);
    windows.recordSent(OTHER, MAX_UNREAD_BULK_BYTES_PER_ROOM / 2, true);
    windows.recordStep1(ONE, 0);
    const third = {};
    expect(windows.getSendTime(third, SEND_WINDOW_BYTES, true)).toBe('after others');
    expect(windows.recordStep2(ONE)).toBe(true);
    expect(windows.getSendTime(third, SEND_WINDOW_BYTES, true)).toBe('now');
    windows.recordSent(third, MAX_UNREAD_BULK_BYTES_PER_ROOM / 2, true);
    expect(windows.getSendTime(ONE, SEND_WINDOW_BYTES, true)).toBe('after others');
    expect(windows.forget(OTHER)).toBe(true);
    expect(windows.getSendTime(ONE, SEND_WINDOW_BYTES, true)).toBe('now');
  });
});

it('only sockets with unread bulk data are stalled', () => {
  const windows = new SendWindows<object>();
  windows.recordSent(ONE, 100, true);
  windows.recordSent(OTHER, 100, false);
  windows.recordStep1(ONE, 1_000);
  windows.recordStep1(OTHER, 1_000);
  expect(windows.listStalled(10, 1_010)).toEqual([]);
  expect(windows.listStalled(10, 1_011)).toEqual([ONE]);
});

it('a client with too many unread acknowledgements is stuck', () => {
  const windows = new SendWindows<object>();
  windows.recordSent(ONE, MAX_UNREAD_BYTES_PER_SOCKET, false);
  expect(windows.isStuck(ONE, contentBytes)).toBe(false);
  windows.recordSent(ONE, 1, false);
  expect(windows.isStuck(ONE, contentBytes)).toBe(true);
});

it('a client that acknowledges without reading is stuck at its third request of the content', () => {
  const windows = new SendWindows<object>();
  for (let answers = 0; answers < 3; answers++) {
    expect(windows.isStuck(ONE, contentBytes)).toBe(false);
    windows.recordSent(ONE, CONTENT_BYTES, true);
    windows.recordReply(ONE, CONTENT_BYTES, 0);
    windows.recordStep1(ONE, 0);
    windows.recordStep2(ONE);
  }
  expect(windows.isStuck(ONE, contentBytes)).toBe(true);
});
