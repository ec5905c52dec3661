import { lockFolder } from '../../scripts/lib/dev-lock.ts';

/** Locks a folder, says how that went, and holds the lock until it is killed. */
const [folder = ''] = process.argv.slice(2);
try {
  await lockFolder(folder, () => undefined);
  console.log('locked');
  setInterval(() => undefined, 60_000);
} catch (error) {
  console.log(`refused: ${error instanceof Error ? error.message : String(error)}`);
}
