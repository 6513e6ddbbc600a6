import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the licences of the packages whose code is in a bundle. */
export function thirdPartyNotices(moduleIds) {
  const folders = new Set(moduleIds.filter((id) => id.includes('node_modules')).map(packageFolder));
  const notices = [...folders].map(notice).toSorted();
  return `# Third-party notices\n\nThe code of this package contains parts of these packages.\n\n${notices.join('\n')}`;
}

function packageFolder(id) {
  const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id);
  return folder;
}

function notice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file: it cannot be bundled`);
  return `## ${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
