import { deepEqual, equal, ok } from 'node:assert/strict';
import type { JobContext } from '../../../build/worker/job-context.js';
import type { Exploration, StopCause } from '../../sync/model/explorer.ts';
import { type Change, changesFor, makeHeart, type Sizes } from './heart.ts';
import { LONG, MainSide, MEDIUM, SHORT } from './main-side.ts';
import { World } from './world.ts';

type Task = (this: JobContext, value: never) => unknown;

/** What a job of the running worker does. */
const code: { task: Task } = { task: (value) => value };
Object.assign(globalThis, {
  heartTask(this: JobContext, value: never) {
    return code.task.call(this, value);
  },
});

/** As small as they can be: four entries, and lanes of as many of the shortest, twice. */
const SIZES: Sizes = { capacity: 4, shortEntryWords: 8, longEntryWords: 16, textBytes: 48, textChars: 8, first: 0 };

export interface Scenario {
  readonly sizes?: Partial<Sizes>;
  readonly workers?: number;
  /** Fewer operations would prove nothing. */
  readonly moreThan: number;
  readonly run: (world: World) => Exploration;
}

/** Runs a scenario on the code as it is built, but for the changes. */
export async function runScenario(scenario: Scenario, changes: readonly Change[] = []): Promise<Exploration> {
  const sizes = { ...SIZES, ...scenario.sizes };
  const made = await makeHeart([...changesFor(sizes), ...changes]);
  const world = new World(made, sizes, scenario.workers);
  code.task = (value) => value;
  return scenario.run(world);
}

/** What came of a run, of all runs. */
class Outcomes {
  readonly seen = new Set<unknown>();
  readonly note = ({ returned }: StopCause): void => {
    this.seen.add(returned.get('main'));
  };

  expectAll(...outcomes: readonly string[]): void {
    expectOutcomes(this.seen, outcomes);
  }
}

function expectOutcomes(seen: ReadonlySet<unknown>, outcomes: readonly string[]): void {
  deepEqual([...seen].sort(), [...outcomes].sort(), `Outcomes: ${[...seen].sort().join('; ')}`);
}

/** Main sends the values, all at once, and takes the answers; each is as its value. */
function echo(world: World, values: readonly (readonly unknown[])[], options: EchoOptions = {}): Exploration {
  const { preemptions = 1, plannedTicks = MEDIUM, sent = 'at once' } = options;
  const expected = values.map((args, index) => `${index + 1} returned ${String(args[0])}`);
  const threads = {
    main: () => {
      const main = new MainSide(world, { plannedTicks });
      if (sent !== 'at once')
        main.settledNow = () => {
          const { size } = main.settled;
          const most = sent === 'one by one' ? 1 : size === 1 ? values.length : 0;
          main.submit(...values.slice(size, size + most));
        };
      main.submit(...(sent === 'at once' ? values : values.slice(0, 1)));
      main.finish(values.length);
      for (const [index, how] of expected.entries()) equal(`${index + 1} ${main.settled.get(index + 1)}`, how);
    },
    worker: () => world.runWorker(),
  };
  return world.model.explore({ threads, preemptions, check: () => {} });
}

interface EchoOptions {
  readonly preemptions?: number;
  readonly plannedTicks?: number;
  /** Each once the one before has settled, or all others once the first has. */
  readonly sent?: 'at once' | 'one by one' | 'first alone';
}

/** So long that an entry of 32 words has just room for one. */
const long = (count: number): number[][][] =>
  Array.from({ length: count }, (_, index) => [new Array<number>(23).fill(index)]);

const numbers = (count: number): number[][] => Array.from({ length: count }, (_, index) => [index + 1]);

/** Each as long as an entry can be. */
const REPORTS = Array.from({ length: 5 }, (_, index) => new Array<number>(7).fill(index));

