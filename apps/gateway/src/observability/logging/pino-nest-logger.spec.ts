import { type ArgumentsHost, Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type GatewayLoggers, isForPerson, loggersOn } from './create-loggers.js';
import { ProblemDetailsFilter } from '../../http/problem-details.filter.js';
import { PinoNestLogger } from './pino-nest-logger.js';
import { createPrettyStream } from './pretty-stream.js';

let lines: Record<string, unknown>[];
let loggers: GatewayLoggers;
let nest: PinoNestLogger;

beforeEach(() => {
  lines = [];
  loggers = loggersOn(
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    'info',
  );
  nest = new PinoNestLogger(loggers.general);
});

describe('lines of Nest', () => {
  it('carry level, message and who speaks', () => {
    nest.warn('Redis is unavailable', 'RedisCache');
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.any(Number),
        pid: process.pid,
        context: 'RedisCache',
        msg: 'Redis is unavailable',
      },
    ]);
  });

  it('come through the Logger that everybody uses', () => {
    Logger.overrideLogger(nest);
    new Logger('Somebody').error(new Error('broken').stack);
    Logger.overrideLogger(['log']);
    expect(lines).toMatchObject([
      { level: 'error', context: 'Somebody', msg: 'Error: broken', stack: expect.stringMatching(/\n +at /) },
    ]);
  });

  it('keep a stack that is given apart from the message', () => {
    nest.error('broken', 'Error: broken\n    at here', 'Somebody');
    expect(lines).toMatchObject([
      { msg: 'broken', stack: 'Error: broken\n    at here', context: 'Somebody' },
    ]);
  });

  it('name the request that met an unforeseen error', () => {
    Logger.overrideLogger(nest);
    const host = {
      switchToHttp: () => ({
        getRequest: () => ({ id: 'abc-1', url: '/', routeOptions: {} }),
        getResponse: () => new Proxy({}, { get: (_, __, reply) => () => reply as object }),
      }),
    };
    new ProblemDetailsFilter().catch(new TypeError('nobody saw it coming'), host as unknown as ArgumentsHost);
    Logger.overrideLogger(['log']);
    expect(lines).toMatchObject([
      {
        msg: 'Request abc-1: nobody saw it coming',
        stack: expect.stringMatching(/^TypeError: nobody.*\n +at /),
      },
    ]);
  });

  it('keep to the level, and leave the list of routes to debug', () => {
    nest.debug('detail', 'Somebody');
    nest.verbose('more', 'Somebody');
    nest.log('Mapped {/v1/queue, POST} route', 'RouterExplorer');
    expect(lines).toEqual([]);
    nest.fatal('the end', 'Somebody');
    expect(lines).toMatchObject([{ level: 'fatal', msg: 'the end' }]);
  });
});

describe('secrets', () => {
  it('are taken out of texts, errors and fields, however deep', () => {
    nest.log(
      'Authorization: Bearer abc.def and sk-ant-SECRET-1 at redis://user:hunter2@host:6379',
      'Somebody',
    );
    nest.error(Object.assign(new Error('refused Basic c2VjcmV0'), { command: { args: ['the prompt'] } }));
    nest.log({ prompt: 'the prompt', body: { messages: 'the prompt', deep: { apiKey: 'the prompt' } } });
    loggers.general.warn({
      err: Object.assign(new Error('broken'), { body: 'the prompt' }),
      'x-api-key': 'hunter2',
    });
    const said = JSON.stringify(lines);
    expect(lines).toHaveLength(4);
    expect(said).toContain('[Redacted]');
    expect(said).not.toMatch(/abc\.def|SECRET|hunter2|c2VjcmV0|the prompt/);
  });
});

describe('lines for a person', () => {
  it('are for a terminal outside production', () => {
    expect(isForPerson({}, true)).toBe(true);
    expect(isForPerson({ NODE_ENV: 'production' }, true)).toBe(false);
    expect(isForPerson({}, false)).toBe(false);
  });

  it('tell of a request, or of anything, in one line', () => {
    let shown = '';
    const stream = createPrettyStream((text) => (shown += text));
    const { access, general } = loggersOn(stream, 'info');
    const request = {
      method: 'POST',
      route: '/v1/completions',
      status: 200,
      durationMs: 0.4,
      source: 'near',
    };
    access(`${JSON.stringify({ level: 'info', time: Date.now(), ...request })}\n`);
    general.warn({ context: 'RedisCache', msg: 'Redis is unavailable' });
    expect(shown).toMatch(/INFO.*POST \/v1\/completions 200 0\.4 ms \(near\)\n/);
    expect(shown).toMatch(/WARN.*\[RedisCache\] Redis is unavailable\n/);
  });
});
