import { CLOSE_CODES } from '../refuse-upgrade.ts';
import type { RoomAlarm } from './alarms.ts';
import { type Edit, EditGroup } from './edit-group.ts';
import {
  DELETIONS_BEYOND_FULL_BYTES,
  MAX_GROUP_BYTES,
  MAX_INDEX_ENTRIES,
  REPORT_AFTER_MS,
  type RoomLimits,
} from './limits.ts';
import { writeUpdate } from './protocol.ts';
import type { CheckedUpdate } from './read-update.ts';
import type { ReportDue } from './report-due.ts';
import type { RoomState } from './room-state.ts';
import { asOne, showEdits } from './show-edits.ts';
import type { Sockets } from './sockets.ts';

const NOT_STORED = 'an edit could not be stored; connect again to send it again';

/** What edits of a room have to do with. */
interface Parts {
  readonly name: string | undefined;
  readonly limits: RoomLimits;
  readonly state: RoomState;
  readonly sockets: Sockets;
  readonly alarm: RoomAlarm;
  readonly reportDue: ReportDue;
}

/** A room's edits: let in where there is space, stored, and then shown. */
export class Edits {
  readonly #name: string | undefined;
  readonly #limits: RoomLimits;
  readonly #state: RoomState;
  readonly #sockets: Sockets;
  readonly #alarm: RoomAlarm;
  readonly #reportDue: ReportDue;
  readonly #group: EditGroup;

  constructor({ name, limits, state, sockets, alarm, reportDue }: Parts) {
    this.#name = name;
    this.#limits = limits;
    this.#state = state;
    this.#sockets = sockets;
    this.#alarm = alarm;
    this.#reportDue = reportDue;
    this.#group = new EditGroup((edits) => this.#storeGroup(edits));
  }

  /** Whether there is space left for an update. */
  hasSpaceFor(update: CheckedUpdate): boolean {
    const { bytes, entries } = this.#group.size;
    const beyond = update.inserts > 0 ? 0 : DELETIONS_BEYOND_FULL_BYTES;
    return (
      this.#state.storageBytes + bytes + update.bytes.byteLength <= this.#limits.maxRoomBytes + beyond &&
      this.#state.entries + entries + update.entries <= MAX_INDEX_ENTRIES
    );
  }

  /**
   * Stores an update, then shows it to every other socket.
   * @param from `null`: it came over HTTP, or was made here
   * @returns false where the room has no space left for it, and nothing happened
   */
  store(update: CheckedUpdate, from: WebSocket | null, now: number): boolean {
    if (!this.hasSpaceFor(update)) {
      this.#state.noteRefusal();
      this.#compactIfDue(now);
      return false;
    }
    const stored = this.#state.append(update, now);
    if (stored === null) return true;
    this.#noteStored(now);
    // A large update is not copied for nobody.
    const others = this.#sockets.size - (from === null ? 0 : 1);
    if (others > 0) this.#sockets.broadcast(writeUpdate(stored.bytes), new Set(from === null ? [] : [from]));
    return true;
  }

  /**
   * As `store`, of one that came over a socket: in a busy moment it is stored and shown with those that come with it.
   * @returns as `store`
   */
  storeWithOthers(update: CheckedUpdate, from: WebSocket, now: number): boolean {
    const isSimple = update.hollow === 0 && update.bytes.byteLength < MAX_GROUP_BYTES;
    if (isSimple && this.hasSpaceFor(update)) {
      if (!this.#state.isKnown(update)) this.#group.add({ update, from }, now);
      return true;
    }
    this.settle();
    return this.#tryToStore([from], () => this.store(update, from, now)) ?? true;
  }

  /** Stores and shows the edits that wait for each other. */
  settle(): void {
    this.#group.settle();
  }

  #storeGroup(edits: readonly Edit[]): void {
    const now = Date.now();
    const makers = edits.map(({ from }) => from);
    this.#tryToStore(makers, () => {
      const updates = asOne(edits.map(({ update }) => update));
      const stored = updates.flatMap((update) => this.#state.append(update, now) ?? []);
      if (stored.length === 0) return;
      this.#noteStored(now);
      showEdits(this.#sockets, edits, stored);
    });
  }

  /**
   * Whose edit could not be stored is told to connect again, and then brings it again: he must not take it for stored, and
   * nobody else has to do with it.
   */
  #tryToStore<Result>(makers: readonly WebSocket[], store: () => Result): Result | null {
    try {
      return store();
    } catch (error) {
      console.error({ event: 'edit not stored', doName: this.#name, error: String(error) });
      for (const maker of makers) this.#sockets.close(maker, CLOSE_CODES.tryAgainLater, NOT_STORED);
      return null;
    }
  }

  #noteStored(now: number): void {
    this.#compactIfDue(now);
    this.#reportDue.by(now + REPORT_AFTER_MS);
  }

  /** Compaction takes its time, which has no place on the path of an edit. */
  #compactIfDue(now: number): void {
    if (this.#state.compactionDue() === 'now') this.#alarm.request(now);
  }
}
