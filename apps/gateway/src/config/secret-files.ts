import { readFileSync } from 'node:fs';
import { InvalidEnvError } from './gateway-config.js';

/** Variables that hold a secret. Each may be given as a file, whose path is in the variable with `_FILE` at its end. */
export const SECRET_VARIABLES = [
  'API_KEYS',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'REDIS_URL',
  'REDIS_PASSWORD',
  'QUEUE_REDIS_URL',
  'CACHE_ENCRYPTION_KEYS',
] as const;

/**
 * Reads the files of secrets, such as `REDIS_PASSWORD_FILE=/run/secrets/redis`, into their variables, without the line break
 * at the end. Other processes of the user see only the variables with which a process was started, so not these.
 *
 * @throws {InvalidEnvError} a file cannot be read or is empty, or the secret is given twice; without the secret
 */
export function readSecretFiles(env: NodeJS.ProcessEnv): void {
  for (const name of SECRET_VARIABLES) {
    const variable = `${name}_FILE`;
    const file = env[variable];
    if (!file) continue;
    if (env[name]) throw new InvalidEnvError(variable, `${name} is set as well: remove one of them`);
    env[name] = contentOf(file, variable);
    delete env[variable];
  }
}

function contentOf(file: string, variable: string): string {
  const secret = read(file, variable).replace(/\r?\n$/, '');
  if (secret === '') throw new InvalidEnvError(variable, 'the file is empty');
  return secret;
}

function read(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidEnvError(variable, `the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
