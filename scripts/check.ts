import { spawn } from 'node:child_process';
import { failWithMessage } from './lib/command.ts';

/** Scripts of package.json, slowest first. They run in parallel and are independent. */
const CHECKS = [
  'types:check',
  'bundle',
  'lint',
  'dead-code',
  'format:check',
  'lock-file:check',
  'docs:check',
  'words',
];

/** Prints the output of each check when it ends. */
async function main(): Promise<void> {
  const results = await Promise.all(CHECKS.map(runCheck));
  const failed = results.filter(({ code }) => code !== 0).map(({ name }) => name);
  if (failed.length > 0) throw new Error(`Failed: ${failed.join(', ')}`);
}

function runCheck(name: string): Promise<{ readonly name: string; readonly code: number | null }> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      console.log(`${code === 0 ? 'passed' : 'FAILED'}: ${name}`);
      process.stdout.write(Buffer.concat(output));
      resolve({ name, code });
    });
  });
}

main().catch(failWithMessage);
