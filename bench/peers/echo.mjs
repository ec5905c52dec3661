// The least that a room in a Durable Object can be: it hands each frame on, stores nothing and knows nothing of Yjs. What it takes is
// the platform's own part of every figure.
import { DurableObject } from 'cloudflare:workers';

/** y-websocket's step 2 of a document without content. */
const NOTHING = new Uint8Array([0, 1, 2, 0, 0]);

export class Echo extends DurableObject {
  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, message) {
    if (new Uint8Array(message)[1] === 0) {
      socket.send(NOTHING);
      return;
    }
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
