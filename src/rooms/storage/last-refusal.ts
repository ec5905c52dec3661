import type { SpaceRefusal } from '../contract/description.ts';
import type { Damage } from './damage.ts';
import { REFUSAL_RECORD_INTERVAL_MS } from '../limits/storage-limits.ts';
import { hasCountFields, readStoredValueOr } from './stored-value.ts';

/** The key in the room's key-value storage. */
const KEY = 'last refusal';

/** The last edit that was refused because the room was full, for its description. */
export class LastRefusal {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;
  /** Unix milliseconds. */
  #recordedAt = 0;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  get value(): SpaceRefusal | null {
    return readStoredValueOr<SpaceRefusal | null>(this.#kv, KEY, isRefusal, this.#damage, null);
  }

  /** Stores a refusal unless the last one is recent, because each costs a row written. */
  record(refusal: SpaceRefusal): void {
    if (refusal.at - this.#recordedAt < REFUSAL_RECORD_INTERVAL_MS) return;
    this.#recordedAt = refusal.at;
    this.#kv.put(KEY, refusal);
  }

  /** Call when the room was deleted. */
  clear(): void {
    this.#recordedAt = 0;
  }
}

const isRefusal = (value: unknown): value is SpaceRefusal => hasCountFields(value, 'at', 'bytes', 'entries');
