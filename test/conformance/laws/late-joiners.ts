import { contentOf } from '../content.ts';
import { editAtRandom } from '../random-edits.ts';
import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

const EDITS = 300;

export const lateJoinerHasEverything: Law = async (server) => {
  const room = server.room();
  const [writer, witness] = await server.joinMany(room, 2);
  if (writer === undefined || witness === undefined) throw new Error('no client');
  for (let edit = 0; edit < EDITS; edit++) editAtRandom(writer.doc, server.random);
  const written = contentOf(writer.doc);
  await until('all edits to arrive', () => contentOf(witness.doc) === written);
  const late = await server.join(room);
  require(late.atFirstSynced ===
    written, `of ${written.length} characters a late joiner had ${late.atFirstSynced?.length} at its first synced`);
};

export const documentOutlivesItsClients: Law = async (server) => {
  const room = server.room();
  const [writer, witness] = await server.joinMany(room, 2);
  if (writer === undefined || witness === undefined) throw new Error('no client');
  writer.shared.text.insert(0, 'left behind');
  await until('the edit to arrive', () => witness.shared.text.toJSON() === 'left behind');
  writer.leave();
  witness.leave();
  const late = await server.join(room);
  const text = late.shared.text.toJSON();
  require(text === 'left behind', `who comes to a room that all have left reads "${text}"`);
};
