import * as Y from 'yjs';
import type { RawClient } from '../raw-client.ts';
import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

const getText = ({ doc }: RawClient): string => doc.getText('text').toJSON();

export const updateIsNotEchoed: Law = async (server) => {
  const room = server.room();
  const sender = await server.connect(room);
  const other = await server.connect(room);
  await Promise.all([sender.roundTrip(), other.roundTrip()]);
  const before = sender.received.length;
  for (let edit = 0; edit < 20; edit++) sender.edit((doc) => doc.getText('text').insert(0, 'a'));
  await until('the other client to receive 20 edits', () => getText(other).length === 20);
  other.edit((doc) => doc.getText('text').insert(20, 'z'));
  // Echoes come before edits that were sent after the 20 edits arrived.
  await until('the sender to receive an edit of the other client', () => getText(sender).endsWith('z'));
  const echoes = sender.received
    .slice(before)
    .filter(({ message }) => message.type === 'update' || message.type === 'step2')
    .filter(({ message }) => 'bytes' in message && isFrom(sender.doc.clientID, message.bytes));
  require(echoes.length === 0, `${echoes.length} of 20 updates came back to their sender`);
};

const isFrom = (clientId: number, update: Uint8Array): boolean =>
  Y.decodeUpdate(update).structs.some(({ id }) => id.client === clientId);

const DOCUMENT_CHARACTERS = 100_000;

export const replyGoesToRequesterOnly: Law = async (server) => {
  const room = server.room();
  const bystander = await server.connect(room);
  await bystander.roundTrip();
  const writer = await server.connect(room);
  writer.edit((doc) => doc.getText('text').insert(0, 'x'.repeat(DOCUMENT_CHARACTERS)));
  await until(
    'the bystander to receive the document',
    () => getText(bystander).length === DOCUMENT_CHARACTERS,
  );
  const before = bystander.received.length;
  const requester = await server.connect(room);
  await requester.roundTrip();
  require(getText(requester).length === DOCUMENT_CHARACTERS, 'the requester did not receive the document');
  requester.edit((doc) => doc.getText('text').insert(0, 'end'));
  await until('the bystander to receive the last edit', () => getText(bystander).startsWith('end'));
  const received = bystander.received
    .slice(before)
    .filter(
      ({ message }) => message.type === 'step1' || message.type === 'step2' || message.type === 'update',
    )
    .filter(
      ({ message }) =>
        !('bytes' in message && message.type === 'update' && isFrom(requester.doc.clientID, message.bytes)),
    );
  const bytes = received.reduce((sum, frame) => sum + frame.bytes.length, 0);
  require(bytes === 0, `a bystander received ${bytes} bytes of another client's sync reply`);
};
