// The command `thread-system`, as `npx thread-system` runs it.
import { parseArgs } from 'node:util';
import { messageOf } from '../errors.js';
import { RemoteDashboard } from './remote-dashboard.js';
import { showRemote } from './remote-top.js';

const USAGE = `Usage: thread-system top --url <url> [--token <token>]

Shows what the pools behind a dashboard do, like top: in a terminal as a full screen, else as one line per pool and snapshot.

  --url <url>      where the dashboard is mounted, such as http://127.0.0.1:3000/jobs
  --token <token>  the dashboard's token; by default that of the environment, THREAD_SYSTEM_TOKEN
  --help           shows this text`;

/** Exit code of a wrong call, as shells use it. */
const WRONG_CALL = 2;

interface Call {
  readonly url: URL;
  readonly token: string | undefined;
}

/** @throws {Error} that says what is wrong; `undefined` if the help is wanted. */
function readCall(args: string[]): Call | undefined {
  const { values, positionals } = parseArgs({
    args,
    options: { url: { type: 'string' }, token: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help === true) return undefined;
  const [command, ...others] = positionals;
  if (command !== 'top')
    throw new Error(command === undefined ? 'There is no command' : `There is no command '${command}'`);
  if (others.length > 0) throw new Error(`Cannot show several dashboards: received ${others.join(', ')} besides --url`);
  if (values.url === undefined) throw new Error('Cannot show a dashboard: --url is missing');
  return { url: urlOf(values.url), token: values.token ?? process.env['THREAD_SYSTEM_TOKEN'] };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error(`Cannot show a dashboard: --url must be an http or https URL, received '${text}'`);
  return url;
}

async function main(): Promise<number> {
  let call: Call | undefined;
  try {
    call = readCall(process.argv.slice(2));
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return WRONG_CALL;
  }
  if (call === undefined) {
    console.log(USAGE);
    return 0;
  }
  try {
    await showRemote(new RemoteDashboard(call.url, call.token), { output: process.stdout, input: process.stdin });
    return 0;
  } catch (error) {
    console.error(messageOf(error));
    return 1;
  }
}

process.stdout.on('error', () => process.exit()); // such as of `| head`, which has read enough
process.exitCode = await main();
