import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ManagedProcess, RedisCluster, RedisServer, until } from '@test/support/index.js';
import { untilListening } from './listening.js';
import { begin, factoryCalls, release, reportOf, type Scenario, startAsking, total } from './processes.js';

const PROCESSES = 4;
const CALLERS = 250;
const HARD_LIMIT_MS = 2_000;
// A lease holder that gets no CPU time for this long loses the lease.
const LEASE_MS = 2_000;

let children: ManagedProcess[] = [];

afterEach(async () => {
  await Promise.all(children.map((child) => child.stop()));
  children = [];
});

async function askInParallel(scenario: Scenario) {
  children = await Promise.all(Array.from({ length: PROCESSES }, () => startAsking(scenario)));
  begin(...children);
  if (scenario.held) await release(...children);
  const reports = await Promise.all(children.map(reportOf));
  return {
    calls: factoryCalls(...children),
    values: total(reports.map((report) => report.values)),
    errors: total(reports.map((report) => report.errors)),
    statuses: total(reports.map((report) => report.statuses)),
  };
}

describe.each(['standalone', 'cluster'])('1,000 callers in four processes on %s', (topology) => {
  let connection: object;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    if (topology === 'standalone') {
      const redis = await RedisServer.start();
      [connection, stop] = [{ host: redis.host, port: redis.port }, () => redis.stop()];
    } else {
      const cluster = await RedisCluster.start({ masters: 3 });
      const clusterNodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
      [connection, stop] = [{ clusterNodes }, () => cluster.stop()];
    }
  });

  afterAll(() => stop?.());

  it('cost one factory call, and all receive the value', async () => {
    const { calls, values, errors, statuses } = await askInParallel({
      connection,
      key: 'value',
      value: 'one',
      held: true,
    });
    expect(calls).toBe(1);
    expect(values).toEqual({ one: PROCESSES * CALLERS });
    expect(errors).toEqual({});
    expect(statuses).toEqual({ miss: 1, collapsed: PROCESSES * CALLERS - 1 });
  });

  it('share one failure of the factory, with its message and code', async () => {
    const { calls, values, errors } = await askInParallel({
      connection,
      key: 'failure',
      fails: 'no luck',
      held: true,
    });
    expect(calls).toBe(1);
    expect(values).toEqual({});
    expect(errors).toEqual({ 'ERR_OF_FACTORY: no luck': PROCESSES * CALLERS });
  });

  it('cost one call of a factory that takes longer than the lease', async () => {
    const { calls, values } = await askInParallel({
      connection,
      key: 'slow',
      value: 'slow one',
      factoryMs: 1.5 * LEASE_MS,
      options: { leaseMs: LEASE_MS },
    });
    expect(calls).toBe(1);
    expect(values).toEqual({ 'slow one': PROCESSES * CALLERS });
  });

  it.each<[string, Partial<Scenario>]>([
    ['is not to be stored', { neverStored: true }],
    ['has expired by the time they are notified', { options: { ttlSeconds: 0.001 } }],
  ])('all receive a value that %s', async (what, more) => {
    const { calls, values } = await askInParallel({
      connection,
      key: what,
      value: 'shared',
      held: true,
      ...more,
    });
    expect(calls).toBe(1);
    expect(values).toEqual({ shared: PROCESSES * CALLERS });
  });
});

async function startLeaderAndOthers(leaderScenario: Scenario, others: Scenario) {
  const leader = await startAsking(leaderScenario);
  children.push(leader);
  const waiting = await Promise.all([startAsking(others), startAsking(others)]);
  children.push(...waiting);
  begin(leader);
  await leader.waitForLine(/^factory$/);
  begin(...waiting);
  return { leader, waiting };
}

describe('a leader', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(() => redis.stop());

  const scenario = (more: Partial<Scenario>): Scenario => ({
    connection: { host: redis.host, port: redis.port },
    callers: 10,
    ...more,
  });

  it('that is killed is replaced by exactly one of the waiters', async () => {
    const { leader, waiting } = await startLeaderAndOthers(
      scenario({ key: 'killed', factoryMs: 600_000, options: { leaseMs: LEASE_MS } }),
      scenario({ key: 'killed', value: 'second', options: { leaseMs: LEASE_MS } }),
    );
    await leader.kill();
    const reports = await Promise.all(waiting.map(reportOf));
    expect(factoryCalls(leader, ...waiting)).toBe(2);
    expect(total(reports.map((report) => report.values))).toEqual({ second: 20 });
  });

  it('that was frozen past its lease does not overwrite its successor', async () => {
    const { leader, waiting } = await startLeaderAndOthers(
      scenario({ key: 'frozen', value: 'old', held: true, options: { leaseMs: LEASE_MS } }),
      scenario({ key: 'frozen', value: 'new', options: { leaseMs: LEASE_MS } }),
    );
    leader.signal('SIGSTOP');
    const reports = await Promise.all(waiting.map(reportOf));
    leader.signal('SIGCONT');
    begin(leader);
    await reportOf(leader);
    expect(total(reports.map((report) => report.values))).toEqual({ new: 20 });
    const stored = await redis.client().get('redis-cache:cache:{frozen}');
    expect(stored).toContain('"new"');
  });

  it('whose factory exceeds hardTimeoutMs makes all waiters fail', async () => {
    const { leader, waiting } = await startLeaderAndOthers(
      scenario({ key: 'overdue', factoryMs: 4_000, options: { hardTimeoutMs: HARD_LIMIT_MS } }),
      scenario({ key: 'overdue', value: 'other' }),
    );
    await untilListening(redis, 2);
    const [first, ...reports] = await Promise.all([leader, ...waiting].map(reportOf));
    const failure = `ERR_CACHE_FACTORY_TIMEOUT: factory took longer than ${HARD_LIMIT_MS} ms`;
    expect(first!.errors).toEqual({ [failure]: 10 });
    expect(total(reports.map((report) => report.errors))).toEqual({ [failure]: 20 });
  });
});

describe.each(['frozen', 'killed'])('with Redis %s while 500 callers wait', (fault) => {
  it('all receive a value, with one factory call per process at most', async () => {
    const redis = await RedisServer.start();
    const connection = { host: redis.host, port: redis.port };
    const asking = { connection, callers: 250, factoryMs: 1_500, cacheOptions: { commandTimeoutMs: 300 } };
    children = await Promise.all([startAsking(asking), startAsking(asking)]);
    begin(...children);
    await until(() => factoryCalls(...children) === 1, { what: 'the factory to run' });
    await (fault === 'frozen' ? redis.pause() : redis.kill());
    const reports = await Promise.all(children.map(reportOf));
    const answered = Object.values(total(reports.map((report) => report.values)));
    expect(answered.reduce((sum, count) => sum + count, 0)).toBe(500);
    expect(factoryCalls(...children)).toBeLessThanOrEqual(2);
    await redis.stop();
  });
});
