import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PUBLIC = new URL('../../public/', import.meta.url);

/** Folder of what is served as it is. */
export const ASSETS_FOLDER = fileURLToPath(new URL('assets/', PUBLIC));

/** Text of a file that is served as it is. Read once, at the start. */
export function publicFile(name: string): string {
  return readFileSync(new URL(name, PUBLIC), 'utf8');
}
