import type { Bindings } from '../../../domain/env.ts';

/** Supported sign-in providers. */
const PROVIDER_IDS = ['github', 'google'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

function getCredentials(env: Bindings, provider: ProviderId) {
  const [clientId, clientSecret] =
    provider === 'github'
      ? [env.GITHUB_CLIENT_ID, env.GITHUB_CLIENT_SECRET]
      : [env.GOOGLE_CLIENT_ID, env.GOOGLE_CLIENT_SECRET];
  // Only the redirect flow may sign in, not an ID token that a client already has.
  return clientId && clientSecret ? { clientId, clientSecret, disableIdTokenSignIn: true } : null;
}

/** The providers that have a client id and a secret. */
export function getConfiguredProviders(env: Bindings): ProviderId[] {
  return PROVIDER_IDS.filter((provider) => getCredentials(env, provider) !== null);
}

/** The configuration of the providers for Better Auth. */
export function getSocialProviders(env: Bindings) {
  const [github, google] = [getCredentials(env, 'github'), getCredentials(env, 'google')];
  return {
    ...(github === null ? {} : { github }),
    // Lets the user choose between several Google accounts.
    ...(google === null ? {} : { google: { ...google, prompt: 'select_account' as const } }),
  };
}
