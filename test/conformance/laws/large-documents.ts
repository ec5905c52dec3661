import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

const PIECE = 'All work and no play makes Jack a dull boy.\n';
const LARGE = 3_000_000;

const fill = (length: number): string => PIECE.repeat(Math.ceil(length / PIECE.length)).slice(0, length);

/** Written in `count` updates of one size; then joined by one who was there and by one who was not. */
const joinedWhole =
  (count: number): Law =>
  async (server) => {
    const room = server.room();
    const [writer, witness] = await server.joinMany(room, 2);
    if (writer === undefined || witness === undefined) throw new Error('no client');
    for (let part = 0; part < count; part++) writer.shared.text.insert(0, fill(LARGE / count));
    await until(
      () => `${LARGE} characters: ${witness.shared.text.length} came`,
      () => witness.shared.text.length === LARGE,
    );
    writer.leave();
    witness.leave();
    const late = await server.join(room);
    const length = late.shared.text.length;
    require(length === LARGE, `of ${LARGE} characters a late joiner got ${length}`);
    require(late.shared.text.toJSON() === fill(LARGE / count).repeat(count), 'a late joiner got other text');
  };

export const largeUpdateIsJoinedWhole: Law = joinedWhole(1);
export const largeDocumentIsJoinedWhole: Law = joinedWhole(30);
