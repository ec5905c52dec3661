import type { ByteWriter } from './byte-writer.ts';
import { findElementsStart } from '../content-checksum.ts';
import { MAX_JOINED_STRUCT_BYTES } from '../limits.ts';
import { CONTENT_KIND_MASK, type Id, KIND, type Struct } from './struct-reader.ts';

/** A struct that is not written yet, because the next struct may continue it. */
interface OpenStruct {
  readonly kind: number;
  /** The bytes before the content. */
  readonly head: Uint8Array;
  readonly rightOrigin: Id | null;
  /** `null`: in part. */
  readonly isDeleted: boolean | null;
  /** In clocks. */
  length: number;
  /** Chunks of the content, without its length or count. */
  readonly content: Uint8Array[];
  contentBytes: number;
}

/**
 * Writes the structs of one client in clock order and joins neighbours into one struct, as Yjs does (13.6,
 * `Item.mergeWith`). This needs no document: an item right after its client's previous item, with the same right origin,
 * is exactly what Yjs makes of the second half when it splits the joined item, as it does for an insert between the two.
 */
export class StructJoiner {
  readonly #writer: ByteWriter;
  #open: OpenStruct | null = null;
  #written = 0;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  /**
   * @param bytes the update that has the struct
   * @param isDeleted whether the written update deletes the struct; `null`: in part
   */
  add(bytes: Uint8Array, struct: Struct, isDeleted: boolean | null): void {
    if (!JOINABLE.has(struct.kind)) {
      this.addWhole(bytes.subarray(struct.start, struct.end));
      return;
    }
    const { kind, length, rightOrigin } = struct;
    const content = bytes.subarray(findElementsStart(bytes, struct), struct.end);
    const head = bytes.subarray(struct.start, struct.contentStart);
    this.#addOpen(
      { kind, head, rightOrigin, isDeleted, length, content: [content], contentBytes: content.byteLength },
      struct,
    );
  }

  /** Adds the struct without its content, as Yjs keeps deleted items with `gc: true`. */
  addEmptied(bytes: Uint8Array, struct: Struct): void {
    const head = bytes.slice(struct.start, struct.contentStart);
    head[0] = ((head[0] ?? 0) & ~CONTENT_KIND_MASK) | KIND.deleted;
    const { length, rightOrigin } = struct;
    this.#addOpen(
      { kind: KIND.deleted, head, rightOrigin, isDeleted: true, length, content: [], contentBytes: 0 },
      struct,
    );
  }

  /** Adds garbage in place of a struct in a deleted type. */
  addGarbage(struct: Struct): void {
    const { length } = struct;
    this.#addOpen(
      {
        kind: KIND.garbage,
        head: GARBAGE_HEAD,
        rightOrigin: null,
        isDeleted: true,
        length,
        content: [],
        contentBytes: 0,
      },
      struct,
    );
  }

  /** Adds an encoded struct or gap unchanged. */
  addWhole(struct: Uint8Array): void {
    this.#close();
    this.#writer.write(struct);
    this.#written += 1;
  }

  /** @returns the number of structs written */
  finish(): number {
    this.#close();
    return this.#written;
  }

  #addOpen(next: OpenStruct, struct: Struct): void {
    const open = this.#open;
    if (open === null || !continues(open, next, struct)) {
      this.#close();
      this.#open = next;
      return;
    }
    open.length += next.length;
    for (const content of next.content) open.content.push(content);
    open.contentBytes += next.contentBytes;
  }

  #close(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    this.#writer.write(open.head);
    // The length of a string in bytes, of other content in clocks.
    this.#writer.writeNumber(open.kind === KIND.string ? open.contentBytes : open.length);
    for (const content of open.content) this.#writer.write(content);
    this.#written += 1;
  }
}

const JOINABLE: ReadonlySet<number> = new Set([KIND.garbage, KIND.deleted, KIND.json, KIND.string, KIND.any]);
const GARBAGE_HEAD = new Uint8Array([KIND.garbage]);

/** Whether a struct continues the previous struct of the same client. */
function continues(open: OpenStruct, next: OpenStruct, { client, clock, origin }: Struct): boolean {
  if (open.kind !== next.kind || open.contentBytes + next.contentBytes > MAX_JOINED_STRUCT_BYTES)
    return false;
  if (open.kind === KIND.garbage) return true;
  const isNeighbour = origin?.client === client && origin.clock === clock - 1;
  if (!isNeighbour || !isSame(open.rightOrigin, next.rightOrigin)) return false;
  // Values can belong to a map key, of which only the last is not deleted. Text never belongs to a key.
  return open.kind === KIND.string || (open.isDeleted !== null && open.isDeleted === next.isDeleted);
}

const isSame = (one: Id | null, other: Id | null): boolean =>
  one?.client === other?.client && one?.clock === other?.clock;
