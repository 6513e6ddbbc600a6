/** Runs after `npm pack` and `npm publish` in the folder of a library: puts the `dist` of the workspace back. */
import { existsSync, renameSync, rmSync } from 'node:fs';

if (existsSync('.dist-workspace')) {
  rmSync('dist', { recursive: true });
  renameSync('.dist-workspace', 'dist');
}
