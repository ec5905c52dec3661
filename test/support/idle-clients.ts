import { connectClient } from './yjs-client.ts';

/** A process with real y-websocket clients in one room, which do nothing: `idle-clients.ts SERVER_URL ROOM TOKEN COUNT`. */
const [serverUrl = '', room = '', token = '', count = '1'] = process.argv.slice(2);
for (let index = 0; index < Number(count); index++) {
  const { provider } = await connectClient(serverUrl, room, token);
  provider.awareness.setLocalStateField('user', { name: `idle ${index}` });
}
console.log('connected');
