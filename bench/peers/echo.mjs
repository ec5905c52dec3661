// The least that a room in a Durable Object can be: it hands each frame on, stores nothing and knows nothing of Yjs. To newcomers it
// hands the one large frame that it was sent last. What it takes is the platform's own part of every figure.
import { DurableObject } from 'cloudflare:workers';

/** y-websocket's step 2 of a document without content. */
const NOTHING = new Uint8Array([0, 1, 2, 0, 0]);
const LARGE_BYTES = 100_000;

export class Echo extends DurableObject {
  #large = NOTHING;

  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, message) {
    if (new Uint8Array(message)[1] === 0) {
      socket.send(this.#large);
      return;
    }
    if (message.byteLength >= LARGE_BYTES) this.#large = message;
    for (const other of this.ctx.getWebSockets()) if (other !== socket) other.send(message);
  }

  webSocketClose() {}
}

export default {
  fetch(request, env) {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('ok');
    return env.Echo.getByName(new URL(request.url).pathname).fetch(request);
  },
};
