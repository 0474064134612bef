import { AsyncLocalStorage } from 'node:async_hooks';
import { nextTick } from '../base/clock.js';
import { enterNesting } from '../base/nesting.js';
import { CollectionWatch } from '../contract/collections.js';
import type { ProcessSettings } from '../contract/process-settings.js';
import { setCurrentJobCheck } from '../sync/sharing/registry.js';
import { joinWakeups, setBlockListener } from '../sync/waiting/wakeup.js';
import { BeginTimes } from '../wire/lane/begin-times.js';
import { SlotTable } from '../wire/lane/slot-table.js';
import { PayloadPort } from '../wire/message/payload-port.js';
import type { WorkerInit } from '../wire/message/protocol.js';
import { BeginNotes } from './begin-notes.js';
import { Blocking } from './blocking.js';
import { openBridge } from './bridge.js';
import { Children } from './children.js';
import { EnteredContexts } from './entered-contexts.js';
import { watchHeap } from './heap-watch.js';
import { HookRunner } from './hooks/hook-runner.js';
import { HookTurns } from './hooks/hook-turns.js';
import type { ContextDeps } from './job-context.js';
import { JobRunner } from './job-runner.js';
import { JobScopes } from './job-scopes.js';
import { WorkerLoop } from './loop.js';
import { MainDoorbell } from './main-doorbell.js';
import { OpenJobs } from './open-jobs.js';
import { Output } from './output.js';
import { Parking } from './parking.js';
import { PoolMessages } from './pool-messages.js';
import { PoolPort } from './pool-port.js';
import type { ProcessRelay, RelayDeps } from './relay/process-relay.js';
import type { ProcessIdentity } from './relay/relayed-process.js';
import { RequestReader } from './request-reader.js';
import { ResultSender } from './results/result-sender.js';
import { ResultWriter } from './results/result-writer.js';
import { RunningJob } from './running-job.js';
import { type CallNow, Talk } from './talk/talk.js';
import { TaskTable } from './tasks/task-table.js';
import { UncaughtErrors } from './uncaught-errors.js';

/** How a worker is started. */
export interface StartOptions {
  /** Whether it runs on the thread of its pool. */
  readonly isInline: boolean;
  /** Set on the thread of the pool: calls a function of the pool there. */
  readonly callNow?: CallNow;
  /** Creates what runs its jobs in a child process. */
  createRelay?(settings: ProcessSettings, identity: ProcessIdentity, deps: RelayDeps): ProcessRelay;
}

/** A worker that has started. */
export interface StartedWorker {
  /** Stops the worker: it runs and sends nothing more. Needed only inline, as a thread is terminated. */
  stop(): void;
}

/**
 * Makes the parts of a worker and starts it. Each is given those made before it. Those that report to later ones are connected to
 * them at the end, before the first message and the first job.
 */
export function startWorker(init: WorkerInit, { isInline, callNow, createRelay }: StartOptions): StartedWorker {
  const { workerId, concurrency, memory, depth, isTsNodeRegistered, around, heapLimitMb } = init;
  const { control: controlWords } = memory;
  if (!isInline) {
    joinWakeups(init.wakeups, init.wakeup);
    enterNesting(depth, new AsyncLocalStorage());
  }

  // which job runs
  const scopes = new JobScopes();
  const running = new RunningJob(scopes);
  const entered = isInline ? undefined : new EnteredContexts(running, scopes.storage as AsyncLocalStorage<unknown>);

  // ways to the pool
  const port = new PoolPort(init.control, running);
  const payload = new PayloadPort(init.payload, port.peer);
  const requests = new RequestReader(memory, init.payload, payload);
  const doorbell = new MainDoorbell(init.poolWord, controlWords, init.control, requests);
  const results = new ResultSender(new ResultWriter(memory, payload), doorbell);
  const output = new Output(results);
  const collections = new CollectionWatch((seen, done) => port.post({ kind: 'collected', collections: seen, done }));

  // jobs
  const slots = new SlotTable(memory.slots);
  const begins = new BeginTimes(memory.begins);
  const tasks = new TaskTable(init.process === undefined ? around : undefined); // of a relay, the process runs it
  const openJobs = new OpenJobs(concurrency, results);
  const children = new Children({ port, results, openJobs });
  const talk = new Talk({ port, slots, running, openJobs, scopes, results, callNow });
  const contextDeps: ContextDeps = { workerId, slots, talk, results, children };
  const runner = new JobRunner({
    ...{ contextDeps, requests, controlWords, tasks, results, openJobs, scopes, running, entered, isInline },
    isRelayed: init.process !== undefined,
  });

  // the loop
  const notes = init.notesBegins ? new BeginNotes() : undefined;
  const parking = new Parking(controlWords, requests);
  const loop = new WorkerLoop({
    ...{ port, controlWords, slots, begins, requests, tasks, openJobs, runner, parking, doorbell, notes, isInline },
  });

  // hooks, and the process that runs hooks and jobs
  const hookTurns = new HookTurns(init.hooksFirst, { port, output, loop });
  const hooks = new HookRunner(workerId, hookTurns.replies, scopes);
  const relay =
    init.process &&
    createRelay?.(
      init.process,
      { workerId, concurrency, depth, isTsNodeRegistered, around, heapLimitMb },
      { controlWords, slots, port, output, results, scopes, runner, talk, hookTurns },
    );

  // what happens on the thread outside of calls by this worker
  const messages = new PoolMessages({
    ...{ port, loop, requests, tasks, openJobs, children, hookTurns, relay, talk, collections },
  });
  const blocking = new Blocking({ loop, parking, requests, running, runner, openJobs, results });
  const uncaught = new UncaughtErrors({ scopes, hooks, runner, port, loop });

  // connections: what a part reports to those made after it, and what runs what
  requests.reportTo(doorbell);
  openJobs.reportTo(loop);
  runner.reportTo(loop);
  hookTurns.runBy(relay ?? hooks);
  if (relay !== undefined) tasks.runBy(relay);

  // the start
  const closeBridge = openBridge(() => runner.current());
  if (!isInline) {
    setCurrentJobCheck(() => runner.current()?.throwIfCancelled());
    setBlockListener(blocking);
    uncaught.listen();
    output.takeOver(init.printed);
  }
  messages.listen();
  if (isInline) port.unref(); // listening has ref'd it
  if (relay === undefined) {
    if (heapLimitMb !== undefined) watchHeap(heapLimitMb, () => port.post({ kind: 'heap-full' }));
    // later: a module that imports the worker's entry is evaluated to its end first
    nextTick(() => hookTurns.ready());
  }

  return {
    stop: () => {
      loop.stop();
      closeBridge();
      port.close();
    },
  };
}
