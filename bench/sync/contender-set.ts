import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder, removeFolder } from '../../test/support/system.ts';
import type { Contender } from './contender.ts';
import { CONTENDERS } from './contenders.ts';
import { installPeers } from './install-peers.ts';

/** The servers that the benchmarks of a run share: each is started when it is first needed, once. */
export class ContenderSet {
  #started: Promise<readonly Contender[]> | null = null;
  readonly #running: Contender[] = [];
  #folder: string | null = null;

  async all(progress: (line: string) => void): Promise<readonly Contender[]> {
    this.#started ??= this.#start(progress);
    return this.#started;
  }

  /** Stops them. A set that was closed starts again where it is needed again. */
  async close(): Promise<void> {
    await this.#started?.catch(() => undefined);
    this.#started = null;
    await Promise.all(this.#running.splice(0).map((contender) => contender.stop()));
    if (this.#folder !== null) await removeFolder(this.#folder);
    this.#folder = null;
  }

  async #start(progress: (line: string) => void): Promise<readonly Contender[]> {
    await installPeers(progress);
    this.#folder = await makeFolder();
    const folder = this.#folder;
    // All settle before one fails: what has started is to be stopped.
    const started = await Promise.allSettled(
      CONTENDERS.map(async (start, index) => {
        const own = path.join(folder, String(index));
        await mkdir(own);
        const contender = await start(own);
        this.#running.push(contender);
        progress(`${contender.name} runs`);
        return contender;
      }),
    );
    return started.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }
}
