import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const SCRIPT = fileURLToPath(new URL('../../scripts/chaos.mjs', import.meta.url));

// In a process of its own, which sees every unhandled rejection and warning, and has to end by itself. More of them:
// node scripts/chaos.mjs --seeds 100
test.each([
  [7, 800],
  [24, 800],
  [28, 800],
  [30, 250], // its workers are processes
])(
  'I1, I2, I4, I6, I8, I9: whatever is done to a pool, it stands (seed %i, %i steps)',
  async (seed, steps) => {
    const ended = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const args = [
        '--disable-warning=ExperimentalWarning',
        SCRIPT,
        '--from',
        `${seed}`,
        '--seeds',
        '1',
        '--steps',
        `${steps}`,
        '--quiet',
      ];
      const env = { ...process.env, NODE_OPTIONS: '' };
      const child = execFile(process.execPath, args, { env, timeout: 110_000 }, (_error, _stdout, stderr) =>
        resolve({ code: child.exitCode, stderr }),
      );
    });
    expect(ended).toEqual({ code: 0, stderr: '' });
  },
  120_000,
);
