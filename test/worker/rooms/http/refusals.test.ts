import { describe, expect, it } from 'vitest';
import { ROOM_REFUSALS, type RefusalEntry } from '../../../../src/rooms/contract/room-refusals.ts';

const CONTEXT = {
  doType: 'document',
  resourceName: 'notes',
  maxRoomBytes: Number.MAX_SAFE_INTEGER,
  what: 'update (v1)',
  maxRooms: 1_000_000_000,
  retryAfterS: 3_600,
} as const;

const ENTRIES: readonly (readonly [string, RefusalEntry])[] = Object.entries(ROOM_REFUSALS);

describe('a refusal of an action on a room', () => {
  it.each(ENTRIES)('"%s" has no close reason over 123 bytes', (_, { reason = '' }) => {
    const text = typeof reason === 'function' ? reason(CONTEXT) : reason;
    expect(new TextEncoder().encode(text).byteLength).toBeLessThanOrEqual(123);
  });

  it.each(ENTRIES)('"%s" has a close reason if and only if it has a close code', (_, { code, reason }) => {
    expect(code === undefined).toBe(reason === undefined);
  });
});
