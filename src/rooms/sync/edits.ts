import { CLOSE_CODES, type CloseCode } from '../../lib/refuse-upgrade.ts';
import type { RoomAlarm } from '../storage/room-alarm.ts';
import { type Edit, EditGroup } from './edit-group.ts';
import {
  MAX_EXTRA_DELETION_BYTES,
  MAX_EXTRA_DELETE_RANGES,
  MAX_RANGES_PER_ROOM,
  type RoomLimits,
} from '../limits/room-limits.ts';
import { MAX_BATCH_BYTES } from '../limits/socket-limits.ts';
import { COMPACTION_GAIN_SLACK_BYTES } from '../limits/storage-limits.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';
import type { RoomReports } from '../reporting/room-reports.ts';
import type { RoomState } from '../storage/room-state.ts';
import { asOne, showEdits } from './show-edits.ts';
import type { Sockets } from './sockets.ts';
import { extractDeleteRanges, extractStructs } from '../../yjs/split-update.ts';
import { describeError } from '../../lib/log-text.ts';

const NOT_STORED = 'an edit could not be stored; connect again to send it again';

/** What edits of a room have to do with. */
interface Parts {
  readonly name: string | undefined;
  readonly limits: RoomLimits;
  readonly state: RoomState;
  readonly sockets: Sockets;
  readonly alarm: RoomAlarm;
  readonly reports: RoomReports;
  /** Closes a socket for what it sent, which it will send again. */
  refuse(socket: WebSocket, code: CloseCode, reason: string): void;
}

/** A room's edits: let in where there is space, stored, and then shown. */
export class Edits {
  readonly #name: string | undefined;
  readonly #limits: RoomLimits;
  readonly #state: RoomState;
  readonly #sockets: Sockets;
  readonly #alarm: RoomAlarm;
  readonly #reports: RoomReports;
  readonly #refuse: Parts['refuse'];
  readonly #group: EditGroup;

  constructor(parts: Parts) {
    const { name, limits, state, sockets, alarm, reports } = parts;
    this.#name = name;
    this.#limits = limits;
    this.#state = state;
    this.#sockets = sockets;
    this.#alarm = alarm;
    this.#reports = reports;
    this.#refuse = (...refused) => parts.refuse(...refused);
    this.#group = new EditGroup((edits) => this.#storeGroup(edits));
  }

  /** Whether there is space left for an update. Deletions may go beyond the limit, because they are how space is made. */
  hasSpaceFor(update: CheckedUpdate): boolean {
    const { bytes, entries } = this.#lackOf(update);
    return bytes <= 0 && entries <= 0;
  }

  /**
   * Stores an update, then shows it to every other socket. Where the room is full, it is judged by what would remain: what it
   * deletes is stored, the room is compacted if that makes enough space, and then what it inserts is stored or refused.
   * @param from `null`: it came over HTTP
   * @returns false where the room has no space left for what it inserts; what it deletes is stored where that fits
   */
  store(update: CheckedUpdate, from: WebSocket | null, now: number): boolean {
    if (this.hasSpaceFor(update)) {
      this.#storeAndShow([{ update, from }], now);
      return true;
    }
    const rest = this.#state.content.withoutStored(update);
    if (rest.structCount === 0) {
      this.#makeSpaceFor(rest);
      return this.#storeOrRefuse(rest, from, now);
    }
    const deletions = extractDeleteRanges(update);
    if (deletions !== null) {
      if (!this.hasSpaceFor(deletions)) return this.#storeOrRefuse(rest, from, now);
      this.#storeAndShow([{ update: deletions, from }], now);
    }
    // What this very update deletes takes no space, where it is not kept.
    const inserts = extractStructs(
      rest,
      this.#state.collectsGarbage ? this.#state.content.deleteRanges : null,
    );
    this.#makeSpaceFor(inserts);
    return this.#storeOrRefuse(inserts, from, now);
  }

  /**
   * Stores an update that was made here, or nothing of it, then shows it.
   * @returns false where the room has no space left for it
   */
  storeWhole(update: CheckedUpdate, now: number): boolean {
    this.#makeSpaceFor(update);
    return this.#storeOrRefuse(update, null, now);
  }

