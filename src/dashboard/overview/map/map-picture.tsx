import { formatBytes, formatCount, formatShare } from '../../ui/format.ts';
import { getRoomPath } from '../../http/room-path.ts';
import { getCellName, TYPE_NAMES } from './cell-name.ts';
import { clipText } from './clip-text.ts';
import type { Cell } from './map-cells.ts';

/** Two layouts; the stylesheet shows one. The width is stretched to the page, the height is exact. In pixels. */
export const WIDE = { name: 'wide', width: 660, height: 300 } as const;
export const TALL = { name: 'tall', width: 270, height: 380 } as const;
type Shape = typeof WIDE | typeof TALL;

/** Labels, in pixels, as in the stylesheet. */
const FONT_SIZE = 13;
const PADDING = 8;
/** Lower boxes have no label, or only its first line. */
const LABEL_HEIGHT = 26;
const TWO_LINES_HEIGHT = 44;

/** Isolates the text direction of a name (Unicode's FSI and PDI). */
const isolateDirection = (name: string): string => `\u2068${name}\u2069`;

const formatPercent = (length: number, of: number): string => `${((length / of) * 100).toFixed(2)}%`;

function Box({ cell, shape }: { cell: Cell; shape: Shape }) {
  const { room, rooms, bytes, share, box } = cell;
  const type = room === null ? 'others' : room.doType;
  const name = getCellName(cell);
  const space = box.width - PADDING * 1.5;
  const clipped = clipText(name, space, FONT_SIZE);
  // The rest shows only its count if its name does not fit.
  const fitting = room !== null || clipped === name ? clipped : `+${formatCount(rooms)}`;
  const label = box.height < LABEL_HEIGHT ? '' : fitting;
  const size = formatBytes(bytes);
  const fits = clipText(size, space, FONT_SIZE) === size;
  const facts = [room === null ? [] : TYPE_NAMES[room.doType], size, formatShare(share)].flat();
  return (
    <a class={`box ${type}`} href={room === null ? '/dashboard/rooms' : getRoomPath(room)} tabindex={-1}>
      <svg
        x={formatPercent(box.x, shape.width)}
        y={formatPercent(box.y, shape.height)}
        width={formatPercent(box.width, shape.width)}
        height={formatPercent(box.height, shape.height)}
      >
        <title>{[isolateDirection(name), ...facts].join(' · ')}</title>
        <rect width="100%" height="100%" />
        {type === 'workspace' ? <rect width="100%" height="100%" fill={`url(#hatch-${shape.name})`} /> : null}
        {label === '' ? null : (
          <text x={PADDING} y={PADDING + 11}>
            {label}
          </text>
        )}
        {label === '' || !fits || box.height < TWO_LINES_HEIGHT ? null : (
          <text class="size" x={PADDING} y={PADDING + 28}>
            {size}
          </text>
        )}
      </svg>
    </a>
  );
}

/** Hidden from screen readers and the keyboard: the table below it has the same content and links. */
export function MapPicture({ cells, shape }: { cells: readonly Cell[]; shape: Shape }) {
  const hatch = `hatch-${shape.name}`;
  return (
    <svg class={`bytes-map ${shape.name}`} width="100%" height={shape.height} aria-hidden="true">
      <defs>
        <pattern
          id={hatch}
          class="hatch"
          width="7"
          height="7"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <line y2="7" />
        </pattern>
      </defs>
      {cells.map((cell) => (
        <Box cell={cell} shape={shape} />
      ))}
    </svg>
  );
}
