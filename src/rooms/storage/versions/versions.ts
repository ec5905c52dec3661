import { fitsInMemory } from '../../../yjs/doc-weight.ts';
import { MAX_USER_VERSIONS } from '../../limits/room-limits.ts';
import {
  AUTOMATIC_VERSION_INTERVAL_MS,
  MAX_AUTOMATIC_VERSIONS,
  MAX_DOC_WEIGHT_BYTES,
} from '../../limits/storage-limits.ts';
import { createRestoreUpdate } from '../../../yjs/restore.ts';
import type { RoomState } from '../room-state.ts';
import type { VersionEntry } from '../../contract/description.ts';
import { VersionTable } from './version-table.ts';
import { EMPTY_SNAPSHOT, subtractSnapshot, isEmptySnapshot } from '../../../yjs/snapshot.ts';
import { hasCountFields, isCount, readStoredValue, readStoredValueOr } from '../stored-value.ts';
import { findSurplusVersions } from './thinning.ts';
import { type Content, readContentBytes } from '../../../yjs/structs/write-content.ts';

/** The newest version that ever existed, deleted or not. */
interface Newest {
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** The number of the newest update in it. */
  readonly number: number;
}

const NEWEST_KEY = 'newest snapshot';

/** The key of the start time of an unfinished automatic version, Unix milliseconds. */
const STARTED_KEY = 'snapshot begun';

/** The key of the time of the first complete version after an unreadable one. It does not depend on earlier versions. */
const COMPLETE_SINCE_KEY = 'snapshots whole since';

/** The versions of a document. */
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

  /** The stored bytes of all versions, without the content. */
  storedBytes(): number {
    return this.#newest === null ? 0 : this.#table.storedBytes();
  }

  /**
   * Creates a version of the present state. Reads the log, but builds no `Y.Doc`.
   * @returns `null` if users have created the maximum
   */
  create(label: string | null, now: number): VersionEntry | null {
    const kept = this.list().filter(({ automatic }) => !automatic);
    return kept.length >= MAX_USER_VERSIONS ? null : this.#add({ label, automatic: false }, now);
  }

  /** When the next automatic version is due, Unix milliseconds; `null` if nothing was edited since the last version. */
  getAutomaticDueAt(): number | null {
    if (this.#state.status !== 'live' || !this.#hasNewUpdates()) return null;
    const last = this.#newest?.createdAt ?? this.#state.createdAt;
    const started = readStoredValueOr(this.#storage.kv, STARTED_KEY, isCount, this.#state.damage, 0);
    return Math.max(last, started) + AUTOMATIC_VERSION_INTERVAL_MS;
  }

  /**
   * Stores that an automatic version begins. Await it before `createAutomatic`: a version that fails or resets the object is
   * then retried when the next one is due, not at each edit.
   */
  async recordAutomaticStart(now: number): Promise<void> {
    this.#storage.kv.put(STARTED_KEY, now);
    await this.#storage.sync();
  }

  /** Creates an automatic version if there is anything new, and removes surplus automatic ones. */
  createAutomatic(now: number): void {
    this.#add({ label: null, automatic: true }, now);
    const automatic = this.list().filter((entry) => entry.automatic);
    const createdAts = automatic.map(({ createdAt }) => createdAt);
    const dropped = findSurplusVersions(createdAts, now, MAX_AUTOMATIC_VERSIONS);
    this.#storage.transactionSync(() =>
      dropped.forEach((createdAt) => this.#table.remove(createdAt, this.#completeSince)),
    );
    this.#storage.kv.delete(STARTED_KEY);
  }

  /** The content of a version; `null` if it does not exist. */
  read(createdAt: number): Content | 'unreadable' | null {
    if (!this.#has(createdAt)) return null;
    if (this.#isUnreadable(createdAt)) return 'unreadable';
    return this.#state.content.readAt(this.#table.readSnapshot(createdAt));
  }

  /**
   * Creates the edit that gives the document the content of a version; `null` if it has it already. First keeps the present
   * state as a version. Builds a `Y.Doc` if memory allows it.
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

  /** @returns whether the version existed */
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

  /** A version depends on all earlier ones, back to a complete one. */
  #isUnreadable(createdAt: number): boolean {
    if (this.#table.listUnreadable(createdAt).length === 0) return false;
    return createdAt < this.#completeSince;
  }

  get #completeSince(): number {
    return readStoredValueOr(this.#storage.kv, COMPLETE_SINCE_KEY, isCount, this.#state.damage, Infinity);
  }

  /** If the record is damaged, the newest version is the table's, and every update counts as new. */
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

  /** Adds a version of the present state; `null` if it is automatic and there is nothing new. */
  #add(made: Pick<VersionEntry, 'label' | 'automatic'>, now: number): VersionEntry | null {
    const newest = this.#newest;
    // Times are unique, even if the clock went back or the newest version was removed.
    const entry = { ...made, createdAt: Math.max(now, (newest?.createdAt ?? 0) + 1) };
    const snapshot = this.#state.content.createSnapshot();
    return this.#storage.transactionSync(() => {
      if (newest === null) this.#table.create();
      const isComplete = this.#mustBeComplete(entry.createdAt);
      const added = subtractSnapshot(
        snapshot,
        isComplete ? EMPTY_SNAPSHOT : this.#table.readSnapshot(entry.createdAt),
      );
      const isKept = !entry.automatic || !isEmptySnapshot(added);
      if (isKept) {
        this.#table.add(entry, added);
        if (isComplete) this.#storage.kv.put(COMPLETE_SINCE_KEY, entry.createdAt);
      }
      const newestNow: Newest = {
        createdAt: isKept ? entry.createdAt : (newest?.createdAt ?? entry.createdAt),
        number: this.#state.newestNumber,
      };
      this.#storage.kv.put(NEWEST_KEY, newestNow);
      return isKept ? entry : null;
    });
  }

  /** Whether a new version must be complete because an earlier one is unreadable. */
  #mustBeComplete(createdAt: number): boolean {
    const damaged = this.#table.listUnreadable(createdAt).at(-1);
    const since = this.#completeSince;
    return damaged !== undefined && (since === Infinity || since <= damaged);
  }
}

const isNewest = (value: unknown): value is Newest => hasCountFields(value, 'createdAt', 'number');
