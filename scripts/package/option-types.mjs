import { resolve } from 'node:path';
import ts from 'typescript';

const FORMAT = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType;
const DERIVED = /\b(?:OptionsOf|z\.(?:input|output|infer))</;

/**
 * Returns the declaration files with types that are derived from a schema (`extends OptionsOf<…>`, `= z.output<…>`), by
 * path, with these types spelled out together with the comments of their members. The published declarations then need no
 * zod, and say what an option takes where an editor jumps to.
 */
export function flattenedOptions(entries) {
  const program = ts.createProgram(entries, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  });
  const files = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('node_modules'));
  return new Map(
    files.flatMap((file) => {
      const text = flatten(file, program.getTypeChecker());
      return text === undefined ? [] : [[resolve(file.fileName), text]];
    }),
  );
}

function flatten(file, checker) {
  const declarations = file.statements.filter(
    (node) => (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) && isDerived(node),
  );
  if (declarations.length === 0) return undefined;
  let text = file.text;
  for (const node of declarations.toReversed()) {
    const spelledOut = ts.isInterfaceDeclaration(node) ? interfaceOf(node, checker) : aliasOf(node, checker);
    text = text.slice(0, node.getStart()) + spelledOut + text.slice(node.end);
  }
  return text;
}

const basesOf = (declaration) => declaration.heritageClauses?.flatMap(({ types }) => types) ?? [];
const isDerived = (declaration) =>
  [...basesOf(declaration), declaration.type].some(
    (node) => node !== undefined && DERIVED.test(node.getText()),
  );

function aliasOf(declaration, checker) {
  const type = checker.getTypeAtLocation(declaration);
  return `${headOf(declaration, 'type')} = ${print(type, declaration, checker, ts.TypeFormatFlags.InTypeAlias)};`;
}

function headOf(declaration, keyword) {
  const modifiers = (declaration.modifiers ?? []).map((modifier) => modifier.getText());
  const parameters = declaration.typeParameters?.map((parameter) => parameter.getText()) ?? [];
  return [
    ...modifiers,
    keyword,
    declaration.name.text + (parameters.length > 0 ? `<${parameters.join(', ')}>` : ''),
  ].join(' ');
}

function interfaceOf(declaration, checker) {
  const bases = basesOf(declaration);
  const derived = bases.filter((base) => DERIVED.test(base.getText()));
  const kept = bases.filter((base) => !derived.includes(base)).map((base) => base.getText());
  const members = derived.flatMap((base) =>
    checker
      .getPropertiesOfType(checker.getTypeFromTypeNode(base))
      .map((member) => memberOf(member, declaration, checker)),
  );
  const own = declaration.members.map((member) => member.getFullText().trim());
  const heritage = kept.length > 0 ? ` extends ${kept.join(', ')}` : '';
  return `${headOf(declaration, 'interface')}${heritage} {\n${[...members, ...own].join('\n')}\n}`;
}

function memberOf(member, declaration, checker) {
  const type = print(checker.getTypeOfSymbol(member), declaration, checker);
  const isOptional = Boolean(member.flags & ts.SymbolFlags.Optional);
  return `${commentOf(member)}${member.name}${isOptional ? '?' : ''}: ${type};`;
}

/** The types of ioredis 6 have a parameter, those of 5 do not; `legacy` is its default. */
function print(type, declaration, checker, flags = 0) {
  return checker.typeToString(type, declaration, FORMAT | flags).replaceAll("<'legacy'>", '');
}

function commentOf(member) {
  const node = member.declarations?.[0];
  const comment = node && ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc);
  return comment ? `${comment.getText().replaceAll(/\n\s*/g, '\n ')}\n` : '';
}
