import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { getCanonicalPath } from '../../src/domain/room-paths.ts';
import { readUserId } from './account.ts';
import { getTextAfter } from './editing/edits.ts';
import { typeEnglish } from './editing/english.ts';

const PARAGRAPHS = [
  'We write things down where everybody finds them.\n\n',
  'A decision has a date, a reason and a name. What was decided without a reason may be decided again.\n\n',
  'The engineer on call has the phone, the keys and the last word.\n\n',
  'Fridays end with what we learned this week: three lines, no slides.\n',
];

/** The longest text of the document, and the characters that are deleted from it. */
const MINUTES_EDITS = 60_000;
const MINUTES_DELETED = 20_000;

/** Writes a document with text, a map and a list over HTTP, in four edits and with versions. */
export async function writeDemoDocument(origin: string, token: string, name: string): Promise<void> {
  const userId = await readUserId(origin, token);
  const url = `${origin}${getCanonicalPath({ userId, doType: 'document', resourceName: name })}`;
  const doc = new Y.Doc();
  const text = doc.getText('content');
  const facts = doc.getMap('facts');
  const tasks = doc.getArray('tasks');
  const minutes = doc.getText('minutes');
  const labels = ['First draft', null, 'Reviewed by Grace'];
  for (const [index, paragraph] of PARAGRAPHS.entries()) {
    const before = Y.encodeStateVector(doc);
    doc.transact(() => {
      // The deleted text stays in the history of the versions.
      if (index === 0) minutes.insert(0, getTextAfter(typeEnglish(MINUTES_EDITS, 1)));
      if (index === 2) minutes.delete(1_000, MINUTES_DELETED);
      text.insert(text.length, paragraph);
      facts.set('chapters', index + 1);
      facts.set('status', index === PARAGRAPHS.length - 1 ? 'reviewed' : 'draft');
      tasks.push([{ title: `Illustrate chapter ${index + 1}`, done: index < 2 }]);
    });
    await send(url, token, Y.encodeStateAsUpdate(doc, before));
    const label = labels[index];
    if (label === undefined) continue;
    await call(`${url}/snapshots`, token, JSON.stringify({ label }), 'application/json');
  }
}

/** HTTP sync with an empty state vector. */
async function send(url: string, token: string, update: Uint8Array): Promise<void> {
  const body = encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, Uint8Array.of(0));
    encoding.writeVarUint8Array(encoder, update);
  });
  await call(url, token, body, 'application/octet-stream');
}

async function call(url: string, token: string, body: BodyInit, type: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  const response = await fetch(url, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`POST ${url} returned ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}
