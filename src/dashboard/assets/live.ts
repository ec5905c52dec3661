import { keepAgesTrue } from './live/ages.ts';
import { offerSnippets } from './live/copy-snippet.ts';
import { followPage } from './live/follow-page.ts';
import { readServerClock } from './live/server-clock.ts';

readServerClock(document);
keepAgesTrue();
followPage();
offerSnippets();
