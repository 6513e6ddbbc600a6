import { describe, expect, it } from '@jest/globals';
import { asOpenAiModel, knownModels, modelsQuery, openAiList, pageOf } from './model-list.js';

const models = ['a', 'b', 'c', 'd'].map((id) => ({ id }));

const page = (query: object) => {
  const { data, has_more, first_id, last_id } = pageOf(models, modelsQuery.parse(query));
  return [data.map(({ id }) => id).join(''), has_more, first_id, last_id];
};

describe('a page of models', () => {
  it.each([
    [{}, 'abcd', false],
    [{ limit: '2' }, 'ab', true],
    [{ limit: '2', after_id: 'b' }, 'cd', false],
    [{ limit: '1', after_id: 'b' }, 'c', true],
    [{ limit: '2', before_id: 'd' }, 'bc', true],
    [{ limit: '9', before_id: 'c' }, 'ab', false],
  ])('for %j has %s', (query, ids, more) => {
    expect(page(query)).toEqual([ids, more, ids.at(0), ids.at(-1)]);
  });

  it('may be empty', () => {
    expect(page({ after_id: 'd' })).toEqual(['', false, null, null]);
  });

  it.each(['0', '1001', 'x', '1.5'])('is refused for the limit %s', (limit) => {
    expect(modelsQuery.safeParse({ limit }).success).toBe(false);
  });
});

describe('the models with a known price', () => {
  it('have names for people, and contain the default model', () => {
    const [own, ...others] = knownModels('my-model');
    expect(own).toEqual({
      type: 'model',
      id: 'my-model',
      display_name: 'My Model',
      created_at: '1970-01-01T00:00:00Z',
    });
    expect(others).toContainEqual(
      expect.objectContaining({ id: 'claude-haiku-4-5', display_name: 'Claude Haiku 4.5' }),
    );
  });
});

it('gives a model the fields of the form of OpenAI', () => {
  expect(asOpenAiModel({ id: 'a', created_at: '2026-01-01T00:00:00Z' })).toMatchObject({
    id: 'a',
    object: 'model',
    created: 1_767_225_600,
    owned_by: 'anthropic',
  });
});

it('has pages of twenty, which the form of OpenAI does not have', () => {
  const many = Array.from({ length: 30 }, (_, at) => ({ id: String(at) }));
  expect(pageOf(many, {})).toMatchObject({ data: many.slice(0, 20), has_more: true });
  expect(openAiList(many, {})).toMatchObject({ object: 'list', data: many, has_more: false });
  expect(openAiList(many, { limit: 2 }).data).toHaveLength(2);
});
