import { describe, expect, it } from '@jest/globals';
import clusterErrors from 'ioredis/built/errors/ClusterAllFailedError.js';
import { MaxRetriesPerRequestError } from 'ioredis/built/errors/index.js';
import { failureCode, failureKind, isOutage } from './failure-kind.js';

const ClusterAllFailedError = clusterErrors.default;

const replyError = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

const systemError = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('failureKind', () => {
  it.each([
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'CLUSTERDOWN The cluster is down',
    'NOAUTH Authentication required.',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  ])('calls the server unavailable when it replies %s', (message) => {
    expect(failureKind(replyError(message))).toBe('unavailable');
  });

  it.each([
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "OOM command not allowed when used memory > 'maxmemory'. script: f98f91d7, on @user_script:1.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
    'NOREPLICAS Not enough good replicas to write.',
  ])('calls writes refused when the server replies %s', (message) => {
    expect(failureKind(replyError(message))).toBe('write-refused');
  });

  it.each([
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    "ERR unknown command 'XADD'",
    "NOPERM this user has no permissions to run the 'get' command",
    'NOSCRIPT No matching script. Please use EVAL.',
    'not a code at all',
    'LOADINGX is another word',
    'loading in lower case is no code',
  ])('calls it a failure of one command when the server replies %s', (message) => {
    expect(failureKind(replyError(message))).toBe('command');
  });

  it.each([
    systemError('ECONNRESET'),
    new Error('Connection is closed.'),
    new TypeError('x'),
    'text',
    undefined,
  ])('calls everything that is no error reply a failure of the connection: %s', (error) => {
    expect(failureKind(error)).toBe('connection');
  });

  describe('of an error that wraps another', () => {
    const down = replyError('CLUSTERDOWN The cluster is down');
    it.each([
      ['redirections', redirected(down)],
      ['the nodes of a Cluster', new ClusterAllFailedError('Failed to refresh slots cache.', down)],
      ['several addresses', new AggregateError([new Error('Connection is closed.'), down])],
      ['a wrapper in a wrapper', new AggregateError([redirected(down)])],
      [
        'a discarded transaction',
        Object.assign(replyError('EXECABORT Transaction discarded because of previous errors.'), {
          previousErrors: [down],
        }),
      ],
    ])('looks through %s', (_what, error) => {
      expect([failureKind(error), failureCode(error)]).toEqual(['unavailable', 'CLUSTERDOWN']);
    });

    it('looks through Sentinels', () => {
      const beginning = 'All sentinels are unreachable. Retrying from scratch after 50ms. Last error: ';
      const refused = new Error(`${beginning}NOAUTH Authentication required.`);
      expect([failureKind(refused), failureCode(refused)]).toEqual(['unavailable', 'NOAUTH']);
      const gone = new Error(`${beginning}connect ECONNREFUSED 127.0.0.1:26379`);
      expect([failureKind(gone), failureCode(gone)]).toEqual(['connection', 'ECONNREFUSED']);
    });

    it('knows refused writes', () => {
      const full = redirected(replyError("OOM command not allowed when used memory > 'maxmemory'."));
      expect([failureKind(full), failureCode(full)]).toEqual(['write-refused', 'OOM']);
    });

    it.each([
      redirected(new Error('Connection is closed.')),
      redirected(replyError('CLUSTERDOWN Hash slot not served')),
      redirected(replyError('MOVED 3999 127.0.0.1:6381')),
    ])('leaves the other slots of a Cluster alone: %s', (error) => {
      expect(failureKind(error)).toBe('command');
    });

    it('ends on an error that contains itself', () => {
      const error = new AggregateError([]);
      error.errors.push(error);
      expect(failureKind(error)).toBe('connection');
    });
  });

  it('does not read a code into the message of an error that is no reply', () => {
    expect(failureKind(new Error('OOM in our own process'))).toBe('connection');
  });
});

