import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TempFolder } from './temp-folder.ts';

/** A project with the library, and with none of its optional peers. */
let project: TempFolder;

beforeAll(async () => {
  project = await TempFolder.make();
  for (const name of ['package.json', 'dist'])
    await cp(
      fileURLToPath(new URL(`../../${name}`, import.meta.url)),
      project.file(`node_modules/thread-system/${name}`),
      { recursive: true },
    );
  await cp(fileURLToPath(new URL('../../node_modules/croner', import.meta.url)), project.file('node_modules/croner'), {
    recursive: true,
  });
});
afterAll(() => project[Symbol.asyncDispose]());

const CALLS = `
  const message = (call) => {
    try {
      return call();
    } catch (error) {
      return error.constructor.name + ': ' + error.message;
    }
  };
  const pool = new ThreadPool({ maxWorkers: 1 });
  console.log(message(() => prometheusText({ main: pool }).split('\\n')[0]));
  console.log(message(() => prometheus(undefined, { pools: { main: pool } })));
  console.log(message(() => otelMetrics({ main: pool })));
  console.log(message(() => instrument()));
  console.log(message(() => new ThreadSystemInstrumentation()));
`;
const PRINTED = `# HELP thread_system_jobs_submitted_total Jobs submitted
TypeError: Cannot export metrics to Prometheus: register must be a Registry of prom-client (npm install prom-client@^15.1), received undefined
TypeError: Cannot export metrics to OpenTelemetry: the package @opentelemetry/sdk-metrics is not installed (npm install @opentelemetry/sdk-metrics@^2)
TypeError: Cannot instrument: the package @opentelemetry/api is not installed (npm install @opentelemetry/api@^1.9)
TypeError: Cannot instrument: the package @opentelemetry/api is not installed (npm install @opentelemetry/api@^1.9)
`;

test('without its peers an ES module of the library loads, and says at the call what to install', async () => {
  const program = `
    import { ThreadPool } from 'thread-system';
    import { otelMetrics, prometheus, prometheusText } from 'thread-system/metrics';
    import { instrument, ThreadSystemInstrumentation } from 'thread-system/otel';
    ${CALLS}`;
  await writeFile(project.file('program.mjs'), program);
  expect(await project.node('program.mjs')).toBe(PRINTED);
});

test('a CommonJS module does, too', async () => {
  const program = `
    const { ThreadPool } = require('thread-system');
    const { otelMetrics, prometheus, prometheusText } = require('thread-system/metrics');
    const { instrument, ThreadSystemInstrumentation } = require('thread-system/otel');
    ${CALLS}`;
  await writeFile(project.file('program.cjs'), program);
  expect(await project.node('program.cjs')).toBe(PRINTED);
  const built = (name: string): string =>
    JSON.stringify(project.file(`node_modules/thread-system/dist/cjs/${name}.js`));
  await writeFile(
    project.file('built.cjs'),
    program
      .replace("'thread-system'", built('index'))
      .replace("'thread-system/metrics'", built('metrics'))
      .replace("'thread-system/otel'", built('otel')),
  );
  expect(await project.node('built.cjs')).toBe(PRINTED);
});

test('a peer that lacks a package of its own is not said to be missing itself', async () => {
  const peer = project.file('node_modules/@opentelemetry/sdk-metrics');
  await mkdir(peer, { recursive: true });
  await writeFile(`${peer}/index.js`, "require('of-the-peer');");
  const program = `
    import { ThreadPool } from 'thread-system';
    import { otelMetrics } from 'thread-system/metrics';
    try {
      otelMetrics({ main: new ThreadPool({ maxWorkers: 1 }) });
    } catch (error) {
      console.log(error.code, error.message.split('\\n')[0]);
    }`;
  await writeFile(project.file('lacking.mjs'), program);
  expect(await project.node('lacking.mjs')).toBe("MODULE_NOT_FOUND Cannot find module 'of-the-peer'\n");
});
