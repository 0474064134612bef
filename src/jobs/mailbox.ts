import type { Mail } from '../base/in-flight-job.js';

/**
 * The messages for a job's code that wait here: until the job is sent to a worker or, if another attempt may need them, until
 * they are read.
 */
export class Mailbox {
  readonly waiting: Mail[] = [];
  /** Set once a message has had objects to move, so that the job is sent only once: stands for its empty `transfer` list. */
  moves: readonly [] | undefined;
}

/** Returns the messages to send with the job, and drops those that move something. */
export function takeMail(mailbox: Mailbox | undefined): readonly Mail[] | undefined {
  if (mailbox === undefined || mailbox.waiting.length === 0) return undefined;
  const mail = [...mailbox.waiting];
  if (mailbox.moves === undefined) return mail;
  const left = mail.filter(({ transfer }) => transfer.length === 0);
  mailbox.waiting.splice(0, mail.length, ...left);
  return mail;
}
