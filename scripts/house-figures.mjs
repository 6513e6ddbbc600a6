/**
 * Prints figures about the code: product files and lines, lengths of functions, members of the facade and the load time
 * of each package entry. Needs a build.
 *
 *   node scripts/house-figures.mjs [--root <folder>] [--json]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import ts from 'typescript';

const LOADS = 9;
const SPEC = /\.spec\.ts$|\.d\.ts$|\/spec-support\//;
const ASSETS = new Set(['.js', '.css', '.html', '.svg']);

const { values } = parseArgs({
  options: { root: { type: 'string', default: '.' }, json: { type: 'boolean', default: false } },
});
const root = resolve(values.root);
const packages = ['libs', 'apps'].flatMap((top) =>
  readdirSync(join(root, top)).map((name) => join(root, top, name)),
);
const sources = packages.flatMap((folder) => filesIn(join(folder, 'src'))).filter(isProductSource);
const assets = packages
  .flatMap((folder) => filesIn(join(folder, 'public')))
  .filter((file) => ASSETS.has(extname(file)));

const figures = {
  product: { lines: sum(sources.map(linesOf)), files: spread(sources.map(linesOf)) },
  assets: { files: assets.length, lines: sum(assets.map(linesOf)) },
  filesOfAtMost20Lines: sources.filter((file) => linesOf(file) <= 20).length,
  functions: spread(sources.flatMap(functionLengths)),
  facadeMembers: facadeMembers(),
  packages: Object.fromEntries(packages.map((folder) => [relative(root, folder), sizeOf(folder)])),
  load: Object.fromEntries(
    packages.flatMap(entriesOf).map(({ name, folder }) => [name, loadCost(name, folder)]),
  ),
};

if (values.json) console.log(JSON.stringify(figures, undefined, 2));
else console.log(inspect(figures, { breakLength: 120, depth: 3 }));

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function isProductSource(file) {
  return file.endsWith('.ts') && !SPEC.test(file);
}

function linesOf(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').length;
}

function sizeOf(folder) {
  const own = sources.filter((file) => file.startsWith(`${folder}/`));
  return { files: own.length, lines: sum(own.map(linesOf)) };
}

/** Lines of each function that has a body in braces; one-line arrows without braces are expressions. */
function functionLengths(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line;
  const lengths = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body && ts.isBlock(node.body)) {
      lengths.push(lineOf(node.end) - lineOf(node.getStart(source)) + 1);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lengths;
}

/** Public members of `RedisCacheService`, inherited ones included. */
function facadeMembers() {
  const index = join(root, 'libs/redis-cache/dist/index.d.ts');
  const program = ts.createProgram([index], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: [],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const entry = checker.getSymbolAtLocation(program.getSourceFile(index));
  const facade = checker.getExportsOfModule(entry).find(({ name }) => name === 'RedisCacheService');
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const symbol = facade.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(facade) : facade;
  return checker
    .getDeclaredTypeOfSymbol(symbol)
    .getProperties()
    .filter(({ declarations: [declaration] }) => {
      return (
        !ts.isPrivateIdentifier(declaration.name) && !(ts.getCombinedModifierFlags(declaration) & hidden)
      );
    }).length;
}

/** Returns the names by which a package can be imported. */
function entriesOf(folder) {
  const { name, exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.keys(exports)
    .filter((key) => !key.endsWith('.json'))
    .map((key) => ({ name: join(name, key), folder }));
}

/**
 * Measures the cost of an `import()`, each in a new process: median and fastest time, processor time, and the number of
 * files that it loads, including dependencies. On a busy machine compare the last two.
 */
function loadCost(name, folder) {
  const run = (code) =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' }),
    );
  const time = () =>
    run(`const start = performance.now(); const before = process.cpuUsage(); await import('${name}');
      const { user, system } = process.cpuUsage(before);
      console.log(JSON.stringify({ wall: performance.now() - start, cpu: (user + system) / 1000 })); process.exit();`);
  // Scripts of packages have URLs or paths; those of Node itself begin with `node:`.
  const files =
    run(`import { Session } from 'node:inspector'; const session = new Session(); session.connect();
    let files = 0; session.on('Debugger.scriptParsed', ({ params: { url } }) => {
      if (url.startsWith('file:') || url.startsWith('/')) files += 1;
    });
    session.post('Debugger.enable'); const before = files; await import('${name}');
    console.log(files - before); process.exit();`);
  const times = Array.from({ length: LOADS }, time);
  const walls = times.map(({ wall }) => wall);
  return {
    ms: Math.round(spread(walls).median),
    fastestMs: Math.round(Math.min(...walls)),
    cpuMs: Math.round(spread(times.map(({ cpu }) => cpu)).median),
    files,
  };
}

function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { count: sorted.length, median: at(0.5), p90: at(0.9), longest: sorted.at(-1) };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
