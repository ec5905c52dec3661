import type { Damage } from '../storage/damage.ts';
import { isCount, readStoredValueOr } from '../storage/stored-value.ts';

/** The key in the room's key-value storage; older rooms have it. */
const KEY = 'untold use';

/**
 * The last use of a room that a Worker failed to record in the registry. It is stored, because the room may hibernate before
 * its own report: unlike an edit, such a use leaves no other trace.
 */
export class UnrecordedUse {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  /** Unix milliseconds; 0 if every use is recorded. */
  get at(): number {
    return readStoredValueOr(this.#kv, KEY, isCount, this.#damage, 0);
  }

  store(at: number): void {
    if (at > this.at) this.#kv.put(KEY, at);
  }

  /** Call when the registry has recorded the uses up to this time. */
  clearThrough(through: number): void {
    const { at } = this;
    if (at > 0 && at <= through) this.#kv.delete(KEY);
  }
}