/** How a job may end, by what a cancel of it came to. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  'taken back': ['taken back'],
  asked: ['stopped, returned', 'stopped, threw'],
  ended: ['returned 1'],
};

/** Main cancels the first of its jobs at any moment after it was sent. */
function cancel(world: World, jobs: number, preemptions: number): Exploration {
  const begun = world.words('begun', 1);
  const seen = new Set<string>();
  const threads = {
    main: () => {
      const main = new MainSide(world);
      const [first] = main.submit(...numbers(jobs));
      main.pacer.pump();
      const outcome = first === undefined ? '' : main.cancel(first);
      main.finish(jobs);
      const how = main.settled.get(1) ?? '';
      ok(ENDS[outcome]?.includes(how), `${outcome}, and then: ${how}`);
      for (let job = 2; job <= jobs; job++) equal(main.settled.get(job), `returned ${job}`);
      return how;
    },
    worker: () => {
      code.task = function (this: JobContext, value) {
        if (value === 1) Atomics.add(begun, 0, 1);
        this.throwIfCancelled();
        return value;
      };
      world.runWorker();
    },
  };
  const check = ({ returned, word }: StopCause): void => {
    const how = returned.get('main') as string;
    equal(word(begun, 0), how === 'taken back' ? 0 : 1, `it began, and is ${how}`);
    seen.add(how);
  };
  const exploration = world.model.explore({ threads, preemptions, check });
  if (jobs === 1) expectOutcomes(seen, Object.values(ENDS).flat());
  return exploration;
}

/** A job blocks its worker until the last job, which is sent meanwhile, is back in the queue. Others before it block briefly. */
function block(world: World, jobs: number, preemptions: number): Exploration {
  const gate = world.words('gate', 1);
  const threads = {
    main: () => {
      const main = new MainSide(world, { isUrgent: ({ id }) => id === 3 });
      // what is queued is not at the worker: now it may go on
      main.fed = () => {
        if (main.isQueued(jobs) && main.settled.size === jobs - 2) {
          Atomics.store(gate, 0, 1);
          world.heart.wake(1);
        }
      };
      main.submit([1]);
      main.pacer.pump();
      if (jobs === 3)
        main.settledNow = () => {
          if (main.settled.size !== 1) return;
          main.submit([2]);
          main.pacer.pump();
          main.submit([3]);
        };
      else main.submit([2]);
      main.finish(jobs);
    },
    worker: () => {
      code.task = (value: number) => {
        if (value === jobs) return value;
        let looks = 0;
        const isMet = () => (value === jobs - 1 ? Atomics.load(gate, 0) === 1 : looks++ > 0);
        world.heart.block(isMet, value === jobs - 1 ? Number.POSITIVE_INFINITY : 5);
        return value;
      };
      world.runWorker();
    },
  };
  return world.model.explore({ threads, preemptions, check: () => {} });
}

/** The worker may die before any of its operations; another one, if there is one, takes over. */
function die(world: World, jobs: number, preemptions: number, isCancelled = false): Exploration {
  const begun = world.words('begun', jobs + 1);
  const threads: Record<string, () => unknown> = {
    main: () => {
      const main: MainSide = new MainSide(world, { maySend: (_job, worker) => worker === 0 });
      world.watchEnd(1, () => main.workerExited(0));
      const [first] = main.submit(...numbers(jobs));
      main.pacer.pump();
      if (isCancelled && first !== undefined) main.cancel(first);
      main.finish(jobs);
      return main.settled;
    },
    worker: () => {
      code.task = (value) => {
        Atomics.add(begun, value, 1);
        return value;
      };
      world.runWorker();
    },
  };
  if (world.workers.length > 1) threads['other'] = () => world.runWorker(1);
  const seen = new Set<string>();
  const check = ({ returned, word }: StopCause): void => {
    for (const [job, how] of returned.get('main') as ReadonlyMap<number, string>) {
      const ran = word(begun, job);
      ok(ran <= 1, `job ${job} began ${ran} times`);
      if (how === 'not begun' || how === 'taken back') equal(ran, 0, `job ${job} began, and is ${how}`);
      if (how === `returned ${job}`) equal(ran, 1, `job ${job} has an answer and never began`);
      seen.add(how.replace(/\d/, '…'));
    }
  };
  const exploration = world.model.explore({ threads, mayDie: ['worker'], preemptions, check });
  for (const how of ['lost', 'returned …', ...(world.workers.length > 1 ? [] : ['not begun'])])
    ok(seen.has(how), `Outcomes: never ${how}`);
  return exploration;
}

