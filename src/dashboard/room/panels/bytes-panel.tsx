import type { DoType } from '../../../domain/instance.ts';
import { Ago, Bytes } from '../../ui/figures.tsx';
import { formatBytes, formatCount, formatShare } from '../../ui/format.ts';
import type { RoomRef, ShownRoom, StoredBytes } from '../deps.ts';
import { getRoomPaths } from '../room-paths.ts';

/** In smaller rooms most bytes are overhead (about 20 kB of tables and indexes), so their parts are collapsed. */
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
    { part: 'content', title: 'Content', note: 'visible content' },
    { part: 'deleted', title: 'History', note: 'deleted or overwritten, kept for versions' },
    { part: 'versions', title: 'Versions', note: 'changes from each to the next' },
    { part: 'log', title: 'Recent edits', note: 'not compacted yet' },
    { part: 'overhead', title: 'Overhead', note: 'database pages that are not full' },
  ],
  workspace: [
    { part: 'content', title: 'Content', note: 'visible content' },
    { part: 'deleted', title: 'Deleted', note: 'removed at the next compaction' },
    { part: 'log', title: 'Recent edits', note: 'not compacted yet' },
    { part: 'overhead', title: 'Overhead', note: 'database pages that are not full' },
  ],
};

/** Hidden from screen readers: the table has the same content. */
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
          'Not compacted yet. Rooms compact themselves. Compaction does not change the content.'
        ) : (
          <>
            Compacted <Ago then={last.at} now={now} />: from <Bytes bytes={last.bytesBefore} /> to{' '}
            <Bytes bytes={last.bytesAfter} />.
          </>
        )}
      </p>
      <form method="post" action={getRoomPaths(room).compact}>
        <input type="hidden" name="incarnation" value={view.incarnation} />
        <button class="quiet" type="submit" aria-describedby="compact-hint">
          Compact now
        </button>
      </form>
    </div>
  );
}

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
            <th scope="row">Total</th>
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

function SmallRoom({ parts, view }: { parts: readonly Part[]; view: ShownRoom }) {
  const { storageBytes, bytes } = view;
  return (
    <>
      <p>
        <Bytes bytes={storageBytes - bytes.overhead} /> are content and history. The other{' '}
        <Bytes bytes={bytes.overhead} /> are the overhead of every room’s database, which hardly grows.
      </p>
      <details id="bytes-parts" class="as-table">
        <summary>All parts of its {formatBytes(storageBytes)}</summary>
        <Parts parts={parts} view={view} />
      </details>
    </>
  );
}

export function BytesPanel({ room, view, now }: BytesView) {
  const { storageBytes, limits } = view;
  const parts = PARTS[room.doType];
  const isSmall = storageBytes < SMALL_ROOM_BYTES;
  return (
    <section class="panel" aria-labelledby="bytes-heading" data-live="bytes">
      <h2 id="bytes-heading" class="panel-head">
        Storage
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
            <dt>Structs and delete ranges, of {formatCount(limits.maxEntries)}</dt>
            <dd>{formatCount(view.entries)}</dd>
          </div>
        </dl>
      </div>
      <CompactForm {...{ room, view, now }} />
    </section>
  );
}
