import * as z from 'zod';
import { eraseOtherAccount } from '../../auth/accounts/account-actions.ts';
import { oldestEndedStatement } from '../../auth/sessions/ended-sessions.ts';
import { isBanned } from '../../auth/identity/ban.ts';
import { isOperatorRole } from '../../auth/identity/operators.ts';
import { createPage, type ListIdentity, type Position, readPosition } from '../../lib/cursor.ts';
import type { CurrentUserDeps, SignedInUser } from '../../dashboard/http/current-user.ts';
import type {
  ErasureSummary,
  MirrorPass,
  MirrorStatus,
  OperatorsDeps,
} from '../../dashboard/operators/deps.ts';
import type { Bindings } from '../../domain/env.ts';
import type { ErasureStep } from '../../erasure/contract.ts';
import {
  type Erasure,
  erasuresStatement,
  erasureStatement,
  isErasureId,
  getErasureState,
  stepsStatement,
  unfinishedErasuresStatement,
} from '../../erasure/trail.ts';
import { readUserDetails, readRoomsRanking, readUsersRanking } from '../../registry/read/operator-queries.ts';
import { UNMEASURED_KEY } from '../../registry/read/queries.ts';
import { openPrimarySession } from '../../registry/http/bookmark.ts';
import { startErasures } from '../start-erasures.ts';
import { compareContent } from './compare-content.ts';

/** What the pages need of the mirror. */
export interface MirrorPort {
  /** Statements for the batch of the page. */
  statements(this: void, session: D1DatabaseSession): D1PreparedStatement[];
  /** @param found the results of `statements` */
  createStatus(env: Bindings, found: readonly D1Result[]): MirrorStatus;
  runNow(env: Bindings, pass: MirrorPass): Promise<'done' | 'off' | 'failed' | 'behind'>;
}

const MAX_ROWS_PER_PAGE = 50;
/** On the status page. */
const MAX_ERASURES_SHOWN = 5;
/** On the page of an erasure. */
const MAX_STEPS_SHOWN = 500;

