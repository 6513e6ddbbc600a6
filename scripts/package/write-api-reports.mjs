/**
 * Writes `api-report.md` of each published library: every declaration that users can reach, without comments, and the entries
 * that export it. A change of the API is then a change of this file, which a reviewer sees.
 *
 *   npm run docs:api            writes
 *   npm run docs:api -- --check prints the files that differ, and fails if there are any
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { bundleTypes } from './bundle-types.mjs';
import { typeEntries } from './entries.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const LIBRARIES = ['libs/redis-cache', 'libs/worker-pool'];
const CACHE = join(ROOT, 'node_modules/.cache');

const isCheck = process.argv.includes('--check');
for (const library of LIBRARIES.map((path) => join(ROOT, path))) {
  const file = join(library, 'api-report.md');
  const report = await reportOf(library, file);
  if (!isCheck) writeFileSync(file, report);
  else if (readFileSync(file, 'utf8') !== report) {
    console.error(`${relative(ROOT, file)} differs from the declarations: run npm run docs:api`);
    process.exitCode = 1;
  }
}

async function reportOf(library, file) {
  const manifest = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'api-'));
  try {
    await bundleTypes(library, manifest, folder);
    const entries = Object.keys(typeEntries(library, manifest));
    const text = [
      `# API of ${manifest.name}`,
      'Written by `npm run docs:api`; a test compares it with the declarations. Above each declaration are the entries that',
      'export it; one without entries is only the type of something else.\n',
      `\`\`\`ts\n${declarationsOf(folder, entries, manifest.name).join('\n\n')}\n\`\`\`\n`,
    ].join('\n');
    return await format(text, { ...(await resolveConfig(file)), parser: 'markdown' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function declarationsOf(folder, entries, name) {
  const files = entries.map((entry) => join(folder, `${entry}.d.ts`));
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: [] });
  const checker = program.getTypeChecker();
  const exported = new Map();
  for (const [index, file] of files.entries()) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    const entry = join(name, entries[index].replace(/\/?index$/, ''));
    for (const symbol of checker.getExportsOfModule(module)) {
      const { declarations } =
        symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      for (const node of declarations ?? []) {
        const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
        exported.set(statement, [...(exported.get(statement) ?? []), entry]);
      }
    }
  }
  const sources = program.getSourceFiles().filter(({ fileName }) => resolve(fileName).startsWith(folder));
  const declarations = sources.flatMap(({ statements }) => statements.filter(isDeclaration));
  return declarations
    .map((node) => ({ name: nameOf(node), text: print(node), entries: exported.get(node) ?? [] }))
    .toSorted(
      (one, other) => one.name.localeCompare(other.name, 'en') || one.text.localeCompare(other.text, 'en'),
    )
    .map(({ text, entries: by }) => [...by.map((entry) => `// ${entry}`), text].join('\n'));
}

function isDeclaration(node) {
  return !ts.isImportDeclaration(node) && !ts.isExportDeclaration(node) && !ts.isEmptyStatement(node);
}

function nameOf(node) {
  return ts.isVariableStatement(node) ? node.declarationList.declarations[0].name.getText() : node.name.text;
}

/** The order of a union's members depends on what the compiler happens to check first. */
function comparable(context) {
  const visit = (node) => {
    const visited = ts.visitEachChild(
      node,
      (child) => (isPrivate(child) ? undefined : visit(child)),
      context,
    );
    if (!ts.isUnionTypeNode(visited)) return visited;
    const texts = new Map(visited.types.map((type, index) => [type, node.types[index].getText()]));
    const isNothing = (type) => /^(null|undefined)$/.test(texts.get(type));
    const sorted = visited.types.toSorted(
      (one, other) => isNothing(one) - isNothing(other) || (texts.get(one) < texts.get(other) ? -1 : 1),
    );
    return ts.factory.createUnionTypeNode(sorted);
  };
  return (root) => visit(root);
}

/** Private members are no API. The names that the bundler gives to imports depend on their order. */
function print(node) {
  const [result] = ts.transform(node, [comparable]).transformed;
  const text = ts
    .createPrinter({ removeComments: true })
    .printNode(ts.EmitHint.Unspecified, result, node.getSourceFile());
  return text.replaceAll(/_\$(\w+?)\d*\./g, '$1.').replace(/^declare /, '');
}

function isPrivate(node) {
  if (node.name && ts.isPrivateIdentifier(node.name)) return true;
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ?? false;
}
