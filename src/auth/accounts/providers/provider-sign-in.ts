import * as z from 'zod';
import type { Bindings } from '../../../domain/env.ts';
import { callAccounts } from '../call-accounts.ts';
import {
  submitForm,
  type ActionResult,
  createApiRequest,
  readFailure,
  refuseCrossOrigin,
} from '../form-action.ts';
import { getConfiguredProviders, type ProviderId } from './social-providers.ts';

/** The redirect to a provider's sign-in page, or the failure. */
export type ProviderRedirect =
  | {
      readonly ok: true;
      readonly url: string;
      readonly setCookies: readonly string[];
    }
  | Extract<ActionResult, { ok: false }>;

const answerSchema = z.object({ url: z.url({ protocol: /^https$/ }) });

/** Starts a sign-in with a provider. It redirects to the path `next`, or to the path `onError` with a parameter `error`. */
export function startProviderSignIn(
  env: Bindings,
  request: Request,
  to: { readonly provider: ProviderId; readonly next: string; readonly onError: string },
): Promise<ProviderRedirect> {
  return requestRedirect(env, request, '/sign-in/social', to);
}

/** Starts linking a provider's account to the signed-in user. Its e-mail address must be the user's and verified. */
export function startProviderLink(
  env: Bindings,
  request: Request,
  to: { readonly provider: ProviderId; readonly next: string; readonly onError: string },
): Promise<ProviderRedirect> {
  return requestRedirect(env, request, '/link-social', to);
}

/** Unlinks a provider. Refused if it is the only way to sign in. */
export async function unlinkProvider(
  env: Bindings,
  request: Request,
  userId: string,
  provider: ProviderId,
): Promise<ActionResult> {
  const find = 'SELECT id FROM account WHERE user_id = ? AND provider_id = ? LIMIT 1';
  const accountId = await env.DB.prepare(find).bind(userId, provider).first<string>('id');
  // Already unlinked, for example in another tab.
  if (accountId === null) return { ok: true, setCookies: [] };
  return submitForm(env, request, '/unlink-account', { accountId });
}

async function requestRedirect(
  env: Bindings,
  request: Request,
  path: string,
  { provider, next, onError }: { provider: ProviderId; next: string; onError: string },
): Promise<ProviderRedirect> {
  const foreign = refuseCrossOrigin(request);
  if (foreign !== null) return foreign;
  if (!getConfiguredProviders(env).includes(provider)) {
    return {
      ok: false,
      status: 404,
      message: 'This sign-in provider is not configured. Choose another way to sign in.',
    };
  }
  const form = { provider, callbackURL: next, errorCallbackURL: onError, disableRedirect: true };
  const response = await callAccounts(createApiRequest(request, path, form), env);
  if (!response.ok) return readFailure(response);
  const { url } = answerSchema.parse(await response.json());
  return { ok: true, url, setCookies: response.headers.getSetCookie() };
}
