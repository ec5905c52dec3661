import type { Damage } from '../storage/damage.ts';
import { isCount, readStoredValueOr } from '../storage/stored-value.ts';

/** In the room's key-value storage. */
const KEY = 'untold use';

/**
 * The last use of a room of which a Worker could not tell the registry. An edit leaves its time in the log, and other uses
 * leave nothing: this one is stored, because the room may have slept when it tells the registry itself.
 */
export class UntoldUse {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  /** Unix milliseconds; 0 where the registry was told of all. */
  get at(): number {
    return readStoredValueOr(this.#kv, KEY, isCount, this.#damage, 0);
  }

  note(at: number): void {
    if (at > this.at) this.#kv.put(KEY, at);
  }

  /** The registry was told of the uses up to this time. */
  told(through: number): void {
    const { at } = this;
    if (at > 0 && at <= through) this.#kv.delete(KEY);
  }
}
