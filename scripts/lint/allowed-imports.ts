import path from 'node:path';
import folders from './folders.json' with { type: 'json' };

/** What is used of ESLint's rule API (https://eslint.org/docs/latest/extend/custom-rules), which oxlint has too. */
interface Node {
  readonly source?: { readonly type: string; readonly value?: unknown } | null;
}
interface Context {
  readonly filename: string;
  report(problem: { readonly node: Node; readonly message: string }): void;
}

/** Folders below src/ and packages; `name/*` is every entry point of a package. */
interface Allowed {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const ALLOWED = new Map<string, Allowed>(Object.entries(folders));

/** The folder of the list that a file belongs to: the deepest one. */
function findFolder(file: string): string | null {
  for (let folder = path.dirname(file); folder !== 'src' && folder !== '.'; folder = path.dirname(folder)) {
    if (ALLOWED.has(folder)) return folder;
  }
  return path.dirname(file) === 'src' ? 'src' : null;
}

/** Why a file may not import something; `null`: it may. */
export function getImportProblem(file: string, specifier: string): string | null {
  const folder = findFolder(file);
  if (folder === null) return file.startsWith('src/') ? `the folder of ${file} is not listed` : null;
  const { folders: allowedFolders, packages } = ALLOWED.get(folder) ?? { folders: [], packages: [] };
  if (!specifier.startsWith('.')) {
    const isAllowed = packages.some((name) =>
      name.endsWith('/*') ? specifier.startsWith(name.slice(0, -1)) : specifier === name,
    );
    return isAllowed ? null : `${folder} may not import the package ${specifier}`;
  }
  const target = path.normalize(path.join(path.dirname(file), specifier));
  if (!target.startsWith('src/'))
    return target.startsWith('dist/') ? null : `${folder} may not import ${target}`;
  const targetFolder = findFolder(target);
  if (targetFolder === folder || allowedFolders.some((name) => `src/${name}` === targetFolder)) return null;
  return `${folder} may not import ${targetFolder ?? target}`;
}

const rule = {
  create(context: Context) {
    const file = path.relative(ROOT, context.filename);
    const check = (node: Node): void => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string') return;
      const problem = getImportProblem(file, specifier);
      if (problem !== null) context.report({ node, message: `${problem} (scripts/lint/folders.json)` });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default { meta: { name: 'folders' }, rules: { 'allowed-imports': rule } };
