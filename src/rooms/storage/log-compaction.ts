import { compact } from '../../yjs/compaction.ts';
import {
  COMPACT_AFTER_BYTES,
  COMPACT_AFTER_UPDATES,
  MAX_UPDATES_BEFORE_COMPACTION,
  COMPACT_BYTES_PER_UPDATE,
  COMPACT_QUIET_AFTER_UPDATES,
  COMPACT_QUIET_BYTES_PER_UPDATE,
  MAX_SEGMENT_BYTES,
} from '../limits/storage-limits.ts';
import type { CheckedUpdate, ClockRanges } from '../../yjs/read-update.ts';
import { readUpdates } from './read-updates.ts';
import { hasCountFields, isRecord, readStoredValueOr } from './stored-value.ts';
import type { LoggedUpdate, UpdateLog } from './update-log.ts';

/** What is stored of a log's compactions. */
interface Compacted {
  /** The newest update that the last one had. */
  readonly through: number;
  /** How many bytes the next one will write again. */
  readonly bytes: number;
  /** How many runs and ranges of deletions the log has through it. */
  readonly entries: number;
  /**
   * How much came after that when a compaction was tried that has not ended, or came to nothing. It is stored before it
   * begins: one that takes more than there is takes the object with it.
   */
  readonly tried: Size;
}

/** What there is of updates after the last compaction. */
interface Size {
  readonly updates: number;
  readonly bytes: number;
}

const NOTHING: Size = { updates: 0, bytes: 0 };

const NEVER_COMPACTED: Compacted = { through: 0, bytes: 0, entries: 0, tried: NOTHING };

const isCompacted = (value: unknown): value is Compacted =>
  hasCountFields(value, 'through', 'bytes', 'entries') &&
  isRecord(value) &&
  hasCountFields(Reflect.get(value, 'tried'), 'updates', 'bytes');

/** That, and how much is too much. */
interface Tail extends Size {
  readonly bound: Size;
  /** In a quiet room, how many updates are too many. */
  readonly quietBound: number;
  /** How many came since the last one that was tried. */
  readonly updatesSinceAttempt: number;
  /** How many runs and ranges of deletions the whole log has. */
  readonly rangeCount: number;
}

const COMPACTED_KEY = 'compacted';

/** Updates that follow each other in the log: those after one number and through another. */
interface Group {
  readonly after: number;
  through: number;
  updates: number;
  bytes: number;
}

/** Updates of a group that become one. */
interface ReadableGroup {
  readonly after: number;
  through: number;
  readonly updates: CheckedUpdate[];
}

/**
 * Keeps a log short: decides when it should be compacted, and replaces its updates by ones that say the same. A short
 * document becomes one update; a long one becomes segments, of which a document that keeps what is deleted never writes
 * a full one again. So a compaction holds a segment in memory, and not the document.
 */
export class LogCompaction {
  readonly #storage: DurableObjectStorage;
  readonly #log: UpdateLog;
  /** `null` until somebody needs it. */
  #tail: Tail | null = null;
  /** Whether the room is short of space, and would rather be compacted soon. */
  #isShort = false;

  constructor(storage: DurableObjectStorage, log: UpdateLog) {
    this.#storage = storage;
    this.#log = log;
  }

  /** An update will be appended. */
  countEdit({ bytes, rangeCount }: CheckedUpdate): void {
    const tail = (this.#tail ??= this.#readTail());
    this.#tail = {
      ...tail,
      updates: tail.updates + 1,
      updatesSinceAttempt: tail.updatesSinceAttempt + 1,
      bytes: tail.bytes + bytes.byteLength,
      rangeCount: tail.rangeCount + rangeCount,
    };
  }

  /** An edit was refused for lack of space, which a compaction may make. */
  requestSoon(): void {
    this.#isShort = true;
  }

