import * as decoding from 'lib0/decoding';
import { KIND, type Struct } from './structs/struct-reader.ts';

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * A checksum of the content of structs, added client by client in clock order. Cutting and joining structs does not change
 * it. Structs without content are ignored.
 */
export class ContentChecksum {
  #client = -1;
  #bytes = 0;
  #hash = OFFSET_BASIS;

  /** @param bytes the update that has the struct */
  add(bytes: Uint8Array, struct: Struct): void {
    const { client, kind, end } = struct;
    if (kind === KIND.garbage || kind === KIND.deleted || kind === KIND.gap) return;
    if (client !== this.#client) this.#mix(client);
    this.#client = client;
    const start = findElementsStart(bytes, struct);
    this.#bytes += end - start;
    for (let at = start; at < end; at++) this.#mix(bytes[at] ?? 0);
  }

  equals(other: ContentChecksum): boolean {
    return this.#bytes === other.#bytes && this.#hash === other.#hash;
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, PRIME);
  }
}

/** The position of the first element of a struct's content, after its length or count; the struct's end if it has no content. */
export function findElementsStart(bytes: Uint8Array, { kind, contentStart, end }: Struct): number {
  if (kind === KIND.garbage || kind === KIND.deleted) return end;
  if (kind !== KIND.string && kind !== KIND.json && kind !== KIND.any) return contentStart;
  const decoder = decoding.createDecoder(bytes);
  decoder.pos = contentStart;
  decoding.readVarUint(decoder);
  return decoder.pos;
}
