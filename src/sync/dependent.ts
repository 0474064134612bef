/** What is cancelled when something else is: a job, a token, a wait. */
export interface Dependent {
  cancel(reason?: unknown): unknown;
}
