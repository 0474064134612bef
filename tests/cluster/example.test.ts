import { expect, test } from '@jest/globals';
import { startExample } from '../examples/run-example.ts';

test('the example of a cluster ends with the table of one machine, though a host is killed', async () => {
  const { code, stdout, stderr } = await startExample('cluster/run.ts', ['src/cluster']).outcome;
  expect([code, stderr]).toEqual([0, '']);
  const [, files] = /^Inspecting (\d+) files of .*cluster on two hosts$/m.exec(stdout) ?? [];
  expect(Number(files)).toBeGreaterThan(30);
  expect(stdout).toContain(`${files} of ${files} completed in `);
  const ofHosts = [...stdout.matchAll(/^\W*host-[12]\W+(\d+)/gm)].map(([, count]) => Number(count));
  expect(ofHosts.reduce((sum, count) => sum + count, 0)).toBe(Number(files));
  expect(stdout).toContain('host-1 was killed in the middle');
});
