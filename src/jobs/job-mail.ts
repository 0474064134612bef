import { checkArray } from '../base/check/values.js';
import type { Mail } from '../base/in-flight-job.js';
import { ensureExtras, extrasOf, isSettled, type JobHandle, kindOf } from './job-access.js';
import { Mailbox } from './mailbox.js';

/**
 * Sends a message to the job's code, or keeps it until there is code to send it to. Returns `false` if the job has settled.
 *
 * @throws {TypeError} if `transfer` is not an array.
 * @throws {NotCloneableError} if the message cannot be cloned.
 */
export function post(job: JobHandle, message: unknown, transfer: unknown): boolean {
  const list = transfer === undefined ? [] : checkArray(transfer, 'transfer', `post to job '${job.name}'`);
  if (isSettled(job)) return false;
  const { pool } = kindOf(job);
  if (pool === undefined) keepMail(job, { message, transfer: list });
  else pool.post(job, { message, transfer: list });
  return true;
}

export function keepMail(job: JobHandle, mail: Mail): void {
  const extras = ensureExtras(job);
  extras.mailbox ??= new Mailbox();
  extras.mailbox.waiting.push(mail);
  if (mail.transfer.length > 0) extras.mailbox.moves = [];
}

/** The job's code has read the first of the messages that are kept. */
export function mailRead(job: JobHandle): void {
  extrasOf(job)?.mailbox?.waiting.shift();
}
