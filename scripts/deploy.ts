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
  createMissingSecret,
  ensureDatabase,
  requireLogin,
} from './lib/deploy-steps.ts';
import { planSteps } from './lib/deploy-plan.ts';
import { createWranglerCaller } from './lib/deploy-wrangler.ts';
import { printableLines } from './lib/printable.ts';
import { runToEnd } from './lib/processes.ts';
import { localWrangler } from './lib/wrangler.ts';

const HELP = `Deploys Roomkeeper to Cloudflare. Safe to repeat.

  npm run deploy [-- options]

  --dry-run   show the account, the URL, existing resources and the planned steps, and bundle the Worker; changes
              nothing and works without a login
  --help      this text

It uses the credentials of wrangler ("npx wrangler login", or CLOUDFLARE_API_TOKEN), does not prompt, and
  1. checks that you are logged in,
  2. finds or creates the D1 database if wrangler.toml has no database_id, and writes the id there,
  3. applies d1-migrations,
  4. creates the secret BETTER_AUTH_SECRET if the Worker has none,
  5. deploys the Worker.
It stops at the first step that fails.`;

const EXIT_MISUSED = 2;
const STEP_WIDTH = 10;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

function report(step: string, line: string): void {
  if (line.trim() !== '') console.log(`${step.padEnd(STEP_WIDTH)} | ${printableLines(line)}`);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  if (options.help) {
    console.log(HELP);
    return;
  }
  const privateFolder = await createPrivateFolder();
  const config = await readDeployConfig();
  const deployment = { config, wrangler: createWranglerCaller(privateFolder), report, privateFolder };
  if (options['dry-run']) await plan(deployment);
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
  await ensureDatabase(deployment);
  await applyMigrations(deployment);
  const secretsFile = await createMissingSecret(deployment);
  const origin = await deployWorker(deployment, secretsFile);

  const dashboard =
    origin === undefined ? '/dashboard on the routes of wrangler.toml' : `${origin}/dashboard`;
  console.log(`\nDashboard  ${dashboard}`);
  console.log('Operators  Sign up on the dashboard, then run: npm run operator -- grant <e-mail>');
  console.log(`Sign-up    ${SIGN_UP}`);
  console.log(`Mirror     ${mirrorHint(deployment.config)}`);
}

async function plan(deployment: Deployment): Promise<void> {
  await planSteps(deployment);
  report('deploy', 'would deploy the Worker:');
  await runToEnd(
    localWrangler(['deploy', '--dry-run'], {
      home: deployment.privateFolder,
      onLine: (line) => report('deploy', line),
    }),
  );
  console.log(`\nSign-up    ${SIGN_UP}`);
  console.log(`Mirror     ${mirrorHint(deployment.config)}`);
}

const SIGN_UP = 'open: anyone who can reach the URL can create an account and rooms';

function mirrorHint({ hyperdriveId }: DeployConfig): string {
  return hyperdriveId === undefined
    ? 'off. To copy the registry to Postgres, see docs/guide/mirror.md.'
    : `Migrate its Postgres: npm run migrate:pg -- <URL of the Postgres behind Hyperdrive ${hyperdriveId}>`;
}

/** mkdtemp makes it private. It is removed when this process exits. */
async function createPrivateFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-deploy-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const [signal, number] of Object.entries(SIGNALS)) {
    // Shells expect 128 + the signal's number.
    process.on(signal, () => process.exit(128 + number));
  }
  return folder;
}

main().catch(failWithMessage);
