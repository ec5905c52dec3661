import { getContent } from '../content.ts';
import { applyRandomEdit } from '../random-edits.ts';
import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

const EDITS = 300;

export const lateJoinerHasEverything: Law = async (server) => {
  const room = server.room();
  const [writer, observer] = await server.joinMany(room, 2);
  if (writer === undefined || observer === undefined) throw new Error('There is no client.');
  for (let edit = 0; edit < EDITS; edit++) applyRandomEdit(writer.doc, server.random);
  const written = getContent(writer.doc);
  await until('all edits to arrive', () => getContent(observer.doc) === written);
  const late = await server.join(room);
  require(late.contentAtFirstSync ===
    written, `of ${written.length} characters a late joiner had ${late.contentAtFirstSync?.length} at its first synced`);
};

export const documentOutlivesItsClients: Law = async (server) => {
  const room = server.room();
  const [writer, observer] = await server.joinMany(room, 2);
  if (writer === undefined || observer === undefined) throw new Error('There is no client.');
  writer.shared.text.insert(0, 'left behind');
  await until('the edit to arrive', () => observer.shared.text.toJSON() === 'left behind');
  writer.leave();
  observer.leave();
  const late = await server.join(room);
  const text = late.shared.text.toJSON();
  require(text === 'left behind', `a client that joins the empty room reads "${text}"`);
};
