/**
 * Runs rounds in which each runner has its turn: A B C A B C …
 *
 * @returns {Promise<Map<object, unknown[]>>} the results of each runner's turns
 */
export async function inTurn(runners, rounds, turn) {
  const results = new Map(runners.map((runner) => [runner, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const runner of runners) results.get(runner).push(await turn(runner, round));
  }
  return results;
}

/** The row of a contender that does not offer the scenario's operation. */
export function notAvailable(contender) {
  return { contender, cells: ['not available'], measured: undefined, data: null };
}

/** The contenders that offer the operation, each with its processes, and the rest. */
export async function startGroups(bench, { operation, processes, redis, label }) {
  const groups = [];
  const missing = [];
  for (const contender of bench.contenders) {
    const started = [];
    for (let count = 0; count < processes; count += 1) {
      started.push(await bench.start(contender, { redis, label }));
    }
    const group = { contender, processes: started.map(({ process }) => process) };
    if (started[0].operations.includes(operation)) groups.push(group);
    else {
      if (contender.role !== 'baseline') missing.push(contender);
      await endGroup(bench, group);
    }
  }
  return { groups, missing };
}

export async function endGroup(bench, { processes }) {
  await Promise.all(processes.map((process) => bench.end(process)));
}
