/** y-websocket disconnects after 30 s without a message. */
const PING_INTERVAL_MS = 20_000;
/** The message type (docs/reference/websocket.md). */
const AWARENESS = 1;

interface Listeners {
  /** The server answered a `ping`. */
  onPong(this: void): void;
  /** Needed because y-protocols emits no change for a new client's first state of clock 0. */
  onAwareness(this: void): void;
}

/**
 * A WebSocket that sends `ping`. Cloudflare answers `pong` without waking the room. Text messages are hidden from
 * y-websocket.
 */
export function createPingingWebSocket({ onPong, onAwareness }: Listeners): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      let timer: ReturnType<typeof setInterval> | undefined;
      this.addEventListener('open', () => {
        timer = setInterval(() => this.send('ping'), PING_INTERVAL_MS);
      });
      this.addEventListener('close', () => clearInterval(timer));
      // The first listener, so that it can stop text messages.
      this.addEventListener('message', (event) => {
        if (event.data instanceof ArrayBuffer && new Uint8Array(event.data)[0] === AWARENESS) onAwareness();
        if (typeof event.data !== 'string') return;
        event.stopImmediatePropagation();
        onPong();
      });
    }
  };
}
