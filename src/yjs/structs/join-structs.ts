import type { ByteWriter } from './byte-writer.ts';
import { elementsStart } from '../content-sum.ts';
import { MAX_JOINED_BYTES } from '../limits.ts';
import { CONTENT, type Id, KIND, type Struct } from './struct-reader.ts';

/** A struct that is not written yet, because the next one may continue it. */
interface OpenStruct {
  readonly kind: number;
  /** All that stands before the content. */
  readonly head: Uint8Array;
  readonly rightOrigin: Id | null;
  /** `null`: in part. */
  readonly isDeleted: boolean | null;
  /** In clocks. */
  length: number;
  /** The content without its length or count. */
  readonly content: Uint8Array[];
  contentBytes: number;
}

/**
 * Writes the structs of one client, oldest first, and joins those that continue each other: of two keystrokes it makes
 * one string. That is what Yjs does with neighbours in a document (13.6, `Item.mergeWith`), and needs no document: an
 * item that stands right after its client's previous one, before the same neighbour, is what Yjs makes of the second
 * half where it splits the two joined. Whoever came to stand between the two meanwhile makes Yjs split them again.
 */
export class StructJoiner {
  readonly #writer: ByteWriter;
  #open: OpenStruct | null = null;
  #written = 0;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  /**
   * @param bytes in which the struct stands
   * @param isDeleted whether the update that is written says that it is deleted; `null`: in part
   */
  add(bytes: Uint8Array, struct: Struct, isDeleted: boolean | null): void {
    if (!JOINABLE.has(struct.kind)) {
      this.addWhole(bytes.subarray(struct.start, struct.end));
      return;
    }
    const { kind, length, rightOrigin } = struct;
    const content = bytes.subarray(elementsStart(bytes, struct), struct.end);
    const head = bytes.subarray(struct.start, struct.contentStart);
    this.#addOpen(
      { kind, head, rightOrigin, isDeleted, length, content: [content], contentBytes: content.byteLength },
      struct,
    );
  }

  /** The struct without its content, as Yjs keeps deleted ones where garbage is collected. */
  addEmptied(bytes: Uint8Array, struct: Struct): void {
    const head = bytes.slice(struct.start, struct.contentStart);
    head[0] = ((head[0] ?? 0) & ~CONTENT) | KIND.deleted;
    const { length, rightOrigin } = struct;
    this.#addOpen(
      { kind: KIND.deleted, head, rightOrigin, isDeleted: true, length, content: [], contentBytes: 0 },
      struct,
    );
  }

  /** What is left of a struct in a type that is deleted. */
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

  /** One struct as it is, or a gap. */
  addWhole(struct: Uint8Array): void {
    this.#close();
    this.#writer.write(struct);
    this.#written += 1;
  }

  /** How many structs were written. */
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
    // Of a string, how many bytes; of all else, how many clocks it covers.
    this.#writer.writeNumber(open.kind === KIND.string ? open.contentBytes : open.length);
    for (const content of open.content) this.#writer.write(content);
    this.#written += 1;
  }
}

const JOINABLE: ReadonlySet<number> = new Set([KIND.garbage, KIND.deleted, KIND.json, KIND.string, KIND.any]);
const GARBAGE_HEAD = new Uint8Array([KIND.garbage]);

/** Whether a struct is the rest of the one before it, which the same client wrote. */
function continues(open: OpenStruct, next: OpenStruct, { client, clock, origin }: Struct): boolean {
  if (open.kind !== next.kind || open.contentBytes + next.contentBytes > MAX_JOINED_BYTES) return false;
  if (open.kind === KIND.garbage) return true;
  const isNeighbour = origin?.client === client && origin.clock === clock - 1;
  if (!isNeighbour || !isSame(open.rightOrigin, next.rightOrigin)) return false;
  // Values may be a key's, of which only the last one is not deleted; text is never a key's.
  return open.kind === KIND.string || (open.isDeleted !== null && open.isDeleted === next.isDeleted);
}

const isSame = (one: Id | null, other: Id | null): boolean =>
  one?.client === other?.client && one?.clock === other?.clock;
