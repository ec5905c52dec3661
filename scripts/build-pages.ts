import { failWithMessage } from './lib/command.ts';
import { buildPages } from './lib/build-pages.ts';

/*
 * Builds what the pages have browsers load. Runs by itself: after `npm ci`, when wrangler starts or deploys the Worker, and
 * before the tests.
 */
buildPages().catch(failWithMessage);
