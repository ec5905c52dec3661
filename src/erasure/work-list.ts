import type { ErasureOrder } from '../domain/erasure-request.ts';
import type { ErasureCounts, ErasureStep, RoomToErase } from './contract.ts';
import { getRetryDelay } from './limits.ts';

/**
 * The stages in their order. `account` goes back to `rooms` if the account has new rooms. `told`: only the audit trail is not
 * complete. The names are stored.
 */
type Stage = 'sockets' | 'rooms' | 'account' | 'told';

/** Progress of an erasure. Stored, so its names must not change. */
export interface Progress extends ErasureCounts {
  readonly stage: Stage;
  /** Whether to list rooms whose rows were deleted with the row of their user. Only in the first listing. */
  readonly listsGone: boolean;
  /** Rooms up to this name have been read from the registry; `null` for all. */
  readonly listedThrough: string | null;
  /** Consecutive failed runs. */
  readonly failedRuns: number;
}

const ORDER_KEY = 'order';
const PROGRESS_KEY = 'progress';
const STEP_NUMBER_KEY = 'step number';

const INITIAL_PROGRESS: Progress = {
  stage: 'sockets',
  listsGone: true,
  listedThrough: '',
  failedRuns: 0,
  sockets: 0,
  roomsFound: 0,
  roomsErased: 0,
  failures: 0,
};

/** The work of an eraser and its progress, in the SQLite of its object. Every method writes in one transaction. */
export class WorkList {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** `undefined` if there is nothing to do. */
  get order(): ErasureOrder | undefined {
    return this.#storage.kv.get<ErasureOrder>(ORDER_KEY);
  }

  get progress(): Progress {
    return this.#storage.kv.get<Progress>(PROGRESS_KEY) ?? INITIAL_PROGRESS;
  }

  /** Starts an erasure and discards the previous list. */
  begin(order: ErasureOrder): void {
    const { sql, kv } = this.#storage;
    this.#storage.transactionSync(() => {
      sql.exec(`
        DROP TABLE IF EXISTS room;
        DROP TABLE IF EXISTS step;
        CREATE TABLE room (
          do_name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, tries INTEGER NOT NULL, due_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX room_due_at ON room (due_at);
        CREATE TABLE step (
          number INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, result TEXT NOT NULL,
          count INTEGER NOT NULL, detail TEXT
        ) STRICT;
      `);
      kv.put(ORDER_KEY, order);
      kv.put(PROGRESS_KEY, INITIAL_PROGRESS);
      kv.put(STEP_NUMBER_KEY, 0);
    });
  }

  /** Updates the progress and optionally adds a step. */
  move(change: Partial<Progress>, step: Omit<ErasureStep, 'number'> | null = null): void {
    this.#storage.transactionSync(() => {
      this.#storage.kv.put(PROGRESS_KEY, { ...this.progress, ...change });
      if (step !== null) this.#addStep(step);
    });
  }

  /** Adds a page of rooms from the registry. */
  add(page: readonly RoomToErase[], isLast: boolean, now: number): void {
    this.#storage.transactionSync(() => {
      let found = 0;
      for (const { doName, createdAt } of page) {
        found += this.#storage.sql
          .exec(
            'INSERT INTO room (do_name, created_at, tries, due_at) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING RETURNING 1',
            doName,
            createdAt,
            now,
          )
          .toArray().length;
      }
      const { progress } = this;
      this.move(
        {
          roomsFound: progress.roomsFound + found,
          listedThrough: isLast ? null : (page.at(-1)?.doName ?? null),
          listsGone: progress.listsGone && !isLast,
        },
        found === 0 ? null : { at: now, what: 'list rooms', result: 'done', count: found, detail: null },
      );
    });
  }

  /** Rooms that are due, longest waiting first. */
  getDueRooms(now: number, limit: number): RoomToErase[] {
    return this.#storage.sql
      .exec<{ doName: string; createdAt: number }>(
        'SELECT do_name AS doName, created_at AS createdAt FROM room WHERE due_at <= ? ORDER BY due_at, do_name LIMIT ?',
        now,
        limit,
      )
      .toArray();
  }

  /** When the next room is due, Unix milliseconds; `null` if no room is left. */
  nextDueAt(): number | null {
    return this.#storage.sql.exec<{ at: number | null }>('SELECT min(due_at) AS at FROM room').one().at;
  }

  /** Removes an erased room. */
  remove({ doName }: RoomToErase): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM room WHERE do_name = ?', doName);
      this.move({ roomsErased: this.progress.roomsErased + 1 });
    });
  }

  /** Removes a room that cannot be erased, and adds a step. */
  drop({ doName }: RoomToErase, step: Omit<ErasureStep, 'number'>): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM room WHERE do_name = ?', doName);
      this.move({}, step);
    });
  }

  /**
   * Schedules a retry after a failure.
   * @returns the number of failed tries
   */
  postpone({ doName }: RoomToErase, now: number): number {
    const { sql } = this.#storage;
    return this.#storage.transactionSync(() => {
      const { tries } = sql
        .exec<{ tries: number }>(
          'UPDATE room SET tries = tries + 1 WHERE do_name = ? RETURNING tries',
          doName,
        )
        .one();
      sql.exec('UPDATE room SET due_at = ? WHERE do_name = ?', now + getRetryDelay(tries), doName);
      this.move({ failures: this.progress.failures + 1 });
      return tries;
    });
  }

  /** Steps that are not in the audit trail yet, oldest first. */
  getPendingSteps(limit: number): ErasureStep[] {
    return this.#storage.sql
      .exec<{ [Column in keyof ErasureStep]: ErasureStep[Column] }>(
        'SELECT * FROM step ORDER BY number LIMIT ?',
        limit,
      )
      .toArray();
  }

  /** Removes steps that are in the audit trail. */
  removeSteps(steps: readonly ErasureStep[]): void {
    this.#storage.sql.exec('DELETE FROM step WHERE number <= ?', steps.at(-1)?.number ?? 0);
  }

  #addStep({ at, what, result, count, detail }: Omit<ErasureStep, 'number'>): void {
    const number = (this.#storage.kv.get<number>(STEP_NUMBER_KEY) ?? 0) + 1;
    this.#storage.kv.put(STEP_NUMBER_KEY, number);
    this.#storage.sql.exec(
      'INSERT INTO step (number, at, what, result, count, detail) VALUES (?, ?, ?, ?, ?, ?)',
      number,
      at,
      what,
      result,
      count,
      detail,
    );
  }
}
