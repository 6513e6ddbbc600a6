/** A scenario's limit as a text: "≥ 0.85 ×", "≤ 15 ms"; `undefined` when it has none. */
export function limitText({ floor, ceiling, ceilingUnit = '' }) {
  if (floor !== undefined) return `≥ ${floor} ×`;
  return ceiling === undefined ? undefined : `≤ ${ceiling}${ceilingUnit}`;
}

/**
 * Whether the subject meets the scenario's limit. A subject that could not be measured does not meet it, so that a limit
 * never passes unnoticed.
 */
export function judge(scenario, rows) {
  const limit = limitText(scenario);
  if (limit === undefined) return undefined;
  const measured = rows.find(({ contender }) => contender.role === 'subject')?.measured;
  const { floor = -Infinity, ceiling = Infinity } = scenario;
  return { limit, measured, reached: measured !== undefined && measured >= floor && measured <= ceiling };
}
