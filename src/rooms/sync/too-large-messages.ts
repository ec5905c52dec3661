import { MAX_TOO_LARGE_SENDERS, TOO_LARGE_REMEMBERED_MS } from '../limits/socket-limits.ts';
import type { Damage } from '../storage/damage.ts';
import { isCount, readStoredValueOr } from '../storage/stored-value.ts';

/** In the room's key-value storage. */
const KEY = 'too large messages';

/** Oldest first. `at` in Unix milliseconds. */
type Stored = readonly (readonly [sender: string, at: number])[];

/**
 * Clients that sent a message over the platform's limit. The platform closes their sockets with 1009, and every client then
 * reconnects and sends the message again. Stored, because the room may be evicted before the client reconnects.
 */
export class TooLargeMessages {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  /** @param now Unix milliseconds, here and below */
  record(sender: string, now: number): void {
    const others = this.#read(now).filter(([other]) => other !== sender);
    const stored: Stored = [...others, [sender, now] as const].slice(-MAX_TOO_LARGE_SENDERS);
    this.#kv.put(KEY, stored);
  }

  /** Whether the client recently sent such a message. */
  hasSent(sender: string, now: number): boolean {
    return this.#read(now).some(([other]) => other === sender);
  }

  #read(now: number): Stored {
    const stored = readStoredValueOr<Stored>(this.#kv, KEY, isStored, this.#damage, []);
    return stored.filter(([, at]) => now - at < TOO_LARGE_REMEMBERED_MS);
  }
}

const isStored = (value: unknown): value is Stored =>
  Array.isArray(value) &&
  value.every(
    (entry: unknown) =>
      Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string' && isCount(entry[1]),
  );
