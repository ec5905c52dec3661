import { updateAges } from './live/ages.ts';
import { enableCopyButtons } from './live/copy-snippet.ts';
import { followPage } from './live/follow-page.ts';
import { removeDoneParameter } from './live/remove-done-parameter.ts';
import { trackNavigation } from './live/reload.ts';
import { readServerClock } from './live/server-clock.ts';

readServerClock(document);
removeDoneParameter();
trackNavigation();
updateAges();
followPage();
enableCopyButtons();
