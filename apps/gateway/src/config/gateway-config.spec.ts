import { describe, expect, it } from '@jest/globals';
import { InvalidEnvError, readGatewayConfig } from './gateway-config.js';
import { gatewayVariables } from './gateway-variables.js';

describe('readGatewayConfig', () => {
  it('uses the defaults, also for empty variables', () => {
    expect(readGatewayConfig({ PORT: '', HOST: '' })).toMatchObject({ PORT: 3000, HOST: '127.0.0.1' });
  });

  it.each([
    ['PORT', 'tcp://10.0.0.1:80', 'must be a whole number from 0 to 65535'],
    ['PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['WORKER_CONCURRENCY', '1.5', 'must be a whole number from 1 to 10000'],
    ['CACHE_NEAR', 'perhaps', 'must be true or false'],
    ['WORKER_POOL', 'redis', 'must be one of local, bullmq'],
    ['ALLOWED_HOSTS', '*', 'entry 1 must be a host name such as gateway.example'],
  ])('refuses %s=%s and says what is allowed', (variable, value, problem) => {
    const read = (): unknown => readGatewayConfig({ [variable]: value });
    expect(read).toThrow(InvalidEnvError);
    expect(read).toThrow(`${variable} is invalid: ${problem}`);
    expect(read).not.toThrow(value);
  });

  it('names every invalid variable', () => {
    expect(() => readGatewayConfig({ PORT: 'x', CACHE_NEAR: 'perhaps' })).toThrow(
      /^PORT is invalid: .*\nCACHE_NEAR is invalid: .*$/,
    );
  });
});

describe('gatewayVariables', () => {
  it.each(Object.entries(gatewayVariables))(
    '%s has a description, and a default or what applies when unset',
    (_name, variable) => {
      const { description, unset } = variable.meta() ?? {};
      expect(description).toMatch(/^[A-Z].*[^.]$/);
      expect(variable.safeParse(undefined)).toMatchObject({ success: true });
      expect(unset === undefined).toBe(variable.parse(undefined) !== undefined);
    },
  );
});
