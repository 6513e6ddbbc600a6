/**
 * The browser that the tests run, and how it has to be started.
 *
 *   const browser = await chromium.launch({ executablePath: chromiumBinary(), args: [...CHROMIUM_ARGS] });
 *
 * The same choice that `scripts/ensure-chromium.mjs` makes and prints before the suite starts.
 */
import { findBrowser } from '../../scripts/ensure-chromium.mjs';

/** No window, no sandbox (CI runs as root), and nothing that would talk to servers of its maker. */
export const CHROMIUM_ARGS: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Throws when the PATH has no usable browser: no browser means a red run, never a skipped one. */
export function chromiumBinary(path: string = process.env['PATH'] ?? ''): string {
  const browser = findBrowser(path);
  if (browser === undefined) {
    throw new Error(
      'No chromium, chromium-browser or google-chrome on the PATH; run: node scripts/ensure-chromium.mjs',
    );
  }
  return browser.file;
}
