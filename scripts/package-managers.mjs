/**
 * Shared by the scripts that obtain a program for the tests: finds programs on the PATH, and installs them with the
 * machine's package manager (apt-get, apk, dnf, brew), through `sudo -n` where root is needed and sudo exists.
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

/** Returns the output of `file --version`; empty when it does not run. */
export function printedVersion(file) {
  return spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 60_000 }).stdout ?? '';
}

/**
 * Returns the commands that install one of the packages, in order; stop as soon as the program exists.
 * `packages` lists them for each package manager, the best first, each as arguments for it.
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

/** Returns the end of the output if the command failed, else undefined. */
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
 * Installs packages until `find` returns a program, and returns that. If it never does, throws an Error that lists every
 * attempt. `wanted` names the program and `howToInstall` says how to install it by hand.
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

/** If Node was started with this module, runs `ensure` and prints the program it found, or exits 1 with the reason. */
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
