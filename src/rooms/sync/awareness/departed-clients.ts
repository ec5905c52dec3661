import type { AwarenessEntry, Departed } from './present-clients.ts';
import type { Damage } from '../../storage/damage.ts';
import { isCount, readStoredValueOr } from '../../storage/stored-value.ts';

/** About 4 KB. */
const MAX_DEPARTED = 256;

/** In the room's key-value storage. */
const KEY = 'departed';

/** Oldest first. */
type Stored = readonly (readonly [clientId: number, clock: number, departure: number])[];

/**
 * The awareness clients that left a room, in order. Distinguishes a late echo from a return. Stored, because clients often leave just
 * before a room hibernates and return afterwards.
 */
export class DepartedClients {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;
  /** `null` until it is loaded. Edits do not need it. */
  #departed: Map<number, { clock: number; departure: number }> | null = null;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  get all(): Departed {
    return this.#load();
  }

  /** The number of the newest departure; 0 before the first. */
  get newest(): number {
    return Math.max(0, ...[...this.#load().values()].map(({ departure }) => departure));
  }

  record(gone: readonly AwarenessEntry[]): void {
    if (gone.length === 0) return;
    let { newest } = this;
    const departed = this.#load();
    for (const { clientId, clock } of gone) {
      newest += 1;
      // Deleted first, so that the client becomes the last of the map.
      departed.delete(clientId);
      departed.set(clientId, { clock, departure: newest });
    }
    for (const clientId of departed.keys()) {
      if (departed.size <= MAX_DEPARTED) break;
      departed.delete(clientId);
    }
    const stored: Stored = [...departed].map(([clientId, { clock, departure }]) => [
      clientId,
      clock,
      departure,
    ]);
    this.#kv.put(KEY, stored);
  }

  /** Removes all departures of a deleted room. */
  clear(): void {
    this.#departed = null;
    this.#kv.delete(KEY);
  }

  #load(): Map<number, { clock: number; departure: number }> {
    return (this.#departed ??= new Map(
      readStoredValueOr<Stored>(this.#kv, KEY, isStored, this.#damage, []).map(
        ([clientId, clock, departure]) => [clientId, { clock, departure }],
      ),
    ));
  }
}

const isStored = (value: unknown): value is Stored =>
  Array.isArray(value) &&
  value.every((entry: unknown) => Array.isArray(entry) && entry.length === 3 && entry.every(isCount));
