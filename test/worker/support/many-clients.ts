import * as encoding from 'lib0/encoding';

/** One update with one character by each of N clients. */
export function createManyClientsUpdate(clients: number): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clients);
    for (let client = clients; client > 0; client--) {
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarUint(encoder, client * 40_000);
      encoding.writeVarUint(encoder, 0);
      encoding.writeUint8(encoder, 4); // a string, first of the root type `text`
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarString(encoder, 'text');
      encoding.writeVarString(encoder, 'x');
    }
    encoding.writeVarUint(encoder, 0);
  });
}

/** An update of N delete ranges of length 1: 3 to 5 bytes each, and about 60 in memory. */
export function createDeletions(ranges: number, client = 1): Uint8Array {
  return encoding.encode((encoder) => {
    for (const value of [0, 1, client, ranges]) encoding.writeVarUint(encoder, value);
    for (let range = 0; range < ranges; range++) {
      encoding.writeVarUint(encoder, 2 * range);
      encoding.writeVarUint(encoder, 1);
    }
  });
}
