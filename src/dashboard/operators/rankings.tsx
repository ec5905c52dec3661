import { Ago, ReadAt } from '../ui/figures.tsx';
import type { RankedRoom, RankedUser, RankingPage } from './deps.ts';
import { OPERATORS_PATH, getUserPath } from './frame.tsx';
import { Count, Label, DataTable, Pages, Size, Totals } from './data-table.tsx';
import { RoomsDataTable } from './rooms-data-table.tsx';
import { Name } from '../ui/name.tsx';
import { toVisibleText } from '../ui/visible-text.ts';

interface RankingProps<Row> {
  readonly page: RankingPage<Row>;
  readonly cursor: string | undefined;
  readonly now: number;
}

/** Shows the id if the account no longer exists. */
function UserLink({ userId, email }: { userId: string; email: string | null }) {
  return (
    <a href={getUserPath(userId)}>
      <Name class="clip" name={email ?? userId} title={toVisibleText(userId)} />
    </a>
  );
}

/** Not updated while it is open, because it reads the whole registry. */
export function UsersPage({ page, cursor, now }: RankingProps<RankedUser>) {
  return (
    <>
      <div class="heading">
        <h1 id="users-heading">Users by storage</h1>
        <ReadAt now={now} />
      </div>
      <Totals totals={page.totals} />
      {page.rows.length === 0 ? (
        <p class="panel nothing inset">No user has a room yet.</p>
      ) : (
        <section class="panel" aria-labelledby="users-heading">
          <DataTable
            labelledby="users-heading"
            columns={[
              { title: 'User' },
              { title: 'Name', place: 'second' },
              { title: 'Stored', place: 'beside', isNumber: true },
              { title: 'Rooms', place: 'third', isNumber: true },
              { title: 'Not measured', place: 'second-end', isNumber: true },
              { title: 'Last used', place: 'third-end' },
            ]}
            rows={page.rows.map((user) => [
              <UserLink {...user} />,
              <Name class="clip" name={user.name ?? ''} />,
              <Size bytes={user.storageBytes} />,
              <Count count={user.instances} one="room" many="rooms" />,
              <Count count={user.unmeasured} one="not measured" many="not measured" isExtra />,
              <>
                <Label>used </Label>
                <Ago then={user.lastAccessedAt} now={now} />
              </>,
            ])}
          />
          <Pages
            path={`${OPERATORS_PATH}/users`}
            label="Pages of users"
            cursor={cursor}
            nextCursor={page.nextCursor}
          />
        </section>
      )}
    </>
  );
}

export function AllRoomsPage({ page, cursor, now }: RankingProps<RankedRoom>) {
  return (
    <>
      <div class="heading">
        <h1 id="rooms-heading">Rooms by storage</h1>
        <ReadAt now={now} />
      </div>
      <Totals totals={page.totals} />
      {page.rows.length === 0 ? (
        <p class="panel nothing inset">No rooms yet.</p>
      ) : (
        <section class="panel" aria-labelledby="rooms-heading">
          <RoomsDataTable rooms={page.rows} now={now} renderOwner={(room) => <UserLink {...room} />} />
          <Pages
            path={`${OPERATORS_PATH}/rooms`}
            label="Pages of rooms"
            cursor={cursor}
            nextCursor={page.nextCursor}
          />
        </section>
      )}
    </>
  );
}
