import { createServer } from 'node:http';
import path from 'node:path';
import { build } from 'esbuild';

export interface AppServer {
  /** Another than the system's. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves browser-app.ts, bundled, from an origin of its own. */
export async function serveBrowserApp(): Promise<AppServer> {
  return serveScript(await bundle(path.join(import.meta.dirname, 'browser-app.ts')));
}

/** Serves a page with this script, an ECMAScript module, from an origin of its own. */
export async function serveScript(script: string): Promise<AppServer> {
  const server = createServer((request, response) => {
    if (request.url === '/app.js')
      response.setHeader('content-type', 'text/javascript; charset=utf-8').end(script);
    else response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the app server has no port');
  return {
    origin: `http://localhost:${address.port}`,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const PAGE = `<!doctype html><html lang="en"><title>An app</title><link rel="icon" href="data:,"><body></body>
<script type="module" src="/app.js"></script></html>`;

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  return outputFiles.map(({ text }) => text).join('');
}
