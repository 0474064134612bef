import { readdir, readFile } from 'node:fs/promises';
import { afterAll, expect, test } from '@jest/globals';
import { CompiledExamples } from './compiled-examples.ts';
import { type Outcome, type RunningExample, runExample, startFile } from './run-example.ts';

const examples = new URL('../../examples/', import.meta.url);
const compiled = new CompiledExamples();
afterAll(() => compiled[Symbol.dispose]());

const start = (example: string): RunningExample => startFile(compiled.fileOf(example));

/** What an example prints names its own folder as that of the examples. */
async function run(example: string): Promise<Outcome> {
  const outcome = await start(example).outcome;
  return { ...outcome, stdout: outcome.stdout.replaceAll(compiled.url, examples.href) };
}

/** What each example prints, byte for byte. */
const OUTPUT: Readonly<Record<string, string>> = {
  'first-job.ts': `
PENDING
15
COMPLETED
15
`,
  'priorities.ts': `
alarm
mail that cannot wait
mail
mail, the second
cleanup
report
backup
`,
  'aging.ts': `
Without aging: place 201 of 201
The report has waited for 20 ms or more: true
With aging: before more than half of the requests
`,
  'opentelemetry.ts': `
a.png: trace 0af7651916cd43dd8448eb211c80319c, in span b7ad6b7169203331
b.png: trace 0af7651916cd43dd8448eb211c80319c, in span 00f067aa0ba902b7
c.png: trace 0af7651916cd43dd8448eb211c80319c, in span 00f067aa0ba902b7
d.png: no trace
`,
  'prometheus.ts': `
thread_system_jobs_settled_total{pool="main",task="primesBelow",state="completed"} 2
thread_system_jobs_settled_total{pool="main",task="sha256",state="completed"} 1
thread_system_job_run_seconds_count{pool="main",task="primesBelow"} 2
thread_system_job_run_seconds_count{pool="main",task="sha256"} 1
`,
  'cancellation.ts': `
no longer needed - CANCELLED
the user left - CANCELLED
Same thread: true
it does not listen - CANCELLED
The pool goes on - on a new thread: true
`,
  'channel.ts': `
Requests: 1000
Characters: 10890
After the close: true
`,
  'request-queue.ts': `
Sum of the squares: 335850n
Errors: SyntaxError: Cannot convert fifty to a BigInt
Without a result: 0
`,
  'condition.ts': `
Sum: 500500
Left: 0
`,
  'ndjson.ts': `
Kyiv 33334
Lima 33333
Oslo 33332
Broken rows: 77777
Row 1 is broken
`,
  'build-tool.ts': `
b.txt:2: I cannot read 'prnt b'
no faults
compiled 5 times
`,
  'progress.ts': `
20 %
40 %
60 %
80 %
5133 primes
3 10 5 16 8 4 2 1: 8 steps
at 16
at 8
at 4
at 2
at 1
`,
  'talking.ts': `
counted until it was told to stop
10 11
`,
  'task-modules.ts': `
2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
7692c3ad
3fc4ccfe
8b5b9db0
hash of later COMPLETED
`,
  'shared-memory.ts': `
499999500000
400000
`,
  'map.ts': `
Float64Array(5) [ 1, 4, 9, 16, 25 ]
As many hashes as files: true
RangeError: 3 is one too many
The pool goes on: e3b0c442
`,
  'transfer.ts': `
Here before: 0
Came back: 16777216 first pixel: 254
`,
  'errors.ts': `
RangeError: Invalid count value: -1
HttpError 404: Cannot find /missing
ReferenceError: outside is not defined: the function 'anonymous' was sent by its source text, so it sees its arguments and globals but not 'outside' of the code around it; export it from a module and submit it by taskModule(), which would see it, or pass 'outside' as an argument
TaskNotFoundError ERR_TASK_NOT_FOUND: Cannot find task 'sha1': ${new URL('tasks.js', examples)} has no such export; its functions are: answerWhenOpen, collatz, conductHeat, countForever, countUntilTold, countUp, countWithoutAsking, crash, crashOnce, fetchFlaky, fetchPage, fetchText, findFactor, findPreimage, invert, priceIn, primesBelow, serve, serveBoth, sha256, sortInParts, sum, sumUntil
NotCloneableError ERR_NOT_CLONEABLE: Cannot send args[0].onDone to another thread: function onDone cannot be cloned
NotCloneableError ERR_NOT_CLONEABLE: Cannot send result.close to another thread: function close cannot be cloned
WorkerExitError ERR_WORKER_EXITED: The thread of job 'anonymous' ended with exit code 3 while the job was running
CancelledError ERR_JOB_CANCELLED: Job 'anonymous' was cancelled: not wanted after all
PoolClosedError ERR_POOL_CLOSED: Cannot submit job 'anonymous': the pool is shut down
`,
  'events-and-metrics.ts': `
unwanted cancelled
a worker is ready
square started
square completed: 49
parse started
parse failed: SyntaxError: Cannot convert seven to a BigInt
nothing left to do
{
  submitted: 3,
  pending: 0,
  active: 0,
  completed: 1,
  failed: 1,
  cancelled: 1
}
By priority: {
  '0': { submitted: 1, completed: 0, failed: 0, cancelled: 1 },
  '2': { submitted: 2, completed: 1, failed: 1, cancelled: 0 }
}
A worker ran 2 jobs and is idle
Measured: { queuedMs: 2, executionMs: 2 }
`,
  'profile.ts': `
[ 148933, 216816 ]
[ '(main thread)', '(worker 0)', '(worker 1)' ]
primesBelow: hot
`,
  'logging.ts': `
INFO  mill: Job 'fetchFlaky' (id 1) failed on attempt 1, retrying in 10 ms: HttpError: Busy: /down
WARN  mill: Job 'fetchFlaky' (id 1) failed after 2 attempts: HttpError: Busy: /down
WARN  mill: Replacing worker 0: Job 'countWithoutAsking' did not stop within 50 ms of being asked to
WARN  mill: Job 'countWithoutAsking' (id 2) failed: JobTimeoutError: Job 'countWithoutAsking' timed out: its code ran for more than 50 ms
ERROR mill: Worker 1 died with exit code 3 after 0 jobs
WARN  mill: Job 'rude' (id 3) failed: WorkerExitError: The thread of job 'rude' ended with exit code 3 while the job was running
49
`,
  'graceful-shutdown.ts': `
drain { completed: 4, failed: 0, cancelled: 0 }
finishRunning { completed: 1, failed: 0, cancelled: 3 }
abort { completed: 0, failed: 0, cancelled: 4 }
drain, for 100 ms at most { completed: 0, failed: 0, cancelled: 1 }
`,
  'token-between-tasks.ts': `
Range 1: 7919000000308841 = 7919 x 1000000000039
Range 2: stopped
Range 3: stopped
Range 4: stopped
Why: the factor is 7919
`,
  'first-result-wins.ts': `
part 1 CANCELLED without a result
part 2 COMPLETED with 16680000
part 3 CANCELLED without a result
part 4 CANCELLED without a result
part 5 CANCELLED without a result
part 6 CANCELLED without a result
`,
  'request-deadline.ts': `
/primes 2262 primes, 1801f0f5
/slow too late: TimeoutError
/huge too late: TimeoutError
`,
  'retry.ts': `
news: attempt 1 failed (HttpError: Busy: /news), the next in 50 ms
news: attempt 2 failed (HttpError: Busy: /news), the next in 100 ms
content of /news after 3 attempts
Meanwhile: 49
HttpError: Cannot find /missing after 1 attempt
down: attempt 1 failed (HttpError: Busy: /down), the next in 0 ms
HttpError: Busy: /down after 2 attempts
Retried: 3
`,
  'as-completed.ts': `
third COMPLETED 9
second COMPLETED 16
first COMPLETED 25
sum 10
square RangeError: 2 is not wanted
the same job: true 36
`,
  'group.ts': `
hashes {
  submitted: 4,
  completed: 3,
  failed: 1,
  cancelled: 0,
  active: 0,
  pending: 0
}
CANCELLED COMPLETED COMPLETED
CancelledError: Job 'countForever' was cancelled: no time
`,
  'graph.ts': `
18 242dc59e
RangeError: Cannot connect 'report' to 'fetch': that closes the cycle report → fetch → hash → report
SyntaxError: line 3
undefined - clean
flowchart TD
  n0["compile"]
  n1["test"]
  n2["lint"]
  n0 --> n1
  style n0 fill:#f2a1a1
  style n2 fill:#9fd8a4

`,
  'children.ts': `
1 thread(s), 7 jobs, sorted: true
2 thread(s), 7 jobs, sorted: true
CancelledError: Job 'serveBoth' was cancelled
3 jobs were cancelled, the last is serveBoth
`,
  'schedule.ts': `
heart beat
heart beat
heart beat
undefined 1
2100-01-01T07:30:00.000Z
`,
  'named-thread.ts': `
server is up
log is up
log has ended
server has ended
server is down
log is down
broken: no disk
`,
  'sessions.ts': `
[request 1] Ada: tea
[request 2] Bob: milk
[request 3] Ada: tea, honey
[request 4] Ada: tea, honey, mint
[request 5] Bob: milk, rice
Guten Tag, Bonjour, Hello
`,
  'leaky-code.ts': `
Workers before the first job: 1
MB leaked on the worker of each job: 1 2 3 1 2 3
After recycle(): 1
`,
  'resize.ts': `
1 worker: 1 active, 3 pending
3 workers: 3 active, 1 pending
1 is enough: 3 active, 1 pending
4 completed by 1 worker in the end
`,
  'shutdown-all.ts': `
server is up
COMPLETED COMPLETED
server is down - true
PoolClosedError: Cannot submit job 'sha256': the pool is shut down
`,
  'processes.ts': `
6db7d803
ERR_WORKER_EXITED: Error: The process was ended by SIGABRT
f3959239
The next job ran in another process: true
done after 2 attempts
CancelledError: Job 'countForever' was cancelled: enough
The same process: true
`,
  'submit-stacks.ts': `
RangeError: Invalid count value: -1
at String.repeat
RangeError: Invalid count value: -1
at String.repeat
--- submitted as job 'title' ---
at makeTitle
at main
`,
  'unit-test.ts': `
ok - hashes each text
ok - runs what is urgent first
ok - finds a task that changes its argument, as that is a copy on a thread too
ok - finds a value that could not go to a thread
`,
  'resilience.ts': `
HttpError: Busy: /down
HttpError: Busy: /down
HttpError: Busy: /down
Error: Execution prevented because the circuit breaker is open
Error: Execution prevented because the circuit breaker is open
submitted: 3
in the pool: 2 waiting: 2
1
4
9
16
Error: Bulkhead capacity exceeded (0/2 execution slots, 0/2 available)
stopped: true
workers: 0
the page of yesterday
page page page
`,
  'per-worker-state.ts': `
four, one, three, two
WorkerExitError: Cannot start a worker: its setup 'open' failed: ENOENT: no such file or directory
`,
  'broadcast.ts': `
[ 2, 2 ]
125
[ 3, 3 ]
[ 150, 75, 100 ]
RangeError: There is no rate for XYZ
`,
  'reserved-workers.ts': `
the answer
It waited less than the last report: true
Reports never had all workers: true
`,
  'dependencies.ts': `
link is done
configure FAILED SyntaxError
test FAILED ERR_DEPENDENCY
publish FAILED ERR_DEPENDENCY
at once - PENDING
later - COMPLETED
`,
  'back-pressure.ts': `
reject a b c (d) (urgent)
dropOldest (a) (b) c d urgent
dropLowest a b (c) (d) urgent
{ completed: 1000, failed: 0 } never more than 12 at once
`,
  'rate-limit.ts': `
page 1, page 2, page 3, page 4, page 5, page 6, page 7, page 8, page 9, page 10, page 11, page 12
Never more than 2 at once: true
All permits are back: true
`,
  'pipeline.ts': `
All parts are loaded
After 100 steps: 100 90 81 71 63 54 46 39 33 27 22 18 14 11 9 7 5 4 3 2 2 1 1 1
`,
  'plain-commonjs.cjs': `
15 COMPLETED
3 of 9 words
`,
};

