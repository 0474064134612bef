import { Charts } from './charts.js';
import { Connection, type ConnectionState } from './connection.js';
import {
  failuresSection,
  groupsSection,
  hostsSection,
  recordSection,
  schedulesSection,
  tasksSection,
} from './detail-sections.js';
import { button, byId, setAttribute, setText } from './dom.js';
import { type PoolSection, runningSection, waitingSection } from './job-sections.js';
import { Model } from './model.js';
import { overviewSection, workersSection } from './overview-sections.js';
import { PageActions } from './page-actions.js';
import { startTheme } from './theme.js';

const SAY: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Connection lost: trying again',
  'needs token': 'Waiting for a token',
  'token refused': 'The token was refused',
  'not allowed': 'You are not allowed to see this dashboard',
};

/** The sections of one pool. */
interface PoolView {
  readonly name: string;
  readonly sections: readonly PoolSection[];
  readonly charts: Charts;
  readonly workers: { redraw(): void };
}

const model = new Model();
const sections = byId('sections', HTMLElement);
const tabs = byId('pools', HTMLElement);
const status = byId('connection', HTMLParagraphElement);
const form = byId('token-form', HTMLFormElement);
const note = byId('token-note', HTMLParagraphElement);
const input = byId('token', HTMLInputElement);
const needsToken = document.querySelector('meta[name="needs-token"]')?.getAttribute('content') === 'true';

let view: PoolView | undefined;
let welcome = model.welcome;
/** How far the server's clock is ahead of this one. */
let aheadMs = 0;
const now = (): number => Date.now() + aheadMs;

const connection = new Connection(
  {
    changed: (state) => changed(state),
    message(message) {
      model.add(message);
      if (message.kind === 'welcome') return;
      aheadMs = message.at - Date.now();
      show();
    },
  },
  { needsToken },
);
const actions = new PageActions(connection, model);

function changed(state: ConnectionState): void {
  setText(status, SAY[state]);
  setAttribute(status, 'data-state', state === 'live' ? 'live' : state === 'connecting' ? 'connecting' : 'lost');
  const asks = state === 'needs token' || state === 'token refused';
  const wasHidden = form.hidden;
  form.hidden = !asks;
  if (asks) sections.hidden = true;
  if (state === 'token refused') {
    setText(note, 'That token was refused.');
    setAttribute(note, 'data-state', 'refused');
  }
  if (asks && wasHidden) input.focus();
}

/** The pool whose name is at the end of the address, or the first. */
function chosen(): string | undefined {
  const wanted = decodeURIComponent(location.hash.slice(1));
  return model.pools.has(wanted) ? wanted : model.pools.keys().next().value;
}

function show(): void {
  const name = chosen();
  if (name === undefined) return;
  showTabs(name);
  if (view?.name !== name || welcome !== model.welcome) open(name);
  const pool = model.pools.get(name);
  if (view === undefined || pool === undefined) return;
  sections.hidden = false;
  for (const section of view.sections) section.show(pool);
  view.charts.show(pool.points);
}

function showTabs(name: string): void {
  const names = [...model.pools.keys()];
  const known = [...tabs.children].map(({ textContent }) => textContent);
  if (names.length !== known.length || names.some((each, index) => each !== known[index]))
    tabs.replaceChildren(
      ...names.map((each) =>
        button(each, () => {
          location.hash = encodeURIComponent(each);
        }),
      ),
    );
  for (const tab of tabs.children) setAttribute(tab, 'aria-current', tab.textContent === name ? 'true' : undefined);
  document.title = `${name} – thread-system`;
}

/** Makes the sections of a pool: which actions there are is known by now. */
function open(name: string): void {
  welcome = model.welcome;
  const recordings = welcome?.recordings ?? [];
  const deps = { pool: name, actions, now };
  const charts = new Charts();
  const workers = workersSection({ ...deps, hasHeaps: recordings.includes('heap') });
  const overview = overviewSection(name, actions);
  const isCluster = model.pools.get(name)?.now.hosts !== undefined;
  const jobs = isCluster
    ? [hostsSection(deps), waitingSection(deps), tasksSection()]
    : [workers, runningSection(deps), waitingSection(deps), tasksSection(), failuresSection(deps)];
  const rest = isCluster ? [] : [schedulesSection(deps), groupsSection(), recordSection(name, actions, recordings)];
  view = { name, charts, workers, sections: [overview, ...jobs, ...rest] };
  const roots = [overview.root, ...charts.sections, ...[...jobs, ...rest].map(({ root }) => root)];
  sections.replaceChildren(...roots);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  connection.withToken(input.value.trim());
  input.value = '';
});
addEventListener('hashchange', show);
addEventListener('resize', () => view?.workers.redraw());
startTheme(() => {
  view?.charts.recolour();
  view?.workers.redraw();
});
void connection.run();
