/** Fields of esbuild's metafile that are used here. */
export interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
      }
    >
  >;
}

interface Import {
  readonly path: string;
  /** `dynamic-import`: loaded where `import()` is reached, and not before. */
  readonly kind: string;
  readonly external?: boolean;
}

/** The packages that a sync needs. What is loaded with them is loaded by each isolate that starts, so the list is short. */
const PACKAGES_OF_SYNC = new Set(['hono', 'jose', 'lib0', 'yjs']);
/** Folders of src/ that no sync needs. */
const FOLDERS_BESIDE_SYNC = ['dashboard', 'dashboard-ports', 'mirror', 'openapi'];

/** Where something that no sync needs is loaded when an isolate starts: the imports that lead there, one for each part. */
export function findUnneededImports(metafile: Metafile): string[] {
  const { entryPoint, bytesOf } = outputOf(metafile);
  const importers = new Map<string, string | null>([[entryPoint, null]]);
  const found = new Map<string, string>();
  // A Map's iterator sees what is added meanwhile.
  for (const [file] of importers) {
    const part = partOf(file);
    // What a file that is not even kept leads to may be kept all the same.
    if (!isOfSync(part) && (bytesOf.get(file) ?? 0) > 0) {
      if (!found.has(part)) found.set(part, wayTo(file, importers));
      continue;
    }
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind !== 'dynamic-import' && external !== true && !importers.has(path)) importers.set(path, file);
    }
  }
  return [...found.values()];
}

/** How many bytes of the bundle are each package's and each folder's, the most first. */
export function listParts(metafile: Metafile): { readonly part: string; readonly bytes: number }[] {
  const sizes = new Map<string, number>();
  for (const [file, bytes] of outputOf(metafile).bytesOf) {
    sizes.set(partOf(file), (sizes.get(partOf(file)) ?? 0) + bytes);
  }
  return [...sizes].map(([part, bytes]) => ({ part, bytes })).toSorted((a, b) => b.bytes - a.bytes);
}

function outputOf({ outputs }: Metafile): {
  readonly entryPoint: string;
  readonly bytesOf: ReadonlyMap<string, number>;
} {
  const output = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined);
  if (output?.entryPoint === undefined) throw new Error('The metafile of esbuild has no bundle.');
  const bytesOf = Object.entries(output.inputs).map(
    ([file, { bytesInOutput }]) => [file, bytesInOutput] as const,
  );
  return { entryPoint: output.entryPoint, bytesOf: new Map(bytesOf) };
}

/** The package that a file is of, or its folder in src/. */
function partOf(file: string): string {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
  return name ?? file.split('/').slice(0, 2).join('/');
}

function isOfSync(part: string): boolean {
  if (!part.startsWith('src/')) return PACKAGES_OF_SYNC.has(part);
  return !FOLDERS_BESIDE_SYNC.includes(part.slice('src/'.length));
}

function wayTo(file: string, importers: ReadonlyMap<string, string | null>): string {
  const way: string[] = [];
  for (let at: string | null = file; at !== null; at = importers.get(at) ?? null) way.unshift(at);
  return way.join(' → ');
}
