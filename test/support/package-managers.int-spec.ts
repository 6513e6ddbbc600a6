/** Tests of scripts/package-managers.mjs: which commands it runs on which machine. */
import { describe, expect, it } from '@jest/globals';
import { CHROMIUM_PACKAGES } from '../../scripts/ensure-chromium.mjs';
import { REDIS_PACKAGES } from '../../scripts/ensure-redis.mjs';
import { planInstall } from '../../scripts/package-managers.mjs';

const machine = (isRoot: boolean, ...commands: string[]) => ({
  isRoot,
  has: (command: string) => commands.includes(command),
});

const lines = (plan: string[][] | undefined) => plan?.map((step) => step.join(' '));

describe('planInstall', () => {
  it('refreshes the package list of apt-get before it installs, without questions', () => {
    const options = '-y --no-install-recommends -o DPkg::Lock::Timeout=120';
    expect(lines(planInstall(machine(true, 'apt-get'), REDIS_PACKAGES))).toEqual([
      'env DEBIAN_FRONTEND=noninteractive apt-get update',
      `env DEBIAN_FRONTEND=noninteractive apt-get install ${options} redis-server`,
    ]);
    expect(lines(planInstall(machine(true, 'apt-get'), CHROMIUM_PACKAGES))?.at(-1)).toBe(
      `env DEBIAN_FRONTEND=noninteractive apt-get install ${options} chromium`,
    );
  });

  it.each([
    ['apk', REDIS_PACKAGES, ['apk add --no-cache redis', 'apk add --no-cache valkey']],
    ['dnf', REDIS_PACKAGES, ['dnf install -y valkey', 'dnf install -y redis']],
    ['apk', CHROMIUM_PACKAGES, ['apk add --no-cache chromium']],
    ['dnf', CHROMIUM_PACKAGES, ['dnf install -y chromium']],
  ])('uses %s, through sudo when not root', (manager, packages, steps) => {
    expect(lines(planInstall(machine(true, manager, 'sudo'), packages))).toEqual(steps);
    expect(lines(planInstall(machine(false, manager, 'sudo'), packages))).toEqual(
      steps.map((step) => `sudo -n ${step}`),
    );
  });

  it('never runs brew through sudo, and takes it where the system manager would need root', () => {
    const mac = machine(false, 'apt-get', 'brew');
    expect(lines(planInstall(mac, REDIS_PACKAGES))).toEqual(['brew install redis', 'brew install valkey']);
    expect(lines(planInstall(mac, CHROMIUM_PACKAGES))).toEqual(['brew install --cask chromium']);
  });

  it('has no plan without a package manager, or without the right to use it', () => {
    expect(planInstall(machine(true), REDIS_PACKAGES)).toBeUndefined();
    expect(planInstall(machine(false, 'apt-get'), REDIS_PACKAGES)).toBeUndefined();
  });
});
