/** y-websocket gives a connection up after 30 s without a message; so often the server is asked for one, in milliseconds. */
const PING_EACH_MS = 20_000;

/**
 * A WebSocket that is kept alive by `ping`, which Cloudflare answers with `pong` without waking the room: who only watches
 * has nothing else to say. Pongs are text and no message of the protocol, so nobody else hears of them.
 */
export function liveSocket(onPong: () => void): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      let timer: ReturnType<typeof setInterval> | undefined;
      this.addEventListener('open', () => {
        timer = setInterval(() => this.send('ping'), PING_EACH_MS);
      });
      this.addEventListener('close', () => clearInterval(timer));
      // Set before any other, so that it comes first.
      this.addEventListener('message', (event) => {
        if (typeof event.data !== 'string') return;
        event.stopImmediatePropagation();
        onPong();
      });
    }
  };
}
