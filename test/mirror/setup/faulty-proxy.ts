import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Fault, ProxyRecord } from '../faults.ts';

/** Frontend messages that end a statement: a simple query, or the Sync after an extended one. */
const QUERY = 'Q'.charCodeAt(0);
const PARSE = 'P'.charCodeAt(0);
const SYNC = 'S'.charCodeAt(0);
/** The backend message that ends an answer: ReadyForQuery. */
const READY = 'Z'.charCodeAt(0);

export interface FaultyProxy {
  /** Of the proxy, in the place of Postgres' own. */
  readonly port: number;
  /** `POST` a `Fault` (or `null`) here for the connections to come; `GET` the `ProxyRecord` since. */
  readonly controlUrl: string;
  close(): void;
}

/**
 * A TCP proxy before Postgres that reads the protocol as far as to know statement from statement
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html), and breaks the connection at a given one.
 */
export async function startFaultyProxy(postgresPort: number): Promise<FaultyProxy> {
  let fault: Fault | null = null;
  let record: { fired: boolean; statements: string[] } = { fired: false, statements: [] };

  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect(postgresPort, '127.0.0.1');
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    let swallowing: 'nothing' | 'this answer' | 'everything' = 'nothing';
    let delayMs = 0;

    const onStatement = (unit: Buffer, text: string): void => {
      record.statements.push(text);
      if (fault === null || record.statements.length !== fault.at) {
        server.write(unit);
        return;
      }
      record.fired = true;
      switch (fault.kind) {
        case 'cut':
          end();
          return;
        case 'tear':
          server.write(unit.subarray(0, Math.ceil(unit.length / 2)), end);
          return;
        case 'half-close':
          client.end();
          return;
        case 'lose the answer':
          swallowing = 'this answer';
          break;
        case 'stall':
          swallowing = 'everything';
          break;
        case 'delay':
          ({ delayMs } = fault);
      }
      server.write(unit);
    };
    readFrontend(client, server, onStatement);

    const isAnswered = readyWatcher();
    server.on('data', (chunk: Buffer) => {
      const answered = isAnswered(chunk);
      if (swallowing === 'nothing') {
        if (delayMs > 0) setTimeout(() => client.write(chunk), delayMs);
        else client.write(chunk);
      } else if (swallowing === 'this answer' && answered) {
        end();
      }
    });
    client.on('end', () => server.end());
  });

  const control = createHttpServer((request, response) => {
    void (async () => {
      if (request.method === 'POST') {
        fault = JSON.parse(await textOf(request));
        record = { fired: false, statements: [] };
      }
      response.end(JSON.stringify(record satisfies ProxyRecord));
    })();
  });

  const port = await listen(proxy);
  const controlUrl = `http://127.0.0.1:${await listen(control)}/`;
  return {
    port,
    controlUrl,
    close: () => {
      proxy.close();
      control.close();
      control.closeAllConnections();
    },
  };
}

/** Passes on what the client sends, statement by statement; what is no statement at once. */
function readFrontend(
  client: Socket,
  server: Socket,
  onStatement: (unit: Buffer, text: string) => void,
): void {
  let pending = Buffer.alloc(0);
  let unit: Buffer[] = [];
  let text = '';
  let hasStarted = false;
  client.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      // The first message has no type before its length.
      const typeBytes = hasStarted ? 1 : 0;
      if (pending.length < typeBytes + 4) return;
      const length = typeBytes + pending.readInt32BE(typeBytes);
      if (pending.length < length) return;
      const message = pending.subarray(0, length);
      pending = pending.subarray(length);
      const type = hasStarted ? message[0] : undefined;
      hasStarted = true;
      if (type === QUERY) {
        onStatement(message, message.subarray(5, -1).toString());
      } else if (type === PARSE || unit.length > 0) {
        if (type === PARSE) text = message.subarray(5).toString().split('\0')[1] ?? '';
        unit.push(message);
        if (type !== SYNC) continue;
        const whole = Buffer.concat(unit);
        unit = [];
        onStatement(whole, text);
      } else {
        server.write(message);
      }
    }
  });
}

/** Detects for each chunk whether an answer ends in it. */
function readyWatcher(): (chunk: Buffer) => boolean {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    let answered = false;
    while (pending.length >= 5) {
      const length = 1 + pending.readInt32BE(1);
      if (pending.length < length) break;
      answered ||= pending[0] === READY;
      pending = pending.subarray(length);
    }
    return answered;
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}
