/** y-websocket gives a connection up after 30 s without a message; so often the server is asked for one, in milliseconds. */
const PING_EACH_MS = 20_000;
/** What a frame about awareness begins with (docs/reference/websocket.md). */
const AWARENESS = 1;

/** What else than y-websocket wants to know of what comes. */
interface Listeners {
  /** The server answered a `ping`. */
  onPong(this: void): void;
  /**
   * Somebody came, left or moved. y-protocols tells nothing of who has only come: it takes a first state of clock 0 for
   * one that it knows.
   */
  onAwareness(this: void): void;
}

/**
 * A WebSocket that is kept alive by `ping`, which Cloudflare answers with `pong` without waking the room: who only watches
 * has nothing else to say. Pongs are text and no message of the protocol, so nobody else hears of them.
 */
export function liveSocket({ onPong, onAwareness }: Listeners): typeof WebSocket {
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
        if (event.data instanceof ArrayBuffer && new Uint8Array(event.data)[0] === AWARENESS) onAwareness();
        if (typeof event.data !== 'string') return;
        event.stopImmediatePropagation();
        onPong();
      });
    }
  };
}
