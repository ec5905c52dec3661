import { keepAgesTrue } from './live/ages.ts';
import { offerSnippets } from './live/copy-snippet.ts';
import { followPage } from './live/follow-page.ts';
import { forgetDone } from './live/forget-done.ts';
import { noteLeaving } from './live/reload.ts';
import { readServerClock } from './live/server-clock.ts';

readServerClock(document);
forgetDone();
noteLeaving();
keepAgesTrue();
followPage();
offerSnippets();
