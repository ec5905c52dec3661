import * as z from 'zod';
import type { ProviderId } from './deps.ts';

export const PROVIDER_NAMES: Readonly<Record<ProviderId, string>> = { github: 'GitHub', google: 'Google' };

const providerSchema = z.enum(['github', 'google']);

/** `null` for an unknown provider. */
export function readProvider(fields: URLSearchParams): ProviderId | null {
  const provider = providerSchema.safeParse(fields.get('provider'));
  return provider.success ? provider.data : null;
}

/** Origins that forms redirect to (Content-Security-Policy, `form-action`). */
export const PROVIDER_ORIGINS: Readonly<Record<ProviderId, string>> = {
  github: 'https://github.com',
  google: 'https://accounts.google.com',
};

const CANCELLED = 'You were not signed in, because you did not agree on the other site.';
const NOT_LINKED =
  'An account with this e-mail address exists already. Sign in with its password, then link the accounts on your account page.';
const FAILED = 'Signing in with the other site failed. Try again, or use your password.';

/** Messages by the code in the address. */
const PROBLEMS = new Map([
  ['access_denied', CANCELLED],
  ['account_not_linked', NOT_LINKED],
  ['email_not_found', 'The other account has no readable e-mail address, which is required here.'],
  ['email_does_not_match', 'The accounts have different e-mail addresses, so they were not linked.'],
  [
    'email_not_verified',
    'The e-mail address of the other account is not verified. Verify it there and try again.',
  ],
  [
    'account_already_linked_to_different_user',
    'The other account is already linked to a different account here.',
  ],
  [
    'unable_to_link_account',
    'The accounts were not linked, because the e-mail address of the other account is not verified.',
  ],
  ['BANNED_USER', 'This account is locked.'],
  ['banned', 'This account is locked.'],
]);

/** @param code `error` of the address */
export function getProviderProblem(code: string | undefined): string | null {
  return code === undefined ? null : (PROBLEMS.get(code) ?? FAILED);
}

export function ProviderButtons(props: {
  providers: readonly ProviderId[];
  action: string;
  verb: string;
  next?: string;
}) {
  return (
    <>
      {props.providers.map((provider) => (
        <form class="provider" method="post" action={props.action}>
          <input type="hidden" name="provider" value={provider} />
          {props.next === undefined ? null : <input type="hidden" name="next" value={props.next} />}
          <button class="quiet" type="submit">
            {`${props.verb} ${PROVIDER_NAMES[provider]}`}
          </button>
        </form>
      ))}
    </>
  );
}
