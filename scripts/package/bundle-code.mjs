import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { codeEntries, installedPackages, isExternal } from './entries.mjs';

const FORMATS = { esm: '.', cjs: 'cjs' };

/**
 * Bundles what tsc has built, because it has applied the decorators and their metadata already. Entries share chunks, so
 * that a class exists once however many entries an application loads. Returns the ids of the bundled modules.
 */
export async function bundleCode(library, manifest, target) {
  const installed = installedPackages(manifest);
  const modules = new Set();
  for (const [format, folder] of Object.entries(FORMATS)) {
    const bundle = await rolldown({
      input: codeEntries(library, manifest),
      external: (id, importer) => isExternal(id, installed) && importer !== undefined,
      platform: 'node',
      // Bundled packages have no effect but their exports; `zod` sets the language of its messages.
      treeshake: {
        moduleSideEffects: (id) => !id.includes('node_modules') || /zod\/.*\/external\.js$/.test(id),
      },
      onLog: (level, log) => fail(level, log),
    });
    const { output } = await bundle.write({
      dir: join(target, folder),
      format,
      exports: 'named',
      chunkFileNames: 'shared-[name].js',
      // `require` also where the module runs without support of `import()`, as in Jest.
      dynamicImportInCjs: false,
      comments: { annotation: true, legal: true, jsdoc: false },
    });
    for (const chunk of output) for (const id of chunk.moduleIds ?? []) modules.add(id);
  }
  return [...modules];
}

function fail(level, { code, message }) {
  if (level === 'warn') throw new Error(`${code}: ${message}`);
}