/** What the operators' pages need of all rooms and accounts, the mirror and erasures. */
export function createOperatorDeps(mirror: MirrorPort): Omit<OperatorsDeps, keyof CurrentUserDeps> {
  return {
    async readStatus(c) {
      const session = openPrimarySession(c);
      const [ended, underWay, erasures, ...mirrored] = await session.batch<Record<string, unknown>>([
        oldestEndedStatement(session),
        unfinishedErasuresStatement(session),
        erasuresStatement(session, { after: null, userId: null, limit: MAX_ERASURES_SHOWN }),
        ...mirror.statements(session),
      ]);
      const { count, since } = underWaySchema.parse(underWay?.results[0]);
      const health = {
        sessionsToEndSince: endedSchema.parse(ended?.results[0]).at,
        erasuresUnderWay: count,
        erasingSince: since,
        settings: getSettings(c.env),
      };
      return compareContent(c, {
        mirror: mirror.createStatus(c.env, mirrored),
        health,
        erasures: toErasures(erasures).map(toErasureSummary),
        // Also shown on the page, so part of its ETag.
        asked: c.req.query('done'),
      });
    },
    runMirror: (c, pass) => mirror.runNow(c.env, pass),

    readUsers: (c, operator, cursor) =>
      readPage(getListIdentity('users', operator), cursor, async (after, limit) => {
        const { totals, rows } = await readUsersRanking(openPrimarySession(c), after, limit);
        return {
          totals,
          ...createPage(
            getListIdentity('users', operator),
            MAX_ROWS_PER_PAGE,
            rows,
            ({ storageBytes, userId }) => ({
              key: storageBytes,
              last: userId,
            }),
          ),
        };
      }),
    readAllRooms: (c, operator, cursor) =>
      readPage(getListIdentity('rooms', operator), cursor, async (after, limit) => {
        const { totals, rows } = await readRoomsRanking(openPrimarySession(c), after, limit);
        return {
          totals,
          ...createPage(
            getListIdentity('rooms', operator),
            MAX_ROWS_PER_PAGE,
            rows,
            ({ storageBytes, doName }) => ({
              key: storageBytes ?? UNMEASURED_KEY,
              last: doName,
            }),
          ),
        };
      }),
    readErasures: (c, operator, cursor) =>
      readPage(getListIdentity('erasures', operator), cursor, async (position, limit) => {
        const after = position === null ? null : { requestedAt: Number(position.key), id: position.last };
        const session = openPrimarySession(c);
        const [found] = await session.batch([erasuresStatement(session, { after, userId: null, limit })]);
        const rows = toErasures(found);
        return createPage(
          getListIdentity('erasures', operator),
          MAX_ROWS_PER_PAGE,
          rows.map(toErasureSummary),
          ({ requestedAt, id }) => ({
            key: requestedAt,
            last: id,
          }),
        );
      }),
    async readTrail(c, id) {
      if (!isErasureId(id)) return null;
      const session = openPrimarySession(c);
      const [found, steps] = await session.batch([
        erasureStatement(session, id),
        stepsStatement(session, id, MAX_STEPS_SHOWN),
      ]);
      const [erasure] = toErasures(found);
      if (erasure === undefined) return null;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the statement names these columns
      const shown = (steps?.results ?? []) as ErasureStep[];
      return compareContent(c, { ...toErasureSummary(erasure), steps: shown });
    },

    async readUser(c, operator, { id, cursor }) {
      const now = Date.now();
      const query = { id, cursor, limit: MAX_ROWS_PER_PAGE, now };
      const found = await readUserDetails(openPrimarySession(c), operator.id, query);
      if (found === null || found === 'refused') return found;
      const { user, usage, page } = found;
      const { role, banned, banExpires, ...rest } = user;
      const banEnd = banExpires === null ? null : new Date(banExpires);
      return {
        ...rest,
        isOperator: isOperatorRole(role),
        isBanned: isBanned({ banned, banExpires: banEnd }, now),
        usage,
        rows: page.instances,
        nextCursor: page.nextCursor,
      };
    },
    async eraseUser(c, id) {
      const outcome = await eraseOtherAccount(c.env, c.req.raw, id);
      if (outcome.ok) c.get('afterResponse').push('start erasures', () => startErasures(c.env));
      return outcome;
    },
  };
}

const endedSchema = z.object({ at: z.number().nullable() });
const underWaySchema = z.object({ count: z.number(), since: z.number().nullable() });

function toErasures(found: D1Result | undefined): readonly Erasure[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the statements of trail.ts name these columns
  return (found?.results ?? []) as Erasure[];
}

const getListIdentity = (what: string, operator: SignedInUser): ListIdentity => [
  'operators',
  what,
  operator.id,
];

async function readPage<Result>(
  list: ListIdentity,
  cursor: string | undefined,
  read: (after: Position | null, limit: number) => Promise<Result>,
): Promise<Result | 'refused'> {
  const after = readPosition(list, cursor);
  // One more row shows whether there is a next page.
  return after === 'refused' ? after : read(after, MAX_ROWS_PER_PAGE + 1);
}

function toErasureSummary(erasure: Erasure): ErasureSummary {
  const { touchedAt, ...rest } = erasure;
  return { ...rest, state: getErasureState(erasure), lastHeardAt: touchedAt };
}

function getSettings(env: Bindings): Record<string, boolean> {
  return {
    'Mirror to Postgres': env.HYPERDRIVE !== undefined,
    'Operator token for machines': Boolean(env.OPERATOR_TOKEN),
    'Apps of other origins': Boolean(env.TRUSTED_ORIGINS),
    'External token issuer': Boolean(env.AUTH_JWKS_URL && env.AUTH_ISSUER && env.AUTH_AUDIENCE),
  };
}
