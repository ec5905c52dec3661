import { eraseOther } from '../auth/account-actions.ts';
import { oldestEndedAt } from '../auth/ended-sessions.ts';
import { isOperatorRole } from '../auth/operators.ts';
import { decodeCursor, encodeCursor, type ListIdentity, type Position } from '../cursor.ts';
import type { SignedInUser } from '../dashboard/deps.ts';
import type {
  ErasureSummary,
  MirrorPass,
  MirrorStatus,
  OperatorsDeps,
  Page,
} from '../dashboard/operators/deps.ts';
import type { Bindings } from '../env.ts';
import {
  type Erasure,
  isErasureId,
  readErasure,
  readErasures,
  readSteps,
  readUnderWay,
  stateOf,
} from '../erasure/trail.ts';
import { readPerson, readRoomsRanking, readUsersRanking } from '../registry/operator-pages.ts';
import { readSession } from '../registry/bookmark.ts';
import { getUsage, listInstances } from '../registry/queries.ts';
import { startErasures } from '../start-erasures.ts';
import { seenByContent } from './seen-content.ts';

/** What the pages are given of the mirror, which they do not know. */
export interface MirrorPort {
  readStatus(env: Bindings): Promise<MirrorStatus>;
  runNow(env: Bindings, pass: MirrorPass): Promise<'done' | 'off' | 'failed' | 'behind'>;
}

/** Rows of a page of a list. */
const ROWS_A_PAGE = 50;
/** Erasures that the status page shows, and steps of one that its own page shows. */
const ERASURES_SHOWN = 5;
const STEPS_SHOWN = 500;
/** Sorted after every size that is known. */
const UNMEASURED_KEY = -1;

/** Everybody's rooms and accounts, the mirror and the erasures as operators' pages see them. */
export function operatorPorts(mirror: MirrorPort): Omit<OperatorsDeps, 'currentUser'> {
  return {
    async readStatus(c) {
      const { env } = c;
      const [status, sessionsToEndSince, underWay, erasures] = await Promise.all([
        mirror.readStatus(env),
        oldestEndedAt(env.DB),
        readUnderWay(env.DB),
        readErasures(env.DB, { after: null, userId: null, limit: ERASURES_SHOWN }),
      ]);
      const health = {
        sessionsToEndSince,
        erasuresUnderWay: underWay.count,
        erasingSince: underWay.since,
        settings: settingsOf(env),
      };
      const shown = { mirror: status, health, erasures: erasures.map(summaryOf), asked: c.req.query('done') };
      return seenByContent(c, shown);
    },
    runMirror: (c, pass) => mirror.runNow(c.env, pass),

    readUsers: (c, operator, cursor) =>
      paged(listOf('users', operator), cursor, async (after, limit) => {
        const { totals, rows } = await readUsersRanking(readSession(c), after, limit);
        return {
          totals,
          ...cut(rows, limit, listOf('users', operator), ({ storageBytes, userId }) => ({
            key: storageBytes,
            last: userId,
          })),
        };
      }),
    readRoomsOfAll: (c, operator, cursor) =>
      paged(listOf('rooms', operator), cursor, async (after, limit) => {
        const { totals, rows } = await readRoomsRanking(readSession(c), after, limit);
        return {
          totals,
          ...cut(rows, limit, listOf('rooms', operator), ({ storageBytes, doName }) => ({
            key: storageBytes ?? UNMEASURED_KEY,
            last: doName,
          })),
        };
      }),
    readErasures: (c, operator, cursor) =>
      paged(listOf('erasures', operator), cursor, async (position, limit) => {
        const after = position === null ? null : { requestedAt: Number(position.key), id: position.last };
        const rows = await readErasures(c.env.DB, { after, userId: null, limit });
        return cut(rows.map(summaryOf), limit, listOf('erasures', operator), ({ requestedAt, id }) => ({
          key: requestedAt,
          last: id,
        }));
      }),
    async readTrail(c, id) {
      if (!isErasureId(id)) return null;
      const [erasure, steps] = await Promise.all([
        readErasure(c.env.DB, id),
        readSteps(c.env.DB, id, STEPS_SHOWN),
      ]);
      return erasure === null ? null : seenByContent(c, { ...summaryOf(erasure), steps });
    },

    async readUser(c, operator, { id, cursor }) {
      const session = readSession(c);
      const query = { sort: 'storageBytes', order: 'desc', limit: ROWS_A_PAGE, cursor } as const;
      const [person, usage, page] = await Promise.all([
        readPerson(session, id, Date.now()),
        getUsage(session, id),
        listInstances(session, id, query, `operator ${operator.id}`),
      ]);
      if (person === null) return null;
      if (page === null) return 'refused';
      const { role, ...rest } = person;
      const { instances: rows, nextCursor } = page;
      return { ...rest, isOperator: isOperatorRole(role), usage, rows, nextCursor };
    },
    async eraseUser(c, id) {
      const outcome = await eraseOther(c.env, c.req.raw, id);
      if (outcome.ok) c.get('afterResponse').push('start erasures', () => startErasures(c.env));
      return outcome;
    },
  };
}

const listOf = (what: string, operator: SignedInUser): ListIdentity => ['operators', what, operator.id];

async function paged<Result>(
  list: ListIdentity,
  cursor: string | undefined,
  read: (after: Position | null, limit: number) => Promise<Result>,
): Promise<Result | 'refused'> {
  const after = cursor === undefined ? null : decodeCursor(list, 'number', cursor);
  if (cursor !== undefined && after === null) return 'refused';
  // One more than a page holds tells whether there is a next one.
  return read(after, ROWS_A_PAGE + 1);
}

function cut<Row>(
  read: readonly Row[],
  limit: number,
  list: ListIdentity,
  positionAt: (row: Row) => Position,
): Page<Row> {
  const rows = read.slice(0, limit - 1);
  const last = read.length === limit ? rows.at(-1) : undefined;
  return { rows, nextCursor: last === undefined ? null : encodeCursor(list, positionAt(last)) };
}

function summaryOf(erasure: Erasure): ErasureSummary {
  const { touchedAt, ...rest } = erasure;
  return { ...rest, state: stateOf(erasure), lastHeardAt: touchedAt };
}

function settingsOf(env: Bindings): Record<string, boolean> {
  return {
    'Mirror to Postgres': env.HYPERDRIVE !== undefined,
    'Operator token for machines': Boolean(env.OPERATOR_TOKEN),
    'Apps of other origins': Boolean(env.TRUSTED_ORIGINS),
    'Outside issuer of tokens': Boolean(env.AUTH_JWKS_URL && env.AUTH_ISSUER && env.AUTH_AUDIENCE),
  };
}
