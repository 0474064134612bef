import { AsyncLocalStorage } from 'node:async_hooks';
import { nextTick } from '../base/clock.js';
import { enterNesting } from '../base/nesting.js';
import { has } from '../base/platform/capabilities.js';
import { CollectionWatch } from '../contract/collections.js';
import { setCurrentJobCheck } from '../sync/sharing/registry.js';
import { joinWakeups, setBlockListener } from '../sync/waiting/wakeup.js';
import { BeginTimes } from '../wire/lane/begin-times.js';
import { Control } from '../wire/lane/layout.js';
import { SlotTable } from '../wire/lane/slot-table.js';
import { PayloadPort } from '../wire/message/payload-port.js';
import type { WorkerInit } from '../wire/message/protocol.js';
import { BeginNotes } from './begin-notes.js';
import { Blocking } from './blocking.js';
import { openBridge } from './bridge.js';
import { Children } from './children.js';
import { EnteredContexts } from './entered-contexts.js';
import { watchHeap } from './heap-watch.js';
import { HookReplies } from './hooks/hook-replies.js';
import { HookRunner } from './hooks/hook-runner.js';
import { HookTurns } from './hooks/hook-turns.js';
import { type ContextDeps, seqOf } from './job-context.js';
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
import { RequestReader } from './request-reader.js';
import { Answers } from './results/answers.js';
import { ResultWriter } from './results/result-writer.js';
import { type CallNow, Talk } from './talk/talk.js';
import { TaskTable } from './tasks/task-table.js';
import { UncaughtErrors } from './uncaught-errors.js';

const { exit } = process;

/** How a worker is started. */
export interface StartOptions {
  /** Whether it runs on the thread of its pool. */
  readonly isInline: boolean;
  /** Set on the thread of the pool: calls a function of the pool there. */
  readonly callNow?: CallNow;
  /** Creates what runs its jobs in a child process. */
  createRelay?(settings: NonNullable<WorkerInit['process']>, deps: RelayDeps): ProcessRelay;
}

/** A worker that has started. */
export interface StartedWorker {
  /** Runs nothing and answers nothing from now on. Needed only inline: a thread is terminated. */
  stop(): void;
}

/**
 * Makes the parts of a worker and starts it. A part is given those made before it. A callback may refer to a later part, as
 * none is called before all are made.
 */
