import { registerAs, type ConfigType } from '@nestjs/config';
import { readDemoEnv } from './demo-env.js';

/** The demo's settings for injection: `@Inject(demoConfig.KEY) config: DemoConfig`. */
export const demoConfig = registerAs('demo', () => readDemoEnv(process.env));

export type DemoConfig = ConfigType<typeof demoConfig>;
