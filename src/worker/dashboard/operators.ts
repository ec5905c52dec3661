import * as z from 'zod';
import { eraseOtherAccount } from '../../auth/accounts/account-actions.ts';
import { oldestEndedStatement } from '../../auth/sessions/ended-sessions.ts';
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
import { seenByContent } from './seen-content.ts';

/** What the pages are given of the mirror, which they do not know. */
export interface MirrorPort {
  /** For the page's own batch. */
  statements(this: void, session: D1DatabaseSession): D1PreparedStatement[];
  /** @param found by `statements` */
  createStatus(env: Bindings, found: readonly D1Result[]): MirrorStatus;
  runNow(env: Bindings, pass: MirrorPass): Promise<'done' | 'off' | 'failed' | 'behind'>;
}

/** Rows of a page of a list. */
const ROWS_A_PAGE = 50;
/** Erasures that the status page shows, and steps of one that its own page shows. */
const ERASURES_SHOWN = 5;
const STEPS_SHOWN = 500;

/** Everybody's rooms and accounts, the mirror and the erasures as operators' pages see them. */
export function operatorPorts(mirror: MirrorPort): Omit<OperatorsDeps, keyof CurrentUserDeps> {
  return {
    async readStatus(c) {
      const session = openPrimarySession(c);
      const [ended, underWay, erasures, ...mirrored] = await session.batch<Record<string, unknown>>([
        oldestEndedStatement(session),
        unfinishedErasuresStatement(session),
        erasuresStatement(session, { after: null, userId: null, limit: ERASURES_SHOWN }),
        ...mirror.statements(session),
      ]);
      const { count, since } = underWaySchema.parse(underWay?.results[0]);
      const health = {
        sessionsToEndSince: endedSchema.parse(ended?.results[0]).at,
        erasuresUnderWay: count,
        erasingSince: since,
        settings: settingsOf(c.env),
      };
      return seenByContent(c, {
        mirror: mirror.createStatus(c.env, mirrored),
        health,
        erasures: erasuresIn(erasures).map(summaryOf),
        // The page shows it too.
        asked: c.req.query('done'),
      });
    },
    runMirror: (c, pass) => mirror.runNow(c.env, pass),

    readUsers: (c, operator, cursor) =>
      paged(listOf('users', operator), cursor, async (after, limit) => {
        const { totals, rows } = await readUsersRanking(openPrimarySession(c), after, limit);
        return {
          totals,
          ...createPage(listOf('users', operator), ROWS_A_PAGE, rows, ({ storageBytes, userId }) => ({
            key: storageBytes,
            last: userId,
          })),
        };
      }),
    readRoomsOfAll: (c, operator, cursor) =>
      paged(listOf('rooms', operator), cursor, async (after, limit) => {
        const { totals, rows } = await readRoomsRanking(openPrimarySession(c), after, limit);
        return {
          totals,
          ...createPage(listOf('rooms', operator), ROWS_A_PAGE, rows, ({ storageBytes, doName }) => ({
            key: storageBytes ?? UNMEASURED_KEY,
            last: doName,
          })),
        };
      }),
    readErasures: (c, operator, cursor) =>
      paged(listOf('erasures', operator), cursor, async (position, limit) => {
        const after = position === null ? null : { requestedAt: Number(position.key), id: position.last };
        const session = openPrimarySession(c);
        const [found] = await session.batch([erasuresStatement(session, { after, userId: null, limit })]);
        const rows = erasuresIn(found);
        return createPage(
          listOf('erasures', operator),
          ROWS_A_PAGE,
          rows.map(summaryOf),
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
        stepsStatement(session, id, STEPS_SHOWN),
      ]);
      const [erasure] = erasuresIn(found);
      if (erasure === undefined) return null;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the statement names its columns
      return seenByContent(c, { ...summaryOf(erasure), steps: (steps?.results ?? []) as ErasureStep[] });
    },

    async readUser(c, operator, { id, cursor }) {
      const found = await readUserDetails(openPrimarySession(c), operator.id, {
        id,
        cursor,
        limit: ROWS_A_PAGE,
        now: Date.now(),
      });
      if (found === null || found === 'refused') return found;
      const { person, usage, page } = found;
      const { role, ...rest } = person;
      return {
        ...rest,
        isOperator: isOperatorRole(role),
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

function erasuresIn(found: D1Result | undefined): readonly Erasure[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the statements of trail.ts name their columns
  return (found?.results ?? []) as Erasure[];
}

const listOf = (what: string, operator: SignedInUser): ListIdentity => ['operators', what, operator.id];

async function paged<Result>(
  list: ListIdentity,
  cursor: string | undefined,
  read: (after: Position | null, limit: number) => Promise<Result>,
): Promise<Result | 'refused'> {
  const after = readPosition(list, cursor);
  // One more row shows whether there is a next page.
  return after === 'refused' ? after : read(after, ROWS_A_PAGE + 1);
}

function summaryOf(erasure: Erasure): ErasureSummary {
  const { touchedAt, ...rest } = erasure;
  return { ...rest, state: getErasureState(erasure), lastHeardAt: touchedAt };
}

function settingsOf(env: Bindings): Record<string, boolean> {
  return {
    'Mirror to Postgres': env.HYPERDRIVE !== undefined,
    'Operator token for machines': Boolean(env.OPERATOR_TOKEN),
    'Apps of other origins': Boolean(env.TRUSTED_ORIGINS),
    'External token issuer': Boolean(env.AUTH_JWKS_URL && env.AUTH_ISSUER && env.AUTH_AUDIENCE),
  };
}
