import * as decoding from 'lib0/decoding';
import { KIND, type Struct } from './structs/struct-reader.ts';

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Sums up the content of structs, client by client and oldest first. It is the same however the structs are cut or joined.
 * Structs without content count for nothing.
 */
export class ContentSum {
  #client = -1;
  #bytes = 0;
  #hash = OFFSET_BASIS;

  /** @param bytes in which the struct stands */
  add(bytes: Uint8Array, struct: Struct): void {
    const { client, kind, end } = struct;
    if (kind === KIND.garbage || kind === KIND.deleted || kind === KIND.gap) return;
    if (client !== this.#client) this.#mix(client);
    this.#client = client;
    const start = elementsStart(bytes, struct);
    this.#bytes += end - start;
    for (let at = start; at < end; at++) this.#mix(bytes[at] ?? 0);
  }

  equals(other: ContentSum): boolean {
    return this.#bytes === other.#bytes && this.#hash === other.#hash;
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, PRIME);
  }
}

/** Where the first element of a struct's content begins: after its length or count; at the end where there is no content. */
export function elementsStart(bytes: Uint8Array, { kind, contentStart, end }: Struct): number {
  if (kind === KIND.garbage || kind === KIND.deleted) return end;
  if (kind !== KIND.string && kind !== KIND.json && kind !== KIND.any) return contentStart;
  const decoder = decoding.createDecoder(bytes);
  decoder.pos = contentStart;
  decoding.readVarUint(decoder);
  return decoder.pos;
}
