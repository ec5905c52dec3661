import { within } from '../../lib/within.ts';
import { Client } from 'pg';

/** Timeouts of a run, in milliseconds. */
export interface PostgresTimeouts {
  /** Connecting, including authentication. */
  readonly connectMs: number;
  /** One statement (`statement_timeout`). */
  readonly statementMs: number;
  /** Waiting for a lock (`lock_timeout`); an overlapping run holds its lock for one batch. */
  readonly lockMs: number;
  /** Between two statements of a transaction (`idle_in_transaction_session_timeout`). */
  readonly idleInTransactionMs: number;
  /** Additional wait for the answer to a statement after `statementMs`. */
  readonly answerGraceMs: number;
  /** Closing or rolling back a connection, which may be dead. */
  readonly closeMs: number;
  /** The whole run, which may consist of many slow statements. */
  readonly runMs: number;
}

export const POSTGRES_TIMEOUTS: PostgresTimeouts = {
  connectMs: 10_000,
  statementMs: 15_000,
  lockMs: 10_000,
  // The transaction waits for a query of D1, whose timeout is 30 s.
  idleInTransactionMs: 40_000,
  answerGraceMs: 2_000,
  closeMs: 2_000,
  runMs: 120_000,
};

/** Settings of each transaction. */
export interface PostgresSettings extends PostgresTimeouts {
  /** Schema of the mirror's tables (`getMirrorSchema`). Default: the connection's schema. */
  readonly schema?: string | null;
}

/** Only for the transaction, because Hyperdrive shares sessions. */
const SET_FOR_TRANSACTION = `
  select set_config('statement_timeout', $1, true),
    set_config('lock_timeout', $2, true),
    set_config('idle_in_transaction_session_timeout', $3, true),
    set_config('search_path', coalesce($4, current_setting('search_path')), true)`;

/**
 * Opens a connection, runs `work` and closes the connection. Rejects with the error that broke the connection, if there is
 * one, otherwise with the error of `work`.
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
  // Without a listener, a connection that closes between two statements causes an unhandled error.
  client.on('error', (error) => {
    broken ??= error;
  });
  try {
    // Not pg's own connection timeout: its error does not mention the time, and it waits for an event of the socket.
    await within(timeouts.connectMs, client.connect(), 'connecting to Postgres');
    return await within(timeouts.runMs, work(client), 'the run');
  } catch (error) {
    throw broken ?? error;
  } finally {
    await Promise.allSettled([within(timeouts.closeMs, client.end(), 'closing the connection')]);
  }
}

/** Runs `work` in a transaction. */
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
    // Releases the locks at once if the connection still works; otherwise Postgres releases them.
    await Promise.allSettled([within(timeouts.closeMs, client.query('rollback'), 'rolling back')]);
    throw error;
  }
}
