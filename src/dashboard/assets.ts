import built from '../../dist/assets.json' with { type: 'json' };

/** URLs of the built stylesheet and scripts (scripts/lib/build-pages.ts). */
export const ASSETS: {
  readonly style: string;
  readonly live: string;
  readonly rooms: string;
  readonly room: string;
} = built;
