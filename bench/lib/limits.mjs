/** A scenario's limit as a text: "≥ 0.85 ×", "≤ 15 ms"; `undefined` when it has none. */
export function limitText({ floor, ceiling, ceilingUnit = '' }) {
  if (floor !== undefined) return `≥ ${floor} ×`;
  return ceiling === undefined ? undefined : `≤ ${ceiling}${ceilingUnit}`;
}

/**
 * Whether the subject keeps the scenario's limit. What could not be measured does not keep it: a limit that
 * is passed in silence is none.
 */
export function judge(scenario, rows) {
  const limit = limitText(scenario);
  if (limit === undefined) return undefined;
  const measured = rows.find(({ contender }) => contender.role === 'subject')?.measured;
  const { floor = -Infinity, ceiling = Infinity } = scenario;
  return { limit, measured, reached: measured !== undefined && measured >= floor && measured <= ceiling };
}
