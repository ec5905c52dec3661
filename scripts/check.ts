import { spawn } from 'node:child_process';
import { failWithMessage } from './lib/command.ts';

/** Scripts of package.json, the slowest first. None writes what another one reads. */
const CHECKS = [
  'types:check',
  'bundle',
  'lint',
  'dead-code',
  'format:check',
  'lock-file:check',
  'docs:check',
];

/** Runs all checks side by side, and tells what each had to say once it is over. */
async function main(): Promise<void> {
  const results = await Promise.all(CHECKS.map(runCheck));
  const failed = results.filter(({ code }) => code !== 0).map(({ name }) => name);
  if (failed.length > 0) throw new Error(`Failed: ${failed.join(', ')}`);
}

function runCheck(name: string): Promise<{ readonly name: string; readonly code: number | null }> {
  return new Promise((resolve, reject) => {
    const said: Buffer[] = [];
    const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      console.log(`${code === 0 ? 'passed' : 'FAILED'}: ${name}`);
      process.stdout.write(Buffer.concat(said));
      resolve({ name, code });
    });
  });
}

main().catch(failWithMessage);
