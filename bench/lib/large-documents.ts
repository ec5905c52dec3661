import * as encoding from 'lib0/encoding';
import { createRandom } from '../../scripts/lib/random.ts';

/** A document as the updates (v1) that its clients sent, in the order in which they sent them. */
export interface LargeDocument {
  readonly name: string;
  readonly updates: readonly Uint8Array[];
}

/** Who wrote them. */
export const CLIENT = 3_000_000_001;

/** Yjs 13.6, src/structs/Item.js and ContentString.js. */
const STRING = 4;
const HAS_ORIGIN = 0b1000_0000;
const HAS_RIGHT_ORIGIN = 0b0100_0000;
const NONE = -1;

/** Text pasted at the end of what is there: `count` updates, each of one string of `bytes / count` bytes. */
export function pastes(name: string, bytes: number, count: number): LargeDocument {
  const length = Math.floor(bytes / count);
  const updates = Array.from({ length: count }, (_, index) =>
    update(CLIENT, index * length, 1, (encoder) => {
      const left = index === 0 ? NONE : index * length - 1;
      writeString(encoder, CLIENT, left, NONE, String.fromCharCode(97 + (index % 26)).repeat(length));
    }),
  );
  return { name, updates };
}

/**
 * One character after the other, each at a random place of the text, as a client types them: no two of them ever join.
 * @param perUpdate how many an update has: 1 where they are sent as they are typed, more after some time offline
 */
export function keystrokes(
  name: string,
  count: number,
  perUpdate: number,
  seed: number,
  client = CLIENT,
): LargeDocument {
  const random = createRandom(seed);
  /** What stands to the right of each character. */
  const next = new Int32Array(count).fill(NONE);
  const updates: Uint8Array[] = [];
  for (let start = 0; start < count; start += perUpdate) {
    const structs = Math.min(perUpdate, count - start);
    updates.push(
      update(client, start, structs, (encoder) => {
        for (let clock = start; clock < start + structs; clock++) {
          const left = clock === 0 ? NONE : Math.floor(random() * clock);
          const right = left === NONE ? NONE : (next[left] ?? NONE);
          next[clock] = right;
          if (left !== NONE) next[left] = clock;
          writeString(encoder, client, left, right, String.fromCharCode(97 + (clock % 26)));
        }
      }),
    );
  }
  return { name, updates };
}

function update(
  client: number,
  clock: number,
  structs: number,
  write: (encoder: encoding.Encoder) => void,
): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, structs);
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    write(encoder);
    encoding.writeVarUint(encoder, 0);
  });
}

/** A string in the text `text`, between two characters of it. */
function writeString(
  encoder: encoding.Encoder,
  client: number,
  left: number,
  right: number,
  text: string,
): void {
  const origins = (left === NONE ? 0 : HAS_ORIGIN) | (right === NONE ? 0 : HAS_RIGHT_ORIGIN);
  encoding.writeUint8(encoder, STRING | origins);
  for (const clock of [left, right]) {
    if (clock === NONE) continue;
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
  }
  if (origins === 0) {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, 'text');
  }
  encoding.writeVarString(encoder, text);
}
