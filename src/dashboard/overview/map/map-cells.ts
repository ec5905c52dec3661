import type { RoomSummary, UsageSummary } from '../../room-list/deps.ts';
import { type Box, squarify } from './squarify.ts';

/** Square pixels. WCAG 2.2, 2.5.8 asks for targets of 24 × 24 px. */
const MIN_AREA = 30 * 30;

/** A room, or all rooms that are too small to show. */
export interface Cell {
  /** `null`: the rest. */
  readonly room: RoomSummary | null;
  /** Number of rooms in it. */
  readonly rooms: number;
  readonly bytes: number;
  /** Share of the user's bytes, from 0 to 1. */
  readonly share: number;
  readonly box: Box;
}

/**
 * Boxes with areas in proportion to the sizes.
 * @param biggest largest first
 * @param width of the picture in pixels, like `height`
 */
export function createMapCells(
  { biggest, usage }: { biggest: readonly RoomSummary[]; usage: UsageSummary },
  width: number,
  height: number,
): Cell[] {
  const total = usage.storageBytes;
  if (total === 0) return [];
  const minBytes = (total * MIN_AREA) / (width * height);
  const shown = biggest.flatMap((room) => {
    const bytes = room.storageBytes ?? 0;
    return bytes >= minBytes ? [{ room, rooms: 1, bytes }] : [];
  });
  const rest = {
    room: null,
    rooms: usage.instances - usage.unmeasured - shown.length,
    bytes: total - shown.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  // The rest comes last, regardless of its size.
  const parts = rest.bytes > 0 && rest.rooms > 0 ? [...shown, rest] : shown;
  const boxes = squarify(
    parts.map(({ bytes }) => bytes),
    width,
    height,
  );
  return parts.flatMap((part, index) => {
    const box = boxes[index];
    return box === undefined ? [] : [{ ...part, share: part.bytes / total, box }];
  });
}