export const scenarios = {
  'the word of a slot: a job is taken back, or begins; it is asked to stop, or ends': {
    moreThan: 10,
    run: (world) => {
      const { slots } = (world.workers[0] as World['workers'][number]).memory;
      const tail = world.words('tail', 2);
      const outcomes = new Outcomes();
      const table = () => new world.heart.SlotTable(slots);
      const rounds = [0, world.heart.layout.CAPACITY];
      const threads = {
        main: () => {
          const own = table();
          return rounds.map((seq, round) => {
            own.dispatch(seq);
            Atomics.store(tail, 0, round + 1);
            let is: string = 'let be';
            switch (world.model.choose(3)) {
              case 0:
                is = own.takeBack(seq);
                break;
              case 1:
                is = own.cancel(seq);
                break;
            }
            world.model.when(tail, 1, round + 1);
            Atomics.load(tail, 1); // as main reads the answer
            return is;
          });
        },
        worker: () => {
          const own = table();
          return rounds.map((seq, round) => {
            world.model.when(tail, 0, round + 1);
            Atomics.load(tail, 0);
            let is: string = own.begin(seq);
            if (is === 'begun') {
              const old = rounds[round - 1];
              if (old !== undefined) {
                // what was meant for the job before never hits this one
                const outcomes = [own.begin(old), own.end(old), own.cancel(old), own.takeBack(old)];
                deepEqual(outcomes, ['taken back', 'asked before', 'ended', 'begun']);
                ok(!own.isCancelling(old));
              }
              is = own.end(seq);
            }
            Atomics.store(tail, 1, round + 1);
            return is;
          });
        },
      };
      const check = ({ returned }: StopCause): void => {
        const worker = returned.get('worker') as string[];
        for (const [round, is] of (returned.get('main') as string[]).entries()) {
          outcomes.seen.add(`${is}, ${worker[round]}`);
        }
      };
      const exploration = world.model.explore({ threads, check });
      outcomes.expectAll(
        ...['taken back, taken back', 'begun, ended', 'asked, asked before', 'ended, ended', 'let be, ended'],
      );
      return exploration;
    },
  },
  'the word of a slot: a job whose process has ended goes back, or is asked to stop': {
    moreThan: 5,
    run: (world) => {
      const { slots } = (world.workers[0] as World['workers'][number]).memory;
      const tail = world.words('tail', 1);
      const table = () => new world.heart.SlotTable(slots);
      const outcomes = new Outcomes();
      const threads = {
        main: () => {
          const own = table();
          own.dispatch(1);
          Atomics.store(tail, 0, 1);
          const outcome = own.cancel(1);
          world.model.ended(1);
          return `${outcome}, ${own.takeBack(1) === 'taken back' ? 'waits' : own.isCancelling(1) ? 'is to stop' : 'runs'}`;
        },
        worker: () => {
          const own = table();
          if (Atomics.load(tail, 0) === 1 && own.begin(1) === 'begun') own.unbegin(1);
        },
      };
      const exploration = world.model.explore({ threads, check: outcomes.note });
      outcomes.expectAll('asked, is to stop', 'ended, waits');
      return exploration;
    },
  },
  'both lanes: two jobs at once (interrupted twice)': {
    moreThan: 10_000,
    run: (world) => echo(world, numbers(2), { preemptions: 2, plannedTicks: SHORT }),
  },
  'both lanes, round and round: more jobs than there are entries (interrupted once)': {
    moreThan: 5000,
    run: (world) => echo(world, numbers(4)),
  },
  'the same across 2 ** 31, where counts become negative (not interrupted)': {
    sizes: { first: 2 ** 31 - 4 },
    moreThan: 200,
    run: (world) => echo(world, numbers(9), { preemptions: 0 }),
  },
  'the same across 2 ** 32, where counts begin anew (not interrupted)': {
    sizes: { first: -4 },
    moreThan: 1000,
    run: (world) => echo(world, numbers(9), { preemptions: 0 }),
  },
  'texts beside the lane, of both widths, more than there is room for (interrupted once)': {
    sizes: { capacity: 8, textBytes: 24, first: -16 },
    moreThan: 1000,
    run: (world) => echo(world, [['abcd'], ['efgh'], ['ijkl'], ['mnop'], ['€']]),
  },
  'texts beside the lane, each sent when the one before has settled (interrupted once)': {
    sizes: { capacity: 8, textBytes: 24 },
    moreThan: 2000,
    run: (world) => echo(world, [['ab'], ['€u'], ['abcdefghi']], { sent: 'one by one' }),
  },
  'values by message, each with the entry that names it (interrupted once)': {
    moreThan: 2000,
    run: (world) =>
      echo(world, [
        ['a text as long as no entry of these lanes can ever be'],
        [2],
        ['and yet another one, which is no shorter than that'],
      ]),
  },
  'long arguments, and by message those for which the lane has no room (not interrupted)': {
    sizes: { capacity: 8, longEntryWords: 32 },
    moreThan: 100,
    run: (world) => echo(world, long(7), { sent: 'first alone', preemptions: 0 }),
  },
  'long arguments, each sent when the one before has settled (interrupted once)': {
    sizes: { capacity: 8, longEntryWords: 32 },
    moreThan: 2000,
    run: (world) => echo(world, long(3), { sent: 'one by one' }),
  },
  'both doorbells: each job is sent when the one before has settled (interrupted twice)': {
    moreThan: 5000,
    run: (world) => echo(world, numbers(2), { preemptions: 2, sent: 'one by one' }),
  },
  'main wakes by its timer, or is rung (interrupted once)': {
    moreThan: 3000,
    run: (world) => echo(world, numbers(3), { plannedTicks: LONG }),
  },
  'two workers ring one main thread (interrupted once)': {
    workers: 2,
    moreThan: 5000,
    run: (world) => {
      const threads = {
        main: () => {
          const main = new MainSide(world, { maySend: ({ id }, worker) => id === worker + 1 });
          main.submit([1], [2]);
          return main.finish(2);
        },
        a: () => world.runWorker(0),
        b: () => world.runWorker(1),
      };
      const outcomes = new Outcomes();
      const exploration = world.model.explore({ threads, preemptions: 1, check: outcomes.note });
      outcomes.expectAll('1 returned 1, 2 returned 2', '2 returned 2, 1 returned 1');
      return exploration;
    },
  },
  'a worker that one of its jobs blocks gives back the next (not interrupted)': {
    moreThan: 500,
    run: (world) => block(world, 2, 0),
  },
  'a worker that a job blocks whose task is known to block gives back the next (interrupted once)': {
    sizes: { capacity: 8 },
    moreThan: 5000,
    run: (world) => block(world, 3, 1),
  },
  'a job is cancelled at any moment (interrupted three times)': {
    moreThan: 3000,
    run: (world) => cancel(world, 1, 3),
  },
  'a job is cancelled at any moment: those behind it, one in its slot, are not (interrupted once)': {
    moreThan: 10_000,
    run: (world) => cancel(world, 5, 1),
  },
  'an answer behind which all jobs are taken back is rung for (interrupted once)': {
    sizes: { capacity: 8 },
    moreThan: 1000,
    run: (world) => {
      const threads = {
        main: () => {
          const main = new MainSide(world);
          const jobs = main.submit(...numbers(4));
          main.pacer.pump();
          for (const job of jobs.slice(1)) main.cancel(job);
          main.finish(4);
        },
        worker: () => world.runWorker(),
      };
      return world.model.explore({ threads, preemptions: 1, check: () => {} });
    },
  },
  'main has starts announced: that of each job that is sent from then on (interrupted once)': {
    moreThan: 2000,
    run: (world) => {
      const threads = {
        main: () => {
          const main = new MainSide(world);
          main.submit([1]);
          main.pacer.pump();
          const { Control } = world.heart.layout;
          Atomics.store((world.workers[0] as World['workers'][number]).memory.control, Control.ANNOUNCE_STARTS, 1);
          main.submit([2]);
          main.finish(2);
          ok(main.started.has(2), 'the start of a job is not announced');
        },
        worker: () => world.runWorker(),
      };
      return world.model.explore({ threads, preemptions: 1, check: () => {} });
    },
  },
  'reports for which the lane has no room go with the answer, in order (interrupted twice)': {
    sizes: { shortEntryWords: 6, longEntryWords: 12 },
    moreThan: 2000,
    run: (world) => {
      const threads = {
        main: () => {
          const main = new MainSide(world);
          main.submit([1]);
          main.finish(1);
          equal(JSON.stringify(main.reported), JSON.stringify(REPORTS));
        },
        worker: () => {
          code.task = function (this: JobContext, value) {
            for (const report of REPORTS) this.report(report);
            return value;
          };
          world.runWorker();
        },
      };
      return world.model.explore({ threads, preemptions: 2, check: () => {} });
    },
  },
  'the thread dies at any moment: each of two jobs settles once (interrupted twice)': {
    moreThan: 10_000,
    run: (world) => die(world, 2, 2),
  },
  'the thread dies at any moment, also while a job is cancelled (interrupted once)': {
    moreThan: 5000,
    run: (world) => die(world, 2, 1, true),
  },
  'the thread dies at any moment: another one takes what it had not begun (not interrupted)': {
    workers: 2,
    moreThan: 1000,
    run: (world) => die(world, 1, 0),
  },
} satisfies Record<string, Scenario>;
