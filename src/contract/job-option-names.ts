/** Names of all job options, from which other lists of options are derived. `jobs/` checks them against the type. */
export const JOB_OPTION_NAMES = {
  priority: true,
  front: true,
  token: true,
  signal: true,
  timeoutMs: true,
  deadline: true,
  delayMs: true,
  startAt: true,
  dependsOn: true,
  key: true,
  keyJoins: true,
  retry: true,
  graceMs: true,
  transfer: true,
  context: true,
  name: true,
} as const;
