import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const HOST = fileURLToPath(new URL('contender-host.mjs', import.meta.url));
const END_TIMEOUT_MS = 5_000;

/** A contender in a process of its own. */
export class ContenderProcess {
  #calls = new Map();
  #lastId = 0;
  #child;
  #ended;

  constructor(contender, execArgv) {
    this.contender = contender;
    this.#child = fork(HOST, { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#ended = once(this.#child, 'exit');
    this.#child.on('message', (message) => this.#settle(message));
    this.#child.on('exit', () => this.#failAll());
  }

  /** Runs a task of tasks.mjs in the process. Rejects when the task fails or the process ends. */
  call(command, args = {}) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, command, args }, (error) => error && reject(error));
    });
  }

  async end() {
    const overdue = setTimeout(() => this.kill(), END_TIMEOUT_MS);
    await this.call('end').catch(() => {});
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
    clearTimeout(overdue);
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  #settle({ id, result, error }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call.resolve(result);
    else call.reject(new Error(`${this.contender.name}: ${error}`));
  }

  #failAll() {
    const error = new Error(`the process of ${this.contender.name} ended`);
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}
