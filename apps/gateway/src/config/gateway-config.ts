import { registerAs } from '@nestjs/config';
import { z } from 'zod';
import { EXECUTOR_DEFAULTS, type ExecutorDefaults } from './executor-defaults.js';
import { gatewayVariables } from './gateway-variables.js';

const schema = z.object(gatewayVariables);

/** The gateway's settings, one field per variable of {@link gatewayVariables}. */
export type GatewayConfig = Omit<z.output<typeof schema>, keyof ExecutorDefaults> & ExecutorDefaults;

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
  if (result.success) return checked(withDefaults(result.data));
  const [first, ...others] = result.error.issues;
  const lines = others.map(({ path, message }) => `${String(path[0])} is invalid: ${message}`);
  throw new InvalidEnvError(String(first!.path[0]), [first!.message, ...lines].join('\n'));
}

function withDefaults(data: z.output<typeof schema>): GatewayConfig {
  const defaults: ExecutorDefaults = EXECUTOR_DEFAULTS[data.WORKER_EXECUTOR];
  return { ...defaults, ...data } as GatewayConfig;
}

/** @throws {InvalidEnvError} variables contradict each other */
function checked(config: GatewayConfig): GatewayConfig {
  const { MAX_BODY_BYTES: one, TENANT_BODIES_BYTES: tenant = one } = config;
  for (const [name, value] of Object.entries({
    MAX_BODIES_BYTES: config.MAX_BODIES_BYTES,
    TENANT_BODIES_BYTES: tenant,
  }))
    if (value < one) throw new InvalidEnvError(name, `must be at least MAX_BODY_BYTES, ${one}`);
  return config;
}
