import type { DoType } from '../../../domain/instance.ts';
import { Ago, Bytes } from '../../ui/figures.tsx';
import { formatBytes, formatCount, formatShare } from '../../ui/format.ts';
import type { RoomRef, ShownRoom, StoredBytes } from '../deps.ts';
import { pathsOf } from '../room-paths.ts';

/**
 * The parts of a smaller room are folded, in bytes: tables, indexes and pages that are not full take about 20 kB in any room,
 * so they would be most of what is shown.
 */
const SMALL_ROOM_BYTES = 100_000;

interface BytesView {
  readonly room: RoomRef;
  readonly view: ShownRoom;
  /** Unix milliseconds. */
  readonly now: number;
}

interface Part {
  readonly part: keyof StoredBytes;
  readonly title: string;
  readonly note: string;
}

const PARTS: Readonly<Record<DoType, readonly Part[]>> = {
  document: [
    { part: 'content', title: 'Content', note: 'what can be read' },
    { part: 'deleted', title: 'History', note: 'deleted or overwritten, kept for versions' },
    { part: 'versions', title: 'Versions', note: 'what each has beyond the one before' },
    { part: 'log', title: 'Recent edits', note: 'the log that is not compacted yet' },
    { part: 'overhead', title: 'Overhead', note: 'pages of the database that are not full' },
  ],
  workspace: [
    { part: 'content', title: 'Content', note: 'what can be read' },
    { part: 'deleted', title: 'Deleted', note: 'goes with the next compaction, but for traces' },
    { part: 'log', title: 'Recent edits', note: 'the log that is not compacted yet' },
    { part: 'overhead', title: 'Overhead', note: 'pages of the database that are not full' },
  ],
};

/** The parts side by side. Says nothing to a screen reader: the table beside it says all. */
function PartsBar({ parts, bytes, total }: { parts: readonly Part[]; bytes: StoredBytes; total: number }) {
  let x = 0;
  return (
    <svg class="parts" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      {parts.map(({ part }) => {
        const width = total === 0 ? 0 : (bytes[part] / total) * 100;
        const rect = <rect class={`part-${part}`} x={x.toFixed(3)} width={width.toFixed(3)} height="1" />;
        x += width;
        return rect;
      })}
    </svg>
  );
}

function CompactForm({ room, view, now }: BytesView) {
  const last = view.lastCompaction;
  return (
    <div class="panel-foot">
      <p class="hint" id="compact-hint">
        {last === null ? (
          'No compaction has made it smaller so far. A room compacts itself after a while; what it says stays the same.'
        ) : (
          <>
            Compacted <Ago then={last.at} now={now} />: from <Bytes bytes={last.bytesBefore} /> to{' '}
            <Bytes bytes={last.bytesAfter} />.
          </>
        )}
      </p>
      <form method="post" action={pathsOf(room).compact}>
        <input type="hidden" name="incarnation" value={view.incarnation} />
        <button class="quiet" type="submit" aria-describedby="compact-hint">
          Compact now
        </button>
      </form>
    </div>
  );
}

/** Each part with its size, and what they come to. */
function Parts({ parts, view }: { parts: readonly Part[]; view: ShownRoom }) {
  const { bytes, storageBytes } = view;
  return (
    <>
      <PartsBar parts={parts} bytes={bytes} total={storageBytes} />
      <table class="parts-table" aria-labelledby="bytes-heading">
        <thead class="unseen">
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Size</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ part, title, note }) => (
            <tr>
              <th scope="row">
                <span class={`swatch part-${part}`} aria-hidden="true" />
                {title} <span class="hint">{note}</span>
              </th>
              <td>
                <Bytes bytes={bytes[part]} />
              </td>
              <td class="hint">{formatShare(storageBytes === 0 ? 0 : bytes[part] / storageBytes)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Together</th>
            <td>
              <Bytes bytes={storageBytes} />
            </td>
            <td class="hint">100%</td>
          </tr>
        </tfoot>
      </table>
    </>
  );
}

/** What a small room's bytes are, in a line. The parts are there when they are asked for. */
function SmallRoom({ parts, view }: { parts: readonly Part[]; view: ShownRoom }) {
  const { storageBytes, bytes } = view;
  return (
    <>
      <p>
        <Bytes bytes={storageBytes - bytes.overhead} /> were written into it. The other{' '}
        <Bytes bytes={bytes.overhead} /> are what the database of any room takes, and hardly grow with it.
      </p>
      <details id="bytes-parts" class="as-table">
        <summary>All parts of its {formatBytes(storageBytes)}</summary>
        <Parts parts={parts} view={view} />
      </details>
    </>
  );
}

/** What the room's bytes are, and how far from its limits it is. */
export function BytesPanel({ room, view, now }: BytesView) {
  const { storageBytes, limits } = view;
  const parts = PARTS[room.doType];
  const isSmall = storageBytes < SMALL_ROOM_BYTES;
  return (
    <section class="panel" aria-labelledby="bytes-heading" data-live="bytes">
      <h2 id="bytes-heading" class="panel-head">
        What its bytes are
      </h2>
      <div class="panel-body">
        {isSmall ? <SmallRoom {...{ parts, view }} /> : <Parts {...{ parts, view }} />}
        <dl class="limits">
          <div>
            <dt>Of the {formatBytes(limits.maxRoomBytes)} that a room may store</dt>
            <dd>{formatShare(storageBytes / limits.maxRoomBytes)}</dd>
          </div>
          <div>
            <dt>Updates in its log</dt>
            <dd>{formatCount(view.updates)}</dd>
          </div>
          <div>
            <dt>Runs of edits, of {formatCount(limits.maxEntries)}</dt>
            <dd>{formatCount(view.entries)}</dd>
          </div>
        </dl>
      </div>
      <CompactForm {...{ room, view, now }} />
    </section>
  );
}
