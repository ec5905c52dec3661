import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { Bindings } from '../../../src/domain/env.ts';
import worker from '../../../src/index.ts';
import { ORIGIN } from './auth-app.ts';
import { RawSocket } from './raw-socket.ts';

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit | null;
}

/** One request to the whole Worker, with what it left to do after the response done. */
export async function send(
  path: string,
  { method = 'GET', headers = {}, body = null }: Sent = {},
  bindings: Partial<Bindings> = {},
): Promise<Response> {
  const context = createExecutionContext();
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, {
    method,
    headers,
    body,
  });
  const response = await worker.fetch(request, { ...env, ...bindings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** A POST of JSON to the whole Worker. */
export async function sendJson(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** A WebSocket through the whole Worker, with what the upgrade left to do done. */
export async function openSocket(
  path: string,
  headers: Record<string, string> = {},
  bindings: Partial<Bindings> = {},
): Promise<RawSocket> {
  const response = await send(path, { headers: { upgrade: 'websocket', ...headers } }, bindings);
  if (response.webSocket === null) throw new Error(`not upgraded: ${response.status}`);
  return new RawSocket(response, response.webSocket);
}
