import { describe, expect, it, vi } from 'vitest';
import { readRoomLimits } from '../../../../src/rooms/limits/read-limits.ts';
import {
  DEFAULT_LIMITS,
  MAX_PLATFORM_MESSAGE_BYTES,
  MAX_ROOM_BYTES,
} from '../../../../src/rooms/limits/room-limits.ts';
import { RATE_WINDOW_S } from '../../../../src/rooms/limits/socket-limits.ts';
import { MessageRate } from '../../../../src/rooms/sync/message-rate.ts';

describe('the message rate', () => {
  it('allows a burst of ten seconds, then the rate itself, for each socket', () => {
    const rate = new MessageRate<object>(10);
    const [one, other] = [{}, {}];
    const allowed = (socket: object, now: number, tries: number) =>
      Array.from({ length: tries }, () => rate.allows(socket, now)).filter(Boolean).length;
    expect(allowed(one, 0, 500)).toBe(10 * RATE_WINDOW_S);
    expect(allowed(other, 0, 500)).toBe(10 * RATE_WINDOW_S);
    // Refused frames count too: a socket that keeps sending stays refused until it pauses.
    expect(allowed(one, 1_000, 5)).toBe(0);
    expect(allowed(one, 120_000, 500)).toBe(10 * RATE_WINDOW_S);
  });

  it('tolerates a clock that is set back', () => {
    const rate = new MessageRate<object>(10);
    const socket = {};
    expect(rate.allows(socket, 1_000_000)).toBe(true);
    expect(rate.allows(socket, 0)).toBe(true);
  });
});

describe('configured limits', () => {
  it('are the defaults if nothing is set', () => {
    expect(readRoomLimits({})).toEqual(DEFAULT_LIMITS);
    expect(readRoomLimits({ ROOM_MAX_SOCKETS: '' })).toEqual(DEFAULT_LIMITS);
  });

  it('are the configured values, at most the platform’s limits', () => {
    const set = readRoomLimits({
      ROOM_MAX_SOCKETS: '7',
      ROOM_MAX_MESSAGES_PER_SECOND: '8',
      ROOM_MAX_PAYLOAD_BYTES: '999999999',
      ROOM_MAX_BYTES: '999999999',
    });
    expect(set).toEqual({
      maxSockets: 7,
      maxMessagesPerSecond: 8,
      maxPayloadBytes: MAX_PLATFORM_MESSAGE_BYTES,
      maxRoomBytes: MAX_ROOM_BYTES,
    });
  });

  it.each(['many', '-1', '0', '1.5', 'Infinity', '1e400'])(
    'of "%s" are logged, and the default applies',
    (set) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      expect(readRoomLimits({ ROOM_MAX_SOCKETS: set })).toEqual(DEFAULT_LIMITS);
      expect(log).toHaveBeenCalledWith(expect.objectContaining({ name: 'ROOM_MAX_SOCKETS', value: set }));
      log.mockRestore();
    },
  );
});
