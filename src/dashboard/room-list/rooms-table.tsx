import type { Child } from 'hono/jsx';
import type { RoomSort, RoomsQuery, RoomSummary } from './deps.ts';
import { getFirstPagePath } from './query.ts';
import { Ago, Bytes, ShareBar } from '../ui/figures.tsx';
import { formatShare } from '../ui/format.ts';
import { getRoomPath } from '../http/room-path.ts';
import { Name } from '../ui/name.tsx';

const DEFAULT_ORDER = {
  resourceName: 'asc',
  storageBytes: 'desc',
  lastAccessedAt: 'desc',
  createdAt: 'desc',
} as const;
const ARIA_SORT = { asc: 'ascending', desc: 'descending' } as const;
const WHY_UNMEASURED = 'A client has connected. The room reports its size within a minute of the first edit.';
const ARROW = { asc: '↑', desc: '↓' } as const;

/** Sorts by the column, or reverses the order if the table is sorted by it. */
function SortHead(props: { sort: RoomSort; query: RoomsQuery; class?: string; children?: Child }) {
  const { sort, order } = props.query;
  const sorted = sort === props.sort;
  const next = sorted ? (order === 'asc' ? 'desc' : 'asc') : DEFAULT_ORDER[props.sort];
  return (
    <th scope="col" role="columnheader" class={props.class} aria-sort={sorted ? ARIA_SORT[order] : undefined}>
      <a href={getFirstPagePath(props.query, { sort: props.sort, order: next })}>
        {props.children}
        <span class="arrow" aria-hidden="true">
          {sorted ? ARROW[order] : ''}
        </span>
      </a>
    </th>
  );
}

function Room({ room, total, now }: { room: RoomSummary; total: number; now: number }) {
  const { storageBytes, storageMeasuredAt } = room;
  const share = storageBytes === null || total === 0 ? 0 : storageBytes / total;
  return (
    <tr role="row">
      <th scope="row" role="rowheader" class="name">
        <a href={getRoomPath(room)}>
          <Name name={room.resourceName} isCut />
        </a>
      </th>
      <td role="cell" class="type">
        <span class={`tag ${room.doType}`}>{room.doType}</span>
      </td>
      {storageBytes === null ? (
        <>
          <td role="cell" class="size">
            <span class="unknown">unknown</span>
          </td>
          <td role="cell" class="share" />
        </>
      ) : (
        <>
          <td role="cell" class="size">
            <Bytes bytes={storageBytes} />
          </td>
          <td role="cell" class="share">
            <ShareBar share={share} />
            <span>{formatShare(share)}</span>
          </td>
        </>
      )}
      <td role="cell" class="measured">
        {storageMeasuredAt === null ? (
          <span class="unknown" title={WHY_UNMEASURED}>
            <span class="wide-only">never measured: </span>nothing written yet
          </span>
        ) : (
          <>
            <span class="label">measured </span>
            <Ago then={storageMeasuredAt} now={now} />
          </>
        )}
      </td>
      <td role="cell" class="created">
        <span class="label">created </span>
        <Ago then={room.createdAt} now={now} />
      </td>
      <td role="cell" class="used">
        <span class="label">used </span>
        <Ago then={room.lastAccessedAt} now={now} />
      </td>
    </tr>
  );
}

/**
 * Narrow screens show a list. The explicit roles are needed because browsers drop a table's semantics with its layout.
 */
export function RoomsTable(props: {
  rooms: readonly RoomSummary[];
  /** Bytes of all rooms of the user. */
  total: number;
  query: RoomsQuery;
  now: number;
}) {
  const { query } = props;
  return (
    <table class={`rooms by-${query.sort}`} role="table" aria-labelledby="rooms-heading">
      <thead role="rowgroup">
        <tr role="row">
          <SortHead sort="resourceName" query={query}>
            Name
          </SortHead>
          <th scope="col" role="columnheader" class="unsorted type">
            Type
          </th>
          <SortHead sort="storageBytes" query={query} class="size">
            Size
          </SortHead>
          <th scope="col" role="columnheader" class="unsorted share">
            Share
          </th>
          <th scope="col" role="columnheader" class="unsorted measured">
            Measured
          </th>
          <SortHead sort="createdAt" query={query} class="created">
            Created
          </SortHead>
          <SortHead sort="lastAccessedAt" query={query} class="used">
            Last used
          </SortHead>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {props.rooms.map((room) => (
          <Room room={room} total={props.total} now={props.now} />
        ))}
      </tbody>
    </table>
  );
}
