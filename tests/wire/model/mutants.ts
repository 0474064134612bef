import type { Change } from './heart.ts';
import type { scenarios } from './scenarios.ts';

type Name = keyof typeof scenarios;

/** A fault that is put into the code as it is built, and the scenario that has to find it. */
export interface Mutant extends Change {
  readonly name: string;
  readonly foundBy: Name;
}

const SLOT: Name = 'the word of a slot: a job is taken back, or begins; it is asked to stop, or ends';
const UNBEGIN: Name = 'the word of a slot: a job whose process has ended goes back, or is asked to stop';
const LANES: Name = 'both lanes: two jobs at once (interrupted twice)';
const ROUND: Name = 'both lanes, round and round: more jobs than there are entries (interrupted once)';
const TEXTS: Name = 'texts beside the lane, of both widths, more than there is room for (interrupted once)';
const TEXTS_APART: Name = 'texts beside the lane, each sent when the one before has settled (interrupted once)';
const LONG: Name = 'long arguments, and by message those for which the lane has no room (not interrupted)';
const LONG_APART: Name = 'long arguments, each sent when the one before has settled (interrupted once)';
const DOORBELLS: Name = 'both doorbells: each job is sent when the one before has settled (interrupted twice)';
const KNOWN_TO_BLOCK: Name =
  'a worker that a job blocks whose task is known to block gives back the next (interrupted once)';
const CANCEL: Name = 'a job is cancelled at any moment (interrupted three times)';
const LAST_ANSWER: Name = 'an answer behind which all jobs are taken back is rung for (interrupted once)';
const REPORTS: Name = 'reports for which the lane has no room go with the answer, in order (interrupted twice)';
const DEATH: Name = 'the thread dies at any moment: each of two jobs settles once (interrupted twice)';

const SWAP =
  'Atomics.compareExchange(this.words, seq & MASK, generation | from, generation | to) === (generation | from)';

/** Of one module. */
function of(file: string, mutants: readonly (readonly [string, string, string, Name])[]): Mutant[] {
  return mutants.map(([name, from, to, foundBy]) => ({ file, name, from, to, foundBy }));
}

