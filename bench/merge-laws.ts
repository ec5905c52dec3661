import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { unusualHistory, MERGE_LAWS } from '../test/yjs/merge-laws.ts';
import { wholeNumber } from './lib/options.ts';

const HELP = `Checks what rooms make of updates as bytes (merged, cut, sent in parts, compacted) against Yjs itself, for random
histories; as \`npm test\` does for a few.

  npm run merge-laws [-- options]

  --runs N   how many histories (default 50000)
  --seed N   the same histories again (default: any)
  --help     this text`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const options = { numRuns: wholeNumber('runs', values.runs), seed: wholeNumber('seed', values.seed) };
  console.log(`${options.numRuns} histories, seed ${options.seed}`);
  const began = Date.now();
  fc.assert(
    fc.property(unusualHistory, (history) => {
      for (const keeps of Object.values(MERGE_LAWS)) keeps(history);
    }),
    options,
  );
  console.log(`All laws kept, in ${Math.round((Date.now() - began) / 1000)} s.`);
}
