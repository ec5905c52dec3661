import { within } from '../../lib/within.ts';
import { Client } from 'pg';

/** How long Postgres may take, in milliseconds, before a run gives up. */
export interface PostgresTimeouts {
  /** To accept a connection, authentication included. */
  readonly connectMs: number;
  /** To answer one statement (`statement_timeout`). */
  readonly statementMs: number;
  /** To grant a lock that somebody else holds (`lock_timeout`); an overlapping run holds its own for one batch. */
  readonly lockMs: number;
  /** For a transaction to stand open between two statements (`idle_in_transaction_session_timeout`). */
  readonly idleInTransactionMs: number;
  /** How much later than Postgres itself we stop waiting, where its answer does not arrive at all. */
  readonly answerGraceMs: number;
  /** To say goodbye, or to roll back, on a connection that may be dead. */
  readonly farewellMs: number;
  /** For all of a run: a Postgres whose every answer is slow, each within its own bound, would take many times one. */
  readonly runMs: number;
}

export const POSTGRES_TIMEOUTS: PostgresTimeouts = {
  connectMs: 10_000,
  statementMs: 15_000,
  lockMs: 10_000,
  // A page of D1 is read inside the transaction, and D1 gives a query 30 s.
  idleInTransactionMs: 40_000,
  answerGraceMs: 2_000,
  farewellMs: 2_000,
  runMs: 120_000,
};

/** What holds for each transaction. */
export interface PostgresSettings extends PostgresTimeouts {
  /** The schema of the mirror's tables (`mirrorSchema`); the connection's own where it is not given. */
  readonly schema?: string | null;
}

/** The settings hold for the transaction alone: Hyperdrive hands the session to others. */
const SET_FOR_TRANSACTION = `
  select set_config('statement_timeout', $1, true),
    set_config('lock_timeout', $2, true),
    set_config('idle_in_transaction_session_timeout', $3, true),
    set_config('search_path', coalesce($4, current_setting('search_path')), true)`;

/**
 * Opens a connection for one piece of work and closes it whatever happens. Rejects with the work's error, or with the
 * one that broke the connection, which says more than that it is broken.
 */
export async function withPostgres<T>(
  connectionString: string,
  timeouts: PostgresTimeouts,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString,
    application_name: 'roomkeeper-mirror',
    query_timeout: timeouts.statementMs + timeouts.answerGraceMs,
  });
  let broken: Error | undefined;
  // Attached at once: without a listener a socket that closes between two statements is an unhandled error.
  client.on('error', (error) => {
    broken ??= error;
  });
  try {
    // Not pg's own timeout: it says nothing of time, and relies on the socket to report that it was destroyed.
    await within(timeouts.connectMs, client.connect(), 'connecting to Postgres');
    return await within(timeouts.runMs, work(client), 'the run');
  } catch (error) {
    throw broken ?? error;
  } finally {
    await Promise.allSettled([within(timeouts.farewellMs, client.end(), 'closing the connection')]);
  }
}

/** Runs `work` as one transaction: all of it is committed, or nothing. */
export async function inTransaction<T>(
  client: Client,
  timeouts: PostgresSettings,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    await client.query(SET_FOR_TRANSACTION, [
      String(timeouts.statementMs),
      String(timeouts.lockMs),
      String(timeouts.idleInTransactionMs),
      timeouts.schema ?? null,
    ]);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // Gives the locks back at once where the connection still works. Where not, Postgres does so by itself.
    await Promise.allSettled([within(timeouts.farewellMs, client.query('rollback'), 'rolling back')]);
    throw error;
  }
}
