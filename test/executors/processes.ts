/** Process helpers of the suites in this folder. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { until } from '@test/support/index.js';

const stateOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\)\s/s, '')
      .charAt(0);
  } catch {
    return '';
  }
};

/** Whether a process is running; a zombie is not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(pid) !== 'Z';
}

/** The process ids that a script wrote into a file, by name, as soon as the file exists. */
export async function pidsFrom(file: string): Promise<Record<string, number>> {
  const text = await until(() => readFile(file, 'utf8'), { what: `the process ids in ${file}` });
  return JSON.parse(text) as Record<string, number>;
}
