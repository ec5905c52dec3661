import { offerSnippet } from './room/copy-snippet.ts';
import { offerJson } from './room/download-json.ts';
import { followRoom } from './room/follow-room.ts';
import { showVersion } from './room/show-version.ts';

const ofRoom = document.querySelector<HTMLElement>('[data-room-content]');
const ofVersion = document.querySelector<HTMLElement>('[data-version-content]');
const snippet = document.querySelector<HTMLElement>('[data-snippet]');

for (const waiting of document.querySelectorAll<HTMLElement>('[data-waiting]')) waiting.hidden = false;
if (ofRoom !== null) followRoom(ofRoom, (doc) => offerJson(ofRoom, doc));
if (ofVersion !== null) void showVersion(ofVersion, (doc) => offerJson(ofVersion, doc));
if (snippet !== null) offerSnippet(snippet);
