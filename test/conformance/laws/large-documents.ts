import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

const PIECE = 'All work and no play makes Jack a dull boy.\n';
const LARGE_CHARACTERS = 3_000_000;

const fill = (length: number): string => PIECE.repeat(Math.ceil(length / PIECE.length)).slice(0, length);

/** A connected client and a late joiner read a document of `count` equal updates. */
const createLaw =
  (count: number): Law =>
  async (server) => {
    const room = server.room();
    const [writer, observer] = await server.joinMany(room, 2);
    if (writer === undefined || observer === undefined) throw new Error('There is no client.');
    for (let part = 0; part < count; part++) writer.shared.text.insert(0, fill(LARGE_CHARACTERS / count));
    await until(
      () => `${LARGE_CHARACTERS} characters to arrive: ${observer.shared.text.length} did`,
      () => observer.shared.text.length === LARGE_CHARACTERS,
    );
    writer.leave();
    observer.leave();
    const late = await server.join(room);
    const length = late.shared.text.length;
    require(length === LARGE_CHARACTERS, `of ${LARGE_CHARACTERS} characters a late joiner got ${length}`);
    require(late.shared.text.toJSON() ===
      fill(LARGE_CHARACTERS / count).repeat(count), 'a late joiner got a different text');
  };

export const largeUpdateIsComplete: Law = createLaw(1);
export const largeDocumentIsComplete: Law = createLaw(30);
