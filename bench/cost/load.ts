import { setMaxListeners } from 'node:events';
import type { Pieces } from './profile.ts';
import { around, crowd, type Idle, type Plan, reading, session, silence } from './scenes.ts';
import { serverAt, type Target } from './server.ts';

/** What the clients of one server are asked to do, in JSON as the one argument of this command. */
export interface CostTask {
  readonly target: Target;
  readonly plan: Plan;
}

export interface CostResult {
  readonly pieces: Pieces;
  readonly idle: Idle;
}

/** Each of y-websocket's clients listens to the end of the process. */
const MAX_VISITORS = 100;
setMaxListeners(MAX_VISITORS, process);

const { target, plan }: CostTask = JSON.parse(process.argv[2] ?? '');
const server = await serverAt(target);
// Side by side: each is on an account of its own.
const [written, read, silent, clients, beside] = await Promise.all([
  session(server, plan),
  reading(server, plan),
  silence(server, plan),
  crowd(server, plan),
  around(server, plan),
]);
const result: CostResult = { pieces: { ...written, ...read, around: beside }, idle: { silent, clients } };
process.send?.(result, () => process.exit(0));
