import { describe, expect, it } from 'vitest';
import { type SyncFailure, readFailure, retryAfterMs } from '../../../src/client/outcome.ts';
import { nextPoll } from '../../../src/client/polling.ts';
import { problem } from '../../../src/lib/problem.ts';

const limits = { minMs: 1_000, maxMs: 30_000 };
const quiet = { kind: 'synced', sent: false, received: false } as const;
const failed = (kind: SyncFailure['kind'], retryAfter: number | null = null): SyncFailure => ({
  kind,
  status: null,
  detail: '',
  retryAfterMs: retryAfter,
});
const calm = { intervalMs: 8_000, outcome: quiet, hasUnsent: false, limits, chance: 0 };

describe('the next poll', () => {
  it('is soon after a change on either side, or where there is something left to send', () => {
    const soon = { intervalMs: 1_000, delayMs: 1_000 };
    expect(nextPoll({ ...calm, outcome: { ...quiet, sent: true } })).toEqual(soon);
    expect(nextPoll({ ...calm, outcome: { ...quiet, received: true } })).toEqual(soon);
    expect(nextPoll({ ...calm, hasUnsent: true })).toEqual(soon);
  });

  it('comes later and later while all is quiet, up to the maximum', () => {
    expect(nextPoll(calm)?.intervalMs).toBe(12_000);
    expect(nextPoll({ ...calm, intervalMs: 29_000 })?.intervalMs).toBe(30_000);
  });

  it('backs off from a failure, even with something to send, and never comes before Retry-After', () => {
    for (const kind of ['busy', 'unavailable', 'unreachable', 'unexpected'] as const) {
      expect(nextPoll({ ...calm, hasUnsent: true, outcome: failed(kind) })?.intervalMs).toBe(16_000);
    }
    for (const chance of [0, 0.5, 1]) {
      const { delayMs } = nextPoll({ ...calm, outcome: failed('busy', 90_000), chance }) ?? {};
      expect(delayMs).toBeGreaterThanOrEqual(90_000);
    }
  });

  it('waits the maximum where a repetition is costly and hardly helps', () => {
    for (const kind of ['too-large', 'not-found', 'refused'] as const) {
      expect(nextPoll({ ...calm, outcome: failed(kind) })?.intervalMs).toBe(30_000);
    }
  });

  it('never comes after what only a person or an app can mend', () => {
    for (const kind of ['signed-out', 'forbidden', 'deleted', 'replaced', 'absent'] as const) {
      expect(nextPoll({ ...calm, outcome: failed(kind) })).toBeNull();
    }
  });

  it('is spread by chance, and chance does not add up', () => {
    expect(nextPoll({ ...calm, chance: 1 })).toEqual({ intervalMs: 12_000, delayMs: 9_000 });
  });
});

describe('a refusal', () => {
  it('is told by its kind, its detail and its Retry-After', async () => {
    const kinds = [401, 403, 404, 409, 410, 413, 429, 503, 500, 400].map(async (status) => {
      return (await readFailure(new Response('', { status }))).kind;
    });
    expect(await Promise.all(kinds)).toEqual([
      'signed-out',
      'forbidden',
      'not-found',
      'replaced',
      'deleted',
      'too-large',
      'busy',
      'unavailable',
      'unavailable',
      'refused',
    ]);
    expect(await readFailure(problem(503, 'Try again.', {}, { 'retry-after': '5' }))).toEqual({
      kind: 'unavailable',
      status: 503,
      detail: 'Try again.',
      retryAfterMs: 5_000,
    });
  });

  it('may name its Retry-After in seconds or as a date, and no number makes a timer overflow', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    expect(retryAfterMs('7', now)).toBe(7_000);
    expect(retryAfterMs('Fri, 20 Nov 2026 12:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Fri, 20 Nov 2026 11:00:00 GMT', now)).toBe(0);
    expect(retryAfterMs('soon', now)).toBeNull();
    expect(retryAfterMs(null, now)).toBeNull();
    expect(retryAfterMs('99999999999', now)).toBe(3_600_000);
  });
});
