import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipText } from '../../../src/dashboard/overview/map/clip-text.ts';
import { getGrowth } from '../../../src/dashboard/overview/growth.ts';
import { createMapCells } from '../../../src/dashboard/overview/map/map-cells.ts';
import { getAxisEnd } from '../../../src/dashboard/overview/scale.ts';
import { type Box, squarify } from '../../../src/dashboard/overview/map/squarify.ts';
import type { RoomSummary } from '../../../src/dashboard/room-list/deps.ts';

const WIDTH = 660;
const HEIGHT = 300;
const areaOf = ({ width, height }: Box): number => width * height;

const room = (resourceName: string, storageBytes: number | null): RoomSummary => ({
  doType: 'document',
  resourceName,
  storageBytes,
  storageMeasuredAt: storageBytes === null ? null : 1,
  createdAt: 1,
  lastAccessedAt: 1,
});

/** The cells of a user who has these rooms and no others. */
function cellsOfSizes(sizes: readonly (number | null)[], mostPictured = 60) {
  const rooms = sizes.map((bytes, index) => room(`room ${index}`, bytes));
  const storageBytes = sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  const unmeasured = sizes.filter((bytes) => bytes === null).length;
  const sum = { instances: rooms.length, storageBytes };
  const usage = { ...sum, unmeasured, byType: { document: sum, workspace: sum } };
  const biggest = rooms.toSorted((one, other) => (other.storageBytes ?? -1) - (one.storageBytes ?? -1));
  return createMapCells({ biggest: biggest.slice(0, mostPictured), usage }, WIDTH, HEIGHT);
}

describe('the map of bytes', () => {
  it('has areas in proportion to weights, without gaps or overlaps', () => {
    const weights = fc
      .array(fc.integer({ min: 1, max: 1_000_000_000 }), { minLength: 1, maxLength: 60 })
      .map((list) => list.toSorted((one, other) => other - one));
    fc.assert(
      fc.property(weights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const boxes = squarify(weights, WIDTH, HEIGHT);
        expect(boxes).toHaveLength(weights.length);
        for (const [index, box] of boxes.entries()) {
          expect(areaOf(box)).toBeCloseTo((WIDTH * HEIGHT * (weights[index] ?? 0)) / total, 3);
          expect(box.x).toBeGreaterThanOrEqual(-1e-6);
          expect(box.y).toBeGreaterThanOrEqual(-1e-6);
          expect(box.x + box.width).toBeLessThanOrEqual(WIDTH + 1e-6);
          expect(box.y + box.height).toBeLessThanOrEqual(HEIGHT + 1e-6);
        }
        for (const [index, one] of boxes.entries()) {
          for (const other of boxes.slice(index + 1)) {
            const across = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
            const down = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
            expect(Math.min(across, down)).toBeLessThan(1e-6);
          }
        }
      }),
    );
  });

  it('has near squares for equal weights', () => {
    for (const box of squarify(
      Array.from({ length: 24 }, () => 1),
      WIDTH,
      HEIGHT,
    )) {
      expect(Math.max(box.width / box.height, box.height / box.width)).toBeLessThan(2);
    }
  });

  it('contains all bytes and measured rooms, and no box below the minimum size', () => {
    const sizes = fc.array(fc.option(fc.integer({ min: 4_096, max: 50_000_000 })), { maxLength: 200 });
    fc.assert(
      fc.property(sizes, (sizes) => {
        const cells = cellsOfSizes(sizes);
        const measured = sizes.filter((bytes) => bytes !== null);
        expect(cells.reduce((sum, { rooms }) => sum + rooms, 0)).toBe(measured.length);
        expect(cells.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
          measured.reduce((sum, bytes) => sum + bytes, 0),
        );
        expect(cells.filter((cell) => cell.room === null).length).toBeLessThanOrEqual(1);
        for (const { room, box } of cells) if (room !== null) expect(areaOf(box)).toBeGreaterThan(899);
      }),
    );
  });

  it('merges ten thousand equal rooms into one box, and is empty without sizes', () => {
    const [all, ...others] = cellsOfSizes(Array.from({ length: 10_000 }, () => 8_192));
    expect([all?.rooms, all?.room, all?.share, others.length]).toEqual([10_000, null, 1, 0]);
    expect(cellsOfSizes([])).toEqual([]);
    expect(cellsOfSizes([null, null])).toEqual([]);
  });
});

const days = (...totals: (number | null)[]) =>
  totals.map((storageBytes, index) => ({
    day: `2026-11-${String(index + 1).padStart(2, '0')}`,
    storageBytes,
  }));

describe('the trend', () => {
  it('has the growth over N days if the history is long enough', () => {
    expect(getGrowth(days(100, 5, 7, 3), 3)).toBe(-97);
    expect(getGrowth(days(100, 5, 7, 3), 1)).toBe(-4);
    expect(getGrowth(days(null, 5, 7, 3), 3)).toBeNull();
    expect(getGrowth(days(5, 7), 7)).toBeNull();
    expect(getGrowth([], 7)).toBeNull();
  });

  it('has an axis with a readable end close above the highest value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 106_751_991_167_300 }), (most) => {
        const end = getAxisEnd(most);
        expect(end).toBeGreaterThan(most);
        expect(end).toBeLessThanOrEqual(Math.max(2, most * 2.2));
        expect(String(end / 1_000 ** Math.floor(Math.log10(end) / 3))).toMatch(/^\d{1,3}$/);
      }),
    );
  });
});

describe('a label of the map', () => {
  it('is the whole text if it fits, and never splits a character', () => {
    expect(clipText('notes', 200, 13)).toBe('notes');
    expect(clipText('a rather long name', 60, 13)).toBe('a rath…');
    expect(clipText('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 45, 13)).toMatch(/^(👩‍👩‍👧‍👦)+…$/u);
    expect(clipText('notes', 20, 13)).toBe('');
  });
});
