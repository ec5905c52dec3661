import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { until } from './until.ts';

/** Shortens the wait of a program until it renews its token. */
const RENEWAL = `
const wait = setTimeout;
globalThis.setTimeout = (act, ms, ...rest) => wait(act, ms === 600_000 ? 1_500 : ms, ...rest);`;

/** Lines of output shown by a failed test. */
const MAX_LINES_SHOWN = 40;

/** Prints what the program does, and follows orders from its input. */
const OBSERVER = `
let isWritten = false;
const onSync = (isSynced) => {
  console.log(isSynced ? 'synced' : 'not synced');
  // Once it has what others wrote: edits at one place that do not know of each other may stand in either order.
  if (isSynced && !isWritten) doc.getText('text').insert(0, 'Hello');
  isWritten ||= isSynced;
};
provider.on('sync', onSync);
if (provider.synced) onSync(true);
const destroy = provider.destroy.bind(provider);
provider.destroy = () => { destroy(); console.log('destroyed'); process.exit(); };
const request = globalThis.fetch;
globalThis.fetch = async (...parameters) => {
  const response = await request(...parameters);
  console.log(\`status \${response.status}\`);
  return response;
};
const first = provider.params.token;
setInterval(() => provider.params.token !== first && console.log('renewed'), 200);
const orders = {
  'use an old token'() { provider.params.token = 'old'; provider.ws.close(); },
  'sign out': () => fetch(\`\${origin}/api/auth/sign-out\`, {
    method: 'POST',
    headers: { authorization: \`Bearer \${session.token}\`, 'content-type': 'application/json' },
    body: '{}',
  }),
};
process.stdin.on('data', (order) => orders[order]());`;

const children: ChildProcess[] = [];

/** For `afterEach`. */
export function killPrograms(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

/** Runs a documented program in Node. It must declare `provider`, `doc`, `origin` and `session`. */
export function runProgram(program: string) {
  const source = program + OBSERVER;
  const prelude = `data:text/javascript,${encodeURIComponent(RENEWAL)}`;
  const child = spawn(process.execPath, ['--import', prelude, '--input-type=module', '-e', source], {
    cwd: PROJECT_ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  let read = 0;
  return {
    send: (order: string) => child.stdin.write(order),
    /** Resolves when the program prints this line after the lines that were waited for before. */
    says: (line: string) =>
      until(`"${line}" from the program`, () => {
        const at = lines.indexOf(line, read);
        if (at < 0 && child.exitCode !== null) throw new Error(`The program ended:\n${lines.join('\n')}`);
        read = at < 0 ? read : at + 1;
        return at < 0 ? undefined : true;
      }).catch((cause: unknown) => {
        throw new Error(`The program said:\n${lines.slice(0, MAX_LINES_SHOWN).join('\n')}`, { cause });
      }),
  };
}
