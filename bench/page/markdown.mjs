import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const NOTE = '<!-- Written by `npm run bench -- --peers --page`; do not edit. -->';
const line = (cells) => `| ${cells.join(' | ')} |`;

export function table(head, rows) {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Writes a page as Prettier would, so that it passes the check of the format. */
export async function writeMarkdown(file, text) {
  const noted = text.replace('\n\n', `\n\n${NOTE}\n\n`);
  writeFileSync(file, await format(noted, { ...(await resolveConfig(file)), filepath: file }));
}
