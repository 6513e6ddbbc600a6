/**
 * What the scripts that obtain a program for the tests have in common: looking on the PATH, and installing with
 * the machine's package manager (apt-get, apk, dnf, brew), through `sudo -n` where root is needed and sudo exists.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const INSTALL_TIMEOUT_MS = 600_000;

const MANAGERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    env: ['DEBIAN_FRONTEND=noninteractive'],
    prepare: [['update']],
    install: ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'],
  },
  { command: 'apk', needsRoot: true, env: [], prepare: [], install: ['add', '--no-cache'] },
  { command: 'dnf', needsRoot: true, env: [], prepare: [], install: ['install', '-y'] },
  { command: 'brew', needsRoot: false, env: [], prepare: [], install: ['install'] },
];

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

/** What `file --version` prints; empty when it does not run. */
export function printedVersion(file) {
  return spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 60_000 }).stdout ?? '';
}

/**
 * What to run to install one of the packages, in order; stop as soon as the program is there.
 * `packages` names them for each package manager, the best first, each as the arguments that name it.
 * `undefined` when no package manager can be used.
 */
export function planInstall({ has, isRoot }, packages) {
  const manager = MANAGERS.find(({ command, needsRoot }) => {
    return has(command) && (!needsRoot || isRoot || has('sudo'));
  });
  if (manager === undefined) return undefined;
  const { command, env, prepare } = manager;
  const sudo = manager.needsRoot && !isRoot ? ['sudo', '-n'] : [];
  const prefix = [...sudo, ...(env.length > 0 ? ['env', ...env] : []), command];
  const installs = packages[command].map((names) => [...manager.install, ...names]);
  return [...prepare, ...installs].map((step) => prefix.concat(step));
}

/** Answers the end of the output when the command failed, else undefined. */
function runStep([command, ...args], script) {
  console.log(`${script}: running ${[command, ...args].join(' ')}`);
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

/**
 * Installs until `find` answers something, and answers that; throws an Error with the whole story when it
 * never does. `wanted` names the program and `howToInstall` says what to do by hand.
 */
export function install({ script, path, packages, find, wanted, howToInstall }) {
  const isRoot = process.getuid?.() === 0;
  const plan = planInstall({ has: (name) => findOnPath(name, path) !== undefined, isRoot }, packages);
  if (plan === undefined) {
    throw new Error(`No ${wanted} found, nor a way to install one here. ${howToInstall}`);
  }
  const failures = [];
  for (const step of plan) {
    const failure = runStep(step, script);
    if (failure !== undefined) failures.push(failure);
    // A package manager also fails when only the package's service could not start: the binary decides.
    const found = find(path);
    if (found !== undefined) return found;
  }
  throw new Error([`No usable ${wanted} could be installed.`, howToInstall, ...failures].join('\n'));
}

/** Runs `ensure` when node was started with this very module: prints what is used, or exits 1 with the reason. */
export function runAsScript(moduleUrl, script, ensure) {
  const entry = process.argv[1];
  if (entry === undefined || realpathSync(entry) !== fileURLToPath(moduleUrl)) return;
  try {
    const { file, version } = ensure(process.env.PATH ?? '');
    console.log(`${script}: using ${file} (version ${version})`);
  } catch (error) {
    console.error(`${script}: ${error.message}`);
    process.exitCode = 1;
  }
}
