import { Ago, AsOf } from '../ui/figures.tsx';
import type { RankedRoomOf, RankedUser, RankingPage } from './deps.ts';
import { OPERATORS_PATH, userPath } from './frame.tsx';
import { Count, Label, Ledger, Pages, Size, Totals } from './ledger.tsx';
import { RoomsLedger } from './rooms-ledger.tsx';
import { Name } from '../ui/name.tsx';
import { visibleText } from '../ui/visible-text.ts';

interface RankingProps<Row> {
  readonly page: RankingPage<Row>;
  readonly cursor: string | undefined;
  readonly now: number;
}

/** Leads to a user's page. Who has no account any more is told by his id. */
function UserLink({ userId, email }: { userId: string; email: string | null }) {
  return (
    <a href={userPath(userId)}>
      <Name class="clip" name={email ?? userId} title={visibleText(userId)} />
    </a>
  );
}

/** Users by what they store. It reads the whole registry, so it is read when asked for and not followed. */
export function UsersPage({ page, cursor, now }: RankingProps<RankedUser>) {
  return (
    <>
      <div class="heading">
        <h1 id="users-heading">Users by storage</h1>
        <AsOf now={now} />
      </div>
      <Totals totals={page.totals} />
      {page.rows.length === 0 ? (
        <p class="panel nothing inset">Nobody has a room yet.</p>
      ) : (
        <section class="panel" aria-labelledby="users-heading">
          <Ledger
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

/** The same of rooms. */
export function AllRoomsPage({ page, cursor, now }: RankingProps<RankedRoomOf>) {
  return (
    <>
      <div class="heading">
        <h1 id="rooms-heading">Rooms by storage</h1>
        <AsOf now={now} />
      </div>
      <Totals totals={page.totals} />
      {page.rows.length === 0 ? (
        <p class="panel nothing inset">There is no room yet.</p>
      ) : (
        <section class="panel" aria-labelledby="rooms-heading">
          <RoomsLedger rooms={page.rows} now={now} ownerOf={(room) => <UserLink {...room} />} />
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
