import { env } from 'cloudflare:workers';
import { vi } from 'vitest';

/** Faults of D1. The messages are Cloudflare's ("D1: Debug D1", list of errors). */
export const D1_FAULTS = ['fails', 'is overloaded', 'does not answer'] as const;
export type D1Fault = (typeof D1_FAULTS)[number];

const MESSAGES = {
  fails: 'D1_ERROR: Internal error while starting up D1 DB storage caused object to be disabled',
  'is overloaded': 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
} as const;

export interface BrokenD1 {
  /** The number of reports of a room: batches whose first statement has its name as first parameter. */
  countReports(doName: string): number;
  /** Ends the fault and runs the batches that were not answered. */
  recover(): void;
}

/**
 * Makes every batch fail: only batches write the registry. Rooms, routes and tests share `env.DB`.
 */
export function breakD1(fault: D1Fault): BrokenD1 {
  const asked: unknown[] = [];
  const recovered = Promise.withResolvers<void>();
  const names = new WeakMap<D1PreparedStatement, unknown>();
  const failOrWait = async (
    statements: D1PreparedStatement[],
    runBatch: () => Promise<D1Result[]>,
  ): Promise<D1Result[]> => {
    const [first] = statements;
    asked.push(first && names.get(first));
    if (fault !== 'does not answer') throw new Error(MESSAGES[fault]);
    await recovered.promise;
    return runBatch();
  };
  const db = env.DB;
  const prepare = db.prepare.bind(db);
  const batch = db.batch.bind(db);
  const withSession = db.withSession.bind(db);
  const spies = [
    vi.spyOn(db, 'prepare').mockImplementation((sql) => {
      const statement = prepare(sql);
      const bind = statement.bind.bind(statement);
      vi.spyOn(statement, 'bind').mockImplementation((...parameters) => {
        const bound = bind(...parameters);
        names.set(bound, parameters[0]);
        return bound;
      });
      return statement;
    }),
    vi
      .spyOn(db, 'batch')
      .mockImplementation(async (statements) => failOrWait(statements, () => batch(statements))),
    vi.spyOn(db, 'withSession').mockImplementation((constraint) => {
      const session = withSession(constraint);
      const batchOfSession = session.batch.bind(session);
      vi.spyOn(session, 'batch').mockImplementation(async (statements) =>
        failOrWait(statements, () => batchOfSession(statements)),
      );
      return session;
    }),
  ];
  return {
    countReports: (doName) => asked.filter((name) => name === doName).length,
    recover() {
      for (const spy of spies) spy.mockRestore();
      recovered.resolve();
    },
  };
}
