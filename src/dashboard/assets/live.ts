import { keepAgesTrue } from './live/ages.ts';
import { followPage } from './live/follow-page.ts';

keepAgesTrue();
followPage();
