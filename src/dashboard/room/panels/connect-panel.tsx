import { createConnectProgram, type Connection } from '../../ui/connect-program.ts';
import { Snippet } from '../../ui/snippet.tsx';

export function ConnectPanel(connection: Connection) {
  return (
    <section class="panel" aria-labelledby="connect-heading">
      <h2 id="connect-heading" class="panel-head">
        Connect a client
      </h2>
      <div class="panel-body">
        <Snippet label="Program that connects to this room" code={createConnectProgram(connection)} />
        <p class="hint">
          Replace PASSWORD with your password. The program gets its own session, which you can sign out on
          your <a href="/dashboard/account">account page</a>.
        </p>
      </div>
    </section>
  );
}
