import { describe, expect, it } from '@jest/globals';
import { SavingsTable } from './savings-table.js';

const ODD = ['plain', '__proto__', 'a","b', 'Grüße 👋', ' ', 'constructor'];

describe('SavingsTable', () => {
  it('comes back from its fields, whatever the names', () => {
    const table = new SavingsTable();
    for (const [index, name] of ODD.entries()) {
      table.of(name, `${name}-model`).hits += index + 1;
      table.of(name, `${name}-model`).cost_saved += 0.25;
    }
    const fields = Object.fromEntries(table.fields());
    expect(Object.keys(fields)).toHaveLength(2 * ODD.length);
    expect([...SavingsTable.fromFields(fields).entries()]).toEqual([...table.entries()]);
  });

  it('passes over fields that are none of its own', () => {
    const foreign = {
      'no JSON': 1,
      '[]': 1,
      '["t","m","unknown"]': 1,
      '["t",1,"hits"]': 1,
      '"text"': 1,
      null: 1,
    };
    expect(SavingsTable.fromFields(foreign).isEmpty).toBe(true);
  });

  it('cuts endless names of models and takes ill-formed ones', () => {
    const table = new SavingsTable();
    table.of('t', 'm'.repeat(10_000)).hits += 1;
    table.of('t', '\ud800').hits += 1;
    const models = [...table.entries()].map(([, model]) => model);
    expect(models).toEqual(['m'.repeat(128), '\ufffd']);
  });

  it('adds another table', () => {
    const [one, two] = [new SavingsTable(), new SavingsTable()];
    one.of('t', 'm').hits += 1;
    two.of('t', 'm').hits += 2;
    two.of('u', 'm').stale += 1;
    one.add(two);
    expect(one.of('t', 'm').hits).toBe(3);
    expect(one.of('u', 'm').stale).toBe(1);
    expect(two.of('t', 'm').hits).toBe(2);
  });
});
