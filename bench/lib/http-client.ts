import { setTimeout as sleep } from 'node:timers/promises';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { System, User } from '../../test/support/system.ts';

/** One post in this many is large. */
const LARGE_EVERY = 40;
const LARGE_CHARACTERS = 2_000_000;

/** A client that edits by one HTTP sync after the other, and notes what a 2xx answered. */
export class HttpClient {
  /** What a 2xx answered. */
  readonly answered: Uint8Array[] = [];
  /** Updates that it was given and had not written: each answer as it came. */
  readonly seen: Uint8Array[] = [];
  readonly #url: string;
  readonly #path: string;
  readonly #user: User;
  readonly #random: () => number;
  readonly #doc = new Y.Doc();
  #isResting = false;
  #isOver = false;

  constructor(system: System, user: User, path: string, random: () => number) {
    this.#url = `${system.origin}${path}`;
    this.#path = path;
    this.#user = user;
    this.#random = random;
  }

  /**
   * Posts until `rest`.
   * @param large whether two megabytes now and then
   * @param pauseMs between two posts, on average
   */
  async work({ large, pauseMs }: { large: boolean; pauseMs: number }): Promise<void> {
    const list = this.#doc.getArray('posted');
    while (!this.#isResting) {
      const before = Y.encodeStateVector(this.#doc);
      const isLarge = large && this.#random() < 1 / LARGE_EVERY;
      list.push([isLarge ? 'x'.repeat(LARGE_CHARACTERS) : this.#random()]);
      if (!(await this.#post(Y.encodeStateAsUpdate(this.#doc, before)))) return;
      await sleep(this.#random() * 2 * pauseMs);
    }
  }

  rest(): void {
    this.#isResting = true;
  }

  end(): void {
    this.#isResting = true;
    this.#isOver = true;
  }

  /** Whether it was answered before the end. */
  async #post(update: Uint8Array): Promise<boolean> {
    const body = encoding.encode((encoder) => {
      encoding.writeVarUint8Array(encoder, Y.encodeStateVector(this.#doc));
      encoding.writeVarUint8Array(encoder, update);
    });
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#user.token}` },
        body,
      });
      if (!response.ok) throw new Error(`a POST to ${this.#path} was answered with ${response.status}`);
      this.answered.push(update);
      // What others had written, and all deletions.
      const diff = new Uint8Array(await response.arrayBuffer());
      if (diff.byteLength === 0) return true;
      Y.applyUpdate(this.#doc, diff);
      this.seen.push(diff);
      return true;
    } catch (error) {
      if (this.#isOver) return false;
      throw error;
    }
  }
}
