import { CLOSE_CODES, type CloseCode } from '../../lib/refusals/refuse-upgrade.ts';
import type { RoomAlarm } from '../storage/room-alarm.ts';
import { type Edit, EditBatcher } from './edit-batch.ts';
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
import { mergeUpdates, relayEdits } from './relay-edits.ts';
import type { Sockets } from './sockets.ts';
import { extractDeleteRanges, extractStructs } from '../../yjs/split-update.ts';
import { describeError } from '../../lib/log-text.ts';

const NOT_STORED = 'An edit could not be stored. Connect again to send it again.';

interface Options {
  readonly name: string | undefined;
  readonly limits: RoomLimits;
  readonly state: RoomState;
  readonly sockets: Sockets;
  readonly alarm: RoomAlarm;
  readonly reports: RoomReports;
  /** Closes a socket because of what it sent. */
  refuse(socket: WebSocket, code: CloseCode, reason: string): void;
}

/** Stores the edits of a room and relays them to the other sockets. */
export class Edits {
  readonly #name: string | undefined;
  readonly #limits: RoomLimits;
  readonly #state: RoomState;
  readonly #sockets: Sockets;
  readonly #alarm: RoomAlarm;
  readonly #reports: RoomReports;
  readonly #refuse: Options['refuse'];
  readonly #batcher: EditBatcher;

  constructor(options: Options) {
    const { name, limits, state, sockets, alarm, reports } = options;
    this.#name = name;
    this.#limits = limits;
    this.#state = state;
    this.#sockets = sockets;
    this.#alarm = alarm;
    this.#reports = reports;
    this.#refuse = (...refused) => options.refuse(...refused);
    this.#batcher = new EditBatcher((edits) => this.#storeBatch(edits));
  }

  /** Whether the room has space for an update. Deletions may exceed the limit, because they free space. */
  hasSpaceFor(update: CheckedUpdate): boolean {
    const { bytes, ranges } = this.#getExcess(update);
    return bytes <= 0 && ranges <= 0;
  }

  /**
   * Stores an update, then relays it. A full room judges the update by the resulting state: it stores the deletions, compacts if
   * that frees enough space, and then stores or refuses the inserts.
   * @param from `null`: not from a socket
   * @returns false if the inserts were refused
   */
  store(update: CheckedUpdate, from: WebSocket | null, now: number): boolean {
    if (this.hasSpaceFor(update)) {
      this.#storeAndRelay([{ update, from }], now);
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
      this.#storeAndRelay([{ update: deletions, from }], now);
    }
    // Without versions, content that the same update deletes takes no space.
    const inserts = extractStructs(
      rest,
      this.#state.collectsGarbage ? this.#state.content.deleteRanges : null,
    );
    this.#makeSpaceFor(inserts);
    return this.#storeOrRefuse(inserts, from, now);
  }

  /**
   * Stores and relays an update of the room itself, completely or not at all.
   * @returns false if the room has no space for it
   */
  storeWhole(update: CheckedUpdate, now: number): boolean {
    this.#makeSpaceFor(update);
    return this.#storeOrRefuse(update, null, now);
  }

  /**
   * Like `store` for an edit from a socket, but concurrent edits are stored and relayed in one batch.
   * @returns false if the inserts were refused
   */
  storeInBatch(update: CheckedUpdate, from: WebSocket, now: number): boolean {
    const isSimple = update.contentless === 0 && update.bytes.byteLength < MAX_BATCH_BYTES;
    if (isSimple && this.hasSpaceFor(update)) {
      if (!this.#state.isStored(update)) this.#batcher.add({ update, from }, now);
      return true;
    }
    this.settle();
    return this.#tryToStore([from], () => this.store(update, from, now)) ?? true;
  }

  /** Stores and relays the waiting edits. */
  settle(): void {
    this.#batcher.settle();
  }

  /** By how much an update exceeds the free space. It fits if neither number is above 0. */
  #getExcess({ bytes, structCount, rangeCount }: CheckedUpdate): { bytes: number; ranges: number } {
    const waiting = this.#batcher.size;
    const { maxRoomBytes } = this.#limits;
    const tolerance =
      structCount > 0
        ? { bytes: 0, ranges: 0 }
        : { bytes: MAX_EXTRA_DELETION_BYTES, ranges: MAX_EXTRA_DELETE_RANGES };
    return {
      bytes: this.#state.storageBytes + waiting.bytes + bytes.byteLength - maxRoomBytes - tolerance.bytes,
      ranges: this.#state.rangeCount + waiting.ranges + rangeCount - MAX_RANGES_PER_ROOM - tolerance.ranges,
    };
  }

  #storeOrRefuse(update: CheckedUpdate, from: WebSocket | null, now: number): boolean {
    if (this.hasSpaceFor(update)) {
      this.#storeAndRelay([{ update, from }], now);
      return true;
    }
    this.#state.recordRefusal({ at: now, bytes: update.bytes.byteLength, entries: update.rangeCount });
    this.#compactIfDue(now);
    return false;
  }

  /** Stores edits as one update if possible, then relays them. */
  #storeAndRelay(edits: readonly Edit[], now: number): void {
    const after = this.#state.newestNumber;
    const updates = mergeUpdates(edits.map(({ update }) => update));
    const stored = updates.flatMap((update) => this.#state.append(update, now) ?? []);
    if (stored.length === 0) return;
    this.#compactIfDue(now);
    this.#reports.editStored(now);
    relayEdits(this.#sockets, edits, stored, after);
  }

  /** Compacts a full room at once if that may free enough space for an update. */
  #makeSpaceFor(update: CheckedUpdate): void {
    const excess = this.#getExcess(update);
    if (excess.bytes <= 0 && excess.ranges <= 0) return;
    const gain = this.#state.estimateCompactionGain();
    if (gain.bytes + COMPACTION_GAIN_SLACK_BYTES < excess.bytes || gain.rangeCount < excess.ranges) return;
    if (!this.#state.hasUncompactedUpdates || this.#state.content.isBeingRead(Date.now())) return;
    try {
      this.#state.compact();
    } catch (error) {
      console.error({ event: 'compaction_failed', doName: this.#name, error: describeError(error) });
    }
  }

  #storeBatch(edits: readonly Edit[]): void {
    const senders = edits.flatMap(({ from }) => from ?? []);
    this.#tryToStore(senders, () => this.#storeAndRelay(edits, Date.now()));
  }

  /**
   * If an edit cannot be stored, its senders are closed, so that they do not take it for stored and send it again. Other sockets
   * are not affected. Repeated failures delay the sender's next upgrades.
   */
  #tryToStore<Result>(senders: readonly WebSocket[], store: () => Result): Result | null {
    try {
      return store();
    } catch (error) {
      console.error({ event: 'edit_not_stored', doName: this.#name, error: describeError(error) });
      for (const sender of senders) this.#refuse(sender, CLOSE_CODES.tryAgainLater, NOT_STORED);
      return null;
    }
  }

  /** Requests a compaction by alarm, because it takes too long for the path of an edit. */
  #compactIfDue(now: number): void {
    if (this.#state.getCompactionUrgency() === 'now') this.#alarm.request(now);
  }
}
