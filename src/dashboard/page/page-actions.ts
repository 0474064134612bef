import type { DashboardAction } from '../messages.js';
import type { Connection } from './connection.js';
import { button, byId, el, setText } from './dom.js';
import type { Model } from './model.js';

const NEWS_MS = 6_000;

/** The actions of a person on the page. */
export class PageActions {
  readonly #connection: Connection;
  readonly #model: Model;
  readonly #news = byId('news', HTMLParagraphElement);
  #newsTimer = 0;

  constructor(connection: Connection, model: Model) {
    this.#connection = connection;
    this.#model = model;
  }

  /** Whether the dashboard allows an action. */
  may(action: DashboardAction): boolean {
    return this.#model.welcome?.actions.includes(action) === true;
  }

  async cancel(pool: string, job: { readonly id: number; readonly name: string }): Promise<void> {
    await this.#do(`Cancel of job ${job.id} (${job.name})`, 'cancel', { pool, id: job.id });
  }

  async retry(pool: string, id: number | string): Promise<void> {
    await this.#do(`Another try of job ${id}`, 'retry', { pool, id });
  }

  async pauseOrResume(route: 'pause' | 'resume', pool: string, schedule?: number): Promise<void> {
    const what = schedule === undefined ? `pool ${pool}` : `schedule ${schedule}`;
    await this.#do(`${route === 'pause' ? 'Pause' : 'Resume'} of ${what}`, route, {
      pool,
      ...(schedule === undefined ? {} : { schedule }),
    });
  }

  /** Asks for the new priority of a job. */
  askPriority(pool: string, job: { readonly id: number; readonly name: string; readonly priority: number }): void {
    const input = el('input', { type: 'number', step: 'any', value: job.priority, required: true, id: 'new-priority' });
    const dialog = el('dialog', { 'aria-labelledby': 'priority-title' });
    const form = el(
      'form',
      { method: 'dialog' },
      el('h2', { id: 'priority-title' }, `Priority of job ${job.id}`),
      el('p', { class: 'soft' }, job.name),
      el('label', { for: 'new-priority' }, 'Priority: a higher one runs first'),
      input,
      el(
        'div',
        { class: 'row' },
        el('button', { type: 'submit' }, 'Set'),
        button('Cancel', () => dialog.close()),
      ),
    );
    form.addEventListener('submit', () => {
      const priority = input.valueAsNumber;
      if (Number.isFinite(priority))
        void this.#do(`Priority ${priority} of job ${job.id}`, 'priority', { pool, id: job.id, priority });
    });
    dialog.append(form);
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  }

  /** Records, and saves the file. */
  async download(route: string, query: Readonly<Record<string, string | number>>, what: string): Promise<void> {
    try {
      const response = await this.#connection.post(route, query);
      const [, name = route] = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? [];
      const address = URL.createObjectURL(await response.blob());
      el('a', { href: address, download: name }).click();
      URL.revokeObjectURL(address);
      this.#tell(`${what}: saved as ${name}`);
    } catch (error) {
      this.#tell(`${what}: ${messageOf(error)}`);
    }
  }

  async #do(what: string, route: string, query: Readonly<Record<string, string | number>>): Promise<void> {
    try {
      await this.#connection.post(route, query);
      this.#tell(`${what}: done`);
    } catch (error) {
      this.#tell(`${what}: ${messageOf(error)}`);
    }
  }

  /** Shows the outcome, also to screen readers. */
  #tell(text: string): void {
    setText(this.#news, text);
    clearTimeout(this.#newsTimer);
    this.#newsTimer = window.setTimeout(() => setText(this.#news, ''), NEWS_MS);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
