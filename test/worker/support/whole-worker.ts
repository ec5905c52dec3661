import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { Bindings } from '../../../src/domain/env.ts';
import worker from '../../../src/index.ts';
import { ORIGIN } from './auth-app.ts';
import { RawSocket } from './raw-socket.ts';

interface RequestParts {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit | null;
}

/** Sends a request to the whole Worker and waits for its after-response tasks. */
export async function send(
  path: string,
  { method = 'GET', headers = {}, body = null }: RequestParts = {},
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

/** Sends a POST of JSON to the whole Worker. */
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

/** Opens a WebSocket through the whole Worker and waits for the after-response tasks of the upgrade. */
export async function openSocket(
  path: string,
  headers: Record<string, string> = {},
  bindings: Partial<Bindings> = {},
): Promise<RawSocket> {
  const response = await send(path, { headers: { upgrade: 'websocket', ...headers } }, bindings);
  if (response.webSocket === null) throw new Error(`not upgraded: ${response.status}`);
  return new RawSocket(response, response.webSocket);
}
