/** In the room's key-value storage. */
const KEY = 'untold use';

/**
 * The last use of a room of which a Worker could not tell the registry. An edit leaves its time in the log, and other uses
 * leave nothing: this one is stored, because the room may have slept when it tells the registry itself.
 */
export class UntoldUse {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  /** Unix milliseconds; 0 where the registry was told of all. */
  get at(): number {
    return this.#kv.get<number>(KEY) ?? 0;
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
