import * as Y from 'yjs';
import type { RawClient } from '../raw-client.ts';
import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

const textOf = ({ doc }: RawClient): string => doc.getText('text').toJSON();

export const updateIsNotEchoed: Law = async (server) => {
  const room = server.room();
  const sender = await server.connect(room);
  const other = await server.connect(room);
  await Promise.all([sender.roundTrip(), other.roundTrip()]);
  const before = sender.received.length;
  for (let edit = 0; edit < 20; edit++) sender.edit((doc) => doc.getText('text').insert(0, 'a'));
  await until('the other to get 20 edits', () => textOf(other).length === 20);
  other.edit((doc) => doc.getText('text').insert(20, 'z'));
  // Echoes come before what was sent after the edits arrived.
  await until('the sender to get an edit of the other', () => textOf(sender).endsWith('z'));
  const echoes = sender.received
    .slice(before)
    .filter(({ message }) => message.type === 'update' || message.type === 'step2')
    .filter(({ message }) => 'bytes' in message && isBy(sender.doc.clientID, message.bytes));
  require(echoes.length === 0, `of 20 updates ${echoes.length} came back to their sender`);
};

const isBy = (clientId: number, update: Uint8Array): boolean =>
  Y.decodeUpdate(update).structs.some(({ id }) => id.client === clientId);

/** Enough that a reply sent to the wrong one is plain to see. */
const DOCUMENT_CHARACTERS = 100_000;

export const replyGoesToTheAskerAlone: Law = async (server) => {
  const room = server.room();
  const bystander = await server.connect(room);
  await bystander.roundTrip();
  const writer = await server.connect(room);
  writer.edit((doc) => doc.getText('text').insert(0, 'x'.repeat(DOCUMENT_CHARACTERS)));
  await until('the bystander to get the document', () => textOf(bystander).length === DOCUMENT_CHARACTERS);
  const before = bystander.received.length;
  const asker = await server.connect(room);
  await asker.roundTrip();
  require(textOf(asker).length === DOCUMENT_CHARACTERS, 'the asker did not get the document');
  asker.edit((doc) => doc.getText('text').insert(0, 'end'));
  await until('the bystander to get the edit that ends the test', () => textOf(bystander).startsWith('end'));
  const overheard = bystander.received
    .slice(before)
    .filter(
      ({ message }) => message.type === 'step1' || message.type === 'step2' || message.type === 'update',
    )
    .filter(
      ({ message }) =>
        !('bytes' in message && message.type === 'update' && isBy(asker.doc.clientID, message.bytes)),
    );
  const bytes = overheard.reduce((sum, frame) => sum + frame.bytes.length, 0);
  require(bytes === 0, `a bystander got ${bytes} bytes of what another asked for`);
};
