import { rejects } from 'node:assert/strict';
import { test } from '@jest/globals';
import { mutants } from './mutants.ts';
import { runScenario, scenarios } from './scenarios.ts';

/** Each fault is found, and each text that is to be changed is still there. */
test.each(mutants)('$file: $name', async (mutant) => {
  const cpu = process.cpuUsage();
  await rejects(runScenario(scenarios[mutant.foundBy], [mutant]), (error: Error) => {
    if (process.env['MODEL_FIGURES'] !== undefined)
      process.stderr.write(
        `${Math.round(process.cpuUsage(cpu).user / 1000)} ms ${mutant.name}: ${error.message.split('\nafter')[0]?.slice(0, 150)}\n`,
      );
    return /^(Data race|Nobody can go on|Thread \w+ (threw|comes)|The end is wrong|Outcomes:)/.test(error.message);
  });
});
