// The least that a room in a Durable Object can be that stores before it sends: it appends each frame to a table, and hands it on. The
// platform holds what is sent until the write is on disk. It knows nothing of Yjs, and gives nothing back of what it stored.
import { DurableObject } from 'cloudflare:workers';

/** y-websocket's step 2 of a document without content. */
const NOTHING = new Uint8Array([0, 1, 2, 0, 0]);

export class Echo extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS frame (id INTEGER PRIMARY KEY, data BLOB NOT NULL)');
  }

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
    this.ctx.storage.sql.exec('INSERT INTO frame (data) VALUES (?)', message);
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
