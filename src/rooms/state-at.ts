import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { type Ranges, readStruct } from './read-update.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The state as of a snapshot, as one update (v1), cut out of a later state of the same document. Copies bytes, decodes
 * only the structs through which a cut goes, and builds no document.
 * @param state one update that has everything the snapshot has, as Yjs encodes or merges it
 */
export function stateAt(state: Uint8Array, { stateVector, deletions }: Snapshot): Uint8Array {
  const decoder = decoding.createDecoder(state);
  const kept = encoding.createEncoder();
  let keptClients = 0;
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    const structs = decoding.readVarUint(decoder);
    const client = decoding.readVarUint(decoder);
    const clock = decoding.readVarUint(decoder);
    const block = readBlock(decoder, { client, clock, structs }, stateVector.get(client) ?? 0);
    if (block.structs === 0) continue;
    keptClients += 1;
    encoding.writeVarUint(kept, block.structs);
    encoding.writeVarUint(kept, client);
    encoding.writeVarUint(kept, clock);
    for (const bytes of block.bytes) encoding.writeUint8Array(kept, bytes);
  }
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, keptClients);
    encoding.writeBinaryEncoder(encoder, kept);
    writeDeletions(encoder, deletions);
  });
}

/** Reads one client's structs to their end and keeps what lies before the clock `until`. */
function readBlock(
  decoder: decoding.Decoder,
  { client, clock, structs }: { client: number; clock: number; structs: number },
  until: number,
): { structs: number; bytes: readonly Uint8Array[] } {
  const start = decoder.pos;
  let end = start;
  let kept = 0;
  let cut: Uint8Array | null = null;
  for (let at = clock, left = structs; left > 0; left--) {
    const from = decoder.pos;
    const { length } = readStruct(decoder, client, at);
    if (at + length <= until) {
      kept += 1;
      end = decoder.pos;
    } else if (at < until) {
      kept += 1;
      cut = firstPart(decoder.arr.subarray(from, decoder.pos), { client, clock: at }, until - at);
    }
    at += length;
  }
  const whole = decoder.arr.subarray(start, end);
  return { structs: kept, bytes: cut === null ? [whole] : [whole, cut] };
}

/** The first `length` clocks of one encoded struct. */
function firstPart(
  bytes: Uint8Array,
  { client, clock }: { client: number; clock: number },
  length: number,
): Uint8Array {
  const alone = encoding.encode((encoder) => {
    for (const value of [1, 1, client, clock]) encoding.writeVarUint(encoder, value);
    encoding.writeUint8Array(encoder, bytes);
    encoding.writeVarUint(encoder, 0);
  });
  const [struct] = Y.decodeUpdate(alone).structs;
  if (struct === undefined) throw new Error('a struct that cannot be read alone');
  const encoder = new Y.UpdateEncoderV1();
  // Splicing leaves the content its first part and returns the rest (Yjs 13.6, `splitItem`).
  if (struct instanceof Y.Item) struct.content.splice(length);
  else struct.length = length;
  struct.write(encoder, 0);
  return encoding.toUint8Array(encoder.restEncoder);
}

function writeDeletions(encoder: encoding.Encoder, deletions: Ranges): void {
  encoding.writeVarUint(encoder, deletions.size);
  for (const [client, ranges] of deletions) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length);
    for (const { clock, len } of ranges) {
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarUint(encoder, len);
    }
  }
}