  /** How many runs and ranges of deletions the log has. Reads no update. */
  get rangeCount(): number {
    return (this.#tail ??= this.#readTail()).rangeCount;
  }

  /** The same, and 0 where there was none. */
  get compactedThrough(): number {
    return this.#compacted.through;
  }

  /** The newest update that the last compaction had, by its number; where there was none, the oldest. */
  get through(): number {
    const { through } = this.#compacted;
    return through === 0 ? this.#log.getOldestNumber() : through;
  }

  /** Whether anything came since a compaction was tried. */
  get hasUncompactedUpdates(): boolean {
    return (this.#tail ??= this.#readTail()).updatesSinceAttempt > 0;
  }

  /** Whether the log is so long that it should be compacted at once, or long enough for a quiet moment, or short. */
  getUrgency(): 'now' | 'when quiet' | 'no' {
    const { updates, bytes, bound, quietBound, updatesSinceAttempt } = (this.#tail ??= this.#readTail());
    if (updates >= bound.updates || bytes >= bound.bytes) return 'now';
    if (this.#isShort && updatesSinceAttempt > 0) return 'now';
    return updates >= quietBound ? 'when quiet' : 'no';
  }

  /** Marks that a compaction is under way, which must be stored before it begins. */
  async recordStart(): Promise<void> {
    const { updates, bytes } = (this.#tail ??= this.#readTail());
    this.#storage.kv.put<Compacted>(COMPACTED_KEY, { ...this.#compacted, tried: { updates, bytes } });
    await this.#storage.sync();
  }

  /**
   * Replaces updates by fewer that say the same, where those are no larger.
   * @param collected the deletions whose content is dropped; `null`: nothing is
   * @returns whether anything was replaced
   */
  run(collected: ClockRanges | null): boolean {
    const newest = this.#log.getNewest();
    // Should it come to nothing, or throw, then it is not tried again at the very next edit.
    this.#tail = null;
    this.#isShort = false;
    if (newest === null) return false;
    try {
      const isSmaller = this.#storage.transactionSync(() => this.#replace(collected));
      const { bytes: total, entries } = this.#log.getSizeAfter(0);
      const bytes = collected === null ? Math.min(total, MAX_SEGMENT_BYTES) : total;
      // Also where nothing was gained: what is there is as compact as it can be.
      this.#storage.kv.put<Compacted>(COMPACTED_KEY, {
        through: newest.number,
        bytes,
        entries,
        tried: NOTHING,
      });
      return isSmaller;
    } finally {
      // Also where the transaction came to nothing.
      this.#log.clearCache();
    }
  }

  /** The log is gone. */
  forget(): void {
    this.#tail = null;
    this.#isShort = false;
  }

  #replace(collected: ClockRanges | null): boolean {
    let isSmaller = false;
    // All of them first: the log is written while they are worked off.
    const groups = [...groupUpdates(this.#log.listUpdates(0), collected !== null)];
    for (const group of groups) {
      for (const { after, through, updates } of this.#readable(group)) {
        const one = compact(updates, { collected });
        if (one === null) continue;
        this.#log.replace(after, through, one);
        isSmaller = true;
      }
    }
    return isSmaller;
  }

  /** The updates of a group in parts with nothing unreadable between them: what cannot be read stays where it is. */
  #readable({ after, through }: Pick<Group, 'after' | 'through'>): ReadableGroup[] {
    const { damage } = this.#log;
    const read = [...readUpdates(this.#log, after, through)];
    // SQLite may fail where it writes to a file that is damaged, and take the object with it.
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

  get #compacted(): Compacted {
    const { damage } = this.#log;
    return readStoredValueOr(this.#storage.kv, COMPACTED_KEY, isCompacted, damage, NEVER_COMPACTED);
  }

  #readTail(): Tail {
    const { through, bytes, entries, tried } = this.#compacted;
    const updatesBound = Math.max(COMPACT_AFTER_UPDATES, Math.ceil(bytes / COMPACT_BYTES_PER_UPDATE));
    const quietBound = Math.max(
      COMPACT_QUIET_AFTER_UPDATES,
      Math.ceil(bytes / COMPACT_QUIET_BYTES_PER_UPDATE),
    );
    const updates = Math.max(0, (this.#log.getNewest()?.number ?? 0) - through);
    const after = this.#log.getSizeAfter(through);
    return {
      updates,
      updatesSinceAttempt: updates - tried.updates,
      bytes: after.bytes,
      rangeCount: entries + after.entries,
      bound: {
        updates: Math.max(Math.min(updatesBound, MAX_UPDATES_BEFORE_COMPACTION), 2 * tried.updates),
        bytes: Math.max(COMPACT_AFTER_BYTES, bytes, 2 * tried.bytes),
      },
      quietBound: Math.max(quietBound, 2 * tried.updates),
    };
  }
}

/**
 * Which updates become one: as many as fit into a segment. One that fills half of it stays alone.
 * @param rewritesAlone whether there is something to win in rewriting one update
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
