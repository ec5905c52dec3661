import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { Damage } from './damage.ts';
import { MalformedInput, readVarUint } from '../../yjs/decode.ts';
import { MAX_FORMER_CLIENTS } from '../limits/storage-limits.ts';
import { visitClients } from '../../yjs/read-update.ts';
import { readStoredValue } from './stored-value.ts';

/** The key in the room's key-value storage. */
export const FORMER_CLIENTS_KEY = 'former clients';

/**
 * The Yjs client ids of earlier incarnations of a room. Each `Y.Doc` draws a random id, so a state vector or an update with
 * one of these ids has content of the deleted room. The ids are all that is kept of it, and reveal nothing.
 */
export class FormerClients {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;
  /** `null` until first used. A room that was never deleted costs one read after waking up. */
  #ids: ReadonlySet<number> | null = null;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  /**
   * The stored ids and those in these updates.
   * @param updates valid ones
   */
  collectWith(updates: Iterable<Uint8Array>): ReadonlySet<number> {
    const ids = new Set(this.#load());
    const add = (client: number) => {
      if (ids.size < MAX_FORMER_CLIENTS) ids.add(client);
    };
    for (const update of updates) visitClients(update, add);
    return ids;
  }

  /** May run inside a transaction. */
  store(ids: ReadonlySet<number>): void {
    if (ids.size > 0) this.#kv.put(FORMER_CLIENTS_KEY, encode(ids));
    // Read again at the next use, because the transaction may be rolled back.
    this.#ids = null;
  }

  /** Accepts content of earlier incarnations from now on. */
  clear(): void {
    this.#kv.delete(FORMER_CLIENTS_KEY);
    this.#ids = null;
  }

  /** @param update a valid one */
  occurInUpdate(update: Uint8Array): boolean {
    const ids = this.#load();
    if (ids.size === 0) return false;
    let found = false;
    visitClients(update, (client) => {
      found ||= ids.has(client);
    });
    return found;
  }

  /** @param stateVector a valid one */
  occurInStateVector(stateVector: Uint8Array): boolean {
    const ids = this.#load();
    return ids.size > 0 && [...Y.decodeStateVector(stateVector).keys()].some((client) => ids.has(client));
  }

  #load(): ReadonlySet<number> {
    return (this.#ids ??= this.#read());
  }

  /** An unreadable list counts as empty: the alternative is a room that refuses every client. */
  #read(): ReadonlySet<number> {
    const stored = readStoredValue(this.#kv, FORMER_CLIENTS_KEY, isBytes, this.#damage);
    if (stored === undefined || stored === 'unreadable') return new Set();
    try {
      return decode(stored);
    } catch (error) {
      if (!(error instanceof MalformedInput)) throw error;
      this.#damage.noteRecord(FORMER_CLIENTS_KEY, error);
      return new Set();
    }
  }
}

/** Sorted, each id as its difference to the previous one: 2 to 5 bytes each. */
function encode(ids: ReadonlySet<number>): Uint8Array {
  return encoding.encode((encoder) => {
    let previous = 0;
    for (const id of [...ids].toSorted((one, two) => one - two)) {
      encoding.writeVarUint(encoder, id - previous);
      previous = id;
    }
  });
}

function decode(bytes: Uint8Array): ReadonlySet<number> {
  const ids = new Set<number>();
  const decoder = decoding.createDecoder(bytes);
  for (let id = 0; decoding.hasContent(decoder); ids.add(id)) id += readVarUint(decoder);
  return ids;
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
