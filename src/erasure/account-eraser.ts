import { DurableObject } from 'cloudflare:workers';
import type { ErasureOrder } from '../domain/erasure-request.ts';
import type { ErasurePorts } from './contract.ts';
import {
  ANSWER_WITHIN_MS,
  LEASE_MS,
  ROOMS_A_PAGE,
  ROOMS_A_RUN,
  ROOMS_AT_ONCE,
  RUN_FOR_MS,
  TRIES_OF_A_BROKEN_ROOM,
} from './limits.ts';
import { runErasure } from './run.ts';
import { WorkList } from './work-list.ts';

const BOUNDS = {
  rooms: ROOMS_A_RUN,
  roomsAPage: ROOMS_A_PAGE,
  roomsAtOnce: ROOMS_AT_ONCE,
  durationMs: RUN_FOR_MS,
  answerWithinMs: ANSWER_WITHIN_MS,
  triesOfBrokenRoom: TRIES_OF_A_BROKEN_ROOM,
};

/**
 * The Durable Object that erases one user: a work list and an alarm that works it off. It creates nothing before it is
 * asked to, and nothing is left of it once it is done.
 */
export abstract class AccountEraser<Env> extends DurableObject<Env> {
  readonly #ports: ErasurePorts;
  readonly #list: WorkList;
  #isRunning = false;

  constructor(ctx: DurableObjectState, env: Env, ports: ErasurePorts) {
    super(ctx, env);
    this.#ports = ports;
    this.#list = new WorkList(ctx.storage);
  }

  /** Begins, or goes on with what was begun. Asking again for the same changes nothing. */
  async erase(order: ErasureOrder): Promise<void> {
    if (this.#list.order?.id !== order.id) this.#list.begin(order);
    else if ((await this.ctx.storage.getAlarm()) !== null) return;
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** Never throws: the platform gives an alarm that does up after six tries. */
  override async alarm(): Promise<void> {
    // The one that runs sets the next alarm.
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
    // Whatever ends this run early, be it the process, another one follows.
    await this.ctx.storage.setAlarm(Date.now() + LEASE_MS);
    const next = await runErasure(order, this.#ports, this.#list, BOUNDS);
    if (next === 'finished') await this.ctx.storage.deleteAll();
    else await this.ctx.storage.setAlarm(next);
  }
}
