import type { Mail } from '../base/in-flight-job.js';
import { snapshot } from '../wire/message/snapshot.js';

/** Returns a copy of a message as it is now, to be sent later. @throws {NotCloneableError} */
export function copyMail({ message, transfer }: Mail): Mail {
  const { value, moved } = snapshot(message, 'message', transfer);
  return { message: value, transfer: moved };
}
