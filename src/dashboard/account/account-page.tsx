import type { SignedInUser } from '../http/current-user.ts';
import { FormBanner } from '../ui/field.tsx';
import type { ProviderId } from '../sign-in/deps.ts';
import type { AccountSummary } from './deps.ts';
import { ProvidersSection } from './providers-section.tsx';
import { SessionsSection } from './sessions-section.tsx';
import {
  EmailSetting,
  NameSetting,
  PasswordSetting,
  type Refused,
  Setting,
  type SettingProps,
} from './settings.tsx';

/** What was done, by the code in the address: the address says nothing that is shown. */
const DONE = {
  name: 'Your name is changed.',
  email: 'Your e-mail address is changed. Sign in with it from now on.',
  password: 'Your password is changed. All other sessions were signed out.',
  'new-password': 'Your password is set.',
  session: 'That session is signed out.',
  others: 'All other sessions are signed out.',
  link: 'The accounts are linked: you can sign in with either.',
  unlink: 'That account is not linked any more.',
} as const;
export type Done = keyof typeof DONE;

export const isDone = (code: string | undefined): code is Done =>
  code !== undefined && Object.hasOwn(DONE, code);

export interface AccountPageProps {
  readonly user: SignedInUser;
  readonly account: AccountSummary;
  readonly done: Done | null;
  readonly refused: Refused | null;
  /** What a provider or an action without inputs was refused with. */
  readonly problem: string | null;
  /** Whose accounts can be linked. */
  readonly providers: readonly ProviderId[];
  /** Unix milliseconds. */
  readonly now: number;
}

/** All that a user can change of his own account. */
export function AccountPage(props: AccountPageProps) {
  const { user, account, done, refused, now } = props;
  const setting: SettingProps = {
    user,
    account,
    typed: refused?.typed ?? {},
    errorOf: (form) => (refused?.form === form ? refused.error : null),
  };
  return (
    <>
      <div class="heading">
        <h1>Account</h1>
      </div>
      {done === null ? null : (
        <p class="notice" role="status">
          {DONE[done]}
        </p>
      )}
      <FormBanner error={props.problem === null ? null : { message: props.problem }} />
      <NameSetting {...setting} />
      <EmailSetting {...setting} />
      <PasswordSetting {...setting} />
      <ProvidersSection
        linked={account.providers}
        offered={props.providers}
        mayUnlink={account.hasPassword || account.providers.length > 1}
      />
      <SessionsSection sessions={account.sessions} current={user.sessionId} now={now} />
      <Setting
        id="delete"
        title="Delete account"
        about="Your account and all your rooms, with everything in them. This cannot be undone."
      >
        <p>
          <a class="button bad" href="/dashboard/account/delete">
            Delete account…
          </a>
        </p>
      </Setting>
    </>
  );
}
