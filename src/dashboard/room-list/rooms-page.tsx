import { AsOf } from '../figures.tsx';
import type { RoomsList, RoomsQuery, UsageSummary } from './deps.ts';
import { roomsPath, RoomsTable } from './rooms-table.tsx';

function Pages({ query, nextCursor }: { query: RoomsQuery; nextCursor: string | null }) {
  if (query.cursor === undefined && nextCursor === null) return null;
  const { sort, order } = query;
  return (
    <nav class="pages" aria-label="Pages of rooms">
      {query.cursor === undefined ? null : <a href={roomsPath({ sort, order })}>First page</a>}
      {nextCursor === null ? null : (
        <a href={roomsPath({ sort, order, cursor: nextCursor })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}

/** A page of the list of the user's rooms: what there is, how big, and how fresh that is. */
export function RoomsPage(props: {
  usage: UsageSummary;
  page: NonNullable<RoomsList['page']>;
  query: RoomsQuery;
  /** Unix time in milliseconds. */
  now: number;
}) {
  const { usage, page, query, now } = props;
  return (
    <>
      <div class="heading" data-live="heading">
        <h1 id="rooms-heading">Your rooms</h1>
        <AsOf now={now} />
      </div>
      <section class="panel" aria-labelledby="rooms-heading" data-live="rooms">
        <RoomsTable rooms={page.instances} total={usage.storageBytes} query={query} now={now} />
        <Pages query={query} nextCursor={page.nextCursor} />
      </section>
    </>
  );
}
