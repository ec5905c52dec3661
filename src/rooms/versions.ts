import { fitsInMemory } from './doc-weight.ts';
import {
  AUTOMATIC_SNAPSHOT_EACH_MS,
  MAX_AUTOMATIC_SNAPSHOTS,
  MAX_DOC_WEIGHT_BYTES,
  MAX_KEPT_SNAPSHOTS,
} from './limits.ts';
import { restoringUpdate } from './restore.ts';
import type { RoomState } from './room-state.ts';
import { type SnapshotEntry, SnapshotTable } from './snapshot-table.ts';
import { addedSince, isEmpty } from './snapshot.ts';
import { tooDense } from './thinning.ts';
import { type Content, bytesOf } from './write-content.ts';

/** The newest version that there ever was, deleted or not. */
interface Newest {
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** The newest update that it has, by its number in the log. */
  readonly number: number;
}

const NEWEST_KEY = 'newest snapshot';

/** When the making of an automatic version began that has not ended, in Unix milliseconds. */
const BEGUN_KEY = 'snapshot begun';

/** The versions of a document: what was at earlier times, and the way back to it. */
export class Versions {
  readonly #storage: DurableObjectStorage;
  readonly #state: RoomState;
  readonly #table: SnapshotTable;

  constructor(storage: DurableObjectStorage, state: RoomState) {
    this.#storage = storage;
    this.#state = state;
    this.#table = new SnapshotTable(storage.sql);
  }

  /** Newest first. */
  list(): SnapshotEntry[] {
    return this.#newest === null ? [] : this.#table.list();
  }

  /** What the versions take, in bytes, beside the content. */
  storedBytes(): number {
    return this.#newest === null ? 0 : this.#table.storedBytes();
  }

  /**
   * Keeps the present state as a version. Reads the document, and builds none.
   * @returns `null` where somebody has made as many as a document may have
   */
  create(label: string | null, now: number): SnapshotEntry | null {
    const kept = this.list().filter(({ automatic }) => !automatic);
    return kept.length >= MAX_KEPT_SNAPSHOTS ? null : this.#add({ label, automatic: false }, now);
  }

  /** When the room should make a version by itself, in Unix milliseconds; `null` while nothing is new since the last. */
  automaticDueAt(): number | null {
    if (this.#state.life !== 'live' || !this.#hasNews()) return null;
    const last = this.#newest?.createdAt ?? this.#state.createdAt;
    return Math.max(last, this.#storage.kv.get<number>(BEGUN_KEY) ?? 0) + AUTOMATIC_SNAPSHOT_EACH_MS;
  }

  /**
   * Marks that an automatic version is being made, which must be stored before it begins: one that fails, or takes its
   * object with it, is tried again when the next one is due and not at each edit.
   */
  async announceAutomatic(now: number): Promise<void> {
    this.#storage.kv.put(BEGUN_KEY, now);
    await this.#storage.sync();
  }

  /** Makes a version of what is new since the last one, and lets those go that are too many for their age. */
  createAutomatic(now: number): void {
    this.#add({ label: null, automatic: true }, now);
    const automatic = this.list().filter((entry) => entry.automatic);
    const createdAts = automatic.map(({ createdAt }) => createdAt);
    const dropped = tooDense(createdAts, now, MAX_AUTOMATIC_SNAPSHOTS);
    this.#storage.transactionSync(() => dropped.forEach((createdAt) => this.#table.remove(createdAt)));
    this.#storage.kv.delete(BEGUN_KEY);
  }

  /** The state as of a version, as one update; `null` where there is no such version. */
  read(createdAt: number): Content | null {
    return this.#has(createdAt) ? this.#state.content.at(this.#table.snapshotAt(createdAt)) : null;
  }

  /**
   * The edit that gives the document the content of a version; `null` where it has it already. What is there now is
   * kept as a version first, so that there is a way back. Builds a document, where memory allows one.
   */
  restore(version: Content, now: number): Uint8Array | 'too large' | null {
    const content = this.#state.content.all();
    if (version.byteLength + content.byteLength > MAX_DOC_WEIGHT_BYTES / 2) return 'too large';
    const [then, state] = [bytesOf(version), bytesOf(content)];
    if (!fitsInMemory([then, state], MAX_DOC_WEIGHT_BYTES)) return 'too large';
    const update = restoringUpdate(then, state);
    if (update !== null && this.#hasNews()) this.createAutomatic(now);
    return update;
  }

  /** @returns whether there was such a version */
  remove(createdAt: number): boolean {
    if (!this.#has(createdAt)) return false;
    this.#storage.transactionSync(() => this.#table.remove(createdAt));
    return true;
  }

  #has(createdAt: number): boolean {
    return this.#newest !== null && this.#table.has(createdAt);
  }

  #hasNews(): boolean {
    return this.#state.newestNumber > (this.#newest?.number ?? 0);
  }

  get #newest(): Newest | null {
    return this.#storage.kv.get<Newest>(NEWEST_KEY) ?? null;
  }

  /** Keeps the present state; `null` where it is an automatic one and there is nothing new. */
  #add(made: Pick<SnapshotEntry, 'label' | 'automatic'>, now: number): SnapshotEntry | null {
    const newest = this.#newest;
    // No two have the same time, also where the clock went back or the newest one was removed.
    const entry = { ...made, createdAt: Math.max(now, (newest?.createdAt ?? 0) + 1) };
    const snapshot = this.#state.content.snapshot();
    return this.#storage.transactionSync(() => {
      if (newest === null) this.#table.create();
      const added = addedSince(snapshot, this.#table.snapshotAt(entry.createdAt));
      const isKept = !entry.automatic || !isEmpty(added);
      if (isKept) this.#table.add(entry, added);
      const remembered: Newest = {
        createdAt: isKept ? entry.createdAt : (newest?.createdAt ?? entry.createdAt),
        number: this.#state.newestNumber,
      };
      this.#storage.kv.put(NEWEST_KEY, remembered);
      return isKept ? entry : null;
    });
  }
}
