import { rootFailure } from './wrapped-failure.js';

/** Arguments of an unknown command and the hash of a script: the first may be a user's key, the second says nothing. */
const DETAILS = /,? with args beginning with:.*| script: [0-9a-f]{40}, on @user_script:\d+\.?/s;

/** Of thousands of slots that move, one line is enough. */
const REDIRECTION = /\b(MOVED|ASK) \d+ \S+/g;

/** Returns why a command failed, without keys and values, and with the reason inside an error that wraps others. */
export function describeReason(error: unknown): string {
  const { message = String(error) } = Object(error) as { message?: string };
  const root = rootFailure(error).message ?? '';
  const whole = message.includes(root) ? message : [message, root].filter(Boolean).join(': ');
  return whole.replace(DETAILS, '').replace(REDIRECTION, '$1');
}

/** The same with the command that failed: `PUBLISH: NOPERM this user has no permissions …`. */
export function describeFailure(error: unknown): string {
  const { command } = Object(error) as { command?: { name?: string } };
  const reason = describeReason(error);
  return command?.name === undefined
    ? reason
    : `${command.name.replace(/^\w+/, (name) => name.toUpperCase())}: ${reason}`;
}

const SCRIPT_LINE = /@user_script:(\d+)/;
const CALL = /redis\.p?call\('(\w+)'/;

/** Names, in the error of a script, the command inside it that failed. */
export function nameCommand(error: unknown, lua: string): void {
  const { message } = Object(error) as Error;
  const line = SCRIPT_LINE.exec(message)?.[1];
  const name = line === undefined ? undefined : CALL.exec(lua.split('\n')[Number(line) - 1] ?? '')?.[1];
  if (name !== undefined)
    Object.assign(error as Error, { command: { name: `${name} in a script`, args: [] } });
}
