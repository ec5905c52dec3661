import { DurableObject } from 'cloudflare:workers';
import type { ErasureOrder } from '../domain/erasure-request.ts';
import type { ErasurePorts } from './contract.ts';
import {
  ROOM_TIMEOUT_MS,
  LEASE_MS,
  ROOMS_PER_PAGE,
  MAX_ROOMS_PER_RUN,
  MAX_CONCURRENT_ROOMS,
  MAX_RUN_MS,
  MAX_TRIES_OF_BROKEN_ROOM,
} from './limits.ts';
import { runErasure } from './run.ts';
import { WorkList } from './work-list.ts';

const BOUNDS = {
  rooms: MAX_ROOMS_PER_RUN,
  roomsPerPage: ROOMS_PER_PAGE,
  maxConcurrentRooms: MAX_CONCURRENT_ROOMS,
  durationMs: MAX_RUN_MS,
  roomTimeoutMs: ROOM_TIMEOUT_MS,
  maxTriesOfBrokenRoom: MAX_TRIES_OF_BROKEN_ROOM,
};

/** The Durable Object that erases one user: a work list that an alarm processes. It deletes its storage when finished. */
export abstract class AccountEraser<Env> extends DurableObject<Env> {
  readonly #ports: ErasurePorts;
  readonly #list: WorkList;
  #isRunning = false;

  constructor(ctx: DurableObjectState, env: Env, ports: ErasurePorts) {
    super(ctx, env);
    this.#ports = ports;
    this.#list = new WorkList(ctx.storage);
  }

  /** Starts or continues an erasure. Idempotent. */
  async erase(order: ErasureOrder): Promise<void> {
    if (this.#list.order?.id !== order.id) this.#list.begin(order);
    else if ((await this.ctx.storage.getAlarm()) !== null) return;
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** Never throws: the platform stops an alarm after six failed tries. */
  override async alarm(): Promise<void> {
    // The current run sets the next alarm.
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.#run();
    } finally {
      this.#isRunning = false;
    }
  }

  async #run(): Promise<void> {
    const { order } = this.#list;
    if (order === undefined) return;
    // Repeats the run if it does not complete.
    await this.ctx.storage.setAlarm(Date.now() + LEASE_MS);
    const next = await runErasure(order, this.#ports, this.#list, BOUNDS);
    if (next === 'finished') await this.ctx.storage.deleteAll();
    else await this.ctx.storage.setAlarm(next);
  }
}
