import { type ContentIndex, type Piece, clipPieces } from './content-index.ts';
import { type Content, createContent } from './structs/write-content.ts';

/** Some content, with the delete ranges of its updates. */
export interface ContentPart extends Content {
  /** The part has the updates after one number and through another. The last part has all later ones, too. */
  readonly after: number;
  readonly through: number;
}

export interface PartsOptions {
  /** The client's. */
  readonly stateVector: ReadonlyMap<number, number>;
  /** Updates up to this number are left out. */
  readonly after: number;
  /** A part ends with the first update that reaches this size. */
  readonly partBytes: number;
}

/**
 * Splits what a client lacks into updates that it applies one by one, in log order. So the client sees only states that
 * existed: Yjs would delete formatting that it sees before its text, for all clients (13.6, `cleanupYTextFormatting`).
 * Later updates do not move the boundaries of earlier parts.
 */
export function* splitContent(index: ContentIndex, options: PartsOptions): Generator<ContentPart> {
  const { stateVector, partBytes } = options;
  const inOrder = [...clipPieces(index.pieces, 'after', stateVector).values()]
    .flatMap((pieces) => pieces.filter(({ source }) => source.number > options.after))
    .toSorted((one, other) => one.source.number - other.source.number);
  let part: Piece[] = [];
  let bytes = 0;
  let { after } = options;
  for (const [at, piece] of inOrder.entries()) {
    const { number } = piece.source;
    part.push(piece);
    bytes += piece.range.to - piece.range.from;
    if (bytes < partBytes || inOrder[at + 1]?.source.number === number) continue;
    yield createPart(index, part, after, number);
    part = [];
    bytes = 0;
    after = number;
  }
  yield createPart(index, part, after, Infinity);
}

function createPart(
  index: ContentIndex,
  pieces: readonly Piece[],
  after: number,
  through: number,
): ContentPart {
  const byClient = new Map<number, Piece[]>();
  for (const piece of pieces.toSorted((one, other) => one.clock - other.clock)) {
    const ofClient = byClient.get(piece.range.client);
    if (ofClient === undefined) byClient.set(piece.range.client, [piece]);
    else ofClient.push(piece);
  }
  return { ...createContent(byClient, index.getDeleteRanges(after, through)), after, through };
}
