import * as fc from '@test/support/chance.js';
import type { Fault } from './wire.js';
import type { World } from './world.js';

const FAULTS: readonly Fault[] = ['refused', 'lost', 'unconfirmed', 'silent', 'dies', 'died', 'freezes'];

/** What may happen to a process, or to a command that it will send. */
export type Trouble =
  | { kind: 'freeze' | 'thaw' | 'kill' | 'cut' | 'restore' | 'deafen'; node: number }
  | { kind: 'fault'; node: number; fault: Fault; ahead: number };

/** Trouble of any kind, for processes with these numbers. */
export function troubles(nodes: number): fc.Arbitrary<Trouble> {
  const node = fc.nat({ max: nodes - 1 });
  const kind = fc.constantFrom('freeze', 'freeze', 'thaw', 'thaw', 'kill', 'cut', 'restore', 'deafen');
  const fault = fc.constantFrom(...FAULTS);
  return fc.oneof(
    fc.record({ kind, node }) as fc.Arbitrary<Trouble>,
    fc.record({ kind: fc.constant('fault' as const), node, fault, ahead: fc.nat({ max: 6 }) }),
  );
}

/** Makes it happen. At least one process stays alive, because only a living one can hang. */
export function trouble({ nodes }: World, what: Trouble): void {
  const node = nodes[what.node]!;
  const isLast = nodes.filter(({ state }) => state !== 'dead').length === 1;
  if (node.state === 'dead' || (isLast && isDeadly(what))) return;
  if (what.kind === 'fault') node.faults.set(node.commands + what.ahead, what.fault);
  if (what.kind === 'freeze') node.freeze();
  if (what.kind === 'thaw') node.thaw();
  if (what.kind === 'kill') node.die();
  if (what.kind === 'cut') node.cut();
  if (what.kind === 'restore') node.restore();
  if (what.kind === 'deafen') node.isDeaf = true;
}

function isDeadly(what: Trouble): boolean {
  return what.kind === 'kill' || (what.kind === 'fault' && (what.fault === 'dies' || what.fault === 'died'));
}
