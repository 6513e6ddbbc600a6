import { describe, expect, it } from '@jest/globals';
import { replyError, replyless } from '@test/fixtures/redis-cache/controlled-backend.js';
import { failureCode, failureKind } from './failure-kind.js';

describe('failureKind', () => {
  it.each([
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'CLUSTERDOWN The cluster is down',
    'NOAUTH Authentication required.',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  ])('calls the server unavailable when it answers %s', (message) => {
    expect(failureKind(replyError(message))).toBe('unavailable');
  });

  it.each([
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "OOM command not allowed when used memory > 'maxmemory'. script: f98f91d7, on @user_script:1.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
    'NOREPLICAS Not enough good replicas to write.',
  ])('calls writes refused when the server answers %s', (message) => {
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
  ])('calls it a failure of one command when the server answers %s', (message) => {
    expect(failureKind(replyError(message))).toBe('command');
  });

  it.each([
    replyless('ECONNRESET'),
    new Error('Connection is closed.'),
    new TypeError('x'),
    'text',
    undefined,
  ])('calls everything that is no error reply a failure of the connection: %s', (error) => {
    expect(failureKind(error)).toBe('connection');
  });

  it('does not read a code into the message of an error that is no reply', () => {
    expect(failureKind(new Error('OOM in our own process'))).toBe('connection');
  });
});

describe('failureCode', () => {
  it.each([
    [replyError('WRONGTYPE Operation against'), 'WRONGTYPE'],
    [replyError('something else'), 'ReplyError'],
    [replyless('ECONNREFUSED'), 'ECONNREFUSED'],
    [new RangeError('x'), 'RangeError'],
    [{ name: 'Error', message: 'of another realm', code: 'ENOENT' }, 'ENOENT'],
    [Object.assign(new Error('x'), { code: 20 }), 'Error'],
    ['text', 'UNKNOWN'],
    [null, 'UNKNOWN'],
    [undefined, 'UNKNOWN'],
    [Object.create(null), 'UNKNOWN'],
  ])('answers the shortest name of %s', (error, code) => {
    expect(failureCode(error)).toBe(code);
  });

  it('never answers more of a message than its first word', () => {
    expect(failureCode(replyError('ERR password is hunter2'))).toBe('ERR');
    expect(failureCode(new Error('hunter2 was wrong'))).toBe('Error');
  });
});