test.concurrent.each(Object.entries(OUTPUT))('%s prints what it says and exits by itself', async (file, output) => {
  expect(await run(file)).toEqual({ code: 0, stdout: output.trimStart(), stderr: '' });
});

test.concurrent('ctrl-c.ts stops at Ctrl-C and shows what was done by then', async () => {
  const example = start('ctrl-c.ts');
  await example.printed('Ready: press Ctrl-C\n');
  example.interrupt();
  expect(await example.outcome).toEqual({
    code: 130,
    stdout: `Ready: press Ctrl-C
sha256 COMPLETED with a string
sumUntil COMPLETED with a number
countForever CANCELLED without a result
primesBelow CANCELLED without a result
`,
    stderr: '',
  });
});

test.concurrent('handle-signals.ts ends what it has begun when it is told to end, and then by the signal', async () => {
  const example = start('handle-signals.ts');
  await example.printed('Ready: send SIGTERM\n');
  example.interrupt('SIGTERM');
  expect(await example.outcome).toEqual({
    code: null, // by the signal
    stdout: `Ready: send SIGTERM
waiting request CANCELLED
running request COMPLETED
`,
    stderr: '',
  });
});

test.concurrent('http-service.ts answers each request as it should, and ends by the signal', async () => {
  expect(await run('http-service.ts')).toEqual({
    code: null, // by the signal
    stdout: `GET /primes/1000 200
GET /forever 504
GET /primes/1000 429
GET /primes/1000 503
GET /forever 499
GET /forever 499
GET /health 200
GET /jobs/ 200
GET /trace 200
`,
    stderr: '',
  });
});

