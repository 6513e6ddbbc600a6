import type { Backend } from '@redis-cache/core/backend/backend.js';
import type { WorldNode } from './world-node.js';
import type { World } from './world.js';

/** Stores whose methods are commands. */
const STORES = ['entries', 'leases', 'tags', 'streams', 'queue'] as const;
/** Commands of the lease after which Redis notifies waiters. */
const ENDS = new Set(['complete', 'completeFailed', 'fail', 'share', 'release']);

type StoreName = (typeof STORES)[number];

/** A command that Redis has applied, and its reply. */
export interface AppliedCommand {
  node: WorldNode;
  /** Store and method, such as `leases.acquire`. */
  name: string;
  args: readonly unknown[];
  result: unknown;
}

/** Creates the stores of a node, whose methods are commands: they reach the stores of the data that Redis then has. */
export function commandStores(
  world: World,
  node: WorldNode,
  send: (apply: () => Promise<unknown>) => Promise<unknown>,
): Pick<Backend, StoreName> {
  const storeOf = (name: StoreName): object =>
    new Proxy(world.memory[name], {
      get: (_target, method) => {
        if (typeof method !== 'string') return undefined;
        return (...args: unknown[]) => send(() => apply({ world, node, name, method, args }));
      },
    });
  const stores = Object.fromEntries(STORES.map((name) => [name, storeOf(name)]));
  return stores as unknown as Pick<Backend, StoreName>;
}

interface Command {
  world: World;
  node: WorldNode;
  name: StoreName;
  method: string;
  args: unknown[];
}

async function apply({ world, node, name, method, args }: Command): Promise<unknown> {
  const store = world.memory[name];
  const command = Reflect.get(store, method) as (...values: unknown[]) => Promise<unknown>;
  const result = await command.apply(store, args);
  world.report({ node, name: `${name}.${method}`, args, result });
  if (name === 'leases' && ENDS.has(method) && result === true) {
    world.notify(node, { type: 'ended', key: String(args[0]) });
  }
  if (name === 'streams' && method === 'append' && result === 'watched') {
    world.notify(node, { type: 'pieces', key: String(args[0]) });
  }
  return result;
}
