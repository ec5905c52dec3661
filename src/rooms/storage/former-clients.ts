import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { Damage } from './damage.ts';
import { MalformedInput, readVarUint } from '../../yjs/decode.ts';
import { MAX_FORMER_CLIENTS } from '../limits/storage-limits.ts';
import { visitClients } from '../../yjs/read-update.ts';
import { readStoredValue } from './stored-value.ts';

/** In the room's key-value storage. */
export const FORMER_CLIENTS_KEY = 'former clients';

/**
 * The Yjs client ids that wrote into earlier incarnations of a room. Ids are drawn at random for each `Y.Doc`, so one
 * that names any of these, in a state vector or in an update, has content of a room that was deleted. They are all that
 * is kept of that content: every copy of it has them, and nothing can be read from them.
 */
export class FormerClients {
  readonly #kv: SyncKvStorage;
  readonly #damage: Damage;
  /** `null` until somebody asks: a room that was never deleted pays one look-up after waking up. */
  #ids: ReadonlySet<number> | null = null;

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#kv = kv;
    this.#damage = damage;
  }

  /**
   * The clients that are remembered, and those that these updates name.
   * @param updates that were checked
   */
  collect(updates: Iterable<Uint8Array>): ReadonlySet<number> {
    const ids = new Set(this.#load());
    const add = (client: number) => {
      if (ids.size < MAX_FORMER_CLIENTS) ids.add(client);
    };
    for (const update of updates) visitClients(update, add);
    return ids;
  }

  /** Remembers these from now on. May run inside a transaction. */
  store(ids: ReadonlySet<number>): void {
    if (ids.size > 0) this.#kv.put(FORMER_CLIENTS_KEY, encode(ids));
    // Read again, because the transaction may come to nothing.
    this.#ids = null;
  }

  /** Lets all content back in. */
  clear(): void {
    this.#kv.delete(FORMER_CLIENTS_KEY);
    this.#ids = null;
  }

  /** @param update that was checked */
  occurInUpdate(update: Uint8Array): boolean {
    const ids = this.#load();
    if (ids.size === 0) return false;
    let found = false;
    visitClients(update, (client) => {
      found ||= ids.has(client);
    });
    return found;
  }

  /** @param stateVector that was checked */
  occurInStateVector(stateVector: Uint8Array): boolean {
    const ids = this.#load();
    return ids.size > 0 && [...Y.decodeStateVector(stateVector).keys()].some((client) => ids.has(client));
  }

  #load(): ReadonlySet<number> {
    return (this.#ids ??= this.#read());
  }

  /** What cannot be read is forgotten: the alternative is a room that lets nobody in. */
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

/** Sorted, each as its distance from the one before: 2 to 5 bytes each. */
function encode(ids: ReadonlySet<number>): Uint8Array {
  return encoding.encode((encoder) => {
    let before = 0;
    for (const id of [...ids].toSorted((one, two) => one - two)) {
      encoding.writeVarUint(encoder, id - before);
      before = id;
    }
  });
}

function decode(bytes: Uint8Array): ReadonlySet<number> {
  const ids = new Set<number>();
  const decoder = decoding.createDecoder(bytes);
  for (let before = 0; decoding.hasContent(decoder); ids.add(before)) before += readVarUint(decoder);
  return ids;
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
