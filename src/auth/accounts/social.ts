import * as z from 'zod';
import type { Bindings } from '../../domain/env.ts';
import { callAccounts } from './call-accounts.ts';
import { act, type ActionResult, asApiRequest, failureOf, refuseForeign } from './form-action.ts';
import { configuredProviders, type ProviderId } from './social-providers.ts';

/** What leads to a provider's own page, or why not. */
export type ProviderVisit =
  | {
      readonly ok: true;
      /** The provider's page. */ readonly url: string;
      readonly setCookies: readonly string[];
    }
  | Extract<ActionResult, { ok: false }>;

const answerSchema = z.object({ url: z.url({ protocol: /^https$/ }) });

/**
 * Begins a sign-in at a provider, who leads back to `next`, or to `onError` with a code `error`.
 * @param next and `onError` paths of this site
 */
export function signInAt(
  env: Bindings,
  request: Request,
  to: { readonly provider: ProviderId; readonly next: string; readonly onError: string },
): Promise<ProviderVisit> {
  return visit(env, request, '/sign-in/social', to);
}

/** The same for who is signed in: afterwards he can sign in by that account too, if its address is his and verified. */
export function linkAccountAt(
  env: Bindings,
  request: Request,
  to: { readonly provider: ProviderId; readonly next: string; readonly onError: string },
): Promise<ProviderVisit> {
  return visit(env, request, '/link-social', to);
}

/** Refused where it is the only way to sign in. */
export async function unlinkAccount(
  env: Bindings,
  request: Request,
  userId: string,
  provider: ProviderId,
): Promise<ActionResult> {
  const find = 'SELECT id FROM account WHERE user_id = ? AND provider_id = ? LIMIT 1';
  const accountId = await env.DB.prepare(find).bind(userId, provider).first<string>('id');
  // It went in another tab.
  if (accountId === null) return { ok: true, setCookies: [] };
  return act(env, request, '/unlink-account', { accountId });
}

async function visit(
  env: Bindings,
  request: Request,
  path: string,
  { provider, next, onError }: { provider: ProviderId; next: string; onError: string },
): Promise<ProviderVisit> {
  const foreign = refuseForeign(request);
  if (foreign !== null) return foreign;
  if (!configuredProviders(env).includes(provider)) {
    return { ok: false, status: 404, message: 'Signing in by this provider is not offered here.' };
  }
  const form = { provider, callbackURL: next, errorCallbackURL: onError, disableRedirect: true };
  const response = await callAccounts(asApiRequest(request, path, form), env);
  if (!response.ok) return failureOf(response);
  const { url } = answerSchema.parse(await response.json());
  return { ok: true, url, setCookies: response.headers.getSetCookie() };
}
