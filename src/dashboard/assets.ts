import built from '../../dist/assets.json' with { type: 'json' };

/** Where browsers find the built stylesheet and scripts of the pages (scripts/lib/build-pages.ts). */
export const ASSETS: {
  readonly style: string;
  readonly live: string;
  readonly rooms: string;
  readonly room: string;
} = built;
