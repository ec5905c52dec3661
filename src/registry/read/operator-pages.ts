import { sql } from 'drizzle-orm';
import type { Position } from '../../lib/cursor.ts';
import {
  type RankedRoom,
  ROOMS_BY_STORAGE,
  type Totals,
  totalsOf,
  totalsStatements,
  USERS_BY_STORAGE,
  type UserUsage,
} from './admin-queries.ts';
import {
  identityOf,
  type InstancePage,
  instancesStatement,
  onlyRow,
  pageOf,
  positionOf,
  type Reader,
  readerOf,
  type Usage,
  usageOf,
  usageStatement,
} from './queries.ts';

/** What operators' pages read beyond what programs do: rankings with the names of people, each in one round trip. */

/** Of a user of an external issuer there is no address but one that is made up. */
interface Named {
  readonly name: string | null;
  readonly email: string | null;
}
type NamedUser = UserUsage & Named;
type NamedRoom = RankedRoom & Named;

const named = (ranking: string): string =>
  `SELECT ranked.*, user.name, user.email FROM (${ranking}) AS ranked LEFT JOIN user ON user.id = ranked.userId`;
const USERS = `${named(USERS_BY_STORAGE)} ORDER BY storageBytes DESC, userId`;
const ROOMS = `${named(ROOMS_BY_STORAGE)} ORDER BY coalesce(storageBytes, -1) DESC, doName`;

/** A page of a ranking, and on the first one what all of it comes to: each reads the whole table. */
interface Ranking<Row> {
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
  return { totals: totalsOf(sums as Parameters<typeof totalsOf>[0]), rows: (page?.results ?? []) as Row[] };
}

export const readUsersRanking = (session: D1DatabaseSession, after: Position | null, limit: number) =>
  readRanking<NamedUser>(session, USERS, after, limit);

export const readRoomsRanking = (session: D1DatabaseSession, after: Position | null, limit: number) =>
  readRanking<NamedRoom>(session, ROOMS, after, limit);

/** The account, or the user of an external issuer, of an id. Times are Unix milliseconds. */
interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly createdAt: number;
  /** Comma-separated, as Better Auth's admin plugin stores them. */
  readonly role: string | null;
  readonly isBanned: boolean;
  readonly sessions: number;
}

/** One user with a page of his rooms, the biggest first. */
interface PersonPage {
  readonly person: Person;
  readonly usage: Usage;
  readonly page: InstancePage;
}

interface PersonAsked {
  readonly id: string;
  readonly cursor: string | undefined;
  readonly limit: number;
  /** Unix milliseconds. */
  readonly now: number;
}

/** By the table's own name: its schema is that of accounts. */
const personStatement = (db: Reader, id: string, now: number) =>
  db
    .select({
      id: sql<string>`id`.as('id'),
      name: sql<string>`name`.as('name'),
      email: sql<string>`email`.as('email'),
      createdAt: sql<number>`created_at`.as('created_at'),
      role: sql<string | null>`role`.as('role'),
      isBanned: sql<0 | 1>`coalesce(banned, 0) AND coalesce(ban_expires, ${now} + 1) > ${now}`.as(
        'is_banned',
      ),
      sessions: sql<number>`(SELECT count(*) FROM session WHERE user_id = ${id} AND expires_at > ${now})`.as(
        'sessions',
      ),
    })
    .from(sql`user`)
    .where(sql`id = ${id}`);

/**
 * One round trip. `null` where there is nobody of this id, `'refused'` where the cursor is another list's.
 * @param operatorId who asks
 */
export async function readPerson(
  session: D1DatabaseSession,
  operatorId: string,
  { id, cursor, limit, now }: PersonAsked,
): Promise<PersonPage | 'refused' | null> {
  const query = { sort: 'storageBytes', order: 'desc', limit, cursor } as const;
  const list = identityOf(`operator ${operatorId}`, id, query);
  const after = positionOf(list, query);
  if (after === 'refused') return 'refused';
  const db = readerOf(session);
  const [people, rows, sums] = await db.batch([
    personStatement(db, id, now),
    instancesStatement(db, id, query, after),
    usageStatement(db, id),
  ]);
  const [person] = people;
  if (person === undefined) return null;
  return {
    person: { ...person, isBanned: person.isBanned === 1 },
    usage: usageOf(onlyRow(sums)),
    page: pageOf(list, query, rows),
  };
}