export function startWorker(init: WorkerInit, { isInline, callNow, createRelay }: StartOptions): StartedWorker {
  const { workerId, concurrency } = init;
  const { control: controlWords } = init.memory;
  if (!isInline) {
    joinWakeups(init.wakeups, init.wakeup);
    enterNesting(init.depth, new AsyncLocalStorage());
  }

  // ways to the pool
  const port = new PoolPort(init.control, (): number | undefined => {
    const context = runner.current();
    return context && seqOf(context);
  });
  const payload = new PayloadPort(init.payload, port.peer);
  const requests = new RequestReader(init.memory, init.payload, payload);
  const doorbell = new MainDoorbell(init.poolWord, controlWords, init.control, requests);
  requests.onLessUrgent = () => doorbell.ringAnswered();
  const answers = new Answers(new ResultWriter(init.memory, payload), doorbell);
  const output = new Output(answers);

  // jobs
  const slots = new SlotTable(init.memory.slots);
  const begins = new BeginTimes(init.memory.begins);
  // of a relay, the process runs it
  const tasks = new TaskTable(init.process === undefined ? init.around : undefined);
  const scopes = new JobScopes();
  const openJobs = new OpenJobs(concurrency, (context) => {
    answers.suspended(context);
    loop.turnSoon();
  });
  const children = new Children(
    {
      submitted: (parent, child) => answers.childSubmitted(parent, child),
      cancelled: (child, reason) => port.post({ kind: 'child-cancelled', child, reason }),
      parentChanged: (parent) => openJobs.childrenChanged(parent),
    },
    port.values,
  );
  const talk = new Talk({
    ...{ port, slots, callNow },
    find: (seq) => openJobs.find(seq) ?? runner.runs(seq),
    runAs: (context, fn) => scopes.run(context, fn),
    readNow: () => messages.readNow(),
    messageRead: (context) => answers.messageRead(context),
  });
  const contextDeps: ContextDeps = {
    ...{ workerId, slots, talk },
    report: (context, value) => answers.report(context, value),
    submit: (context, task, args, options) => children.submit(context, task, args, options),
    ownTokenCancelled: (context, reason) => answers.tokenCancelled(context, reason),
  };
  const entered = isInline
    ? undefined
    : new EnteredContexts((): boolean => runner.isInCode, scopes.storage as AsyncLocalStorage<unknown>);
  const runner = new JobRunner({
    ...{ contextDeps, requests, controlWords, tasks, answers, openJobs, scopes, entered, isInline },
    isRelayed: init.process !== undefined,
    resume: (act) => loop.resume(act),
    takeJobs: () => loop.takeJobs(),
  });

  // the loop
  const notes = init.notesBegins ? new BeginNotes() : undefined;
  const parking = new Parking(controlWords, requests);
  const loop = new WorkerLoop({
    ...{ controlWords, slots, begins, requests, tasks, openJobs, runner, parking, doorbell, notes },
    mayBlock: !isInline,
    crashed: (fault) => {
      try {
        port.postBroken(fault);
      } finally {
        if (!isInline) exit(1); // inline the pool ends the worker
      }
    },
  });
  const ready = (pid?: number): void => {
    port.post({ kind: 'ready', pid });
    hookTurns.ready();
  };

  // hooks, and the process that runs hooks and jobs
  const replies = new HookReplies((message) => {
    output.show(); // before the pool learns that the hook has ended
    port.post(message);
    hookTurns.replied(message);
  }, port.values);
  const hooks = new HookRunner(workerId, replies, (context, fn) => scopes.run(context, fn));
  const relay =
    init.process &&
    createRelay?.(init.process, {
      hooks: replies,
      workerId,
      concurrency,
      depth: init.depth,
      isTsNodeRegistered: init.isTsNodeRegistered,
      around: init.around,
      heapLimitMb: init.heapLimitMb,
      heapFull: () => port.post({ kind: 'heap-full' }),
      processReady: ready,
      begun: (context) => runner.begunInProcess(context),
      forwardMessages: (context, pass) => talk.forward(context, pass),
      messageRead: (context) => answers.messageRead(context),
      neverBegan: (context) => void slots.unbegin(seqOf(context)),
      processAnswered: () => port.post({ kind: 'pong' }),
      processEnded: (exitCode, cause) => {
        Atomics.store(controlWords, Control.PROCESS_ENDED, 1);
        Atomics.notify(controlWords, Control.PROCESS_ENDED);
        port.post({ kind: 'process-ended', exitCode, cause });
      },
      lateError: (error, jobId) => port.post({ kind: 'late-error', error, jobId }),
      printed: (printed) => output.forward(printed),
      profiled: (profile) => port.post({ kind: 'profiled', profile }),
      collected: (collections, answer) => port.post({ kind: 'collected', collections, answer }),
      asJob: (context, fn) => (context === undefined ? fn() : scopes.run(context, fn)),
    });
  if (relay !== undefined) tasks.runBy(relay);
  const hookTurns = new HookTurns(init.hooksFirst, {
    values: port.values,
    replies,
    runner: relay ?? hooks,
    startJobs: () => loop.start(),
  });

  const closeBridge = openBridge(() => runner.current());
  if (!isInline) {
    const blocking = new Blocking({ loop, parking, requests, runner, openJobs, answers });
    const crash = (fault: unknown): void => loop.crash(fault);
    const uncaught = new UncaughtErrors({ scopes, hooks, runner, port, crash });
    setCurrentJobCheck(() => runner.current()?.throwIfCancelled());
    setBlockListener(blocking);
    const onUncaught = (error: unknown): void => uncaught.add(error);
    process.on('uncaughtException', onUncaught);
    if (!has('rejectionsAreUncaught')) process.on('unhandledRejection', onUncaught);
    output.takeOver(init.printed);
  }
  const collections = new CollectionWatch((seen, answer) =>
    port.post({ kind: 'collected', collections: seen, answer }),
  );
  const messages = new PoolMessages({
    ...{ port, loop, requests, tasks, openJobs, children, hookTurns, relay, talk },
    collections,
  });
  messages.listen();
  if (init.heapLimitMb !== undefined && init.process === undefined)
    watchHeap(init.heapLimitMb, () => port.post({ kind: 'heap-full' }));
  if (isInline) port.unref(); // listening has ref'd it
  // later: a module that imports the worker's entry is evaluated to its end first
  if (relay === undefined) nextTick(() => ready());

  return {
    stop: () => {
      loop.stop();
      closeBridge();
      port.close();
    },
  };
}