export const mutants: readonly Mutant[] = [
  ...of('wire/lane/slot-table.js', [
    [
      'a slot is looked at and then stored',
      SWAP,
      'Atomics.load(this.words, seq & MASK) === (generation | from) && (Atomics.store(this.words, seq & MASK, generation | to), true)',
      CANCEL,
    ],
    [
      'a slot is swapped whatever its generation',
      'const generation = seq << STATE_BITS;',
      'const generation = Atomics.load(this.words, seq & MASK) & ~3;',
      SLOT,
    ],
    [
      'a job begins that was taken back',
      "return this.#swap(seq, DISPATCHED, RUNNING) ? 'begun' : 'taken back';",
      "this.#swap(seq, DISPATCHED, RUNNING); return 'begun';",
      CANCEL,
    ],
    [
      'a job is taken back that has begun',
      "return this.#swap(seq, DISPATCHED, FREE) ? 'taken back' : 'begun';",
      "this.#swap(seq, DISPATCHED, FREE); return 'taken back';",
      CANCEL,
    ],
    [
      'a job ends without a look at its flag',
      "return this.#swap(seq, RUNNING, FREE) ? 'ended' : 'asked before';",
      "this.#swap(seq, RUNNING, FREE); return 'ended';",
      CANCEL,
    ],
    [
      'a job is asked to stop that has ended',
      'if (this.#swap(seq, RUNNING, CANCELLING))',
      'this.#swap(seq, RUNNING, CANCELLING); if (true)',
      CANCEL,
    ],
    [
      'a job is asked to stop by a plain store',
      'if (this.#swap(seq, RUNNING, CANCELLING))',
      'this.words[seq & MASK] = (seq << STATE_BITS) | CANCELLING; if (true)',
      SLOT,
    ],
    [
      'a job whose process has ended is free',
      'this.#swap(seq, RUNNING, DISPATCHED)',
      'this.#swap(seq, RUNNING, FREE)',
      UNBEGIN,
    ],
    [
      'a job whose process has ended forgets that it is to stop',
      'this.#swap(seq, RUNNING, DISPATCHED)',
      'Atomics.store(this.words, seq & MASK, (seq << STATE_BITS) | DISPATCHED)',
      UNBEGIN,
    ],
  ]),
  ...of('host/request-lane.js', [
    [
      'the tail of requests is stored plainly',
      'Atomics.store(this.#control, Control.REQUEST_TAIL, this.nextSeq);',
      'this.#control[Control.REQUEST_TAIL] = this.nextSeq;',
      LANES,
    ],
    [
      'main looks plainly at what was read',
      'this.#read = Atomics.load(this.#control, Control.REQUESTS_READ);',
      'this.#read = this.#control[Control.REQUESTS_READ];',
      ROUND,
    ],
    [
      'long requests take the room of short ones',
      '<= 0 ? LONG_ENTRY_WORDS : SHORT_ENTRY_WORDS;',
      '<= 0 ? LONG_ENTRY_WORDS : LONG_ENTRY_WORDS;',
      LONG,
    ],
  ]),
  ...of('worker/request-reader.js', [
    [
      'the tail of requests is read plainly',
      'this.#tail = Atomics.load(this.#control, Control.REQUEST_TAIL);',
      'this.#tail = this.#control[Control.REQUEST_TAIL];',
      LANES,
    ],
    [
      'requests are read behind the tail',
      'return this.#tail === this.position;',
      'return this.#tail === (this.position - 1 | 0);',
      LANES,
    ],
    [
      'that requests were read is stored plainly',
      'Atomics.store(this.#control, Control.REQUESTS_READ, this.position);',
      'this.#control[Control.REQUESTS_READ] = this.position;',
      ROUND,
    ],
  ]),
  ...of('worker/request-reader.js', [
    [
      'that words were read is stored plainly',
      'Atomics.store(this.#control, Control.REQUEST_WORDS_READ, this.#words);',
      'this.#control[Control.REQUEST_WORDS_READ] = this.#words;',
      LONG_APART,
    ],
    [
      'that texts were read is stored plainly',
      'Atomics.store(this.#control, Control.TEXT_BYTES_READ, this.#texts.passed);',
      'this.#control[Control.TEXT_BYTES_READ] = this.#texts.passed;',
      TEXTS_APART,
    ],
  ]),
  ...of('host/request-lane.js', [
    [
      'texts are written after the entries that need them are published',
      'this.#texts.flush();\n        Atomics.store(this.#control, Control.REQUEST_TAIL, this.nextSeq);',
      'Atomics.store(this.#control, Control.REQUEST_TAIL, this.nextSeq);\n        this.#texts.flush();',
      TEXTS_APART,
    ],
  ]),
  ...of('worker/results/result-writer.js', [
    [
      'a report overtakes one that waits for room',
      'if (!this.#hasRoomToReport())\n            return false;',
      'if (this.#overflow.size > 0 && !this.#hasRoomToReport())\n            return this.#hasRoomToReport();\n        if (!this.#hasRoomToReport())\n            return false;',
      REPORTS,
    ],
    [
      'reports that wait for room come after the answer',
      'this.print(printed);\n        this.#flushOverflow(seq);',
      'this.print(printed);',
      REPORTS,
    ],
  ]),
  ...of('wire/lane/text-lane.js', [
    [
      'texts are written over that were not read',
      'const taken = (this.passed - Atomics.load(this.#control, Control.TEXT_BYTES_READ)) | 0;',
      'const taken = 0;',
      TEXTS,
    ],
  ]),
  ...of('worker/results/result-writer.js', [
    [
      'the tail of results is stored plainly',
      'Atomics.store(this.#control, Control.RESULT_TAIL, this.#writtenCount);',
      'this.#control[Control.RESULT_TAIL] = this.#writtenCount;',
      LANES,
    ],
    [
      'a result is published before it is written',
      'const { words, singles, offset } = this.#ring;',
      'Atomics.store(this.#control, Control.RESULT_TAIL, this.#writtenCount + 1 | 0);\n        const { words, singles, offset } = this.#ring;',
      LANES,
    ],
    [
      'a result looks at the flag, and is then too late',
      'const outcome = this.#slots.end(seq);',
      "const outcome = this.#slots.isCancelling(seq) ? 'asked before' : 'ended';",
      CANCEL,
    ],
    [
      'a result is written before the job has ended',
      'const outcome = this.#slots.end(seq);',
      "const outcome = this.#slots.isCancelling(seq) ? 'asked before' : 'ended'; this.#write(resultHead(seq & MASK, outcome === 'ended' ? kind : EntryKind.STOPPED_RETURNED, tag)); this.#slots.end(seq); return outcome;",
      CANCEL,
    ],
    [
      'reports take the room of results',
      '<= 0 ? LONG_ENTRY_WORDS : SHORT_ANSWER_WORDS;',
      '<= 0 ? LONG_ENTRY_WORDS : LONG_ENTRY_WORDS;',
      REPORTS,
    ],
  ]),
  ...of('host/result-lane.js', [
    [
      'the tail of results is read plainly',
      '(Atomics.load(this.#control, Control.RESULT_TAIL) - this.#readCount) | 0',
      '(this.#control[Control.RESULT_TAIL] - this.#readCount) | 0',
      LANES,
    ],
    [
      'that results were read is stored plainly',
      'Atomics.store(this.#control, Control.RESULT_WORDS_READ, this.#readWords);',
      'this.#control[Control.RESULT_WORDS_READ] = this.#readWords;',
      LANES,
    ],
    [
      'results count as read before they are',
      'const end = (at + count) | 0;',
      'const end = (at + count) | 0;\n        Atomics.store(this.#control, Control.RESULT_WORDS_READ, (this.#readWords + 128) | 0);',
      REPORTS,
    ],
  ]),
  ...of('worker/parking.js', [
    [
      'a worker parks without a second look',
      'Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);\n        if (this.#requests.isEmpty)',
      'Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);\n        if (true)',
      DOORBELLS,
    ],
    [
      'a worker looks, and then says that it parks',
      'Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);\n        if (this.#requests.isEmpty)',
      'const { isEmpty } = this.#requests;\n        Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);\n        if (isEmpty)',
      DOORBELLS,
    ],
    [
      'a worker parks and does not say so',
      'Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);',
      '',
      DOORBELLS,
    ],
    [
      'a worker says plainly that it parks',
      'Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);',
      'this.#control[Control.PARKED] = Parked.IN_EVENT_LOOP;',
      DOORBELLS,
    ],
    [
      'a blocked worker does not say so',
      'Atomics.store(this.#control, Control.PARKED, Parked.BLOCKED);',
      '',
      KNOWN_TO_BLOCK,
    ],
  ]),
  ...of('worker/main-doorbell.js', [
    [
      'answers that were not rung for are forgotten',
      'if (this.#unreadAnswers > 0)\n            this.ring();',
      '',
      LAST_ANSWER,
    ],
    ['a worker lowers the word and does not ring', 'this.#port.postMessage(DOORBELL);', ';', DOORBELLS],
    [
      'a worker lowers the word plainly',
      'Atomics.exchange(word, MAIN_PARKED, NO) !== NO',
      '(word[MAIN_PARKED] = NO, true)',
      DOORBELLS,
    ],
  ]),
  ...of('host/main-parking.js', [
    [
      'main says plainly that it parks',
      'Atomics.store(this.word, MAIN_PARKED, MainParked.UNTIL_RUNG);',
      'this.word[MAIN_PARKED] = MainParked.UNTIL_RUNG;',
      DOORBELLS,
    ],
    ['main parks and does not say so', 'Atomics.store(this.word, MAIN_PARKED, MainParked.UNTIL_RUNG);', '', DOORBELLS],
  ]),
  ...of('core/dispatch/pacer.js', [
    [
      'main parks without a second look',
      'if (Array_every(workers.all, (worker) => worker.results.isEmpty))',
      'if (true)',
      DOORBELLS,
    ],
  ]),
  ...of('host/job-channel.js', [
    [
      'main looks whether the worker sleeps, and then publishes',
      "if (!this.#publishEntries() && !this.#owesWakeup)\n            return 'published';\n        this.#owesWakeup = false;",
      "const parked = Atomics.load(this.#controlWords, Control.PARKED);\n        if (this.#publishEntries())\n            return this.#wake(parked);\n        if (!this.#owesWakeup)\n            return 'published';",
      DOORBELLS,
    ],
    ['main does not ring a worker that sleeps', 'this.#control.ring();', ';', DOORBELLS],
    [
      'main sends to a blocked worker',
      "if (parked === Parked.BLOCKED)\n            return 'blocked';",
      "if (parked === Parked.BLOCKED)\n            return 'published';",
      KNOWN_TO_BLOCK,
    ],
    ['a cancel that comes too late counts as a request to stop', 'return outcome;', "return 'asked';", CANCEL],
  ]),
  ...of('host/in-flight.js', [
    [
      'a job is taken back after a look',
      'const outcome = this.#slots.takeBack(seq);\n        if',
      "const outcome = this.#slots.isWaiting(seq) ? 'taken back' : 'begun';\n        if",
      CANCEL,
    ],
    [
      'jobs of a dead thread count as not begun',
      'const outcome = this.#slots.takeBack(seq);\n            const',
      "const outcome = 'taken back';\n            const",
      DEATH,
    ],
    [
      'jobs of a dead thread count as begun',
      'const outcome = this.#slots.takeBack(seq);\n            const',
      "const outcome = 'begun';\n            const",
      DEATH,
    ],
  ]),
];
