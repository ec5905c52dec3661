import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const PROJECT = path.join(import.meta.dirname, '../..');
const CLIENTS = path.join(PROJECT, 'test/clients/node_modules');

// A page is opened with JSON in the fragment of its address, which programs see as `target`: `origin` and `email`, and for the
// recipe, which is given them, `name` and `token`.

/** The programs that users copy from docs/guide/build-an-app.md: sign up, connect, renew the token. */
export async function bundleReadme(): Promise<string> {
  return bundle(await readmeProgram({ origin: 'target.origin', email: 'target.email' }));
}

/**
 * The same as one program.
 * @param parts source for what its reader puts in
 */
export async function readmeProgram({ origin, email }: { origin: string; email: string }): Promise<string> {
  const [connect, renew] = await blocksWith('docs/guide/build-an-app.md', [
    'new WebsocketProvider(',
    "provider.on('closed'",
  ]);
  return `${connect}\n${renew}`
    .replaceAll("'http://localhost:8787'", origin)
    .replaceAll("'ada@example.com'", email);
}

/** The recipe of docs/guide/build-an-app.md for a client that keeps its document offline. */
export async function bundleRecipe(): Promise<string> {
  const [recipe] = await blocksWith('docs/guide/build-an-app.md', ['new IndexeddbPersistence(']);
  return bundle(`
    import * as Y from 'yjs';
    import { WebsocketProvider } from 'y-websocket';
    import { IndexeddbPersistence } from 'y-indexeddb';
    const { origin, name, token } = target;
    const wsOrigin = origin.replace(/^http/, 'ws');
    ${recipe}`);
}

/** The code blocks of a page that contain these texts, in the order of the texts. */
async function blocksWith(file: string, wanted: readonly string[]): Promise<string[]> {
  const text = await readFile(path.join(PROJECT, file), 'utf8');
  const blocks = [...text.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+|^```js\n([^]*?)^```/gm)].map(
    ([block, fenced = block]) => fenced,
  );
  return wanted.map((part) => {
    const found = blocks.find((block) => block.includes(part));
    if (found === undefined) throw new Error(`${file} has no program with ${part}`);
    return found;
  });
}

/** Shows the text of the program's document and what became of its connection. */
async function bundle(program: string): Promise<string> {
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
    stdin: { contents: page, resolveDir: PROJECT },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    // One Yjs for all: the package of client versions has its own.
    alias: { 'y-indexeddb': path.join(CLIENTS, 'y-indexeddb'), yjs: path.join(PROJECT, 'node_modules/yjs') },
  });
  return outputFiles.map(({ text }) => text).join('');
}
