import type { ProviderId } from '../sign-in/deps.ts';
import { PROVIDER_NAMES } from '../sign-in/providers.tsx';

/** Linked providers, and providers that can be linked. */
export function ProvidersSection(props: {
  linked: readonly string[];
  offered: readonly ProviderId[];
  /** Whether there is another way to sign in. */
  mayUnlink: boolean;
}) {
  const { linked, offered, mayUnlink } = props;
  const shown = (['github', 'google'] as const).filter((id) => linked.includes(id) || offered.includes(id));
  if (shown.length === 0) return null;
  return (
    <section class="setting panel" aria-labelledby="linked-heading">
      <div class="about">
        <h2 id="linked-heading">Linked accounts</h2>
        <p>
          Accounts of other sites that you can sign in with. Linking requires the same verified e-mail
          address.
        </p>
      </div>
      <div class="controls">
        <ul class="sessions-list">
          {shown.map((id) => {
            const isLinked = linked.includes(id);
            return (
              <li class="session">
                <div>
                  <p class="device">
                    {PROVIDER_NAMES[id]}
                    {isLinked ? <span class="badge">Linked</span> : null}
                  </p>
                </div>
                {isLinked && !mayUnlink ? (
                  <p class="hint">your only way to sign in</p>
                ) : (
                  <form method="post" action={`/dashboard/account/${isLinked ? 'unlink' : 'link'}`}>
                    <input type="hidden" name="provider" value={id} />
                    <button
                      class="quiet"
                      type="submit"
                      aria-label={`${isLinked ? 'Unlink' : 'Link'} ${PROVIDER_NAMES[id]}`}
                    >
                      {isLinked ? 'Unlink' : 'Link'}
                    </button>
                  </form>
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </section>
  );
}
