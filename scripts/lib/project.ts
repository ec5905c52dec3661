import path from 'node:path';

/** The folder that holds package.json. */
export const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');

/** The D1 database's name in wrangler.toml. */
export const D1_NAME = 'roomkeeper';
