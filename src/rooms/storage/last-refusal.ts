import type { SpaceRefusal } from '../contract/description.ts';
import type { Damage } from './damage.ts';
import { REFUSAL_RECORD_INTERVAL_MS } from '../limits/storage-limits.ts';
import { hasCountFields, readStoredValueOr } from './stored-value.ts';

/** In the room's key-value storage. */
const KEY = 'last refusal';

/** The last edit that was refused for lack of space, for the owner to see. */
export class LastRefusal {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;
  /** Unix milliseconds. */
  #notedAt = 0;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  get value(): SpaceRefusal | null {
    return readStoredValueOr<SpaceRefusal | null>(this.#kv, KEY, isRefusal, this.#damage, null);
  }

  /** Each costs a row written, so not every one is noted. */
  record(refusal: SpaceRefusal): void {
    if (refusal.at - this.#notedAt < REFUSAL_RECORD_INTERVAL_MS) return;
    this.#notedAt = refusal.at;
    this.#kv.put(KEY, refusal);
  }

  /** The room is another one. */
  forget(): void {
    this.#notedAt = 0;
  }
}

const isRefusal = (value: unknown): value is SpaceRefusal => hasCountFields(value, 'at', 'bytes', 'entries');
