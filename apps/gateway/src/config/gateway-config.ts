import { registerAs, type ConfigType } from '@nestjs/config';
import { readGatewayEnv } from './gateway-env.js';

/** The gateway's settings for injection: `@Inject(gatewayConfig.KEY) config: GatewayConfig`. */
export const gatewayConfig = registerAs('gateway', () => readGatewayEnv(process.env));

export type GatewayConfig = ConfigType<typeof gatewayConfig>;
