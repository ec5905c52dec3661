import { printableLines } from './printable.ts';

/** How a command ends that cannot go on: with its reason, for people, and exit code 1. */
export function failWithMessage(error: unknown): void {
  console.error(printableLines(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
}
