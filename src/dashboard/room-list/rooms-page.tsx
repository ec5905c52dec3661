import { ReadAt } from '../ui/figures.tsx';
import { formatCount, formatCounted } from '../ui/format.ts';
import type { RoomsList, RoomsListPage, RoomsQuery } from './deps.ts';
import { Search, Types } from './filter.tsx';
import { getFirstPagePath, getRoomsPath } from './query.ts';
import { RoomsTable } from './rooms-table.tsx';
import { Name } from '../ui/name.tsx';

/** `Rooms 51 to 100 of 1,234` */
function formatPosition({ instances, before, matching }: RoomsListPage): string {
  if (instances.length === 0) return matching === 0 ? 'No room' : formatCounted(matching, 'room', 'rooms');
  if (before === 0 && instances.length === matching) return formatCounted(matching, 'room', 'rooms');
  return `Rooms ${formatCount(before + 1)} to ${formatCount(before + instances.length)} of ${formatCount(matching)}`;
}

function Pages({ query, page }: { query: RoomsQuery; page: RoomsListPage }) {
  const { nextCursor } = page;
  if (query.cursor === undefined && nextCursor === null) return null;
  return (
    <nav class="pages" aria-label="Pages of rooms">
      <span class="place">{formatPosition(page)}</span>
      {query.cursor === undefined ? null : (
        <a href={getFirstPagePath(query)} rel="first">
          First page
        </a>
      )}
      {nextCursor === null ? null : (
        <a href={getRoomsPath({ ...query, cursor: nextCursor })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}

function NoRooms() {
  return (
    <div class="nothing tall">
      <h2>No rooms yet</h2>
      <p>
        A room appears here when a client first connects to it. The <a href="/dashboard">overview</a> shows
        how to connect.
      </p>
    </div>
  );
}

function NoMatch({ query }: { query: RoomsQuery }) {
  const kind = query.type === undefined ? 'room' : query.type;
  return (
    <div class="nothing tall">
      <h2>
        No {kind}
        {query.q === undefined ? null : (
          <>
            {' '}
            has “<Name name={query.q} />” in its name
          </>
        )}
      </h2>
      <p>
        <a href={getFirstPagePath(query, { type: undefined, q: undefined })}>Show all rooms</a>
      </p>
    </div>
  );
}

export function RoomsPage(props: {
  list: RoomsList;
  query: RoomsQuery;
  /** Unix time in milliseconds. */
  now: number;
}) {
  const { list, query, now } = props;
  const { usage, page } = list;
  return (
    <>
      <div class="heading">
        <h1 id="rooms-heading">Your rooms</h1>
        <ReadAt now={now} />
      </div>
      <div class="filters">
        <Search query={query} />
        <div data-live="types">
          <Types query={query} usage={usage} />
        </div>
        <p class="found" role="status" data-live-text="found">
          {formatPosition(page)}
        </p>
      </div>
      <section class="panel" aria-labelledby="rooms-heading" data-live="rooms">
        {page.instances.length > 0 ? (
          <>
            <RoomsTable rooms={page.instances} total={usage.storageBytes} query={query} now={now} />
            <Pages query={query} page={page} />
          </>
        ) : usage.instances === 0 ? (
          <NoRooms />
        ) : page.matching === 0 ? (
          <NoMatch query={query} />
        ) : (
          <Pages query={query} page={page} />
        )}
      </section>
    </>
  );
}
