import { env } from 'cloudflare:workers';
import { vi } from 'vitest';

/** What may be the matter with D1. The messages are Cloudflare's ("D1: Debug D1", list of errors). */
export const D1_FAULTS = ['fails', 'is overloaded', 'does not answer'] as const;
export type D1Fault = (typeof D1_FAULTS)[number];

const MESSAGES = {
  fails: 'D1_ERROR: Internal error while starting up D1 DB storage caused object to be disabled',
  'is overloaded': 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
} as const;

export interface BrokenD1 {
  /** How many reports of a room were asked for so far: batches whose first statement has its name as first parameter. */
  countReports(doName: string): number;
  /** D1 is well again, and carries out late what it did not answer. */
  recover(): void;
}

/**
 * From now on every batch comes to this: the registry is written by nothing else. Rooms and routes have the same `env.DB`
 * as the tests, so all of them meet it.
 */
export function breakD1(trouble: D1Fault): BrokenD1 {
  const asked: unknown[] = [];
  const recovered = Promise.withResolvers<void>();
  const names = new WeakMap<D1PreparedStatement, unknown>();
  const meetTrouble = async (
    statements: D1PreparedStatement[],
    carryOut: () => Promise<D1Result[]>,
  ): Promise<D1Result[]> => {
    const [first] = statements;
    asked.push(first && names.get(first));
    if (trouble !== 'does not answer') throw new Error(MESSAGES[trouble]);
    await recovered.promise;
    return carryOut();
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
      .mockImplementation(async (statements) => meetTrouble(statements, () => batch(statements))),
    vi.spyOn(db, 'withSession').mockImplementation((constraint) => {
      const session = withSession(constraint);
      const batchOfSession = session.batch.bind(session);
      vi.spyOn(session, 'batch').mockImplementation(async (statements) =>
        meetTrouble(statements, () => batchOfSession(statements)),
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
