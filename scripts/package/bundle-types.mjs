import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import ts from 'typescript';
import { typeEntries, installedPackages, INTERNAL, isExternal } from './entries.mjs';
import { flattenedOptions } from './option-types.mjs';

/** Bundles the declarations, once beside the ESM code and once beside the CommonJS code, where they count as such. */
export async function bundleTypes(library, manifest, target) {
  const installed = installedPackages(manifest);
  const entries = typeEntries(library, manifest);
  const flattened = flattenedOptions(Object.values(entries));
  for (const folder of ['.', 'cjs']) {
    const bundle = await rolldown({
      input: entries,
      external: (id, importer) => importer !== undefined && isExternal(id, installed),
      plugins: [
        { name: 'flattened-options', load: (id) => flattened.get(id) },
        dts({ dtsInput: true, emitDtsOnly: true, sourcemap: false, tsconfig: false, resolve: [INTERNAL] }),
      ],
    });
    const { output } = await bundle.write({
      dir: join(target, folder),
      format: 'esm',
      chunkFileNames: 'shared-[name].js',
    });
    for (const { fileName, code } of output)
      refuseUndeclared(join(target, folder, fileName), code, installed);
  }
}

/** Names in a declaration that only the bundled packages define must not reach the user. */
function refuseUndeclared(file, code, installed) {
  const undeclared = ts
    .preProcessFile(code)
    .importedFiles.find(({ fileName }) => !fileName.startsWith('.') && !isExternal(fileName, installed));
  if (undeclared) throw new Error(`${file} imports ${undeclared.fileName}, which is not declared`);
  if (code.includes('ZodType'))
    throw new Error(`${file} has a type of zod: spell it out in option-types.mjs`);
}
