import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';

const CLIENT_PACKAGES = path.join(PROJECT_ROOT, 'test/clients/node_modules');
const APP_GUIDE = 'docs/guide/build-an-app.md';

/** JavaScript expressions that replace the origin and the e-mail address of a documented program. */
export interface ProgramTarget {
  readonly origin: string;
  readonly email: string;
}

/** The smallest program: README.md. */
export async function readSmallestProgram({
  origin,
  email,
}: {
  origin: string;
  email: string;
}): Promise<string> {
  const program = await readSnippet('README.md', 'new WebsocketProvider(');
  return program
    .replaceAll('//localhost:8787', origin.replace('http:', ''))
    .replaceAll('ada@example.com', email);
}

/** The program that signs up, connects and renews its token: docs/guide/build-an-app.md. */
export async function readConnectProgram({ origin, email }: ProgramTarget): Promise<string> {
  const connect = await readSnippet(APP_GUIDE, 'new WebsocketProvider(');
  const renew = await readSnippet(APP_GUIDE, 'const renewToken');
  return `${connect}\n${renew}`
    .replaceAll("'http://localhost:8787'", origin)
    .replaceAll("'ada@example.com'", email);
}

/** The program that syncs over HTTP with src/client: docs/guide/build-an-app.md. It expects `doc`, `origin`, `userId` and `fetchToken`. */
export async function readHttpSyncProgram(): Promise<string> {
  const program = await readSnippet(APP_GUIDE, 'createHttpSync(');
  return program.replace('./client/', `${PROJECT_ROOT}/src/client/`);
}

/** A page with the connect program. It reads `origin` and `email` as JSON from the fragment of its URL. */
export async function bundleConnectPage(): Promise<string> {
  return bundlePage(await readConnectProgram({ origin: 'target.origin', email: 'target.email' }));
}

/** A page with the program that keeps a document offline. It reads `origin`, `name` and `token` from the fragment of its URL. */
export async function bundleOfflinePage(): Promise<string> {
  const program = await readSnippet(APP_GUIDE, 'new IndexeddbPersistence(');
  return bundlePage(`
    import * as Y from 'yjs';
    import { WebsocketProvider } from 'y-websocket';
    import { IndexeddbPersistence } from 'y-indexeddb';
    const { origin, name, token } = target;
    const wsOrigin = origin.replace(/^http/, 'ws');
    ${program}`);
}

/** @returns the first fenced code block of the page that contains the text */
export async function readSnippet(file: string, text: string): Promise<string> {
  const page = await readFile(path.join(PROJECT_ROOT, file), 'utf8');
  const snippets = [...page.matchAll(/^```\w+\n([^]*?)^```$/gm)].map(([, code = '']) => code);
  const found = snippets.find((code) => code.includes(text));
  if (found === undefined) throw new Error(`${file} has no code block with ${text}`);
  return found;
}

/** Adds a text field with the document's text and the state of the connection. */
async function bundlePage(program: string): Promise<string> {
  const page = `
    const target = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    ${program}
    const shared = doc.getText('text');
    const editor = document.body.appendChild(document.createElement('textarea'));
    const show = () => { editor.value = shared.toJSON(); };
    shared.observe(show);
    show();
    editor.addEventListener('beforeinput', (event) => {
      event.preventDefault();
      if (event.data !== null) shared.insert(shared.length, event.data);
    });
    const status = document.body.appendChild(document.createElement('output'));
    provider.on('closed', ({ code }) => { status.textContent = 'closed ' + code; });
    provider.on('sync', () => { if (provider.synced) status.textContent = 'synced'; });
    if (provider.synced) status.textContent = 'synced';
    globalThis.app = { doc, provider };`;
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: PROJECT_ROOT },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    // One copy of Yjs: the folder of client versions has its own.
    alias: {
      'y-indexeddb': path.join(CLIENT_PACKAGES, 'y-indexeddb'),
      yjs: path.join(PROJECT_ROOT, 'node_modules/yjs'),
    },
  });
  return outputFiles.map(({ text }) => text).join('');
}
