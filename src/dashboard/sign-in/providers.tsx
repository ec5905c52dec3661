import * as z from 'zod';
import type { ProviderId } from './deps.ts';

export const PROVIDER_NAMES: Readonly<Record<ProviderId, string>> = { github: 'GitHub', google: 'Google' };

const providerSchema = z.enum(['github', 'google']);

/** The provider that a form names; `null` where it names none. */
export function providerIn(fields: URLSearchParams): ProviderId | null {
  const provider = providerSchema.safeParse(fields.get('provider'));
  return provider.success ? provider.data : null;
}

/** Where the provider's pages are, to which forms of ours lead on (Content-Security-Policy, `form-action`). */
export const PROVIDER_ORIGINS: Readonly<Record<ProviderId, string>> = {
  github: 'https://github.com',
  google: 'https://accounts.google.com',
};

const CANCELLED = 'You were not signed in: the other site says that you did not agree to it.';
const NOT_LINKED =
  'There is an account with that e-mail address here already. Sign in with its password, and link the two on your account page.';
const FAILED = 'Signing in there did not work. Try again, or use your password.';

/** What a provider's refusal means, by the code in the address: the address says nothing that is shown. */
const PROBLEMS = new Map([
  ['access_denied', CANCELLED],
  ['account_not_linked', NOT_LINKED],
  ['email_not_found', 'That account has no e-mail address that could be read, and one is needed here.'],
  ['email_does_not_match', 'That account has another e-mail address than this one, so they were not linked.'],
  ['email_not_verified', 'Over there the e-mail address is not verified.'],
  ['account_already_linked_to_different_user', 'That account belongs to another account here already.'],
  ['unable_to_link_account', 'They were not linked: over there the e-mail address is not verified.'],
  ['BANNED_USER', 'This account is locked.'],
  ['banned', 'This account is locked.'],
]);

/** @param code of the address; `undefined` where there is none */
export function providerProblem(code: string | undefined): string | null {
  return code === undefined ? null : (PROBLEMS.get(code) ?? FAILED);
}

/** A button for each provider. */
export function ProviderButtons(props: {
  providers: readonly ProviderId[];
  /** Where the form goes. */
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