describe('failureCode', () => {
  it.each([
    [replyError('WRONGTYPE Operation against'), 'WRONGTYPE'],
    [replyError('something else'), 'ReplyError'],
    [systemError('ECONNREFUSED'), 'ECONNREFUSED'],
    [new RangeError('x'), 'RangeError'],
    [{ name: 'Error', message: 'of another realm', code: 'ENOENT' }, 'ENOENT'],
    [Object.assign(new Error('x'), { code: 20 }), 'Error'],
    ['text', 'UNKNOWN'],
    [null, 'UNKNOWN'],
    [undefined, 'UNKNOWN'],
    [Object.create(null), 'UNKNOWN'],
  ])('returns the shortest name of %s', (error, code) => {
    expect(failureCode(error)).toBe(code);
  });

  it('never returns more of a message than its first word', () => {
    expect(failureCode(replyError('ERR password is hunter2'))).toBe('ERR');
    expect(failureCode(new Error('hunter2 was wrong'))).toBe('Error');
  });
});

describe('isOutage', () => {
  it.each([
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'CLUSTERDOWN Hash slot not served',
    'NOAUTH Authentication required.',
    'WRONGPASS invalid username-password pair or user is disabled.',
    "OOM command not allowed when used memory > 'maxmemory'. script: f98f91d7, on @user_script:1.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'NOREPLICAS Not enough good replicas to write.',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  ])('is true for the reply %s', (message) => {
    expect(isOutage(replyError(message))).toBe(true);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])(
    'is true for the system error %s',
    (code) => {
      expect(isOutage(systemError(code))).toBe(true);
      expect(isOutage({ name: 'Error', message: 'of another realm', code })).toBe(true);
    },
  );

  it.each([
    new Error('Connection is closed.'),
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
    new Error("Cluster isn't ready and enableOfflineQueue options is false"),
    new Error('Command timed out'),
    new Error('None of startup nodes is available'),
    new Error(
      'All sentinels are unreachable. Retrying from scratch after 50ms. Last error: connect ECONNREFUSED',
    ),
    Object.assign(new Error('Command aborted due to connection close'), { name: 'AbortError' }),
    new MaxRetriesPerRequestError(0),
    new ClusterAllFailedError(
      'Failed to refresh slots cache.',
      replyError('NOAUTH Authentication required.'),
    ),
    new ClusterAllFailedError('Failed to refresh slots cache.', new Error('Node is disconnected')),
  ])('is true for the error of ioredis %s', (error) => {
    expect(isOutage(error)).toBe(true);
  });

  it.each([
    redirected(replyError('CLUSTERDOWN Hash slot not served')),
    redirected(replyError('CLUSTERDOWN The cluster is down')),
    redirected(replyError('TRYAGAIN Multiple keys request during rehashing of slot')),
    redirected(replyError('MOVED 3999 127.0.0.1:6381')),
    redirected(replyError('ASK 3999 127.0.0.1:6381')),
    redirected(new Error('Connection is closed.')),
    new AggregateError([systemError('ECONNREFUSED'), systemError('ENETUNREACH')]),
    new AggregateError([new Error('x'), redirected(replyError('CLUSTERDOWN The cluster is down'))]),
  ])('is true for an error that wraps one: %s', (error) => {
    expect(isOutage(error)).toBe(true);
  });

  it.each([
    replyError('WRONGTYPE Operation against a key holding the wrong kind of value'),
    replyError("NOPERM this user has no permissions to run the 'evalsha' command"),
    replyError('ERR the text of a user says CLUSTERDOWN and OOM '),
    redirected(replyError('WRONGTYPE Operation against a key')),
    new Error('the text of a user says ECONNREFUSED and READONLY'),
    new Error('OOM in our own process'),
    new Error('Missing lock for job 1. moveToFinished'),
    new TypeError('x is not a function'),
    new AggregateError([new Error('x')]),
    new AggregateError([]),
    systemError('ENOENT'),
    'Connection is closed.',
    null,
    undefined,
  ])('is false for %s', (error) => {
    expect(isOutage(error)).toBe(false);
  });
});

/** As ioredis gives up on redirections: the last error is kept as text only. */
function redirected(error: Error): Error {
  return new Error(`Too many Cluster redirections. Last error: ${error}`);
}
