import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const PIECE_BYTES = 300;
/** Between two pieces. Browsers render about 60 times per second. */
const PIECE_INTERVAL_MS = 10;

/**
 * Serves a site's pages from another port in small pieces, like a slow network. Cookies are shared, because browsers ignore
 * their port.
 * @param origin of the site
 */
export async function trickle(origin: string): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { cookie = '', accept = '*/*' } = request.headers;
    const forward = async (): Promise<void> => {
      const answer = await fetch(`${origin}${request.url ?? ''}`, { headers: { cookie, accept } });
      const type = answer.headers.get('content-type') ?? 'text/plain';
      const body = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status, { 'content-type': type });
      const step = type.startsWith('text/html') ? PIECE_BYTES : Math.max(1, body.length);
      for (let at = 0; at < body.length; at += step) {
        response.write(body.subarray(at, at + step));
        if (at + step < body.length) await sleep(PIECE_INTERVAL_MS);
      }
      response.end();
    };
    forward().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    origin: `http://localhost:${address.port}`,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
