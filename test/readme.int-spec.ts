import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import ts from 'typescript';

const READMES = [
  'README.md',
  'libs/redis-connection/README.md',
  'libs/redis-cache/README.md',
  'libs/worker-pool/README.md',
];
const PAGES = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const DOCUMENTS = [...READMES, ...PAGES];
const DECISIONS_INDEX = 'docs/decisions/README.md';
const DECISIONS = readdirSync('docs/decisions').map((name) => `docs/decisions/${name}`);
const SNIPPET = /^```ts\n(.*?)^```/gms;
const FENCED = /^```.*?^```/gms;
/** Written by the bench. */
const FIGURES = new Set(['docs/comparison.md', 'docs/performance.md']);
/** READMEs of packages are read elsewhere, too: their links are absolute. */
const REPOSITORY = 'https://github.com/nestjs-redis-cache/nestjs-redis-cache/blob/main/';
const LINK = new RegExp(`\\]\\((?!https?:)([^)\\s]+)\\)|\\]\\(${REPOSITORY}([^)\\s]+)\\)`, 'g');
const HEADING = /^#+ (.+)$/gm;

/** Each TypeScript snippet as a file beside its document, so that imports resolve as they would for a user. */
function snippetsOf(document: string): Map<string, string> {
  const matches = readFileSync(document, 'utf8').matchAll(SNIPPET);
  return new Map(
    [...matches].map((match, index) => [`${resolve(document)}-snippet-${index + 1}.ts`, match[1]!]),
  );
}

/** Compiles all files at once, which takes little longer than one of them, and returns the errors. */
function compile(files: Map<string, string>): string[] {
  const { config } = ts.readConfigFile('tsconfig.spec.json', (path) => readFileSync(path, 'utf8'));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const moduleDetection = ts.ModuleDetectionKind.Force;
  const compilerOptions = { ...options, moduleDetection, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(compilerOptions);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, target) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, target) : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...files.keys()], compilerOptions, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      (problem) => `${problem.file?.fileName}: ${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}`,
    );
}

/** Returns the anchors that GitHub derives from the headings of a page. */
function anchorsOf(document: string): string[] {
  const text = readFileSync(document, 'utf8').replaceAll(FENCED, '');
  return [...text.matchAll(HEADING)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** A path that begins with `/` is relative to the repository. */
function targetOf(document: string, path: string): string {
  if (path === '') return document;
  return path.startsWith('/') ? path.slice(1) : join(dirname(document), path);
}

/** Returns the links whose file or heading does not exist. */
function brokenLinksOf(document: string): string[] {
  const text = readFileSync(document, 'utf8').replaceAll(FENCED, '');
  const links = [...text.matchAll(LINK)].map(([, link, absolute]) => link ?? `/${absolute}`);
  return links.filter((link) => {
    const [path = '', anchor] = link.split('#', 2);
    const target = targetOf(document, path);
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

it.each(DOCUMENTS.filter((document) => !FIGURES.has(document)))('%s has snippets', (document) => {
  expect(snippetsOf(document).size).toBeGreaterThan(0);
});

it('the snippets of all documents compile', () => {
  const files = new Map(DOCUMENTS.flatMap((document) => [...snippetsOf(document)]));
  expect(compile(files)).toEqual([]);
});

it.each([...DOCUMENTS, ...DECISIONS, 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'SECURITY.md'])(
  'the links of %s have a target',
  (document) => {
    expect(brokenLinksOf(document)).toEqual([]);
  },
);

it('the README links to every page', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect([...PAGES, DECISIONS_INDEX].filter((page) => !readme.includes(`](${page}`))).toEqual([]);
});

it('the index of the decisions links to each of them', () => {
  const index = readFileSync(DECISIONS_INDEX, 'utf8');
  const decisions = DECISIONS.filter((page) => page !== DECISIONS_INDEX);
  expect(decisions.filter((page) => !index.includes(`](${basename(page)})`))).toEqual([]);
});
