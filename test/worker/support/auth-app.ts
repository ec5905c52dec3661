import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { authenticate, requireOperator } from '../../../src/auth/credentials/middleware.ts';
import { authRoutes } from '../../../src/auth/accounts/routes.ts';
import type { AppEnv, Bindings } from '../../../src/domain/env.ts';
import { onError, onNotFound } from '../../../src/lib/problem.ts';
import { isUpgrade, getSubprotocolHeaders } from '../../../src/lib/refusals/refuse-upgrade.ts';

/** The origin under which the tests reach the app. */
export const ORIGIN = 'https://rooms.example';

/** An app with accounts only: `/whoami` returns the principal, `/operators` is for operators. */
const app = new Hono<AppEnv>();
app.onError(onError);
app.notFound(onNotFound);
app.route('/', authRoutes);
app.use('/whoami', authenticate);
app.all('/whoami', (c) => {
  const principal = c.get('principal');
  return isUpgrade(c.req.raw) ? greet(c.req.raw, principal) : c.json(principal);
});
app.get('/operators', authenticate, requireOperator, (c) => c.text('welcome'));

/** Accepts the upgrade and sends the principal as its only message. */
function greet(request: Request, principal: unknown): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send(JSON.stringify(principal));
  return new Response(null, { status: 101, webSocket: client, headers: getSubprotocolHeaders(request) });
}

export interface CallOptions extends RequestInit {
  readonly origin?: string;
  readonly bindings?: Partial<Bindings>;
}

/** Sends a request to the app; `bindings` override those of the environment. */
export async function call(path: string, options: CallOptions = {}): Promise<Response> {
  const { origin = ORIGIN, bindings, ...init } = options;
  return app.fetch(
    new Request(`${origin}${path}`, init),
    bindings === undefined ? env : { ...env, ...bindings },
  );
}

export function postJson(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** The result of an upgrade: the principal of the open socket, or the close code. */
export type SocketOutcome =
  | { /** Parsed JSON. */ readonly principal: unknown; readonly subprotocol: string | null }
  | { readonly code: number; readonly reason: string; readonly subprotocol: string | null };

export async function connect(path: string, options: CallOptions = {}): Promise<SocketOutcome> {
  const headers = new Headers(options.headers);
  headers.set('upgrade', 'websocket');
  const response = await call(path, { ...options, headers });
  const { webSocket } = response;
  if (response.status !== 101 || webSocket === null) throw new Error(`no socket: ${response.status}`);
  const subprotocol = response.headers.get('sec-websocket-protocol');
  return new Promise((resolve) => {
    webSocket.addEventListener('message', ({ data }) => {
      resolve({ principal: JSON.parse(String(data)), subprotocol });
      webSocket.close();
    });
    webSocket.addEventListener('close', ({ code, reason }) => resolve({ code, reason, subprotocol }));
    webSocket.accept();
  });
}
