/** Arguments of an unknown command and the hash of a script: the first may be a user's key, the second says nothing. */
const DETAILS = /,? with args beginning with:.*| script: [0-9a-f]{40}, on @user_script:\d+\.?/s;

/** Returns which command failed and why, without keys and values: `PUBLISH: NOPERM this user has no permissions …`. */
export function describeFailure(error: unknown): string {
  const { command, message = String(error) } = Object(error) as {
    command?: { name?: string };
    message?: string;
  };
  const reason = message.replace(DETAILS, '');
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
