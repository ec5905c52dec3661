import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeFolder, removeFolder } from '../test/support/system.ts';
import type { Benchmark, Subject } from './lib/benchmark.ts';
import { quantile } from './lib/statistics.ts';
import { syncBenchmarks } from './sync/benchmarks.ts';

const HELP = `Sync, side by side with the servers that one would otherwise use, on this machine.

  npm run bench:sync [-- options]

  --only WORDS    only benchmarks whose name contains this
  --quick         a little of everything, to see that it works: the figures mean nothing
  --help          this text

The peers are installed into bench/peers at the first run. Servers that are Workers run in workerd as Miniflare starts it. The load comes from
a process of its own; what arrived is compared with what was sent before a time counts.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const { benchmarks, close } = syncBenchmarks();
  const chosen = benchmarks.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new Error(`No benchmark's name contains "${values.only}".`);
  const root = await makeFolder();
  try {
    for (const [index, benchmark] of chosen.entries()) {
      const folder = path.join(root, String(index));
      await mkdir(folder);
      print(benchmark, await benchmark.run({ quick: values.quick, folder, progress: console.log }));
    }
  } finally {
    await close();
    await removeFolder(root);
  }
}

function print({ name, method, figures }: Benchmark, subjects: readonly Subject[]): void {
  console.log(`\n### ${name}\n\n${method}\n`);
  console.log(`| server | ${figures.map(({ title, unit }) => `${title}, ${unit}`).join(' | ')} | |`);
  console.log(`| --- | ${figures.map(() => '---').join(' | ')} | --- |`);
  for (const subject of subjects) {
    const cells = figures.map(({ key, digits }) => {
      const values = subject.values[key] ?? [];
      const middle = quantile(values, 0.5).toFixed(digits);
      return values.length === 1
        ? middle
        : `${middle} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
    });
    console.log(`| ${subject.name} | ${cells.join(' | ')} | ${subject.remark ?? ''} |`);
  }
  console.log('');
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 1;
}
