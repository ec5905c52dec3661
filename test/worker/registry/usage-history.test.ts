import { env } from 'cloudflare:workers';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { createReader, usageStatement } from '../../../src/registry/read/queries.ts';
import { DAY_S } from '../../../src/registry/read/storage-curve.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { getHistory, computeHistory, historyStatement } from '../../../src/registry/read/usage-history.ts';
import { createApi } from './api.ts';
import { awayFromMidnight, clock, readDays, letDaysPass, shiftLastDay, parseSteps } from './days.ts';
import { HistoryModel } from './history-model.ts';
import { deleteUser, loseRow, report, signUp, T0 } from './reports.ts';

/** Printed with every run; to run one again, put its number here. */
const seed = Math.floor(Math.random() * 2 ** 31);
console.log({ test: 'usage history', seed });

const ROOMS = ['notes', 'plan', 'sketch'] as const;

/** A user with rooms and the expected history. */
class Owner {
  readonly model = new HistoryModel();
  readonly #sizes = new Map<string, number>();
  readonly #createdAt = new Map<string, number>();
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  async store(room: string, storageBytes: number): Promise<void> {
    const now = later();
    const createdAt = this.#createdAt.get(room) ?? now;
    const measurement = { storageBytes, measuredAt: now };
    await upsertInstance(env.DB, report(this.id, room, { createdAt, measurement }));
    this.#createdAt.set(room, createdAt);
    this.#sizes.set(room, storageBytes);
  }

  async delete(room: string): Promise<void> {
    const createdAt = this.#createdAt.get(room);
    if (createdAt === undefined) return;
    await deleteInstance(env.DB, { doName: report(this.id, room).doName, createdAt });
    this.#sizes.delete(room);
    this.#createdAt.delete(room);
  }

  async lose(room: string): Promise<void> {
    await loseRow(report(this.id, room).doName);
    this.#sizes.delete(room);
  }

  async leaveAndReturn(): Promise<void> {
    await deleteUser(this.id);
    await signUp(this.id);
    this.#sizes.clear();
    this.#createdAt.clear();
  }

  /** Does something, and has the model follow: what came of it, and when. */
  async change(act: () => Promise<void>): Promise<void> {
    const earliest = await clock();
    await act();
    const latest = await clock();
    const bytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    const last = (await readDays(this.id)).at(-1);
    expect(last?.storage_bytes ?? 0).toBe(bytes);
    if (bytes === this.model.bytes) return;
    const at = last?.changed_at ?? 0;
    expect(at).toBeGreaterThanOrEqual(Math.max(this.model.changedAt, earliest));
    expect(at).toBeLessThanOrEqual(Math.max(this.model.changedAt, latest));
    this.model.change(at, bytes);
  }

  /** Holds the history of an interval against the model. */
  async compare(from: number, to: number): Promise<void> {
    const { storageBytes, byteSeconds, days, keptSince } = await getHistory(env.DB.withSession(), this.id, {
      from,
      to,
    });
    const { model } = this;
    expect({ storageBytes, byteSeconds }).toEqual({
      storageBytes: model.bytesAt(to),
      byteSeconds: model.byteSeconds(from, to),
    });
    expect(keptSince).toBe(model.changes[0]?.at ?? null);
    const last = Math.max(Math.floor(from / DAY_S), Math.ceil(to / DAY_S) - 1);
    const expected = Array.from({ length: last - Math.floor(from / DAY_S) + 1 }, (_, index) => {
      const day = Math.floor(from / DAY_S) + index;
      const [begins, ends] = [Math.max(from, day * DAY_S), Math.min(to, (day + 1) * DAY_S)];
      const bytes = ends === (day + 1) * DAY_S ? model.bytesBefore(ends) : model.bytesAt(ends);
      return { day, storageBytes: bytes, byteSeconds: model.byteSeconds(begins, ends) };
    });
    expect(days).toEqual(expected);
  }
}

let lastReportAt = T0;
/** Each report is later than the previous one, by the clock of its room. */
const later = () => (lastReportAt += 1);

type Step =
  | { readonly kind: 'store'; readonly who: number; readonly room: string; readonly bytes: number }
  | { readonly kind: 'delete'; readonly who: number; readonly room: string }
  | { readonly kind: 'lose'; readonly who: number; readonly room: string }
  | { readonly kind: 'leave'; readonly who: number }
  | { readonly kind: 'days'; readonly days: number }
  /** Of what is possible on that day: earlier, or later than now, as where the clock goes back. */
  | { readonly kind: 'shift'; readonly who: number; readonly share: number };

