import { describe, expect, it } from 'vitest';
import {
  formatAgo,
  formatBytes,
  formatExactBytes,
  formatExactTime,
  formatShare,
} from '../../../src/dashboard/ui/format.ts';

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [8_192, '8.2 kB'],
    [99_940, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_999, '1.0 MB'],
    [1_234_567, '1.2 MB'],
    [10_000_000_000, '10.0 GB'],
    [Number.MAX_SAFE_INTEGER, '9.0 PB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('have an exact form', () => {
    expect(formatExactBytes(1_234_567)).toBe('1,234,567 bytes');
    expect(formatExactBytes(1)).toBe('1 byte');
  });
});

describe('times', () => {
  const now = Date.UTC(2026, 10, 21, 12);
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

  it.each([
    [-5 * minute, 'just now'],
    [0, 'just now'],
    [9_999, 'just now'],
    [10_000, '10 seconds ago'],
    [minute - 1, '59 seconds ago'],
    [minute, '1 minute ago'],
    [2 * minute, '2 minutes ago'],
    [hour, '1 hour ago'],
    [day - 1, '23 hours ago'],
    [day, '1 day ago'],
    [29 * day, '29 days ago'],
    [31 * day, '1 month ago'],
    [364 * day, '11 months ago'],
    [366 * day, '1 year ago'],
  ])('%d ms ago is "%s"', (age, text) => {
    expect(formatAgo(now - age, now)).toBe(text);
  });

  it('have an exact form', () => {
    expect(formatExactTime(now)).toBe('2026-11-21 12:00:00 UTC');
  });
});

describe('shares', () => {
  it.each([
    [0, '0%'],
    [0.000_001, '<1%'],
    [0.0099, '<1%'],
    [0.01, '1%'],
    [0.425, '43%'],
    [1, '100%'],
  ])('%d is %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});
