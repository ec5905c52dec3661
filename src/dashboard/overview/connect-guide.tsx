/** Where clients connect to, from the origin that the page was asked at. */
export interface Endpoints {
  /** `https://host` */
  readonly http: string;
  /** `wss://host` */
  readonly socket: string;
}

export function endpointsOf(origin: string): Endpoints {
  return { http: origin, socket: origin.replace(/^http/, 'ws') };
}

const providerSnippet = ({ http, socket }: Endpoints) => `\
import * as Y from 'yjs';
import { WebsocketProvider } from 'y-websocket';

// From ${http}/api/auth/token
const token = '…';

const doc = new Y.Doc();
new WebsocketProvider('${socket}/documents', 'my-first-document', doc, {
  params: { token },
});
doc.getText('content').insert(0, 'Hello');`;

const curlSnippet = ({ http }: Endpoints) => `\
TOKEN=…

# Create a document, then read its state as one Yjs update
curl -X PUT -H "Authorization: Bearer $TOKEN" ${http}/documents/my-first-document
curl -H "Authorization: Bearer $TOKEN" -o state.bin ${http}/documents/my-first-document`;

/** How a first client reaches a first room. */
export function ConnectGuide({ endpoints }: { endpoints: Endpoints }) {
  return (
    <ol class="guide">
      <li>
        <h3>Get a token</h3>
        <p>
          Open <a href="/api/auth/token">/api/auth/token</a> in this browser, or let your app fetch it. It
          lives for 15 minutes, so an app that stays open fetches a new one now and then and puts it into{' '}
          <code>provider.params</code>.
        </p>
      </li>
      <li>
        <h3>Connect with y-websocket</h3>
        <p>
          Any name makes a room. Use <code>/documents</code> for documents, which keep their history for
          versions, and <code>/workspaces</code> for structured data, which does not.
        </p>
        <pre tabindex={0}>
          <code>{providerSnippet(endpoints)}</code>
        </pre>
      </li>
      <li>
        <h3>Or use plain HTTP</h3>
        <pre tabindex={0}>
          <code>{curlSnippet(endpoints)}</code>
        </pre>
      </li>
    </ol>
  );
}
