import { fitsInMemory } from '../../yjs/doc-weight.ts';
import { MAX_USER_VERSIONS } from '../limits/room-limits.ts';
import {
  AUTOMATIC_VERSION_INTERVAL_MS,
  MAX_AUTOMATIC_VERSIONS,
  MAX_DOC_WEIGHT_BYTES,
} from '../limits/storage-limits.ts';
import { createRestoreUpdate } from '../../yjs/restore.ts';
import type { RoomState } from './room-state.ts';
import type { VersionEntry } from '../contract/description.ts';
import { VersionTable } from './version-table.ts';
import { EMPTY_SNAPSHOT, subtractSnapshot, isEmptySnapshot } from '../../yjs/snapshot.ts';
import { hasCountFields, isCount, readStoredValue, readStoredValueOr } from './stored-value.ts';
import { findSurplusVersions } from './thinning.ts';
import { type Content, readContentBytes } from '../../yjs/structs/write-content.ts';

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

/**
 * The time of the first version that was made knowing that an earlier one cannot be read. It has again all that there was, and so
 * have those after it.
 */
const WHOLE_SINCE_KEY = 'snapshots whole since';

/** The versions of a document: what was at earlier times, and the way back to it. */
export class Versions {
  readonly #storage: DurableObjectStorage;
  readonly #state: RoomState;
  readonly #table: VersionTable;

  constructor(storage: DurableObjectStorage, state: RoomState) {
    this.#storage = storage;
    this.#state = state;
    this.#table = new VersionTable(storage.sql, state.damage);
  }

  /** Newest first. */
  list(): VersionEntry[] {
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
  create(label: string | null, now: number): VersionEntry | null {
    const kept = this.list().filter(({ automatic }) => !automatic);
    return kept.length >= MAX_USER_VERSIONS ? null : this.#add({ label, automatic: false }, now);
  }

  /** When the room should make a version by itself, in Unix milliseconds; `null` while nothing is new since the last. */
  getAutomaticDueAt(): number | null {
    if (this.#state.status !== 'live' || !this.#hasNewUpdates()) return null;
    const last = this.#newest?.createdAt ?? this.#state.createdAt;
    const begun = readStoredValueOr(this.#storage.kv, BEGUN_KEY, isCount, this.#state.damage, 0);
    return Math.max(last, begun) + AUTOMATIC_VERSION_INTERVAL_MS;
  }

  /**
   * Marks that an automatic version is being made, which must be stored before it begins: one that fails, or takes its
   * object with it, is tried again when the next one is due and not at each edit.
   */
  async recordAutomaticStart(now: number): Promise<void> {
    this.#storage.kv.put(BEGUN_KEY, now);
    await this.#storage.sync();
  }

  /** Makes a version of what is new since the last one, and lets those go that are too many for their age. */
  createAutomatic(now: number): void {
    this.#add({ label: null, automatic: true }, now);
    const automatic = this.list().filter((entry) => entry.automatic);
    const createdAts = automatic.map(({ createdAt }) => createdAt);
    const dropped = findSurplusVersions(createdAts, now, MAX_AUTOMATIC_VERSIONS);
    this.#storage.transactionSync(() =>
      dropped.forEach((createdAt) => this.#table.remove(createdAt, this.#completeSince)),
    );
    this.#storage.kv.delete(BEGUN_KEY);
  }

  /** The state as of a version, as one update; `null` where there is no such version. */
  read(createdAt: number): Content | 'unreadable' | null {
    if (!this.#has(createdAt)) return null;
    if (this.#isUnreadable(createdAt)) return 'unreadable';
    return this.#state.content.readAt(this.#table.readSnapshot(createdAt));
  }

  /**
   * The edit that gives the document the content of a version; `null` where it has it already. What is there now is
   * kept as a version first, so that there is a way back. Builds a document, where memory allows one.
   */
  createRestoreUpdate(version: Content, now: number): Uint8Array | 'too large' | null {
    const content = this.#state.content.readAll();
    if (version.byteLength + content.byteLength > MAX_DOC_WEIGHT_BYTES / 2) return 'too large';
    const [then, state] = [readContentBytes(version), readContentBytes(content)];
    if (!fitsInMemory([then, state], MAX_DOC_WEIGHT_BYTES)) return 'too large';
    const update = createRestoreUpdate(then, state);
    if (update !== null && this.#hasNewUpdates()) this.createAutomatic(now);
    return update;
  }

  /** @returns whether there was such a version */
  remove(createdAt: number): boolean {
    if (!this.#has(createdAt)) return false;
    this.#storage.transactionSync(() => this.#table.remove(createdAt, this.#completeSince));
    return true;
  }

  #has(createdAt: number): boolean {
    return this.#newest !== null && this.#table.has(createdAt);
  }

  #hasNewUpdates(): boolean {
    return this.#state.newestNumber > (this.#newest?.number ?? 0);
  }

  /** Each version needs all before it, up to one that has everything again. */
  #isUnreadable(createdAt: number): boolean {
    if (this.#table.listUnreadable(createdAt).length === 0) return false;
    return createdAt < this.#completeSince;
  }

  get #completeSince(): number {
    return readStoredValueOr(this.#storage.kv, WHOLE_SINCE_KEY, isCount, this.#state.damage, Infinity);
  }

  /** Where the record is damaged, the table tells of the newest version, and every update counts as new. */
  get #newest(): Newest | null {
    const { damage } = this.#state;
    const stored = readStoredValue(this.#storage.kv, NEWEST_KEY, isNewest, damage);
    if (stored === undefined) return null;
    if (!this.#table.exists) {
      damage.noteRecord('snapshot', new Error('the table is missing'));
      this.#table.create();
    }
    if (stored !== 'unreadable') return stored;
    return { createdAt: this.#table.list()[0]?.createdAt ?? 0, number: 0 };
  }

  /** Keeps the present state; `null` where it is an automatic one and there is nothing new. */
  #add(made: Pick<VersionEntry, 'label' | 'automatic'>, now: number): VersionEntry | null {
    const newest = this.#newest;
    // No two have the same time, also where the clock went back or the newest one was removed.
    const entry = { ...made, createdAt: Math.max(now, (newest?.createdAt ?? 0) + 1) };
    const snapshot = this.#state.content.createSnapshot();
    return this.#storage.transactionSync(() => {
      if (newest === null) this.#table.create();
      const isWhole = this.#mustBeComplete(entry.createdAt);
      const added = subtractSnapshot(
        snapshot,
        isWhole ? EMPTY_SNAPSHOT : this.#table.readSnapshot(entry.createdAt),
      );
      const isKept = !entry.automatic || !isEmptySnapshot(added);
      if (isKept) {
        this.#table.add(entry, added);
        if (isWhole) this.#storage.kv.put(WHOLE_SINCE_KEY, entry.createdAt);
      }
      const remembered: Newest = {
        createdAt: isKept ? entry.createdAt : (newest?.createdAt ?? entry.createdAt),
        number: this.#state.newestNumber,
      };
      this.#storage.kv.put(NEWEST_KEY, remembered);
      return isKept ? entry : null;
    });
  }

  /** Whether a new version must have everything again, because one before it cannot be read. */
  #mustBeComplete(createdAt: number): boolean {
    const damaged = this.#table.listUnreadable(createdAt).at(-1);
    const since = this.#completeSince;
    return damaged !== undefined && (since === Infinity || since <= damaged);
  }
}

const isNewest = (value: unknown): value is Newest => hasCountFields(value, 'createdAt', 'number');
