/**
 * Runs before `npm pack` and `npm publish` in the folder of a library. Replaces `dist`, which has a file per source file,
 * by what is published: a bundle per entry of `exports`, as ESM and as CommonJS, with declarations and licences.
 * `postpack.mjs` puts the other `dist` back. Both have the same entries, so that either serves the workspace.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleCode } from './bundle-code.mjs';
import { bundleTypes } from './bundle-types.mjs';
import { thirdPartyNotices } from './third-party.mjs';

const TSC = resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
const library = process.cwd();
const built = join(library, 'dist');
const published = join(library, '.dist-published');

rmSync(join(library, '.dist-workspace'), { recursive: true, force: true });
rmSync(published, { recursive: true, force: true });
// A run that was interrupted has left bundles, without the file in which tsc keeps what it has built.
if (!existsSync(join(built, '.tsbuildinfo'))) rmSync(built, { recursive: true, force: true });
execFileSync(process.execPath, [TSC, '-b', library], { stdio: 'inherit' });

const manifest = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
const modules = await bundleCode(library, manifest, published);
await bundleTypes(library, manifest, published);
writeFileSync(join(published, 'cjs/package.json'), '{ "type": "commonjs" }\n');
writeFileSync(join(published, 'THIRD-PARTY-NOTICES.md'), thirdPartyNotices(modules));

renameSync(built, join(library, '.dist-workspace'));
renameSync(published, built);
