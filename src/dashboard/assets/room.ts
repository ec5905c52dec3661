import { enableJsonDownload } from './room/download-json.ts';
import { followRoom } from './room/follow-room.ts';
import { askBeforeLoading } from './room/ask-before-loading.ts';
import { showVersion } from './room/show-version.ts';

const roomSection = document.querySelector<HTMLElement>('[data-room-content]');
const versionSection = document.querySelector<HTMLElement>('[data-version-content]');

if (roomSection !== null)
  askBeforeLoading(roomSection, () => followRoom(roomSection, (doc) => enableJsonDownload(roomSection, doc)));
if (versionSection !== null)
  void showVersion(versionSection, (doc) => enableJsonDownload(versionSection, doc));
