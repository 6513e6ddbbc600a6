/** Types of ensure-chromium.mjs, which stays plain JavaScript so that it runs before anything is built. */
import type { FoundProgram, Packages } from './package-managers.mjs';

export const CHROMIUM_PACKAGES: Packages;
export function parseBrowserVersion(text: string): string | undefined;
export function findBrowser(path: string): FoundProgram | undefined;
export function ensureBrowser(path: string): FoundProgram;
