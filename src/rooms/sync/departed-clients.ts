import type { AwarenessEntry, Departed } from './awareness.ts';
import type { Damage } from '../storage/damage.ts';
import { isCount, readStoredValueOr } from '../storage/stored-value.ts';

/** How many departed awareness clients are remembered: some 4 KB. */
const MAX_DEPARTED = 256;

const KEY = 'departed';

/** As stored, oldest first. */
type Stored = readonly (readonly [clientId: number, clock: number, departure: number])[];

/**
 * The awareness clients that left a room, and in which order: what tells a late echo from a return. Stored, because
 * clients leave just before a room falls asleep, and come back after.
 */
export class DepartedClients {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;
  /** `null` until somebody needs it: an edit does not. */
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

  note(gone: readonly AwarenessEntry[]): void {
    if (gone.length === 0) return;
    let { newest } = this;
    const departed = this.#load();
    for (const { clientId, clock } of gone) {
      newest += 1;
      // Last in the map's order, whatever place it had.
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

  /** For a room that is deleted. */
  forget(): void {
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
