import type { Bindings } from '../../../src/domain/env.ts';
import worker, { AccountEraser, DocumentRoom, WorkspaceRoom } from '../../../src/index.ts';

/**
 * The Worker as it is, on a clock (`Date.now`) that runs faster from `POST /clock?times=N` on: what rooms do after minutes can be
 * seen in less, with the limits as they are.
 */
export { AccountEraser, DocumentRoom, WorkspaceRoom };

const realNow = Date.now.bind(Date);
let since = 0;
let times = 1;
Date.now = () => Math.round(realNow() + Math.max(0, realNow() - since) * (times - 1));

export default {
  ...worker,
  fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== '/clock') return worker.fetch(request, env, ctx);
    since = realNow();
    times = Number(searchParams.get('times'));
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Bindings>;
