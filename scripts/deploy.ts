import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { failWithMessage } from './lib/command.ts';
import { type DeployConfig, readDeployConfig } from './lib/deploy-config.ts';
import {
  applyMigrations,
  deployWorker,
  type Deployment,
  makeMissingSecret,
  provideDatabase,
  requireLogin,
} from './lib/deploy-steps.ts';
import { rehearseSteps } from './lib/deploy-rehearsal.ts';
import { callWranglerWith } from './lib/deploy-wrangler.ts';
import { printableLines } from './lib/printable.ts';
import { runToEnd } from './lib/processes.ts';
import { localWrangler } from './lib/wrangler.ts';

const HELP = `Deploys Roomkeeper to Cloudflare. Safe to repeat.

  npm run deploy [-- options]

  --dry-run   show the account, the URL, what is there already and what would be done, and bundle the Worker; changes
              nothing, and works without a login too
  --help      this text

It works with the credentials of wrangler ("npx wrangler login", or CLOUDFLARE_API_TOKEN), asks nothing, and
  1. checks that you are logged in,
  2. finds or creates the D1 database where wrangler.toml has no database_id, and writes the id there,
  3. applies d1-migrations,
  4. makes the secret BETTER_AUTH_SECRET where the Worker has none,
  5. deploys the Worker.
Where a step fails, those after it are not begun.`;

const EXIT_MISUSED = 2;
const STEP_WIDTH = 10;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

function tell(step: string, line: string): void {
  if (line.trim() !== '') console.log(`${step.padEnd(STEP_WIDTH)} | ${printableLines(line)}`);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  if (options.help) {
    console.log(HELP);
    return;
  }
  const privateFolder = await makePrivateFolder();
  const config = await readDeployConfig();
  const deployment = { config, wrangler: callWranglerWith(privateFolder), tell, privateFolder };
  if (options['dry-run']) await rehearse(deployment);
  else await deploy(deployment);
}

function readOptions() {
  try {
    const boolean = { type: 'boolean', default: false } as const;
    return parseArgs({ options: { 'dry-run': boolean, help: { ...boolean, short: 'h' } } }).values;
  } catch (error) {
    console.error(`${printableLines(error instanceof Error ? error.message : String(error))}\n\n${HELP}`);
    process.exitCode = EXIT_MISUSED;
    return undefined;
  }
}

async function deploy(deployment: Deployment): Promise<void> {
  await requireLogin(deployment);
  await provideDatabase(deployment);
  await applyMigrations(deployment);
  const secretsFile = await makeMissingSecret(deployment);
  const origin = await deployWorker(deployment, secretsFile);

  const dashboard =
    origin === undefined ? '/dashboard on the routes of wrangler.toml' : `${origin}/dashboard`;
  console.log(`\nDashboard  ${dashboard}`);
  console.log('Operators  sign up there, then: npm run operator -- grant <e-mail>');
  console.log(`Sign-up    ${SIGN_UP}`);
  console.log(`Mirror     ${mirrorHint(deployment.config)}`);
}

async function rehearse(deployment: Deployment): Promise<void> {
  await rehearseSteps(deployment);
  tell('deploy', 'would deploy the Worker, as follows.');
  await runToEnd(
    localWrangler(['deploy', '--dry-run'], {
      home: deployment.privateFolder,
      onLine: (line) => tell('deploy', line),
    }),
  );
  console.log(`\nSign-up    ${SIGN_UP}`);
  console.log(`Mirror     ${mirrorHint(deployment.config)}`);
}

/** There is no setting for it. */
const SIGN_UP = 'open: anyone who reaches the URL can make an account and store rooms';

function mirrorHint({ hyperdriveId }: DeployConfig): string {
  return hyperdriveId === undefined
    ? 'off; docs/guide/mirror.md tells how to have the registry in Postgres'
    : `works once its Postgres is migrated: npm run migrate:pg -- <URL of the Postgres behind Hyperdrive ${hyperdriveId}>`;
}

/** For this user alone (mkdtemp makes it so). It is gone when this process ends, by itself or by a signal. */
async function makePrivateFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-deploy-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const [signal, number] of Object.entries(SIGNALS)) {
    // Shells expect 128 and the signal's number.
    process.on(signal, () => process.exit(128 + number));
  }
  return folder;
}

main().catch(failWithMessage);
