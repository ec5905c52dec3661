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
  type RejectedForm,
  Setting,
  type SettingProps,
} from './settings.tsx';

/** Messages by the code in the address. */
const DONE_MESSAGES = {
  name: 'Your name is changed.',
  email: 'Your e-mail address is changed. Sign in with it from now on.',
  password: 'Your password is changed. All other sessions were signed out.',
  'new-password': 'Your password is set.',
  session: 'The session is signed out.',
  others: 'All other sessions are signed out.',
  link: 'The accounts are linked. You can sign in with either.',
  unlink: 'The account is unlinked.',
} as const;
export type Done = keyof typeof DONE_MESSAGES;

export const isDone = (code: string | undefined): code is Done =>
  code !== undefined && Object.hasOwn(DONE_MESSAGES, code);

export interface AccountPageProps {
  readonly user: SignedInUser;
  readonly account: AccountSummary;
  readonly done: Done | null;
  readonly rejected: RejectedForm | null;
  /** The error of a provider, or of an action without inputs. */
  readonly problem: string | null;
  /** Providers that can be linked. */
  readonly providers: readonly ProviderId[];
  /** Unix milliseconds. */
  readonly now: number;
}

export function AccountPage(props: AccountPageProps) {
  const { user, account, done, rejected, now } = props;
  const setting: SettingProps = {
    user,
    account,
    typed: rejected?.typed ?? {},
    getError: (form) => (rejected?.form === form ? rejected.error : null),
  };
  return (
    <>
      <div class="heading">
        <h1>Account</h1>
      </div>
      {done === null ? null : (
        <p class="notice" role="status">
          {DONE_MESSAGES[done]}
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
        about="Deletes your account and all your rooms with their content. This cannot be undone."
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
