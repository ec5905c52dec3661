import { AsyncLocalStorage } from 'node:async_hooks';
import { SLOW_EVENT_MS, type Usage } from '../usage.ts';
import { awakeMs, type Span } from './awake.ts';

/** What is written to an account, as `GET /metered` gives it. */
export interface Statement extends Usage {
  /** Number of instances of its object that were created. */
  readonly lives: number;
  /** What its object stores. */
  readonly storedBytes: number;
}

/** Whose doing something is: a room's, by its name, or that of a request that names an account. */
export class Account {
  workerRequests = 0;
  objectRequests = 0;
  messages = 0;
  rowsRead = 0;
  rowsWritten = 0;
  d1RowsRead = 0;
  d1RowsWritten = 0;
  lives = 0;
  storedBytes = 0;
  readonly #spans: Span[] = [];
  /** Whose rows are counted once they are read. */
  #cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];

  /**
   * The object cannot hibernate until the returned function is called; another call of that does nothing.
   * @param isEvent whether the object handles something, as opposed to having something under way
   */
  hold(isEvent: boolean): () => void {
    const span: Span = { from: Date.now(), to: null, isEvent };
    this.#spans.push(span);
    return () => {
      span.to ??= Date.now();
    };
  }

  ran(cursor: SqlStorageCursor<Record<string, SqlStorageValue>>): void {
    this.#cursors.push(cursor);
  }

  statement(): Statement {
    for (const cursor of this.#cursors) {
      this.rowsRead += cursor.rowsRead;
      this.rowsWritten += cursor.rowsWritten;
    }
    this.#cursors = [];
    const { workerRequests, objectRequests, messages, rowsRead, rowsWritten, d1RowsRead, d1RowsWritten } =
      this;
    const now = Date.now();
    return {
      workerRequests,
      objectRequests,
      messages,
      awakeSeconds: awakeMs(this.#spans, now, 0) / 1_000,
      slowAwakeSeconds: awakeMs(this.#spans, now, SLOW_EVENT_MS) / 1_000,
      rowsRead,
      rowsWritten,
      d1RowsRead,
      d1RowsWritten,
      lives: this.lives,
      storedBytes: this.storedBytes,
    };
  }
}

const accounts = new Map<string, Account>();

export function getAccount(name: string): Account {
  let account = accounts.get(name);
  if (account === undefined) accounts.set(name, (account = new Account()));
  return account;
}

export const statements = (): Record<string, Statement> =>
  Object.fromEntries([...accounts].map(([name, account]) => [name, account.statement()]));

/** On whose account code runs, across what it waits for. */
export const scopes = new AsyncLocalStorage<{ readonly account: Account; readonly isObject: boolean }>();
