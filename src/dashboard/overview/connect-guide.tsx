import { createConnectCommands, createConnectProgram, type Connection } from '../ui/connect-program.ts';
import { Snippet } from '../ui/snippet.tsx';

const FIRST_ROOM = { doType: 'document', resourceName: 'my-first-document' } as const;

/** How to connect a client to a first room. */
export function ConnectGuide(props: Omit<Connection, 'room'>) {
  const connection = { ...props, room: FIRST_ROOM };
  return (
    <ol class="guide">
      <li>
        <h3>Connect with y-websocket</h3>
        <p>
          Install <code>yjs</code> and <code>y-websocket</code>, and put your password in place of PASSWORD.
          If your account has no password, set one on the <a href="/dashboard/account">account page</a>. The
          program stays connected while its session is valid.
        </p>
        <Snippet label="Program that connects to a first document" code={createConnectProgram(connection)} />
      </li>
      <li>
        <h3>Choose the rooms</h3>
        <p>
          Any name creates a room. Under <code>/documents</code> a room keeps its history for versions, under{' '}
          <code>/workspaces</code>, for structured data, it does not.
        </p>
      </li>
      <li>
        <h3>Or use plain HTTP</h3>
        <Snippet
          label="Commands that create and read a first document"
          code={createConnectCommands(connection)}
        />
      </li>
    </ol>
  );
}
