import type { Bindings } from '../../domain/env.ts';

/** Whose accounts one can sign in with, where the operator has configured it. */
const PROVIDER_IDS = ['github', 'google'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

function credentialsOf(env: Bindings, provider: ProviderId) {
  const [clientId, clientSecret] =
    provider === 'github'
      ? [env.GITHUB_CLIENT_ID, env.GITHUB_CLIENT_SECRET]
      : [env.GOOGLE_CLIENT_ID, env.GOOGLE_CLIENT_SECRET];
  // A token of the provider's that somebody holds is no sign-in here: the browser goes there and comes back.
  return clientId && clientSecret ? { clientId, clientSecret, disableIdTokenSignIn: true } : null;
}

/** Those with an id and a secret. */
export function configuredProviders(env: Bindings): ProviderId[] {
  return PROVIDER_IDS.filter((provider) => credentialsOf(env, provider) !== null);
}

/** As Better Auth wants them. */
export function socialProvidersOf(env: Bindings) {
  const [github, google] = [credentialsOf(env, 'github'), credentialsOf(env, 'google')];
  return {
    ...(github === null ? {} : { github }),
    // Not the one that the browser happens to be signed in with: people have several.
    ...(google === null ? {} : { google: { ...google, prompt: 'select_account' as const } }),
  };
}