const who = fc.integer({ min: 0, max: 1 });
const room = fc.constantFrom(...ROOMS);
const bytes = fc.oneof(fc.constantFrom(0, 4_096, 8_192), fc.integer({ min: 1, max: 2 ** 40 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('store' as const), who, room, bytes }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'lose' as const), who, room }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), who }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('days' as const), days: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('shift' as const),
      who,
      share: fc.double({ min: -0.2, max: 1, noNaN: true }),
    }),
  },
);

async function take(taken: Step, owners: readonly Owner[]): Promise<void> {
  if (taken.kind === 'days') {
    for (const { id, model } of owners) {
      model.letDaysPass(taken.days);
      // oxlint-disable-next-line no-await-in-loop
      await letDaysPass(id, taken.days);
    }
    return;
  }
  const owner = owners[taken.who];
  if (owner === undefined) throw new Error('there is no owner');
  if (taken.kind === 'store') return owner.change(() => owner.store(taken.room, taken.bytes));
  if (taken.kind === 'delete') return owner.change(() => owner.delete(taken.room));
  if (taken.kind === 'lose') return owner.change(() => owner.lose(taken.room));
  if (taken.kind === 'leave') return owner.change(() => owner.leaveAndReturn());
  const { lastDay } = owner.model;
  const [first, last] = [lastDay[0], lastDay.at(-1)];
  if (first === undefined || last === undefined) return;
  const possible = taken.share < 0 ? DAY_S - 1 - (last.at % DAY_S) : first.at % DAY_S;
  const seconds = Math.trunc(possible * taken.share);
  owner.model.shiftLastDay(seconds);
  await shiftLastDay(owner.id, seconds);
}

/** Where something may be wrong: changes, the seconds beside them, midnights, and anything. */
function instants(model: HistoryModel, shares: readonly number[]): number[] {
  const [first, last] = [(model.changes[0]?.at ?? 0) - DAY_S, model.changedAt + DAY_S];
  return shares.map((share, index) => {
    const anything = Math.floor(first + share * (last - first));
    const change = model.changes[Math.floor(share * model.changes.length)]?.at ?? anything;
    return [anything, change, change + 1, change - 1, anything - (anything % DAY_S)][index % 5] ?? anything;
  });
}

describe('the history of an interval', () => {
  beforeEach(awayFromMidnight);

  it('is exact after any sequence of reports, deletions and lost rows over many days', async () => {
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
      minLength: 10,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), shares, async (steps, chosen) => {
        const owners = [new Owner(await signUp()), new Owner(await signUp())];
        // Step by step, because each must leave both sides equal.
        // oxlint-disable-next-line no-await-in-loop
        for (const taken of steps) await take(taken, owners);
        for (const owner of owners) {
          const times = instants(owner.model, chosen);
          for (const [index, time] of times.entries()) {
            const [from, to] = [time, times[index + 1] ?? time].toSorted((one, other) => one - other);
            // oxlint-disable-next-line no-await-in-loop
            await owner.compare(from ?? time, to ?? time);
          }
        }
      }),
      { seed, numRuns: 15 },
    );
  });
});

/** A morning of many changes, as the triggers keep it, before what comes. */
async function busyMorning(owner: Owner, changes: number, endedAt: number): Promise<void> {
  const day = Math.floor(endedAt / DAY_S);
  const steps = Array.from({ length: changes }, (_, index) => {
    const at = endedAt - (changes - 1 - index);
    const bytes = 4_096 + (index % 7) * 1_000_003;
    owner.model.change(at, bytes);
    return [at - day * DAY_S, bytes];
  });
  const byteSeconds = owner.model.byteSeconds(day * DAY_S, endedAt);
  await env.DB.prepare('INSERT INTO user_storage_day VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, 0)')
    .bind(owner.id, day, owner.model.bytes, endedAt, Number(byteSeconds), JSON.stringify(steps))
    .run();
}

