import { join, resolve } from 'node:path';
import { node } from './commands.mjs';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Checks the tarballs with publint and attw, and the dependencies that the libraries declare with knip. */
export async function checkPackages(tarballs, tools) {
  const program = (path) => join(tools, 'node_modules', path);
  for (const tarball of Object.values(tarballs)) {
    await node(tools, [program('publint/src/cli.js'), tarball, '--strict']);
    await node(tools, [program('@arethetypeswrong/cli/dist/index.js'), tarball, '--no-color']);
  }
  const workspaces = ['libs/redis-cache', 'libs/worker-pool'].flatMap((folder) => ['--workspace', folder]);
  const issues = ['--dependencies', '--exclude', 'optionalPeerDependencies', '--no-config-hints'];
  await node(ROOT, [
    program('knip/bin/knip.js'),
    '--config',
    'test/consumers/knip.json',
    ...workspaces,
    ...issues,
  ]);
}
