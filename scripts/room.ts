import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import * as Y from 'yjs';
import { createHttpSync } from '../src/client/http-sync.ts';
import { failWithMessage } from './lib/command.ts';
import { requireServer } from './lib/local-origin.ts';
import { printable, printableJson, printableLines } from './lib/printable.ts';
import { Misuse, ROOM_HELP, type RoomOptions, readRoomOptions } from './lib/room-options.ts';
import { changedRoots, readSharedTypes } from './lib/shared-types.ts';

const EXIT_MISUSED = 2;
const WATCH_POLLING = { minMs: 500, maxMs: 5_000 };
/** More of a refusal than this is not shown, in characters. */
const MAX_REFUSAL_CHARACTERS = 500;

async function main(args: readonly string[]): Promise<void> {
  const options = readRoomOptions(args, process.env);
  if (options === 'help') {
    console.log(ROOM_HELP);
    return;
  }
  const { action } = options;
  await requireServer(new URL(options.url).origin);
  if (action === 'pull') await pull(options);
  else if (action === 'push') await push(options);
  else await watch(options);
}

async function pull(options: RoomOptions): Promise<void> {
  const { file, json } = options;
  if (file === undefined && !json && process.stdout.isTTY)
    throw new Misuse('An update is no text: pass --file or --json, or redirect the output.');
  const response = await get(options, 'GET');
  const state = new Uint8Array(await response.arrayBuffer());
  const content = json ? `${printableJson(readSharedTypes(docOf(state)), 2)}\n` : state;
  if (file === undefined) {
    process.stdout.write(content);
    return;
  }
  await writeFile(file, content);
  const incarnation = response.headers.get('room-incarnation');
  say(
    options,
    { pulledBytes: state.byteLength, incarnation },
    `pulled ${state.byteLength} bytes of incarnation ${incarnation}`,
  );
}

async function push(options: RoomOptions): Promise<void> {
  const bytes = options.file === undefined ? await buffer(process.stdin) : await readFile(options.file);
  let doc: Y.Doc;
  try {
    doc = docOf(bytes);
  } catch (error) {
    throw new Error('What is to be pushed is no Yjs update (v1).', { cause: error });
  }
  const sync = createHttpSync({ ...options, doc });
  const outcome = await sync.sync();
  if (outcome.kind !== 'synced') throw new Error(`Not pushed (${outcome.kind}): ${outcome.detail}`);
  const { incarnation } = sync;
  say(
    options,
    { pushedBytes: bytes.byteLength, incarnation },
    `pushed ${bytes.byteLength} bytes to incarnation ${incarnation}`,
  );
}

async function watch(options: RoomOptions): Promise<void> {
  // The first sync would make a room where there is none, or where it was deleted a moment ago.
  const { headers } = await get(options, 'HEAD');
  const doc = new Y.Doc();
  const ended = Promise.withResolvers<void>();
  let trouble: string | null = null;
  const sync = createHttpSync({
    ...options,
    incarnation: headers.get('room-incarnation'),
    doc,
    polling: WATCH_POLLING,
    onOutcome(outcome) {
      const failed = outcome.kind === 'synced' ? null : `${outcome.kind}: ${outcome.detail}`;
      if (!sync.isPolling) ended.reject(new Error(failed ?? 'stopped'));
      else if (failed !== trouble) console.error(printableLines(failed ?? 'reached again'));
      trouble = failed;
    },
  });
  const first = await sync.sync();
  if (first.kind !== 'synced') throw new Error(`Cannot watch (${first.kind}): ${first.detail}`);

  doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
    const change = {
      at: new Date().toISOString(),
      updateBytes: update.byteLength,
      changed: changedRoots(transaction),
    };
    say(
      options,
      change,
      `${change.at}  ${change.updateBytes} bytes  ${change.changed.map(printable).join(', ')}`,
    );
  });
  process.once('SIGINT', () => ended.resolve());
  process.once('SIGTERM', () => ended.resolve());
  const { incarnation } = sync;
  say(options, { watching: options.url, incarnation }, `watching ${options.url}, incarnation ${incarnation}`);
  sync.start();
  try {
    await ended.promise;
  } finally {
    sync.destroy();
  }
}

/** @throws an `Error` for people where it is refused */
async function get({ url, token, incarnation }: RoomOptions, method: 'GET' | 'HEAD'): Promise<Response> {
  const named = incarnation === null ? {} : { 'room-incarnation': incarnation };
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}`, ...named } });
  if (response.ok) return response;
  const said = (await response.text()).slice(0, MAX_REFUSAL_CHARACTERS);
  throw new Error(`${url} returned ${response.status}${said === '' ? '.' : `: ${said}`}`);
}

/** A document that keeps what was deleted, as rooms of type document do. */
function docOf(update: Uint8Array): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  Y.applyUpdate(doc, update);
  return doc;
}

/** One line, for programs or for people. */
function say({ json }: RoomOptions, value: object, line: string): void {
  console.log(json ? printableJson(value) : line);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Misuse) {
    console.error(`${printableLines(error.message)}\n\n${ROOM_HELP}`);
    process.exitCode = EXIT_MISUSED;
  } else failWithMessage(error);
}