describe('a day of more than a thousand changes', () => {
  beforeEach(awayFromMidnight);

  it.skipIf(Math.floor(Date.now() / 1_000) % DAY_S < 2_500)(
    'has at most one step more each minute, and exact sums from each step to each other and of the whole',
    async () => {
      const owner = new Owner(await signUp());
      // What the busy morning stored is in no row: let the first report stand for it.
      await owner.store('base', 4_096);
      await env.DB.prepare('DELETE FROM user_storage_day WHERE user_id = ?').bind(owner.id).run();
      const began = await clock();
      await busyMorning(owner, 997, began - 1_000);
      const { model } = owner;
      for (let change = 0; change < 30; change++) {
        // Half a minute after the previous one; the large size changes would show a lost second.
        const { changedAt } = model;
        const passed = 29 + (change % 3) - ((await clock()) - changedAt);
        model.shiftLastDay(passed);
        await shiftLastDay(owner.id, passed);
        const delta = change % 2 === 0 ? 999_999_937 : -999_999_937;
        const before = model.bytes;
        const size = await env.DB.prepare(
          'SELECT storage_bytes AS n FROM durable_object_instance WHERE user_id = ?',
        )
          .bind(owner.id)
          .first<number>('n');
        await owner.store('base', (size ?? 0) + delta);
        model.change((await readDays(owner.id)).at(-1)?.changed_at ?? 0, before + delta);
      }
      const [day] = await readDays(owner.id);
      if (day === undefined) throw new Error('no day');
      const steps = parseSteps(day);
      expect(steps.length).toBeGreaterThan(1_000);
      expect(steps.length).toBeLessThanOrEqual(1_000 + 16);
      const midnight = day.day * DAY_S;
      const within = steps.filter((_, index) => index % 37 === 0 || index > 995).map(([at]) => midnight + at);
      const times = [midnight, ...within, model.changedAt, model.changedAt + 77, midnight + DAY_S];
      for (const [index, from] of times.entries()) {
        const to = times[(index * 7 + 5) % times.length] ?? from;
        const interval = from < to ? { from, to } : { from: to, to: from };
        const history = await getHistory(env.DB.withSession(), owner.id, interval);
        expect(history.byteSeconds, JSON.stringify(interval)).toBe(
          model.byteSeconds(interval.from, interval.to),
        );
      }
      // Between them the course is even: each second has as much as was stored sometime that day.
      const stored = model.changes.map((one) => one.bytes);
      for (const [at] of steps.slice(998)) {
        const second = { from: midnight + at - 1, to: midnight + at };
        const { byteSeconds } = await getHistory(env.DB.withSession(), owner.id, second);
        expect(Number(byteSeconds)).toBeGreaterThanOrEqual(Math.min(...stored));
        expect(Number(byteSeconds)).toBeLessThanOrEqual(Math.max(...stored));
      }
    },
  );
});

interface Answered {
  from: string;
  to: string;
  keptSince: string | null;
  storageBytes: number;
  byteHours: number;
  byteSeconds: string;
  days: { day: string; storageBytes: number; byteHours: number; byteSeconds: string }[];
}

const iso = (second: number) => new Date(second * 1_000).toISOString();

