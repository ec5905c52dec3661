import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from './watched-rooms.ts';

/**
 * The Worker with rooms that relay and acknowledge an update at once and store it later. A search for lost updates must
 * find some here (`npm run kill-runs -- --control`).
 */
export default worker;
export { AccountEraser };

/** The delay of the storage of an update, in milliseconds. */
const STORAGE_DELAY_MS = 2_000;

const EMPTY_UPDATE = new Uint8Array([0, 0]);
/** The first two bytes of a frame (docs/reference/websocket.md). */
const SYNC = 0;
const STEP_1 = 0;

export class WorkspaceRoom extends Workspaces {
  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const store = () => super.webSocketMessage(socket, message);
    if (isUpdate(message)) relayBeforeStorage(this.ctx, socket, message, store);
    else store();
  }

  override sync(...args: Parameters<Workspaces['sync']>): ReturnType<Workspaces['sync']> {
    const [stateVector, update, ...rest] = args;
    setTimeout(() => super.sync(stateVector, update, ...rest), STORAGE_DELAY_MS);
    return super.sync(stateVector, EMPTY_UPDATE, ...rest);
  }
}

export class DocumentRoom extends Documents {
  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const store = () => super.webSocketMessage(socket, message);
    if (isUpdate(message)) relayBeforeStorage(this.ctx, socket, message, store);
    else store();
  }

  override sync(...args: Parameters<Documents['sync']>): ReturnType<Documents['sync']> {
    const [stateVector, update, ...rest] = args;
    setTimeout(() => super.sync(stateVector, update, ...rest), STORAGE_DELAY_MS);
    return super.sync(stateVector, EMPTY_UPDATE, ...rest);
  }
}

function isUpdate(message: string | ArrayBuffer): message is ArrayBuffer {
  if (typeof message === 'string') return false;
  const [type, step] = new Uint8Array(message);
  return type === SYNC && step !== STEP_1;
}

function relayBeforeStorage(
  ctx: DurableObjectState,
  from: WebSocket,
  message: ArrayBuffer,
  store: () => void,
): void {
  for (const socket of ctx.getWebSockets()) if (socket !== from) socket.send(message);
  setTimeout(store, STORAGE_DELAY_MS);
}
