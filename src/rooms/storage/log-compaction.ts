import { compact } from '../../yjs/compaction.ts';
import type { CheckedUpdate, ClockRanges } from '../../yjs/read-update.ts';
import { MAX_SEGMENT_BYTES } from '../limits/storage-limits.ts';
import {
  type CompactionState,
  NO_UPDATES,
  type Tail,
  readCompactionState,
  readTail,
  storeCompactionState,
} from './compaction-state.ts';
import { readUpdates } from './read-updates.ts';
import type { LoggedUpdate, UpdateLog } from './update-log.ts';

/** Consecutive updates in the log: those after one number and through another. */
interface Group {
  readonly after: number;
  through: number;
  updates: number;
  bytes: number;
}

/** Consecutive updates that become one. */
interface ReadableGroup {
  readonly after: number;
  through: number;
  readonly updates: CheckedUpdate[];
}

/**
 * Decides when a log is compacted, and replaces its updates by fewer with the same content. A large document becomes several
 * segments. Compaction holds one segment in memory, not the document, and does not rewrite full segments if deleted content
 * is kept.
 */
export class LogCompaction {
  readonly #storage: DurableObjectStorage;
  readonly #log: UpdateLog;
  /** `null` until first used. */
  #tail: Tail | null = null;
  /** Whether the room needs space. */
  #isSpaceNeeded = false;

  constructor(storage: DurableObjectStorage, log: UpdateLog) {
    this.#storage = storage;
    this.#log = log;
  }

  /** An update will be appended. */
  countEdit({ bytes, rangeCount }: CheckedUpdate): void {
    const tail = this.#getTail();
    this.#tail = {
      ...tail,
      updates: tail.updates + 1,
      updatesSinceAttempt: tail.updatesSinceAttempt + 1,
      bytes: tail.bytes + bytes.byteLength,
      rangeCount: tail.rangeCount + rangeCount,
    };
  }

  /** An edit was refused because the room was full: compact at the next opportunity. */
  requestSoon(): void {
    this.#isSpaceNeeded = true;
  }

  /** Structs and delete ranges in the log. Reads no update. */
  get rangeCount(): number {
    return this.#getTail().rangeCount;
  }

  /** The number of the newest compacted update; 0 if there is none. */
  get compactedThrough(): number {
    return this.#state.through;
  }

  /** The number of the newest compacted update; of the oldest update if there is none. */
  get contentThrough(): number {
    const { through } = this.#state;
    return through === 0 ? this.#log.getOldestNumber() : through;
  }

  /** Whether there are updates since a compaction last began. */
  get hasUncompactedUpdates(): boolean {
    return this.#getTail().updatesSinceAttempt > 0;
  }

  /** When the log should be compacted. */
  getUrgency(): 'now' | 'when quiet' | 'no' {
    const { updates, bytes, bound, quietBound, updatesSinceAttempt } = this.#getTail();
    if (updates >= bound.updates || bytes >= bound.bytes) return 'now';
    if (this.#isSpaceNeeded && updatesSinceAttempt > 0) return 'now';
    return updates >= quietBound ? 'when quiet' : 'no';
  }

  /** Stores that a compaction begins. Await it before `run`. */
  async recordStart(): Promise<void> {
    const { updates, bytes } = this.#getTail();
    storeCompactionState(this.#storage.kv, { ...this.#state, tried: { updates, bytes } });
    await this.#storage.sync();
  }

  /**
   * Replaces updates by fewer with the same content, if those are not larger.
   * @param collected the delete ranges whose content is dropped; `null`: all content is kept
   * @returns whether anything was replaced
   */
  run(collected: ClockRanges | null): boolean {
    const newest = this.#log.getNewest();
    // Even if nothing is gained or an exception is thrown, the next edit does not start another compaction.
    this.#tail = null;
    this.#isSpaceNeeded = false;
    if (newest === null) return false;
    try {
      const isSmaller = this.#storage.transactionSync(() => this.#replace(collected));
      const { bytes: total, rangeCount } = this.#log.getSizeAfter(0);
      const bytes = collected === null ? Math.min(total, MAX_SEGMENT_BYTES) : total;
      // Even if nothing was gained: then the log is as compact as possible.
      storeCompactionState(this.#storage.kv, {
        through: newest.number,
        bytes,
        entries: rangeCount,
        tried: NO_UPDATES,
      });
      return isSmaller;
    } finally {
      // Even if the transaction was rolled back.
      this.#log.clearCache();
    }
  }

  /** Call when the log was deleted. */
  clear(): void {
    this.#tail = null;
    this.#isSpaceNeeded = false;
  }

  #replace(collected: ClockRanges | null): boolean {
    let isSmaller = false;
    // Listed first, because the loop writes to the log.
    const groups = [...groupUpdates(this.#log.listUpdates(0), collected !== null)];
    for (const group of groups) {
      for (const { after, through, updates } of this.#readGroup(group)) {
        const one = compact(updates, { collected });
        if (one === null) continue;
        this.#log.replace(after, through, one);
        isSmaller = true;
      }
    }
    return isSmaller;
  }

  /** Reads a group, split where an update is unreadable: such updates stay where they are. */
  #readGroup({ after, through }: Pick<Group, 'after' | 'through'>): ReadableGroup[] {
    const { damage } = this.#log;
    const read = [...readUpdates(this.#log, after, through)];
    // Writing to a damaged file may reset the object.
    if (damage.isCorrupt) return [];
    const parts: ReadableGroup[] = [];
    for (const { firstRow, number, update } of read) {
      const part = parts.at(-1);
      if (part === undefined || damage.hasDamageBetween(part.through, firstRow)) {
        parts.push({ after: firstRow - 1, through: number, updates: [update] });
      } else {
        part.through = number;
        part.updates.push(update);
      }
    }
    return parts;
  }

  get #state(): CompactionState {
    return readCompactionState(this.#storage.kv, this.#log.damage);
  }

  #getTail(): Tail {
    return (this.#tail ??= readTail(this.#log, this.#state));
  }
}

/**
 * Groups updates into segments. An update that fills half a segment stays alone.
 * @param rewritesAlone whether a group of one update is worth rewriting
 */
function* groupUpdates(updates: Iterable<LoggedUpdate>, rewritesAlone: boolean): Generator<Readonly<Group>> {
  let group: Group = { after: 0, through: 0, updates: 0, bytes: 0 };
  for (const { number, byteLength } of updates) {
    const isFull = group.bytes >= MAX_SEGMENT_BYTES / 2 && group.updates === 1;
    if (group.updates > 0 && (isFull || group.bytes + byteLength > MAX_SEGMENT_BYTES)) {
      if (group.updates > 1 || rewritesAlone) yield group;
      group = { after: group.through, through: group.through, updates: 0, bytes: 0 };
    }
    group.through = number;
    group.updates += 1;
    group.bytes += byteLength;
  }
  if (group.updates > 1 || (rewritesAlone && group.updates > 0)) yield group;
}
