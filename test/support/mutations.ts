import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/**
 * What a fuzzer sends: valid updates, frames and HTTP bodies, damaged in every way that a client, a proxy or an
 * attacker may damage them. Runs in Node and in workerd; the same `random` gives the same inputs.
 */
export interface Mutations {
  /** A WebSocket frame; a string for a text frame. */
  frame(): Uint8Array | string;
  update(): Uint8Array;
  stateVector(): Uint8Array;
  /** The body of an HTTP sync. */
  body(): Uint8Array;
}

const write = (...parts: ((encoder: encoding.Encoder) => void)[]): Uint8Array =>
  encoding.encode((encoder) => parts.forEach((part) => part(encoder)));
const uint = (value: number) => (encoder: encoding.Encoder) => encoding.writeVarUint(encoder, value);
const bytes = (value: Uint8Array) => (encoder: encoding.Encoder) =>
  encoding.writeVarUint8Array(encoder, value);
const string = (value: string) => (encoder: encoding.Encoder) => encoding.writeVarString(encoder, value);

/** Bytes at which decoders turn one way or the other, and lengths that nothing can have. */
const TELLING_BYTES = [0, 1, 2, 3, 10, 31, 32, 63, 64, 127, 128, 129, 191, 192, 255];
const HUGE = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER].map((value) =>
  write(uint(value)),
);

export function mutations(random: () => number): Mutations {
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <T>(from: readonly T[]): T => {
    const one = from[below(from.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  };
  const noise = (most: number) => Uint8Array.from({ length: below(most) }, () => below(256));
  const updates = validUpdates();

  const damage = (input: Uint8Array): Uint8Array => {
    const at = below(input.length + 1);
    const end = Math.min(input.length, at + 1 + below(8));
    switch (below(9)) {
      case 0: // one bit
        return input.map((byte, index) => (index === at ? byte ^ (1 << below(8)) : byte));
      case 1:
        return input.map((byte, index) => (index === at ? pick(TELLING_BYTES) : byte));
      case 2:
        return input.map((byte, index) => (index >= at && index < end ? below(256) : byte));
      case 3: // cut short
        return input.slice(0, at);
      case 4: // bytes taken out
        return concat(input.slice(0, at), input.slice(end));
      case 5: // bytes put in
        return concat(input.slice(0, at), noise(8), input.slice(at));
      case 6: // a part twice
        return concat(input.slice(0, end), input.slice(at));
      case 7: // a huge number in the place of a byte
        return concat(input.slice(0, at), pick(HUGE), input.slice(at + 1));
      default: {
        const other = pick(updates);
        return concat(input.slice(0, at), other.slice(below(other.length)));
      }
    }
  };
  const damagedOrNot = (input: Uint8Array): Uint8Array => {
    let output = input;
    for (let times = below(4); times > 0; times--) output = damage(output);
    return output;
  };
  const update = () => damagedOrNot(pick(updates));
  const stateVector = () => damagedOrNot(Y.encodeStateVectorFromUpdate(pick(updates)));
  const awareness = () => {
    const json = pick(['null', '{}', '{"user":{"name":"Ada"}}', '{"user":', '', 'x'.repeat(9_000), '[1,2]']);
    return write(uint(1), uint(below(2 ** 32)), uint(below(100)), string(json));
  };

  const frame = (): Uint8Array | string => {
    switch (below(16)) {
      case 0:
      case 1:
        return write(uint(0), uint(0), bytes(stateVector()));
      case 2:
      case 3:
        return write(uint(0), uint(1), bytes(update()));
      case 4:
      case 5:
      case 6:
      case 7:
        return write(uint(0), uint(2), bytes(update()));
      case 8:
        return write(uint(1), bytes(damagedOrNot(awareness())));
      case 9:
        return write(uint(3));
      case 10:
        return concat(write(uint(100)), noise(20));
      case 11:
        return write(uint(pick([2, 4, 99, 101, 2 ** 32])), bytes(update()));
      case 12: // a length that is not there
        return concat(write(uint(0), uint(below(3))), pick(HUGE), noise(20));
      case 13:
        return write(uint(0), uint(3 + below(200)), bytes(update()));
      case 14:
        return below(2) === 0 ? noise(200) : pick(['ping', 'pong', '', '{"type":"sync"}']);
      default:
        return damage(write(uint(0), uint(below(3)), bytes(update())));
    }
  };
  const body = () => {
    const whole = write(bytes(stateVector()), bytes(update()));
    return below(3) === 0 ? damage(whole) : whole;
  };
  return { frame, update, stateVector, body };
}

/** Updates of every kind of content, with deletions, gaps and moves. Names no root that a test keeps its own text in. */
function validUpdates(): Uint8Array[] {
  const updates: Uint8Array[] = [];
  for (let clientID = 1; clientID <= 3; clientID++) {
    const doc = Object.assign(new Y.Doc({ gc: clientID !== 2 }), { clientID });
    doc.on('update', (update: Uint8Array) => updates.push(update));
    const text = doc.getText('fuzzed text');
    text.insert(0, 'some words of text 😀');
    text.format(2, 6, { bold: true });
    text.insertEmbed(3, { image: 'x' });
    text.delete(1, 5);
    const list = doc.getArray<unknown>('fuzzed list');
    list.push([1, 'two', null, { three: [3] }, new Uint8Array([4, 5])]);
    list.insert(1, [new Y.Map([['key', new Y.Array()]]), new Y.Text('inner')]);
    list.delete(0, 2);
    const map = doc.getMap('fuzzed map');
    map.set('a', 1);
    map.set('a', { b: true });
    map.set('doc', new Y.Doc({ guid: 'subdocument' }));
    map.delete('a');
    const element = new Y.XmlElement('p');
    doc.getXmlFragment('fuzzed xml').insert(0, [element, new Y.XmlText('text')]);
    map.set('hook', new Y.XmlHook('hook'));
    element.setAttribute('class', 'x');
    updates.push(Y.encodeStateAsUpdate(doc));
  }
  return updates;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
