/**
 * Writes the tables of options and environment variables in the Markdown files, between markers:
 *
 *   <!-- options:redis-cache near queue.name -->      the named options, or all
 *   <!-- variables:gateway PORT..LOG_LEVEL -->        the named variables, or a range, or all
 *
 * The meaning of an option is its doc comment as an editor shows it to a user of the built package; default and limits
 * come from the schema. Fails if an option has no comment, or a comment that states another default.
 *
 *   npm run docs:options            writes
 *   npm run docs:options -- --check prints the files that differ, and fails if there are any
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { z } from 'zod';
import { gatewayVariables } from '../apps/gateway/dist/config/gateway-variables.js';
import { consumerShape } from '../libs/redis-cache/dist/core/queue/consumer-options.js';
import { encryptionShape } from '../libs/redis-cache/dist/core/options/encryption-options.js';
import { getOrSetShape } from '../libs/redis-cache/dist/core/options/get-or-set-options.js';
import { redisCacheShape } from '../libs/redis-cache/dist/core/options/redis-cache-options.js';
import { bullmqShape } from '../libs/worker-pool/dist/core/options/bullmq-options.js';
import { commonShape, localShape } from '../libs/worker-pool/dist/core/options/pool-options.js';
import { anthropicShape } from '../libs/worker-pool/dist/core/executors/anthropic/anthropic.options.js';
import { claudeCliShape } from '../libs/worker-pool/dist/core/executors/claude-cli/claude-cli.options.js';
import { connectionShape, variables } from '../libs/redis-connection/dist/index.js';

const CORE = 'libs/redis-cache/dist/core.d.ts';
const POOL = 'libs/worker-pool/dist/core.d.ts';
const CONNECTION = 'libs/redis-connection/dist/index.d.ts';
const OPTIONS = {
  'redis-cache': [CORE, 'RedisCacheOptions', redisCacheShape],
  encryption: [CORE, 'EncryptionOptions', encryptionShape],
  'get-or-set': [CORE, 'GetOrSetOptions', getOrSetShape],
  consumer: [CORE, 'RequestConsumerOptions', consumerShape],
  'worker-pool': [POOL, 'LocalPoolOptions', { ...commonShape, ...localShape }],
  bullmq: [POOL, 'BullmqPoolOptions', bullmqShape],
  anthropic: [POOL, 'AnthropicExecutorOptions', anthropicShape],
  'claude-cli': [POOL, 'ClaudeCliOptions', claudeCliShape],
  connection: [CONNECTION, 'RedisConnectionOptions', connectionShape],
};
const VARIABLES = {
  gateway: gatewayRows,
  'redis-cache': () => [
    ...variableRows('connection', 'connection.'),
    ...variableRows('redis-cache', ''),
    ...variableRows('encryption', 'encryption.'),
  ],
};
const TABLE = /(<!-- (options|variables):([\w-]+)((?: [\w.]+)*) -->\n).*?(<!-- \/\2 -->)/gs;

const program = ts.createProgram(
  [CORE, CONNECTION, POOL].map((file) => resolve(file)),
  {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    skipLibCheck: true,
    strict: true,
    types: ['node'],
  },
);
const checker = program.getTypeChecker();

/** Returns `{ name, default, allowed, meaning }` of each option, nested ones after their group. */
function optionsOf(source) {
  const [file, name, shape] = OPTIONS[source];
  const exported = checker.getExportsOfModule(
    checker.getSymbolAtLocation(program.getSourceFile(resolve(file))),
  );
  const symbol = exported.find((candidate) => candidate.name === name);
  const declared = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const { properties } = z.toJSONSchema(z.object(shape), { io: 'input', unrepresentable: 'any' });
  return rowsOf(checker.getDeclaredTypeOfSymbol(declared), properties, '');
}

function rowsOf(type, schemas, prefix) {
  const symbols = new Map(checker.getPropertiesOfType(type).map((symbol) => [symbol.name, symbol]));
  const names = new Set([...Object.keys(schemas), ...symbols.keys()].filter((name) => symbols.has(name)));
  return [...names].flatMap((name) => {
    const schema = schemas[name] ?? {};
    const row = rowOf(prefix + name, symbols.get(name), schema);
    const hasGroup = schema.properties && name !== 'connection';
    const group = hasGroup && checker.getNonNullableType(checker.getTypeOfSymbol(symbols.get(name)));
    return group ? [row].concat(rowsOf(group, schema.properties, `${prefix}${name}.`)) : [row];
  });
}