// the others are run as they are compiled: a process that compiles, and workers that do, take longer than most of them
test.concurrent.each([
  ['by ts-node', 'task-modules.ts', {}],
  ['by ts-node with its types checked', 'first-job.ts', { TS_NODE_TRANSPILE_ONLY: 'false' }],
] as const)('an example runs %s, as users run it', async (_, file, env) => {
  expect(await runExample(file, [], env)).toEqual({ code: 0, stdout: OUTPUT[file]?.trimStart(), stderr: '' });
});

/** Files of examples/ that hold code. */
async function listFiles(): Promise<string[]> {
  return (await readdir(examples)).filter((name) => /\.(ts|mts|cts|mjs|cjs)$/.test(name));
}

// what others import
const imported = [
  'tasks.ts',
  'http-error.ts',
  'worker-tasks.ts',
  'channel-tasks.ts',
  'plain-commonjs-tasks.cjs',
  'inspect-folder-tasks.ts',
  'opentelemetry-tasks.ts',
];

test('every example has its output here', async () => {
  const haveOwnTest = ['ctrl-c.ts', 'handle-signals.ts', 'http-service.ts', 'inspect-folder.ts'];
  expect((await listFiles()).sort()).toEqual([...imported, ...haveOwnTest, ...Object.keys(OUTPUT)].sort());
});

test('every example is on the page of the examples', async () => {
  const page = await readFile(new URL('README.md', examples), 'utf8');
  const listed = [...page.matchAll(/^\| \[([^\]]+)\]\(\1\) \|/gm)].map(([, name]) => name);
  const inFolders = ['cluster/run.ts']; // tests/cluster/example.test.ts runs it
  expect(listed.sort()).toEqual(
    [...inFolders, ...(await listFiles())].filter((name) => !imported.includes(name)).sort(),
  );
});
