import { Bytes, ShareBar } from '../ui/figures.tsx';
import { formatBytes, formatCount, formatCountOf, formatShare } from '../ui/format.ts';
import { roomPath } from '../http/room-path.ts';
import { clipText } from './clip-text.ts';
import type { Overview } from './deps.ts';
import { type Cell, cellsOf } from './map-cells.ts';
import { Name } from '../ui/name.tsx';
import { visibleText } from '../ui/visible-text.ts';

/**
 * The picture is laid out for about these sizes and stretched to what there is; the stylesheet shows one of the two. Heights are
 * exact.
 */
const WIDE = { name: 'wide', width: 660, height: 300 } as const;
const TALL = { name: 'tall', width: 270, height: 380 } as const;
type Shape = typeof WIDE | typeof TALL;

/** Of the labels, in pixels, as the stylesheet has them. */
const FONT_SIZE = 13;
const PADDING = 8;
/** Boxes lower than this have no label, or its first line alone. */
const LABEL_HEIGHT = 26;
const TWO_LINES_HEIGHT = 44;

/** Up to this number of rooms are shown as bars; rooms that are too small to see share one bar. */
const MAX_BARS = 6;

const TYPE_NAMES = { document: 'document', workspace: 'workspace' } as const;

/** Isolated, so that a name of the other direction turns nothing round but itself (Unicode's FSI and PDI). */
const isolated = (name: string): string => `\u2068${name}\u2069`;

const percent = (length: number, of: number): string => `${((length / of) * 100).toFixed(2)}%`;

const nameOf = ({ room, rooms }: Cell): string =>
  room === null ? formatCountOf(rooms, 'other room', 'other rooms') : visibleText(room.resourceName);

function Box({ cell, shape }: { cell: Cell; shape: Shape }) {
  const { room, rooms, bytes, share, box } = cell;
  const type = room === null ? 'others' : room.doType;
  const name = nameOf(cell);
  const space = box.width - PADDING * 1.5;
  const clipped = clipText(name, space, FONT_SIZE);
  // What stands for many is told by their number alone where no more fits.
  const fitting = room !== null || clipped === name ? clipped : `+${formatCount(rooms)}`;
  const label = box.height < LABEL_HEIGHT ? '' : fitting;
  const size = formatBytes(bytes);
  const fits = clipText(size, space, FONT_SIZE) === size;
  const facts = [room === null ? [] : TYPE_NAMES[room.doType], size, formatShare(share)].flat();
  return (
    <a class={`box ${type}`} href={room === null ? '/dashboard/rooms' : roomPath(room)} tabindex={-1}>
      <svg
        x={percent(box.x, shape.width)}
        y={percent(box.y, shape.height)}
        width={percent(box.width, shape.width)}
        height={percent(box.height, shape.height)}
      >
        <title>{[isolated(name), ...facts].join(' · ')}</title>
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

/** Says nothing to screen readers and takes no keyboard: the table below it says and links the same. */
function Picture({ cells, shape }: { cells: readonly Cell[]; shape: Shape }) {
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

function AsTable({ cells }: { cells: readonly Cell[] }) {
  return (
    <details id="bytes-table" class="as-table">
      <summary>The same as a table</summary>
      <div class="scrolled" tabindex={0} role="region" aria-label="Where the bytes are, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Room</th>
              <th scope="col">Type</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {cells.map((cell) => (
              <tr>
                <th scope="row">
                  {cell.room === null ? (
                    <a href="/dashboard/rooms">{nameOf(cell)}</a>
                  ) : (
                    <a href={roomPath(cell.room)}>
                      <Name name={cell.room.resourceName} />
                    </a>
                  )}
                </th>
                <td>{cell.room === null ? 'both' : TYPE_NAMES[cell.room.doType]}</td>
                <td class="number">
                  <Bytes bytes={cell.bytes} />
                </td>
                <td class="number">{formatShare(cell.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** Few rooms side by side: areas would say less, and one room would be all of the picture. */
function Bars({ cells }: { cells: readonly Cell[] }) {
  return (
    <ul class="room-bars">
      {cells.map((cell) => (
        <li class={cell.room?.doType ?? 'others'}>
          <a href={cell.room === null ? '/dashboard/rooms' : roomPath(cell.room)}>
            {cell.room === null ? nameOf(cell) : <Name name={cell.room.resourceName} isCut />}
          </a>
          <ShareBar share={cell.share} />
          <span class="fact">
            {cell.room === null ? null : <span class={`tag ${cell.room.doType}`}>{cell.room.doType}</span>}{' '}
            <Bytes bytes={cell.bytes} /> <span class="of-all">{formatShare(cell.share)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Rooms of which each is too small to see, by type. */
function TypeBars({ usage }: Pick<Overview, 'usage'>) {
  return (
    <ul class="room-bars">
      {(['document', 'workspace'] as const).map((doType) => {
        const { storageBytes, instances } = usage.byType[doType];
        if (storageBytes === 0) return null;
        const share = storageBytes / usage.storageBytes;
        return (
          <li class={doType}>
            <a href={`/dashboard/rooms?${new URLSearchParams({ type: doType }).toString()}`}>
              {formatCountOf(instances, doType, `${doType}s`)}
            </a>
            <ShareBar share={share} />
            <span class="fact">
              <Bytes bytes={storageBytes} /> <span class="of-all">{formatShare(share)}</span>
            </span>
          </li>
        );
      })}
      <li class="hint">Each room is too small a part of it to be seen by itself.</li>
    </ul>
  );
}

function Areas({ biggest, usage }: Pick<Overview, 'biggest' | 'usage'>) {
  return (
    <>
      {[WIDE, TALL].map((shape) => (
        <Picture cells={cellsOf({ biggest, usage }, shape.width, shape.height)} shape={shape} />
      ))}
      <AsTable cells={cellsOf({ biggest, usage }, WIDE.width, WIDE.height)} />
    </>
  );
}

/** Whether there is too little to divide an area: few rooms, or none that is large enough to see. */
export const isFew = ({ biggest, usage }: Pick<Overview, 'biggest' | 'usage'>): boolean =>
  cellsOf({ biggest, usage }, WIDE.width, WIDE.height).length <= MAX_BARS;

/** Where the bytes are: each room an area as large as its share, a link to its page, and the same as a table; few rooms as bars. */
export function BytesMap({ biggest, usage }: Pick<Overview, 'biggest' | 'usage'>) {
  const { document, workspace } = usage.byType;
  const cells = cellsOf({ biggest, usage }, WIDE.width, WIDE.height);
  return (
    <section class="panel picture" aria-labelledby="map-heading">
      <div class="picture-head">
        <h2 id="map-heading">Where the bytes are</h2>
        <ul class="legend" hidden={cells.length <= MAX_BARS}>
          {document.instances === 0 ? null : <li class="document">documents</li>}
          {workspace.instances === 0 ? null : <li class="workspace">workspaces</li>}
        </ul>
      </div>
      {usage.storageBytes === 0 ? (
        <p class="nothing">No room has a known size yet. It comes within a minute of the first edit.</p>
      ) : cells.every(({ room }) => room === null) ? (
        <TypeBars usage={usage} />
      ) : cells.length <= MAX_BARS ? (
        <Bars cells={cells} />
      ) : (
        <Areas biggest={biggest} usage={usage} />
      )}
    </section>
  );
}
