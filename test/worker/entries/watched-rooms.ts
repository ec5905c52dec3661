import type { Bindings } from '../../../src/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';

/**
 * The Worker as it is, except that each room says when an instance of it comes to life, and that rooms of certain names
 * hold themselves awake (test/system/hibernation.test.ts).
 */
export default worker;
export { AccountEraser };

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }
}

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }
}

function watch(ctx: DurableObjectState): void {
  const { name = '' } = ctx.id;
  console.warn(`woke ${name}`);
  if (name.endsWith(':held-by-a-timer')) setInterval(() => {}, 1_000);
  if (name.endsWith(':held-by-a-promise')) ctx.waitUntil(new Promise(() => {}));
}
