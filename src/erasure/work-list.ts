import type { ErasureOrder } from '../domain/erasure-request.ts';
import type { ErasureCounts, ErasureStep, RoomToErase } from './contract.ts';
import { retryIn } from './limits.ts';

/** What comes next; the stages follow each other in this order, and `rooms` again where the account still has some. */
type Stage = 'sockets' | 'rooms' | 'account' | 'told';

/** How far the erasure is. */
export interface Progress extends ErasureCounts {
  readonly stage: Stage;
  /** Whether rooms are read that went with their user's row: once, since those never leave the list again. */
  readonly listsGone: boolean;
  /** The registry was read up to this name; `null`: to its end. */
  readonly listedThrough: string | null;
  /** Runs in a row that failed as a whole. */
  readonly failedRuns: number;
}

const ORDER_KEY = 'order';
const PROGRESS_KEY = 'progress';
const STEP_NUMBER_KEY = 'step number';

const BEGINNING: Progress = {
  stage: 'sockets',
  listsGone: true,
  listedThrough: '',
  failedRuns: 0,
  sockets: 0,
  roomsFound: 0,
  roomsErased: 0,
  failures: 0,
};

/**
 * What an eraser has to do and has done, in its own SQLite. Every method that writes does so in one turn of the event
 * loop, so that the platform commits it whole or not at all.
 */
export class WorkList {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** `undefined` where there is nothing to do. */
  get order(): ErasureOrder | undefined {
    return this.#storage.kv.get<ErasureOrder>(ORDER_KEY);
  }

  get progress(): Progress {
    return this.#storage.kv.get<Progress>(PROGRESS_KEY) ?? BEGINNING;
  }

  /** Begins at the beginning, whatever was there. */
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
      kv.put(PROGRESS_KEY, BEGINNING);
      kv.put(STEP_NUMBER_KEY, 0);
    });
  }

  /** Notes where the work stands, and with it a step, if there is something to tell. */
  move(change: Partial<Progress>, step: Omit<ErasureStep, 'number'> | null = null): void {
    this.#storage.transactionSync(() => {
      this.#storage.kv.put(PROGRESS_KEY, { ...this.progress, ...change });
      if (step !== null) this.#addStep(step);
    });
  }

  /**
   * Adds a page of the registry.
   * @param isLast whether there is no page after it
   */
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

  /** Rooms whose time has come, those that wait longest first. */
  due(now: number, limit: number): RoomToErase[] {
    return this.#storage.sql
      .exec<{ doName: string; createdAt: number }>(
        'SELECT do_name AS doName, created_at AS createdAt FROM room WHERE due_at <= ? ORDER BY due_at, do_name LIMIT ?',
        now,
        limit,
      )
      .toArray();
  }

  /** When the next room's time comes, Unix milliseconds; `null` where none is left. */
  nextDueAt(): number | null {
    return this.#storage.sql.exec<{ at: number | null }>('SELECT min(due_at) AS at FROM room').one().at;
  }

  /** A room is erased. */
  erased({ doName }: RoomToErase): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM room WHERE do_name = ?', doName);
      this.move({ roomsErased: this.progress.roomsErased + 1 });
    });
  }

  /** A room is not erased and never will be. */
  drop({ doName }: RoomToErase, step: Omit<ErasureStep, 'number'>): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM room WHERE do_name = ?', doName);
      this.move({}, step);
    });
  }

  /**
   * A room is not, and its turn comes again.
   * @returns how often that has been
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
      sql.exec('UPDATE room SET due_at = ? WHERE do_name = ?', now + retryIn(tries), doName);
      this.move({ failures: this.progress.failures + 1 });
      return tries;
    });
  }

  /** What the audit trail has not been told, oldest first. */
  untold(limit: number): ErasureStep[] {
    return this.#storage.sql
      .exec<{ [Column in keyof ErasureStep]: ErasureStep[Column] }>(
        'SELECT * FROM step ORDER BY number LIMIT ?',
        limit,
      )
      .toArray();
  }

  told(steps: readonly ErasureStep[]): void {
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
