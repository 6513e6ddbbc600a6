/**
 * Makes sure that this machine has a Redis server for the integration tests.
 *
 *   node scripts/ensure-redis.mjs
 *
 * Takes `redis-server` or `valkey-server` from the PATH; else installs one with the machine's package
 * manager. Prints which binary is used, or exits 1 with one message that says what to install. The tests start
 * their own servers on free ports, so it does not matter whether the package's own service could start.
 */
import { findOnPath, install, printedVersion, runAsScript } from './package-managers.mjs';

const SCRIPT = 'ensure-redis';
const SERVER_NAMES = ['redis-server', 'valkey-server'];
const MINIMUM_MAJOR = 7;

export const REDIS_PACKAGES = {
  'apt-get': [['redis-server']],
  apk: [['redis'], ['valkey']],
  // Fedora and RHEL 10 replaced redis by valkey; the redis of RHEL 8 and 9 is too old.
  dnf: [['valkey'], ['redis']],
  brew: [['redis'], ['valkey']],
};

const HOW_TO_INSTALL =
  `Install Redis ${MINIMUM_MAJOR}.0 or newer (or Valkey) so that redis-server or valkey-server is on the PATH, ` +
  'for example: apt-get install redis-server | apk add redis | dnf install valkey | brew install redis.';

/** "Redis server v=7.0.15 sha=…" → "7.0.15"; undefined for anything else. */
export function parseVersion(text) {
  return /\bv=(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

export function isRecentEnough(version) {
  return version !== undefined && Number.parseInt(version, 10) >= MINIMUM_MAJOR;
}

/** Returns every Redis or Valkey server on the PATH, in order of preference, with the version it reports. */
export function findServers(path) {
  const files = SERVER_NAMES.map((name) => findOnPath(name, path)).filter((file) => file !== undefined);
  return files.map((file) => ({ file, version: parseVersion(printedVersion(file)) }));
}

/** Returns the server that the tests use, or undefined. */
export function findServer(path) {
  return findServers(path).find(({ version }) => isRecentEnough(version));
}

function installServer(path) {
  return install({
    script: SCRIPT,
    path,
    packages: REDIS_PACKAGES,
    find: findServer,
    wanted: 'Redis server (redis-server or valkey-server)',
    howToInstall: HOW_TO_INSTALL,
  });
}

/** Returns the server to use, and installs one if there is none; throws an Error that says what to install. */
export function ensureServer(path) {
  const found = findServers(path);
  const usable = found.find(({ version }) => isRecentEnough(version));
  if (usable !== undefined) return usable;
  if (found.length === 0) return installServer(path);
  const seen = found.map(({ file, version }) => `${file} (version ${version ?? 'unknown'})`).join(', ');
  throw new Error(`The Redis server on the PATH is too old or does not run: ${seen}. ${HOW_TO_INSTALL}`);
}

runAsScript(import.meta.url, SCRIPT, ensureServer);
