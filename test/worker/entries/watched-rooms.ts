import { AsyncLocalStorage } from 'node:async_hooks';
import * as Y from 'yjs';
import type { Bindings } from '../../../src/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';

/**
 * The Worker as it is, except that each room prints a line when an instance of it comes to life (`woke NAME`), when it
 * builds a document in an alarm, as it does to compact its log and for nothing else (`compacting NAME`), and when that
 * alarm is over (`alarm over NAME`). Rooms of certain names hold themselves awake (test/system/hibernation.test.ts).
 */
export default worker;
export { AccountEraser };

const ringing = new AsyncLocalStorage<{ readonly name: string; isCompacting: boolean }>();

// Every document listens to itself from its constructor on (Yjs 13.6, src/utils/Doc.js).
const listen: typeof Y.Doc.prototype.on = Reflect.get(Y.Doc.prototype, 'on');
Y.Doc.prototype.on = new Proxy(listen, {
  apply(on, doc, args) {
    const alarm = ringing.getStore();
    if (alarm !== undefined && !alarm.isCompacting) {
      alarm.isCompacting = true;
      console.warn(`compacting ${alarm.name}`);
    }
    return Reflect.apply(on, doc, args);
  },
});

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }

  override alarm(): Promise<void> {
    return announced(this.ctx, () => super.alarm());
  }
}

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }

  override alarm(): Promise<void> {
    return announced(this.ctx, () => super.alarm());
  }
}

function watch(ctx: DurableObjectState): void {
  const { name = '' } = ctx.id;
  console.warn(`woke ${name}`);
  if (name.endsWith(':held-by-a-timer')) setInterval(() => {}, 1_000);
  if (name.endsWith(':held-by-a-promise')) ctx.waitUntil(new Promise(() => {}));
}

async function announced(ctx: DurableObjectState, alarm: () => Promise<void>): Promise<void> {
  const store = { name: ctx.id.name ?? '', isCompacting: false };
  await ringing.run(store, alarm);
  if (store.isCompacting) console.warn(`alarm over ${store.name}`);
}
