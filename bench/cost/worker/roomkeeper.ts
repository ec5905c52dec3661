import type { Bindings } from '../../../src/domain/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';
import { watchEvents, watchObject } from './watch-object.ts';
import { watchPlatform } from './watch-platform.ts';
import { metered } from './watch-requests.ts';

/** Roomkeeper as it is, metered. Never to be deployed. */
export default metered<Bindings>(worker, /^\/(?:documents|workspaces)\/([^/]+)$/);
export { AccountEraser };

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    const constructed = watchObject(ctx);
    super(ctx, env);
    constructed(this);
  }
}

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    const constructed = watchObject(ctx);
    super(ctx, env);
    constructed(this);
  }
}

watchPlatform();
for (const objects of [DocumentRoom, WorkspaceRoom]) watchEvents(objects, true);
