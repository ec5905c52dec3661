import type { RoomSummary, UsageSummary } from '../room-list/deps.ts';
import { type Box, squarify } from './squarify.ts';

/** A box smaller than this could neither be hit (WCAG 2.2, 2.5.8: 24 px) nor told from its neighbours. In square pixels. */
const LEAST_AREA = 30 * 30;

/** A room, or all those together that would be too small to see. */
export interface Cell {
  /** `null`: the others. */
  readonly room: RoomSummary | null;
  /** How many rooms it stands for. */
  readonly rooms: number;
  readonly bytes: number;
  /** Of all that is stored, from 0 to 1. */
  readonly share: number;
  readonly box: Box;
}

/**
 * Where the bytes are, as boxes whose areas are as the sizes.
 * @param biggest the user's biggest rooms, the biggest first
 * @param width of the picture in pixels, as is `height`
 */
export function cellsOf(
  { biggest, usage }: { biggest: readonly RoomSummary[]; usage: UsageSummary },
  width: number,
  height: number,
): Cell[] {
  const total = usage.storageBytes;
  if (total === 0) return [];
  const least = (total * LEAST_AREA) / (width * height);
  const shown = biggest.flatMap((room) => {
    const bytes = room.storageBytes ?? 0;
    return bytes >= least ? [{ room, rooms: 1, bytes }] : [];
  });
  const rest = {
    room: null,
    rooms: usage.instances - usage.unmeasured - shown.length,
    bytes: total - shown.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  // They come last, however large: what is left of the picture then is theirs.
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
