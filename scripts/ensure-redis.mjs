/**
 * Makes sure that this machine has a Redis server for the integration tests.
 *
 *   node scripts/ensure-redis.mjs
 *
 * Takes `redis-server` or `valkey-server` from the PATH; else installs one with the machine's package
 * manager (apt-get, apk, dnf, brew), through `sudo -n` where root is needed and sudo exists. Prints which
 * binary is used, or exits 1 with one message that says what to install. The tests start servers of their
 * own on free ports, so it does not matter whether a service that the package brings could start.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SERVER_NAMES = ['redis-server', 'valkey-server'];
const MINIMUM_MAJOR = 7;
const INSTALL_TIMEOUT_MS = 600_000;

const MANAGERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    env: ['DEBIAN_FRONTEND=noninteractive'],
    prepare: [['update']],
    install: ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'],
    packages: ['redis-server'],
  },
  {
    command: 'apk',
    needsRoot: true,
    env: [],
    prepare: [],
    install: ['add', '--no-cache'],
    packages: ['redis', 'valkey'],
  },
  // Fedora and RHEL 10 replaced redis by valkey; the redis of RHEL 8 and 9 is too old.
  {
    command: 'dnf',
    needsRoot: true,
    env: [],
    prepare: [],
    install: ['install', '-y'],
    packages: ['valkey', 'redis'],
  },
  {
    command: 'brew',
    needsRoot: false,
    env: [],
    prepare: [],
    install: ['install'],
    packages: ['redis', 'valkey'],
  },
];

const HOW_TO_INSTALL =
  `Install Redis ${MINIMUM_MAJOR}.0 or newer (or Valkey) so that redis-server or valkey-server is on the PATH, ` +
  'for example: apt-get install redis-server | apk add redis | dnf install valkey | brew install redis.';

function isExecutableFile(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export function findOnPath(name, path) {
  const folders = path.split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutableFile);
}

/** "Redis server v=7.0.15 sha=…" → "7.0.15"; undefined for anything else. */
export function parseVersion(text) {
  return /\bv=(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

export function isRecentEnough(version) {
  return version !== undefined && Number.parseInt(version, 10) >= MINIMUM_MAJOR;
}

function versionOf(file) {
  return parseVersion(spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '');
}

/** Every Redis or Valkey server on the PATH, in order of preference, with the version it reports. */
export function findServers(path) {
  const files = SERVER_NAMES.map((name) => findOnPath(name, path)).filter((file) => file !== undefined);
  return files.map((file) => ({ file, version: versionOf(file) }));
}

/** The server that the tests use, or undefined. */
export function findServer(path) {
  return findServers(path).find(({ version }) => isRecentEnough(version));
}

/**
 * What to run to install a server, in order; stop as soon as a server is there.
 * `undefined` when no package manager can be used.
 */
export function planInstall({ has, isRoot }) {
  const manager = MANAGERS.find(({ command, needsRoot }) => {
    return has(command) && (!needsRoot || isRoot || has('sudo'));
  });
  if (manager === undefined) return undefined;
  const { command, env, prepare, packages } = manager;
  const sudo = manager.needsRoot && !isRoot ? ['sudo', '-n'] : [];
  const prefix = [...sudo, ...(env.length > 0 ? ['env', ...env] : []), command];
  const installs = packages.map((name) => manager.install.concat(name));
  return [...prepare, ...installs].map((step) => prefix.concat(step));
}

/** Answers the end of the output when the command failed, else undefined. */
function runStep([command, ...args]) {
  console.log(`ensure-redis: running ${[command, ...args].join(' ')}`);
  const run = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: INSTALL_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.status === 0) return undefined;
  const output = run.error?.message ?? `${run.stdout}${run.stderr}`.trim().slice(-2_000);
  return `"${[command, ...args].join(' ')}" failed: ${output}`;
}

/** Installs a server; throws an Error with the whole story when there is none afterwards. */
function install(path) {
  const isRoot = process.getuid?.() === 0;
  const plan = planInstall({ has: (command) => findOnPath(command, path) !== undefined, isRoot });
  if (plan === undefined) {
    throw new Error(
      `No redis-server or valkey-server found, nor a way to install one here. ${HOW_TO_INSTALL}`,
    );
  }
  const failures = [];
  for (const step of plan) {
    const failure = runStep(step);
    if (failure !== undefined) failures.push(failure);
    // A package manager also fails when only the package's service could not start: the binary decides.
    const server = findServer(path);
    if (server !== undefined) return server;
  }
  throw new Error(['No usable Redis server could be installed.', HOW_TO_INSTALL, ...failures].join('\n'));
}

/** The server to use, installed first when there is none; throws an Error that says what to install. */
export function ensureServer(path) {
  const found = findServers(path);
  const usable = found.find(({ version }) => isRecentEnough(version));
  if (usable !== undefined) return usable;
  if (found.length === 0) return install(path);
  const seen = found.map(({ file, version }) => `${file} (version ${version ?? 'unknown'})`).join(', ');
  throw new Error(`The Redis server on the PATH is too old or does not run: ${seen}. ${HOW_TO_INSTALL}`);
}

function main() {
  try {
    const { file, version } = ensureServer(process.env.PATH ?? '');
    console.log(`ensure-redis: using ${file} (version ${version})`);
  } catch (error) {
    console.error(`ensure-redis: ${error.message}`);
    process.exitCode = 1;
  }
}

const isEntryPoint =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isEntryPoint) main();
