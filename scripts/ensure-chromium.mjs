/**
 * Makes sure that this machine has a Chromium for the tests of the gateway's page in a real browser.
 *
 *   node scripts/ensure-chromium.mjs
 *
 * Takes `chromium`, `chromium-browser` or `google-chrome` from the PATH; else installs Chromium with the
 * machine's package manager. Prints which binary is used, or exits 1 with one message that says what to install.
 */
import { findOnPath, install, printedVersion, runAsScript } from './package-managers.mjs';

const SCRIPT = 'ensure-chromium';
const BROWSER_NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export const CHROMIUM_PACKAGES = {
  'apt-get': [['chromium']],
  apk: [['chromium']],
  dnf: [['chromium']],
  brew: [['--cask', 'chromium']],
};

const HOW_TO_INSTALL =
  'Install Chromium or Chrome so that chromium, chromium-browser or google-chrome is on the PATH, ' +
  'for example: apt-get install chromium | apk add chromium | dnf install chromium | ' +
  'brew install --cask chromium.';

/** "Chromium 156.0.8078.108 built on …" → "156.0.8078.108"; undefined for anything else. */
export function parseBrowserVersion(text) {
  return /\bChrom(?:ium|e) (\d+(?:\.\d+)+)/.exec(text)?.[1];
}

/**
 * Returns the browser that the tests use, or undefined. A browser that does not print its version does not run: Ubuntu's
 * chromium-browser is a script that only names the snap to install.
 */
export function findBrowser(path) {
  for (const name of BROWSER_NAMES) {
    const file = findOnPath(name, path);
    const version = file && parseBrowserVersion(printedVersion(file));
    if (version) return { file, version };
  }
  return undefined;
}

/** Returns the browser to use, and installs one if there is none; throws an Error that says what to install. */
export function ensureBrowser(path) {
  const found = findBrowser(path);
  if (found !== undefined) return found;
  return install({
    script: SCRIPT,
    path,
    packages: CHROMIUM_PACKAGES,
    find: findBrowser,
    wanted: 'browser (chromium, chromium-browser or google-chrome)',
    howToInstall: HOW_TO_INSTALL,
  });
}

runAsScript(import.meta.url, SCRIPT, ensureBrowser);
