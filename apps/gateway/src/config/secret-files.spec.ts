import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidEnvError } from './gateway-config.js';
import { readSecretFiles, SECRET_VARIABLES } from './secret-files.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-files-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const fileWith = (text: string): string => {
  const file = join(folder, 'secret');
  writeFileSync(file, text);
  return file;
};

describe('readSecretFiles', () => {
  it.each(SECRET_VARIABLES)('reads %s from its file, without the line break at the end', (name) => {
    const env = { [`${name}_FILE`]: fileWith(' a:secret \n'), OTHER_FILE: '/nowhere' };
    readSecretFiles(env);
    expect(env).toEqual({ [name]: ' a:secret ', OTHER_FILE: '/nowhere' });
    readSecretFiles(env);
    expect(env).toHaveProperty(name, ' a:secret ');
  });

  it('leaves a variable without a file alone', () => {
    const env = { API_KEYS: 'a:b', REDIS_PASSWORD_FILE: '' };
    readSecretFiles(env);
    expect(env).toEqual({ API_KEYS: 'a:b', REDIS_PASSWORD_FILE: '' });
  });

  it.each([
    ['is missing', () => join(folder, 'nowhere'), {}, 'the file cannot be read (ENOENT)'],
    ['is empty', () => fileWith('\n'), {}, 'the file is empty'],
    ['is one of two', () => fileWith('b'), { API_KEYS: 'a' }, 'API_KEYS is set as well: remove one of them'],
  ])('refuses a file that %s, and names only the variable', (_name, file, more, problem) => {
    const read = () => readSecretFiles({ API_KEYS_FILE: file(), ...more });
    expect(read).toThrow(InvalidEnvError);
    expect(read).toThrow(`API_KEYS_FILE is invalid: ${problem}`);
  });
});
