import { type ContentIndex, type Piece, clip } from './content-index.ts';
import { type Content, contentOf } from './structs/write-content.ts';

/** Some content and the deletions of the updates that it came with. */
export interface Part extends Content {
  /** What comes with the updates after one number and through another; the last part has what comes later, too. */
  readonly after: number;
  readonly through: number;
}

export interface PartsOptions {
  /** What the client has. */
  readonly stateVector: ReadonlyMap<number, number>;
  /** What came with updates up to this number is left out. */
  readonly after: number;
  /** At which a part ends that does not end in the middle of an update. */
  readonly partBytes: number;
}

/**
 * What a client lacks, as updates to be taken in one after the other. They follow the order in which the log has it: a client
 * that takes them in sees only what there once was. (A document that sees formatting before the text it belongs to takes it for
 * redundant and deletes it, for all clients: Yjs 13.6, `cleanupYTextFormatting`.) What comes later does not change where
 * earlier parts end.
 * @param index whose deletions go with the content
 */
export function* inParts(index: ContentIndex, options: PartsOptions): Generator<Part> {
  const { stateVector, partBytes } = options;
  const inOrder = [...clip(index.pieces, 'after', stateVector).values()]
    .flatMap((pieces) => pieces.filter(({ source }) => source.number > options.after))
    .toSorted((one, other) => one.source.number - other.source.number);
  let part: Piece[] = [];
  let bytes = 0;
  let { after } = options;
  for (const [at, piece] of inOrder.entries()) {
    const { number } = piece.source;
    part.push(piece);
    bytes += piece.run.to - piece.run.from;
    if (bytes < partBytes || inOrder[at + 1]?.source.number === number) continue;
    yield partOf(index, part, after, number);
    part = [];
    bytes = 0;
    after = number;
  }
  yield partOf(index, part, after, Infinity);
}

function partOf(index: ContentIndex, pieces: readonly Piece[], after: number, through: number): Part {
  const byClient = new Map<number, Piece[]>();
  for (const piece of pieces.toSorted((one, other) => one.clock - other.clock)) {
    const ofClient = byClient.get(piece.run.client);
    if (ofClient === undefined) byClient.set(piece.run.client, [piece]);
    else ofClient.push(piece);
  }
  return { ...contentOf(byClient, index.deletionsAfter(after, through)), after, through };
}
