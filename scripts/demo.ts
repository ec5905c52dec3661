import { parseArgs } from 'node:util';
import path from 'node:path';
import * as Y from 'yjs';
import { z } from 'zod';
import { mintJwt, openAccount, readUserId } from './lib/account.ts';
import { DEFAULT_DATA_FOLDER, localOrigin, requireServer } from './lib/local-origin.ts';
import { type Edit, getTextAfter } from './lib/editing/edits.ts';
import { typeEnglish } from './lib/editing/english.ts';
import { readSequentialTrace } from './lib/editing/traces.ts';
import { Typist } from './lib/editing/typist.ts';
import { printableLines } from './lib/printable.ts';

const HELP = `Two y-websocket clients type a text into a document of a running Roomkeeper.

  npm run demo [-- options]

  --origin URL       the running system (default: the origin of "npm run dev")
  --document NAME    the document (default: a new one)
  --trace FILE       type a sequential editing trace (docs/internals/conformance.md) instead of a generated text
  --edits N|all      how many edits (default 5000)
  --writers 1|2      how many clients type, in turns (default 2)
  --seed N           the seed of the generated text (default 1)
  --persist-to DIR   the data folder of "npm run dev", which holds the demo account (default .roomkeeper)
  --help             this text`;

const DEFAULT_EDITS = 5_000;
/** Edits of one client before the other client types. */
const EDITS_PER_TURN = 50;
/** A room reports its size about two seconds after the last client leaves. */
const SIZE_TIMEOUT_MS = 30_000;

interface Options {
  readonly origin: string;
  readonly document: string;
  readonly edits: readonly Edit[];
  readonly expected: string;
  readonly writers: number;
  readonly accountFile: string;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return console.log(HELP);
  const { origin, document, edits, expected, accountFile } = options;
  await requireServer(origin);

  const account = await openAccount(origin, accountFile);
  console.log(`Account    ${account.email}  password ${account.password}`);
  console.log(`Document   ${document}`);
  const documents = `${origin}/users/${encodeURIComponent(await readUserId(origin, account.token))}/documents`;
  const syncUrl = documents.replace(/^http/, 'ws');
  const jwt = await mintJwt(origin, account.token);
  const clients = [new Typist(syncUrl, document, jwt), new Typist(syncUrl, document, jwt)];
  await Promise.all(clients.map((client) => client.synced()));
  const [reader] = clients;
  if (reader === undefined) throw new Error('There is no client.');
  if (reader.text !== '')
    throw new Error(`The document ${document} is not empty. Choose another with --document.`);

  const startedAt = performance.now();
  await type(clients, options);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `Typed      ${edits.length} edits in ${seconds.toFixed(1)} s, ${Math.round(edits.length / seconds)} per second`,
  );

  const textOverHttp = await readOverHttp(`${documents}/${encodeURIComponent(document)}`, account.token);
  const texts = [...clients.map((client) => client.text), textOverHttp];
  if (texts.some((text) => text !== expected))
    throw new Error('The texts of the clients differ from the text that was typed.');
  console.log(`Compared   both clients and a read over HTTP have the same ${expected.length} characters`);
  for (const client of clients) client.leave();

  const size = await waitForSize(origin, document, account.token);
  console.log(`Stored     ${size.toLocaleString('en')} bytes`);
  console.log(`Dashboard  Sign in with this account at ${origin}/dashboard`);
}

/** The writers take turns. A writer starts when it has received all edits of the previous one. */
async function type(clients: readonly Typist[], { edits, writers }: Options): Promise<void> {
  for (let start = 0; start < edits.length; start += EDITS_PER_TURN) {
    const turn = start / EDITS_PER_TURN;
    const writer = clients[turn % writers];
    const previous = clients[(turn + writers - 1) % writers];
    if (writer === undefined || previous === undefined) throw new Error('There is no client.');
    if (writer !== previous) {
      await previous.stored();
      await writer.stored();
    }
    for (const edit of edits.slice(start, start + EDITS_PER_TURN)) writer.type(edit);
    await writer.waitForCapacity();
    showProgress(Math.min(start + EDITS_PER_TURN, edits.length), edits.length);
  }
  // After round 1 all edits are stored. After round 2 both clients have received them.
  for (const round of [1, 2]) {
    await Promise.all(clients.map((client) => client.stored()));
    if (round === 2) showProgress(edits.length, edits.length);
  }
}

let shownPercent = -1;

function showProgress(done: number, total: number): void {
  const percent = Math.floor((done / total) * 100);
  if (percent === shownPercent) return;
  if (process.stdout.isTTY) {
    process.stdout.write(`\rTyping     ${percent} %${percent === 100 ? '\n' : ''}`);
  } else if (percent % 10 === 0) {
    console.log(`Typing     ${percent} %`);
  }
  shownPercent = percent;
}

async function readOverHttp(url: string, token: string): Promise<string> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`GET ${url} returned ${response.status}.`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc.getText('text').toJSON();
}

const Instances = z.object({
  instances: z.array(z.object({ resourceName: z.string(), storageBytes: z.number().nullable() })),
});

/** Waits until the registry has the document's size. */
async function waitForSize(origin: string, document: string, token: string): Promise<number> {
  const url = `${origin}/api/instances?q=${encodeURIComponent(document)}`;
  const endsAt = Date.now() + SIZE_TIMEOUT_MS;
  while (Date.now() < endsAt) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const { instances } = Instances.parse(await response.json());
    const size = instances.find(({ resourceName }) => resourceName === document)?.storageBytes;
    if (typeof size === 'number') return size;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(
    `The registry has no size for ${document} after ${SIZE_TIMEOUT_MS / 1000} s. Check the log of the server.`,
  );
}

/** `null` for --help. */
function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      origin: { type: 'string' },
      document: { type: 'string' },
      trace: { type: 'string' },
      edits: { type: 'string', default: String(DEFAULT_EDITS) },
      writers: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      'persist-to': { type: 'string', default: DEFAULT_DATA_FOLDER },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const count = values.edits === 'all' ? Infinity : Number(values.edits);
  if (!(count >= 1)) throw new Error(`--edits must be a number from 1, or "all", not "${values.edits}".`);
  const origin = values.origin ?? localOrigin(values['persist-to']);
  if (!URL.canParse(origin)) throw new Error(`--origin must be a URL, not "${origin}".`);
  if (values.writers !== '1' && values.writers !== '2') throw new Error('--writers must be 1 or 2.');
  const trace = values.trace === undefined ? null : readSequentialTrace(values.trace);
  if (trace === null && count === Infinity) throw new Error('--edits all needs --trace.');
  const edits = trace?.edits.slice(0, count) ?? typeEnglish(count, Number(values.seed));
  return {
    origin: new URL(origin).origin,
    document: values.document ?? `demo ${new Date().toISOString().slice(0, 19).replace('T', ' ')}`,
    edits,
    // A complete trace includes its end content.
    expected: trace !== null && edits.length === trace.edits.length ? trace.endContent : getTextAfter(edits),
    writers: Number(values.writers),
    accountFile: path.resolve(values['persist-to'], 'demo-account.json'),
  };
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(`\n${printableLines(error instanceof Error ? error.message : String(error))}`);
  process.exit(1);
}
