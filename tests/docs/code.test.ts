import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readPages } from './markdown.ts';
import { Compilation, extract, isAsExpected, type Program, type Run } from './programs.ts';

const pages = readPages();
const programs = pages.flatMap((page) => extract(page).programs);
const AT_ONCE = 3;

let compilation: Compilation;
const runs = new Map<Program, Promise<Run>>();

beforeAll(() => {
  compilation = new Compilation(pages);
  // a few at once: each is a process that mostly starts and waits
  const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  for (const [index, program] of programs.entries()) {
    const run = (lanes[index % AT_ONCE] ?? Promise.resolve()).then(() => compilation.run(program));
    lanes[index % AT_ONCE] = run;
    runs.set(program, run);
  }
});
afterAll(async () => {
  await Promise.all(runs.values());
  compilation[Symbol.dispose]();
});

test('every block of code compiles', async () => {
  expect(await compilation.faults).toBe('');
});

test.each(programs.map((program) => [program.name, program] as const))(
  '%s prints what it says',
  async (_name, program) => {
    const run = await runs.get(program);
    expect(run?.stderr).toBe('');
    expect(run?.code).toBe(0);
    // a line that is as expected is shown as the page has it, so that a difference shows only what differs
    const lines = run?.lines.map((line, index) => {
      const expected = program.expected[index];
      return expected !== undefined && isAsExpected(line, expected) ? expected : line;
    });
    expect(lines).toEqual(program.expected);
  },
);

test('the tour of the README is a program', () => {
  expect(programs.map((program) => program.name)).toContainEqual(expect.stringMatching(/^README\.md:/));
});