  /**
   * As `store`, of one that came over a socket: in a busy moment it is stored and shown with those that come with it.
   * @returns as `store`
   */
  storeWithOthers(update: CheckedUpdate, from: WebSocket, now: number): boolean {
    const isSimple = update.contentless === 0 && update.bytes.byteLength < MAX_BATCH_BYTES;
    if (isSimple && this.hasSpaceFor(update)) {
      if (!this.#state.isStored(update)) this.#group.add({ update, from }, now);
      return true;
    }
    this.settle();
    return this.#tryToStore([from], () => this.store(update, from, now)) ?? true;
  }

  /** Stores and shows the edits that wait for each other. */
  settle(): void {
    this.#group.settle();
  }

  /** How much an update is beyond what there is space for; nothing of it is, where neither is above 0. */
  #lackOf({ bytes, structCount, rangeCount }: CheckedUpdate): { bytes: number; entries: number } {
    const waiting = this.#group.size;
    const { maxRoomBytes } = this.#limits;
    const beyond =
      structCount > 0
        ? { bytes: 0, entries: 0 }
        : { bytes: MAX_EXTRA_DELETION_BYTES, entries: MAX_EXTRA_DELETE_RANGES };
    return {
      bytes: this.#state.storageBytes + waiting.bytes + bytes.byteLength - maxRoomBytes - beyond.bytes,
      entries: this.#state.rangeCount + waiting.entries + rangeCount - MAX_RANGES_PER_ROOM - beyond.entries,
    };
  }

  #storeOrRefuse(update: CheckedUpdate, from: WebSocket | null, now: number): boolean {
    if (this.hasSpaceFor(update)) {
      this.#storeAndShow([{ update, from }], now);
      return true;
    }
    this.#state.recordRefusal({ at: now, bytes: update.bytes.byteLength, entries: update.rangeCount });
    this.#compactIfDue(now);
    return false;
  }

  /** Stores edits as one update if possible, then shows them. */
  #storeAndShow(edits: readonly Edit[], now: number): void {
    const after = this.#state.newestNumber;
    const updates = asOne(edits.map(({ update }) => update));
    const stored = updates.flatMap((update) => this.#state.append(update, now) ?? []);
    if (stored.length === 0) return;
    this.#compactIfDue(now);
    this.#reports.editStored(now);
    showEdits(this.#sockets, edits, stored, after);
  }

  /** Compacts a full room here and now, where that may gain what an update lacks. */
  #makeSpaceFor(update: CheckedUpdate): void {
    const lack = this.#lackOf(update);
    if (lack.bytes <= 0 && lack.entries <= 0) return;
    const gain = this.#state.estimateCompactionGain();
    if (gain.bytes + COMPACTION_GAIN_SLACK_BYTES < lack.bytes || gain.rangeCount < lack.entries) return;
    if (!this.#state.hasUncompactedUpdates || this.#state.content.isBeingRead(Date.now())) return;
    try {
      this.#state.compact();
    } catch (error) {
      console.error({ event: 'compaction_failed', doName: this.#name, error: describeError(error) });
    }
  }

  #storeGroup(edits: readonly Edit[]): void {
    const senders = edits.flatMap(({ from }) => from ?? []);
    this.#tryToStore(senders, () => this.#storeAndShow(edits, Date.now()));
  }

  /**
   * Where an edit cannot be stored, its sender is closed and sends it again: it must not take the edit for stored. Other sockets
   * are not affected. Where it fails each time, the sender's next upgrades are delayed.
   */
  #tryToStore<Result>(makers: readonly WebSocket[], store: () => Result): Result | null {
    try {
      return store();
    } catch (error) {
      console.error({ event: 'edit_not_stored', doName: this.#name, error: describeError(error) });
      for (const maker of makers) this.#refuse(maker, CLOSE_CODES.tryAgainLater, NOT_STORED);
      return null;
    }
  }

  /** Compaction takes its time, which has no place on the path of an edit. */
  #compactIfDue(now: number): void {
    if (this.#state.getCompactionUrgency() === 'now') this.#alarm.request(now);
  }
}
