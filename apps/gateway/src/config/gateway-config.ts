import { registerAs } from '@nestjs/config';
import { z } from 'zod';
import { gatewayVariables } from './gateway-variables.js';

const schema = z.object(gatewayVariables);

/** The gateway's settings, one field per variable of {@link gatewayVariables}. */
export type GatewayConfig = z.output<typeof schema>;

/** The gateway's settings for injection: `@Inject(gatewayConfig.KEY) config: GatewayConfig`. */
export const gatewayConfig = registerAs('gateway', () => readGatewayConfig(process.env));

/** An environment variable has an invalid value. The message names the variable and never repeats the value. */
export class InvalidEnvError extends Error {
  constructor(
    readonly variable: string,
    problem: string,
  ) {
    super(`${variable} is invalid: ${problem}`);
    this.name = 'InvalidEnvError';
  }
}

/**
 * Reads the settings. An empty variable counts as not set.
 *
 * @throws {InvalidEnvError} naming every invalid variable
 */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const given = Object.fromEntries(
    Object.keys(gatewayVariables)
      .map((name) => [name, env[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues;
  const lines = others.map(({ path, message }) => `${String(path[0])} is invalid: ${message}`);
  throw new InvalidEnvError(String(first!.path[0]), [first!.message, ...lines].join('\n'));
}
