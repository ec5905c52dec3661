import { offerJson } from './room/download-json.ts';
import { followRoom } from './room/follow-room.ts';
import { askBeforeLoading } from './room/ask-before-loading.ts';
import { showVersion } from './room/show-version.ts';

const ofRoom = document.querySelector<HTMLElement>('[data-room-content]');
const ofVersion = document.querySelector<HTMLElement>('[data-version-content]');

if (ofRoom !== null) askBeforeLoading(ofRoom, () => followRoom(ofRoom, (doc) => offerJson(ofRoom, doc)));
if (ofVersion !== null) void showVersion(ofVersion, (doc) => offerJson(ofVersion, doc));
