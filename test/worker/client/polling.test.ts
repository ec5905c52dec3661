import { describe, expect, it } from 'vitest';
import { type SyncFailure, readFailure, parseRetryAfter } from '../../../src/client/outcome.ts';
import { getNextPoll } from '../../../src/client/polling.ts';
import { problem } from '../../../src/lib/problem.ts';

const limits = { minMs: 1_000, maxMs: 30_000 };
const unchanged = { kind: 'synced', sent: false, received: false } as const;
const failed = (kind: SyncFailure['kind'], retryAfter: number | null = null): SyncFailure => ({
  kind,
  status: null,
  detail: '',
  retryAfterMs: retryAfter,
});
const idle = { intervalMs: 8_000, outcome: unchanged, hasUnsent: false, limits, random: 0 };

describe('the next poll', () => {
  it('is soon after a change on either side, or if there are unsent edits', () => {
    const soon = { intervalMs: 1_000, delayMs: 1_000 };
    expect(getNextPoll({ ...idle, outcome: { ...unchanged, sent: true } })).toEqual(soon);
    expect(getNextPoll({ ...idle, outcome: { ...unchanged, received: true } })).toEqual(soon);
    expect(getNextPoll({ ...idle, hasUnsent: true })).toEqual(soon);
  });

  it('gets later without changes, up to the maximum', () => {
    expect(getNextPoll(idle)?.intervalMs).toBe(12_000);
    expect(getNextPoll({ ...idle, intervalMs: 29_000 })?.intervalMs).toBe(30_000);
  });

  it('backs off after a failure, even with unsent edits, and is never before Retry-After', () => {
    for (const kind of ['busy', 'unavailable', 'unreachable', 'unexpected'] as const) {
      expect(getNextPoll({ ...idle, hasUnsent: true, outcome: failed(kind) })?.intervalMs).toBe(16_000);
    }
    for (const random of [0, 0.5, 1]) {
      const { delayMs } = getNextPoll({ ...idle, outcome: failed('busy', 90_000), random }) ?? {};
      expect(delayMs).toBeGreaterThanOrEqual(90_000);
    }
  });

  it('waits the maximum after a failure whose repetition is costly and rarely helps', () => {
    for (const kind of ['too-large', 'not-found', 'refused'] as const) {
      expect(getNextPoll({ ...idle, outcome: failed(kind) })?.intervalMs).toBe(30_000);
    }
  });

  it('does not happen after a failure that only a user or an app can repair', () => {
    for (const kind of ['signed-out', 'forbidden', 'deleted', 'replaced', 'absent'] as const) {
      expect(getNextPoll({ ...idle, outcome: failed(kind) })).toBeNull();
    }
  });

  it('has jitter, which does not accumulate', () => {
    expect(getNextPoll({ ...idle, random: 1 })).toEqual({ intervalMs: 12_000, delayMs: 9_000 });
  });
});

describe('a refusal', () => {
  it('has a kind, a detail and a Retry-After', async () => {
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

  it('may have its Retry-After in seconds or as a date, and no number makes a timer overflow', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    expect(parseRetryAfter('7', now)).toBe(7_000);
    expect(parseRetryAfter('Fri, 20 Nov 2026 12:00:30 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('Fri, 20 Nov 2026 11:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeNull();
    expect(parseRetryAfter(null, now)).toBeNull();
    expect(parseRetryAfter('99999999999', now)).toBe(3_600_000);
  });
});
