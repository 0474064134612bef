import { expect, test } from '@jest/globals';
import { runScenario, type Scenario, scenarios } from './scenarios.ts';

test.each(Object.entries<Scenario>(scenarios))('%s', async (name, scenario) => {
  const cpu = process.cpuUsage();
  const { operations, states, endings } = await runScenario(scenario);
  const { user } = process.cpuUsage(cpu);
  if (process.env['MODEL_FIGURES'] !== undefined)
    process.stderr.write(
      `${operations} operations, ${states} states, ${endings} endings, ${Math.round(user / 1000)} ms: ${name}\n`,
    );
  expect(operations).toBeGreaterThan(scenario.moreThan);
  expect(endings).toBeGreaterThan(0);
});
