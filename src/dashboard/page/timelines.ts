import type { RunRow, WorkerRow } from '../messages.js';
import { el } from './dom.js';
import { type PoolModel, TIMELINES_MS } from './model.js';
import { colour } from './theme.js';

const TIMELINE_HEIGHT = 20;
const GAP = 4;
const LABEL_WIDTH = 76;
/** Most workers that have a timeline: more could not be distinguished. The table lists all. */
const MOST_TIMELINES = 32;
const COLOURS: Readonly<Record<RunRow['state'], string>> = {
  RUNNING: 'accent',
  COMPLETED: 'good',
  FAILED: 'bad',
  CANCELLED: 'warn',
  RETRIED: 'warn',
};

/** The timelines of workers: what each ran in the last seconds, and how busy it was with jobs too short to be seen. */
export class Timelines {
  readonly canvas = el('canvas', { class: 'timelines', role: 'img' });

  draw({ now, runs, loads }: PoolModel, at: number): void {
    const workers = now.workers.slice(0, MOST_TIMELINES);
    const width = this.canvas.clientWidth;
    const height = Math.max(1, workers.length) * (TIMELINE_HEIGHT + GAP);
    const pen = this.#pen(width, height);
    if (pen === undefined) return;
    const x = (time: number): number =>
      LABEL_WIDTH + ((time - at + TIMELINES_MS) / TIMELINES_MS) * (width - LABEL_WIDTH);
    const places = new Map(
      workers.map((worker, index) => [worker.id, { worker, top: index * (TIMELINE_HEIGHT + GAP) }]),
    );
    for (const { worker, top } of places.values()) drawTimeline(pen, worker, { top, width });
    pen.fillStyle = colour('accent');
    for (const { from, to, byWorker } of loads)
      for (const [id, load] of byWorker) {
        const top = places.get(id)?.top;
        if (top === undefined) continue;
        pen.globalAlpha = 0.1 + 0.4 * load;
        const barHeight = load * TIMELINE_HEIGHT;
        if (load > 0)
          fill(pen, { from: x(from), to: x(to), top: top + TIMELINE_HEIGHT - barHeight, height: barHeight });
      }
    pen.globalAlpha = 1;
    const taken = new Map<number, number[]>();
    for (const run of [...runs.values()].sort((a, b) => a.startedAt - b.startedAt)) {
      const place = places.get(run.workerId);
      if (place === undefined) continue;
      const endedAt = run.endedAt ?? at;
      const { concurrency } = place.worker;
      const height = TIMELINE_HEIGHT / Math.min(concurrency, 4);
      const row = rowFor(taken, run, { endedAt, rows: Math.min(concurrency, 4) });
      pen.fillStyle = colour(COLOURS[run.state]);
      fill(pen, { from: x(run.startedAt), to: x(endedAt), top: place.top + row * height, height: height - 1 });
      drawName(pen, run.task, {
        from: Math.max(LABEL_WIDTH, x(run.startedAt)),
        to: x(endedAt),
        top: place.top + row * height,
        height,
      });
    }
    const busy = workers.filter(({ state }) => state === 'busy').length;
    this.canvas.setAttribute(
      'aria-label',
      `Runs of the last ${TIMELINES_MS / 1e3} seconds: ${busy} of ${workers.length} workers are busy`,
    );
  }

  #pen(width: number, height: number): CanvasRenderingContext2D | undefined {
    if (width === 0) return undefined;
    const ratio = devicePixelRatio;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) {
      this.canvas.height = h;
      this.canvas.style.height = `${height}px`;
    }
    const pen = this.canvas.getContext('2d') ?? undefined;
    pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen?.clearRect(0, 0, width, height);
    return pen;
  }
}

interface Box {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly height: number;
}

function drawTimeline(
  pen: CanvasRenderingContext2D,
  { id }: WorkerRow,
  { top, width }: { readonly top: number; readonly width: number },
): void {
  pen.font = '12px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  pen.fillStyle = colour('soft');
  pen.fillText(`worker ${id}`, 0, top + TIMELINE_HEIGHT / 2, LABEL_WIDTH - 8);
  pen.fillStyle = colour('grid');
  pen.fillRect(LABEL_WIDTH, top, width - LABEL_WIDTH, TIMELINE_HEIGHT);
}

function fill(pen: CanvasRenderingContext2D, { from, to, top, height }: Box): void {
  const left = Math.max(LABEL_WIDTH, from);
  if (to <= LABEL_WIDTH) return;
  pen.fillRect(left, top, Math.max(1.5, to - left), height);
}

function drawName(pen: CanvasRenderingContext2D, name: string, { from, to, top, height }: Box): void {
  if (to - from < 48 || height < 12) return;
  pen.save();
  pen.beginPath();
  pen.rect(from, top, to - from - 4, height);
  pen.clip();
  pen.fillStyle = colour('back');
  pen.fillText(name, from + 4, top + height / 2);
  pen.restore();
}

/** The row of a timeline that is free when a run begins. */
function rowFor(
  taken: Map<number, number[]>,
  { workerId, startedAt }: RunRow,
  { endedAt, rows }: { readonly endedAt: number; readonly rows: number },
): number {
  const ends = taken.get(workerId) ?? [];
  taken.set(workerId, ends);
  let row = 0;
  while (row < rows - 1 && (ends[row] ?? 0) > startedAt) row++;
  ends[row] = endedAt;
  return row;
}