describe('GET /api/usage/history', () => {
  let owner: Owner;
  const ask = async (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    createApi(owner.id).get(`/api/usage/history?${new URLSearchParams(parameters).toString()}`, headers);
  const answered = async (parameters: Record<string, string> = {}): Promise<Answered> => {
    const response = await ask(parameters);
    expect(response.status).toBe(200);
    return response.json();
  };

  beforeEach(async () => {
    await awayFromMidnight();
    owner = new Owner(await signUp());
  });

  it('has the bytes at the end of each day and the byte-hours of each day, including days without changes', async () => {
    await owner.change(() => owner.store('notes', 3_600));
    await letDaysPass(owner.id, 3);
    owner.model.letDaysPass(3);
    const { changedAt } = owner.model;
    const today = changedAt - (changedAt % DAY_S) + 3 * DAY_S;
    const { days, ...all } = await answered({ from: iso(today - 4 * DAY_S), to: iso(today) });
    const firstDay = 3_600 * (DAY_S - (changedAt % DAY_S));
    expect(days).toEqual(
      [0, firstDay, 3_600 * DAY_S, 3_600 * DAY_S].map((byteSeconds, index) => ({
        day: iso(today - (4 - index) * DAY_S).slice(0, 10),
        storageBytes: index === 0 ? 0 : 3_600,
        byteHours: byteSeconds / 3_600,
        byteSeconds: String(byteSeconds),
      })),
    );
    expect(all).toEqual({
      from: iso(today - 4 * DAY_S),
      to: iso(today),
      keptSince: iso(changedAt),
      storageBytes: 3_600,
      byteHours: (firstDay + 2 * 3_600 * DAY_S) / 3_600,
      byteSeconds: String(firstDay + 2 * 3_600 * DAY_S),
    });
  });

  it('has the bytes at one moment if from equals to', async () => {
    await owner.change(() => owner.store('notes', 4_096));
    const at = owner.model.changedAt;
    const moment = { day: iso(at).slice(0, 10), byteHours: 0, byteSeconds: '0' };
    expect(await answered({ from: iso(at), to: iso(at) })).toMatchObject({
      storageBytes: 4_096,
      byteSeconds: '0',
      days: [{ ...moment, storageBytes: 4_096 }],
    });
    expect(await answered({ from: iso(at - 1), to: iso(at - 1) })).toMatchObject({ storageBytes: 0 });
  });

  it('is by default of the last 30 days, and never of the future', async () => {
    const before = await clock();
    const { from, to, days, keptSince } = await answered();
    expect(keptSince).toBeNull();
    expect(days).toHaveLength(30);
    expect(from).toBe(`${days[0]?.day}T00:00:00.000Z`);
    expect(to.slice(0, 10)).toBe(days[29]?.day);
    expect(Date.parse(to) / 1_000).toBeGreaterThanOrEqual(before - 1);
    const later = await answered({ to: '2999-01-01', from: to.slice(0, 10) });
    expect(Date.parse(later.to)).toBeLessThanOrEqual(Date.now());
    const one = await answered({ to: '2026-11-01' });
    expect([one.from, one.days.length, one.days.at(-1)?.day]).toEqual([
      '2026-10-02T00:00:00.000Z',
      30,
      '2026-10-31',
    ]);
    const fraction = await answered({ from: '2026-11-01T00:00:00.900Z', to: '2026-11-01T12:00:01.999Z' });
    expect([fraction.from, fraction.to]).toEqual(['2026-11-01T00:00:00.000Z', '2026-11-01T12:00:01.000Z']);
  });

  it.each([
    ['from', { from: 'yesterday' }],
    ['to', { to: '2026-02-30' }],
    ['from', { from: '2026-11-01T12:00:00+01:00' }],
    ['from', { from: '' }],
    ['from', { from: '2026-11-02', to: '2026-11-01' }],
    ['from', { from: '2999-01-01' }],
    ['from', { from: '2025-09-01', to: '2026-11-01' }],
    ['to', { from: '2026-11-01', to: '9'.repeat(100) }],
  ])('refuses an invalid %s: %j', async (field, parameters) => {
    const response = await ask(parameters);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json',
    ]);
    expect(await response.json()).toMatchObject({ field, detail: expect.stringContaining(field) });
  });

  it('accepts 400 days, and years without history', async () => {
    expect((await answered({ from: '2025-09-27', to: '2026-11-01' })).days).toHaveLength(400);
    expect(await answered({ from: '0000-01-01', to: '0000-12-31' })).toMatchObject({ byteSeconds: '0' });
  });

  it('has exact amounts beyond the range of numbers', async () => {
    await owner.change(() => owner.store('notes', 2 ** 40));
    await owner.change(() => owner.store('plan', 2 ** 40 - 1));
    await letDaysPass(owner.id, 300);
    owner.model.letDaysPass(300);
    const { changedAt } = owner.model;
    const { byteSeconds } = await answered({ from: iso(changedAt), to: iso(changedAt + 299 * DAY_S) });
    expect(byteSeconds).toBe(String((2n ** 41n - 1n) * 299n * BigInt(DAY_S)));
    expect(Number(byteSeconds)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  });

  it('is 304 while the caller’s rooms are unchanged, and 200 afterwards', async () => {
    const first = await ask({});
    const etag = first.headers.get('etag') ?? '';
    await upsertInstance(env.DB, report(await signUp(), 'of another'));
    expect((await ask({}, { 'if-none-match': etag })).status).toBe(304);
    expect((await ask({ from: '2026-11-01' }, { 'if-none-match': etag })).status).toBe(200);
    await owner.store('notes', 4_096);
    const response = await ask({}, { 'if-none-match': etag });
    expect([response.status, (await response.json<Answered>()).storageBytes]).toEqual([200, 4_096]);
  });

  it('reads only the rows of the interval, the row before and the first row', async () => {
    for (let day = 0; day < 12; day++) {
      await owner.store('notes', 4_096 + day);
      await letDaysPass(owner.id, 2);
    }
    const other = new Owner(await signUp());
    await other.store('notes', 1);
    const today = Math.floor((await clock()) / DAY_S) * DAY_S;
    const reads = async (days: number) => {
      const statement = historyStatement(createReader(env.DB.withSession()), owner.id, {
        from: today - days * DAY_S,
        to: today,
      });
      const { sql, params } = statement.toSQL();
      const { results, meta } = await env.DB.prepare(sql)
        .bind(...params)
        .all();
      expect(meta.rows_written).toBe(0);
      return { rows: results.length, read: meta.rows_read };
    };
    for (const [ago, rows] of [
      [1, 2],
      [9, 4 + 2],
      [24, 12 + 1],
    ] as const) {
      const found = await reads(ago);
      expect(found.rows).toBe(rows);
      // Where a range ends is found at the row behind it.
      expect(found.read).toBeLessThanOrEqual(rows + 2);
    }
  });

  it('can be read in one batch with other statements', async () => {
    await owner.change(() => owner.store('notes', 4_096));
    const interval = { from: owner.model.changedAt, to: owner.model.changedAt + 10 };
    const db = createReader(env.DB.withSession());
    const [[usage], rows] = await db.batch([
      usageStatement(db, owner.id),
      historyStatement(db, owner.id, interval),
    ]);
    expect(usage?.all.storageBytes).toBe(4_096);
    expect(computeHistory(rows, interval)).toMatchObject({ storageBytes: 4_096, byteSeconds: 40_960n });
  });
});
