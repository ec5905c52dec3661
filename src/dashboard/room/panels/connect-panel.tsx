import { connectProgram, type Connection } from '../../ui/connect-program.ts';
import { Snippet } from '../../ui/snippet.tsx';

/** How a client of the user's own connects to this very room. */
export function ConnectPanel(connection: Connection) {
  return (
    <section class="panel" aria-labelledby="connect-heading">
      <h2 id="connect-heading" class="panel-head">
        Connect a client
      </h2>
      <div class="panel-body">
        <Snippet label="Program that connects to this room" code={connectProgram(connection)} />
        <p class="hint">
          Put your password in place of PASSWORD. The program has a session of its own, which you can sign out
          on your <a href="/dashboard/account">account page</a>.
        </p>
      </div>
    </section>
  );
}
