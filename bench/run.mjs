/** Runs the scenarios one after the other and reports the results; see README.md. */
import { fileURLToPath } from 'node:url';
import { Bench } from './lib/bench.mjs';
import { judge } from './lib/limits.mjs';
import { machineFacts } from './lib/machine.mjs';
import { readOptions, USAGE } from './lib/options.mjs';
import { printFailures, printList, printMachine, printScenario, writeResults } from './lib/report.mjs';
import { writePagesFrom } from './page/performance-page.mjs';
import { scenarios } from './scenarios/index.mjs';

const RESULTS = fileURLToPath(new URL('results/latest.json', import.meta.url));
/** With `--check` a limit counts as missed after this many misses in a row, because other programs may interfere. */
const ATTEMPTS = 3;

function chosenScenarios({ only }) {
  const chosen = scenarios.filter(({ id }) => only.length === 0 || only.some((text) => id.includes(text)));
  if (chosen.length > 0) return chosen;
  console.error(`No scenario is named like "${only.join('", "')}"; --list names them`);
  return process.exit(2);
}

async function runScenario(bench, redis, scenario, attempt = 1) {
  const { rows, unit } = await scenario.run(bench, { redis });
  const verdict = judge(scenario, rows);
  printScenario(scenario, rows, verdict);
  const again = bench.options.check && attempt < ATTEMPTS && verdict?.measured !== undefined;
  if (again && !verdict.reached) return runScenario(bench, redis, scenario, attempt + 1);
  return { id: scenario.id, title: scenario.title, unit, verdict, attempt, rows };
}

async function runAll(bench, chosen) {
  const redis = await bench.startRedis();
  const results = [];
  for (const scenario of chosen) results.push(await runScenario(bench, redis, scenario));
  return results;
}

/** On Ctrl-C ends the started processes before this one. */
function endOnSignals(bench) {
  const end = (signal, code) =>
    process.once(signal, async () => {
      process.exitCode = code;
      await bench.endAll();
      process.exit();
    });
  end('SIGINT', 130);
  end('SIGTERM', 143);
}

async function runBench(options) {
  const chosen = chosenScenarios(options);
  const bench = new Bench(options);
  endOnSignals(bench);
  const machine = machineFacts(bench.contenders);
  printMachine(machine);
  try {
    const results = await runAll(bench, chosen);
    const file = options.json ?? RESULTS;
    writeResults(file, machine, results);
    if (options.page) await writePagesFrom(file);
    if (printFailures(results) > 0 && options.check) process.exitCode = 1;
  } catch (error) {
    // A scenario that was running when the signal arrived has failed because of it.
    if (!bench.ending) throw error;
  } finally {
    await bench.endAll();
  }
}

async function main() {
  const options = optionsOrUsage(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else if (options.list) printList(scenarios);
  else await runBench(options);
}

function optionsOrUsage(args) {
  try {
    return readOptions(args);
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

await main();
