import { env } from 'cloudflare:workers';
import { inject } from 'vitest';
import type { Bindings } from '../../src/domain/env.ts';
import type { Fault, ProxyRecord } from './faults.ts';

/** The Worker's bindings, with Postgres behind the proxy that breaks connections. */
export const throughProxy: Bindings = { ...env, HYPERDRIVE: env.HYPERDRIVE_FAULTY };

/** Begins a new record; `null` breaks nothing. */
export async function setProxyFault(fault: Fault | null): Promise<void> {
  await fetch(inject('faultyControlUrl'), { method: 'POST', body: JSON.stringify(fault) });
}

export async function proxyRecord(): Promise<ProxyRecord> {
  return (await fetch(inject('faultyControlUrl'))).json();
}
