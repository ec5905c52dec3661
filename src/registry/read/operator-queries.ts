import { sql } from 'drizzle-orm';
import type { Position } from '../../lib/cursor.ts';
import {
  type RankedRoom,
  ROOMS_BY_STORAGE,
  type Totals,
  createTotals,
  totalsStatements,
  USERS_BY_STORAGE,
  type UserUsage,
} from './admin-queries.ts';
import {
  createListIdentity,
  type InstancePage,
  instancesStatement,
  getSingleRow,
  createInstancePage,
  readInstancesPosition,
  type Reader,
  createReader,
  type Usage,
  createUsage,
  usageStatement,
} from './queries.ts';

/** Queries of the operators' pages: rankings with the names of users, each in one round trip. */

/** The `email` of an external user is the id, not an address. */
interface UserName {
  readonly name: string | null;
  readonly email: string | null;
}
type NamedUser = UserUsage & UserName;
type NamedRoom = RankedRoom & UserName;

const withUserName = (ranking: string): string =>
  `SELECT ranked.*, user.name, user.email FROM (${ranking}) AS ranked LEFT JOIN user ON user.id = ranked.userId`;
const USERS = `${withUserName(USERS_BY_STORAGE)} ORDER BY storageBytes DESC, userId`;
const ROOMS = `${withUserName(ROOMS_BY_STORAGE)} ORDER BY coalesce(storageBytes, -1) DESC, doName`;

/** A page of a ranking. Each page reads the whole table. */
interface Ranking<Row> {
  /** Only on the first page. */
  readonly totals: Totals | null;
  readonly rows: readonly Row[];
}

async function readRanking<Row extends object>(
  session: D1DatabaseSession,
  ranking: string,
  after: Position | null,
  limit: number,
): Promise<Ranking<Row>> {
  const rows = session.prepare(ranking).bind(after?.key ?? null, after?.last ?? null, limit);
  if (after !== null) {
    const [page] = await session.batch<Row>([rows]);
    return { totals: null, rows: page?.results ?? [] };
  }
  const [page, ...sums] = await session.batch([rows, ...totalsStatements(session, null)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the statements name their columns
  const totals = createTotals(sums as Parameters<typeof createTotals>[0]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the statements name their columns
  return { totals, rows: (page?.results ?? []) as Row[] };
}

export const readUsersRanking = (session: D1DatabaseSession, after: Position | null, limit: number) =>
  readRanking<NamedUser>(session, USERS, after, limit);

export const readRoomsRanking = (session: D1DatabaseSession, after: Position | null, limit: number) =>
  readRanking<NamedRoom>(session, ROOMS, after, limit);

/** A local or external user. Times are Unix milliseconds. */
interface UserDetails {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly createdAt: number;
  /** Comma-separated, as Better Auth's admin plugin stores them. */
  readonly role: string | null;
  /** The caller decides whether the ban is in effect (`isBanned` of the accounts). */
  readonly banned: boolean;
  readonly banExpires: number | null;
  readonly sessions: number;
}

/** A user with a page of their rooms, largest first. */
interface UserDetailsPage {
  readonly user: UserDetails;
  readonly usage: Usage;
  readonly page: InstancePage;
}

interface UserDetailsQuery {
  readonly id: string;
  readonly cursor: string | undefined;
  readonly limit: number;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Plain SQL, because the schema of `user` belongs to the accounts. */
const userStatement = (db: Reader, id: string, now: number) =>
  db
    .select({
      id: sql<string>`id`.as('id'),
      name: sql<string>`name`.as('name'),
      email: sql<string>`email`.as('email'),
      createdAt: sql<number>`created_at`.as('created_at'),
      role: sql<string | null>`role`.as('role'),
      banned: sql<0 | 1>`coalesce(banned, 0)`.as('banned'),
      banExpires: sql<number | null>`ban_expires`.as('ban_expires'),
      sessions: sql<number>`(SELECT count(*) FROM session WHERE user_id = ${id} AND expires_at > ${now})`.as(
        'sessions',
      ),
    })
    .from(sql`user`)
    .where(sql`id = ${id}`);

/**
 * Reads a user and a page of their rooms in one round trip. `null` if no user has this id, `'refused'` for a cursor of
 * another list.
 * @param operatorId the reader that the cursor is bound to
 */
export async function readUserDetails(
  session: D1DatabaseSession,
  operatorId: string,
  { id, cursor, limit, now }: UserDetailsQuery,
): Promise<UserDetailsPage | 'refused' | null> {
  const query = { sort: 'storageBytes', order: 'desc', limit, cursor } as const;
  const list = createListIdentity(`operator ${operatorId}`, id, query);
  const after = readInstancesPosition(list, query);
  if (after === 'refused') return 'refused';
  const db = createReader(session);
  const [users, rows, sums] = await db.batch([
    userStatement(db, id, now),
    instancesStatement(db, id, query, after),
    usageStatement(db, id),
  ]);
  const [user] = users;
  if (user === undefined) return null;
  return {
    user: { ...user, banned: user.banned === 1 },
    usage: createUsage(getSingleRow(sums)),
    page: createInstancePage(list, query, rows),
  };
}
