import { basename, dirname } from 'node:path';
import { groupBy, type SourceFile } from './source-files.js';

export interface FolderInCycle {
  folder: string;
  /** The imports that lead to other folders of the same cycle, as `a.ts → folder/b.ts`. */
  imports: string[];
}

/**
 * Folders from which a chain of imports leads back to them. An entry of the package is a node of its own: it
 * exports what lies in the folders below it, and must not make its whole folder a part of a cycle.
 */
export function foldersInCycles(files: readonly SourceFile[], entries: readonly string[]): FolderInCycle[] {
  const paths = new Set(files.map(({ path }) => path));
  const nodeOf = (path: string) => (entries.includes(path) ? path : dirname(path));
  const edges = files.flatMap(({ path, imports }) =>
    imports.flatMap(({ target }) => (target && paths.has(target) ? [{ path, target }] : [])),
  );
  const next = new Map<string, Set<string>>();
  for (const { path, target } of edges) {
    const reached = next.get(nodeOf(path)) ?? new Set();
    next.set(nodeOf(path), reached.add(nodeOf(target)));
  }
  const reachable = new Map([...next.keys()].map((node) => [node, reachableFrom(node, next)]));
  const inOneCycle = (a: string, b: string) =>
    a !== b && reachable.get(a)?.has(b) === true && reachable.get(b)?.has(a) === true;

  const cyclic = edges.filter(({ path, target }) => inOneCycle(nodeOf(path), nodeOf(target)));
  return [...groupBy(cyclic, ({ path }) => nodeOf(path))].map(([folder, members]) => ({
    folder,
    imports: members.map(
      ({ path, target }) => `${basename(path)} → ${basename(nodeOf(target))}/${basename(target)}`,
    ),
  }));
}

function reachableFrom(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const found = new Set<string>();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const reached of next.get(node) ?? []) {
      if (!found.has(reached)) open.push(reached);
      found.add(reached);
    }
  }
  return found;
}
