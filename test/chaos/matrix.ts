/**
 * Faults × operations. Each fault is a process of its own on servers of its own, in which all operations run at the same
 * time; each cell of the table is a test that judges what its operation did.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from './faults/fault.js';
import { OPERATIONS } from './operations/index.js';
import type { Operation } from './operations/operation.js';
import { allowedDuring, answerAfter, type Availability, isSame, wordFor } from './promise.js';
import type { ByOperation, Outcome } from './subject/steps.js';
import { Subject } from './subject/subject.js';

const DEADLINE_MS = 2_000;
/** So many calls in a row would take as many deadlines if nothing remembered the outage. */
const CALLS = 20;
/** What a slow machine may add. */
const SLACK_MS = 15_000;
const FAULT_LIMIT_MS = 240_000;
const LINES = 2;

/** Everything that happened under one fault. */
interface Course {
  readonly first: ByOperation<Outcome>;
  readonly more: ByOperation<Outcome>;
  readonly after: ByOperation<unknown>;
  readonly lost: ByOperation<unknown[]>;
  readonly lines: ByOperation<string[]>;
  readonly problems: string[];
}

async function happen(fault: Fault): Promise<Course> {
  const world = await fault.world();
  try {
    const subject = await Subject.start(world.connection, DEADLINE_MS);
    try {
      return await courseOf(
        fault,
        () => fault.start(world, subject),
        () => fault.stop(world, subject),
        subject,
      );
    } finally {
      await subject.kill();
    }
  } finally {
    await world.stop();
  }
}

async function courseOf(
  { data = 'kept', isFirst }: Fault,
  start: () => Promise<unknown>,
  stop: () => Promise<unknown>,
  subject: Subject,
): Promise<Course> {
  if (isFirst) await start();
  await subject.open();
  if (!isFirst) await subject.prepare();
  if (!isFirst) await start();
  const first = await subject.call(1);
  const more = await subject.call(CALLS);
  await stop();
  const after = await subject.recover(data);
  const lost = data === 'kept' ? await subject.lost() : {};
  return { first, more, after, lost, lines: await subject.close(), problems: await subject.end() };
}

/** Declares the tests of the faults. Their names are what the report is made of. */
export function describeFaults(faults: readonly Fault[]): void {
  describe.each(faults.map((fault) => [fault.name, fault] as const))('%s', (_name, fault) => {
    let course: Course | undefined;
    let failure: unknown;

    beforeAll(async () => {
      course = await happen(fault).catch((error: unknown) => void (failure = error));
    }, FAULT_LIMIT_MS);

    const known = (): Course => {
      if (course === undefined) throw new Error(`The fault could not be tried`, { cause: failure });
      return course;
    };

    describe.each([...new Set(OPERATIONS.map(({ group }) => group))])('%s', (group) => {
      const cells = OPERATIONS.filter((operation) => operation.group === group);
      it.each(cells.map((cell) => [cell.name, wordFor(cell, leftBy(fault, cell)), cell] as const))(
        '%s: %s',
        (_operation, _word, operation) => judge(fault, operation, known()),
      );
    });

    describe('program', () => {
      it('unhandled errors: none', () => expect(known().problems).toEqual([]));
    });
  });
}

const unpromised = (answers: readonly unknown[], promised: readonly unknown[]): unknown[] =>
  answers.filter((answer) => !promised.some((one) => isSame(one, answer)));

const leftBy = ({ leaves, except = {} }: Fault, { name }: Operation): Availability => except[name] ?? leaves;

function judge(fault: Fault, operation: Operation, course: Course): void {
  const { data = 'kept', lines = LINES } = fault;
  const leaves = leftBy(fault, operation);
  const { name } = operation;
  const [first, more] = [course.first[name]!, course.more[name]!];
  const promised = allowedDuring(operation, leaves, data);
  expect(unpromised([...first.answers, ...more.answers], promised)).toEqual([]);
  expect(first.ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
  if (leaves === 'unavailable') {
    expect(more.timeouts).toBe(0);
    expect(more.ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
  }
  expect(course.after[name]).toEqual(answerAfter(operation, data));
  expect(course.lost[name] ?? []).toEqual([]);
  expect(course.lines[name]!.slice(lines)).toEqual([]);
}
