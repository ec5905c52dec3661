import type { Position } from '../cursor.ts';
import {
  type RankedRoom,
  ROOMS_BY_STORAGE,
  type Totals,
  totalsOf,
  totalsStatements,
  USERS_BY_STORAGE,
  type UserUsage,
} from './admin-queries.ts';

/** What operators' pages read beyond what programs do: rankings with the names of people, each in one round trip. */

/** Of a user of an outside issuer there is no address but one that is made up. */
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
  sql: string,
  after: Position | null,
  limit: number,
): Promise<Ranking<Row>> {
  const rows = session.prepare(sql).bind(after?.key ?? null, after?.last ?? null, limit);
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

/** The account, or the user of an outside issuer, of an id. Times are Unix milliseconds. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly createdAt: number;
  /** Comma-separated, as Better Auth's admin plugin stores them. */
  readonly role: string | null;
  readonly isBanned: boolean;
  readonly sessions: number;
}

const PERSON = `
  SELECT id, name, email, created_at AS createdAt, role,
    coalesce(banned, 0) AND coalesce(ban_expires, ?2 + 1) > ?2 AS isBanned,
    (SELECT count(*) FROM session WHERE user_id = ?1 AND expires_at > ?2) AS sessions
  FROM user WHERE id = ?1`;

/** @param now Unix milliseconds */
export async function readPerson(
  session: D1DatabaseSession,
  userId: string,
  now: number,
): Promise<Person | null> {
  const found = await session
    .prepare(PERSON)
    .bind(userId, now)
    .first<Omit<Person, 'isBanned'> & { readonly isBanned: 0 | 1 }>();
  return found === null ? null : { ...found, isBanned: found.isBanned === 1 };
}
