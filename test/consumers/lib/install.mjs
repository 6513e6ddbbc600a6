import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './commands.mjs';

const HERE = resolve(import.meta.dirname, '..');
const ROOT = resolve(HERE, '../..');
/** Linters and the like of a scaffold, which take minutes to install and are not what is tested. */
const NOT_TESTED = /eslint|oxlint|prettier|globals|mau|coverage/;
const NPM_INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** Packs the libraries and returns the paths of the tarballs by the names of the packages. */
export async function packLibraries(target) {
  mkdirSync(target, { recursive: true });
  const names = ['nestjs-redis-cache', 'nestjs-worker-pool'];
  const args = names.flatMap((name) => ['-w', name]);
  const output = await run(ROOT, 'npm', ['pack', ...args, '--pack-destination', target, '--loglevel=error']);
  const files = readdirSync(target);
  return {
    output,
    tarballs: Object.fromEntries(
      names.map((name) => [
        name,
        join(
          target,
          files.find((file) => file.startsWith(`${name}-`)),
        ),
      ]),
    ),
  };
}

/** Creates the application in a folder of its own and installs it. */
export async function install({ name, scaffold, source = 'app', packages }, tarballs, root) {
  const folder = join(root, name);
  if (scaffold) await createScaffold(scaffold, name, root);
  else mkdirSync(folder);
  const manifest = readManifest(folder) ?? { name, private: true, type: 'module' };
  const kept = Object.entries(manifest.devDependencies ?? {}).filter(
    ([dependency]) => !NOT_TESTED.test(dependency),
  );
  manifest.devDependencies = Object.fromEntries(kept.filter(([dependency]) => !(dependency in packages)));
  manifest.dependencies = { ...manifest.dependencies, ...packages, ...fileSpecifiers(tarballs) };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  copySources(join(HERE, source), folder, manifest.type === 'module');
  if (!packages['@nestjs/platform-fastify']) rmSync(join(folder, 'src/main.fastify.ts'), { force: true });
  cpSync(join(HERE, 'types'), join(folder, 'types'), { recursive: true });
  await run(folder, 'npm', NPM_INSTALL);
  return folder;
}

/** Installs publint, attw, knip and several versions of TypeScript. */
export async function installTools(root) {
  const folder = join(root, 'tools');
  cpSync(join(HERE, 'tools'), folder, { recursive: true });
  await run(folder, 'npm', NPM_INSTALL);
  return folder;
}

/**
 * Installs the versions of Node that the registry has as packages: those for Linux on x64. Returns their programs by
 * version, none on another platform.
 */
export async function installNodes(root) {
  const folder = join(root, 'nodes');
  cpSync(join(HERE, 'nodes'), folder, { recursive: true });
  await run(folder, 'npm', NPM_INSTALL);
  const installed = Object.keys(readManifest(folder).optionalDependencies)
    .map((name) => join(folder, 'node_modules', name))
    .filter((directory) => readManifest(directory));
  const versions = installed.map(async (directory) => {
    const program = join(directory, 'bin/node');
    return [(await run(folder, program, ['-p', 'process.versions.node'])).trim(), program];
  });
  return Object.fromEntries(await Promise.all(versions));
}

async function createScaffold(version, name, root) {
  const args = ['new', name, '--skip-install', '--skip-git', '--package-manager', 'npm'];
  await run(root, 'npm', ['exec', '--yes', `--package=@nestjs/cli@${version}`, '--', 'nest', ...args]);
  for (const folder of ['src', 'test']) {
    for (const file of readdirSync(join(root, name, folder))) {
      if (file.endsWith('.ts')) rmSync(join(root, name, folder, file));
    }
  }
  // Scaffolds skip the check of declaration files, which would hide errors in ours.
  edit(join(root, name, 'tsconfig.json'), '"skipLibCheck": true', '"skipLibCheck": false');
  edit(join(root, name, 'tsconfig.build.json'), '"exclude": [', '"exclude": ["types", ');
}

function edit(file, part, replacement) {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(part)) throw new Error(`${file} does not contain ${part}`);
  writeFileSync(file, text.replace(part, replacement));
}

/** Sources have endings on relative imports, which Jest does not resolve in CommonJS applications. */
function copySources(from, to, isModule) {
  cpSync(from, to, { recursive: true });
  if (isModule) return;
  for (const file of readdirSync(to, { recursive: true })) {
    if (!/^(?:src|test)\/.*\.ts$/.test(file)) continue;
    const text = readFileSync(join(to, file), 'utf8');
    writeFileSync(join(to, file), text.replaceAll(/(from '\.[^']*)\.js'/g, "$1'"));
  }
}

const fileSpecifiers = (tarballs) =>
  Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]));

export function readManifest(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
