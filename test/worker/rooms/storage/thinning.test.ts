import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findSurplusVersions } from '../../../../src/rooms/storage/versions/thinning.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 21, 12);
const MANY = 10_000;

/** A version every ten minutes. */
const createVersionTimes = (spanMs: number) =>
  Array.from({ length: spanMs / (10 * MINUTE) }, (_, index) => NOW - index * 10 * MINUTE);

const getKept = (createdAts: readonly number[], now: number, most = MANY) => {
  const gone = new Set(findSurplusVersions(createdAts, now, most));
  return createdAts.filter((createdAt) => !gone.has(createdAt));
};

it('thinning keeps all versions of a day, one per hour of a week, one per day of three months, then one per week', () => {
  const kept = getKept(createVersionTimes(365 * DAY), NOW);
  const filterByAge = (from: number, to: number) =>
    kept.filter((createdAt) => NOW - createdAt > from && NOW - createdAt <= to).length;
  expect(filterByAge(-1, DAY)).toBe(145);
  expect(filterByAge(DAY, 7 * DAY)).toBeGreaterThanOrEqual(6 * 24);
  expect(filterByAge(DAY, 7 * DAY)).toBeLessThanOrEqual(6 * 24 + 1);
  expect(filterByAge(7 * DAY, 90 * DAY)).toBeGreaterThanOrEqual(83);
  expect(filterByAge(7 * DAY, 90 * DAY)).toBeLessThanOrEqual(84);
  expect(filterByAge(90 * DAY, 365 * DAY)).toBeGreaterThanOrEqual(39);
  expect(filterByAge(90 * DAY, 365 * DAY)).toBeLessThanOrEqual(40);
});

it('thinning removes the oldest versions beyond the maximum, never the newest', () => {
  const all = createVersionTimes(DAY);
  expect(getKept(all, NOW, 10)).toEqual(all.slice(0, 10));
});

it('thinning is idempotent and keeps the newest version', () => {
  const ages = fc.uniqueArray(fc.nat(200 * DAY), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(ages, (some) => {
      const all = some.map((age) => NOW - age);
      const once = getKept(all, NOW);
      expect(getKept(once, NOW)).toEqual(once);
      expect(once).toContain(Math.max(...all));
    }),
  );
});

it('repeated thinning keeps one version for every hour and day that had any', () => {
  let kept: number[] = [];
  const start = NOW - 30 * DAY;
  for (let now = start; now <= NOW; now += 10 * MINUTE) kept = getKept([...kept, now], now);
  const hasOne = (from: number, lengthMs: number) =>
    kept.some((createdAt) => createdAt >= from && createdAt < from + lengthMs);
  for (let day = start + 12 * HOUR; day < NOW - 8 * DAY; day += DAY) expect(hasOne(day, DAY)).toBe(true);
  for (let hour = NOW - 6 * DAY; hour < NOW; hour += HOUR) expect(hasOne(hour, HOUR)).toBe(true);
  expect(kept.length).toBeLessThan(145 + 6 * 24 + 24 + 3);
});