function rowOf(name, symbol, schema) {
  const comment = ts
    .displayPartsToString(symbol.getDocumentationComment(checker))
    .replaceAll(/\{@link (\w+) *\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ');
  const [sentence = '', stated = ''] = / ?Default:? (.+?)\.(?= |$)/.exec(comment) ?? [];
  const fallback = literal(schema.default);
  const [unit, word] = unitOf(name);
  const meaning = comment.replace(sentence, '').trim();
  if (meaning === '') throw new Error(`${name} has no doc comment`);
  if (unit && !comment.toLowerCase().includes(word))
    throw new Error(`The doc comment of ${name} has no unit`);
  if (fallback !== undefined && stated.replace(/ \(.*\)$/, '') !== fallback) {
    throw new Error(`The doc comment of ${name} states the default "${stated}"; the schema has ${fallback}`);
  }
  const isRequired = !(symbol.flags & ts.SymbolFlags.Optional);
  return { name, default: isRequired ? 'required' : stated, allowed: allowed(name, schema), meaning };
}

function literal(value) {
  if (typeof value === 'number') return value.toLocaleString('en-US');
  return ['string', 'boolean'].includes(typeof value) ? `\`${value}\`` : undefined;
}

const UNITS = { ms: ['ms', 'milliseconds'], seconds: ['s', 'seconds'], bytes: ['bytes', 'bytes'] };

/** Returns the unit that the last word of a name such as `timeoutMs` or `TIMEOUT_MS` says, short and long. */
function unitOf(name) {
  return (
    UNITS[/(Ms|Seconds|Bytes|_MS|_SECONDS|_BYTES)$/.exec(name)?.[1].replace('_', '').toLowerCase()] ?? []
  );
}

function allowed(name, schema) {
  const { enum: values, minimum, exclusiveMinimum, maximum } = schema.anyOf?.[0] ?? schema;
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (minimum === undefined && exclusiveMinimum === undefined) return '';
  const [unit] = unitOf(name);
  const least = minimum === undefined ? `above ${literal(exclusiveMinimum)}` : literal(minimum);
  const range =
    (maximum ?? Infinity) < Number.MAX_SAFE_INTEGER ? `${least} to ${literal(maximum)}` : `${least} or more`;
  return unit ? `${range} ${unit}` : range;
}

function variableRows(source, prefix) {
  const [, , shape] = OPTIONS[source];
  return optionsOf(source).flatMap(({ name, meaning }) => {
    const variable = shape[name] && variables.get(shape[name]);
    const form = variable?.format ? ` As ${variable.format}.` : '';
    return variable ? [{ name: variable.name, option: `\`${prefix}${name}\``, meaning: meaning + form }] : [];
  });
}

function gatewayRows() {
  const { properties } = z.toJSONSchema(z.object(gatewayVariables), { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    default: plainPort(name, schema.unset ?? literal(gatewayVariables[name].parse(undefined)) ?? 'none'),
    allowed: plainPort(name, allowed(name, schema)),
    meaning: `${schema.description}.`,
  }));
}

const plainPort = (name, text) => (name === 'PORT' ? text.replaceAll(',', '') : text);

/** A name selects the option and what it contains; `A..B` a range; nothing selects all. */
function select(rows, names) {
  if (names.length === 0) return rows;
  const indexOf = (name) => {
    const index = rows.findIndex((row) => row.name === name);
    if (index < 0) throw new Error(`A table names ${name}, which does not exist`);
    return index;
  };
  return names.flatMap((name) => {
    const [first, last] = name.split('..');
    if (last) return rows.slice(indexOf(first), indexOf(last) + 1);
    return [rows[indexOf(name)], ...rows.filter((row) => row.name.startsWith(`${name}.`))];
  });
}

const COLUMNS = ['default', 'allowed', 'option', 'meaning'];

function tableOf(kind, source, names) {
  const all = kind === 'options' ? optionsOf(source) : VARIABLES[source]();
  const rows = select(all, names);
  const columns = COLUMNS.filter((column) => rows.some((row) => row[column]));
  const head = [kind === 'options' ? 'option' : 'variable', ...columns];
  const cells = rows.map((row) => [`\`${row.name}\``].concat(columns.map((column) => row[column] ?? '')));
  const lines = [head, head.map(() => '---'), ...cells];
  return lines.map((line) => `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

const isCheck = process.argv.includes('--check');
const files = ['README.md', ...readdirSync('libs').map((lib) => `libs/${lib}/README.md`)];
const pages = readdirSync('docs').map((name) => `docs/${name}`);
for (const file of [...files, ...pages].filter((name) => name.endsWith('.md'))) {
  const text = readFileSync(file, 'utf8');
  const written = text.replaceAll(
    TABLE,
    (_, start, kind, source, names, end) =>
      `${start}\n${tableOf(kind, source, names.split(' ').filter(Boolean))}\n\n${end}`,
  );
  if (written === text) continue;
  const formatted = await format(written, { ...(await resolveConfig(file)), parser: 'markdown' });
  if (formatted === text) continue;
  if (isCheck) {
    console.error(`${file} differs: run npm run docs:options`);
    process.exitCode = 1;
  } else writeFileSync(file, formatted);
}
