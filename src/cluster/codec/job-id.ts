// Ids of jobs: `<submitter>-<counter>`. A batch has such an id, and its members have that and their index: `<batch>.<index>`.

/** A member of a batch. */
export interface BatchPosition {
  readonly batchId: string;
  readonly index: number;
}

export function memberId(batchId: string, index: number): string {
  return `${batchId}.${index}`;
}

/** Returns the batch and the index of a member; `undefined` for any other id. */
export function positionOf(id: string): BatchPosition | undefined {
  const [, batchId, index] = /^([^.]+)\.(\d+)$/.exec(id) ?? [];
  return batchId === undefined ? undefined : { batchId, index: Number(index) };
}

/** The ids of a submitter. */
export class JobIds {
  readonly #submitter: string;
  #last = 0;

  constructor(submitter: string) {
    this.#submitter = submitter;
  }

  next(): string {
    return `${this.#submitter}-${(++this.#last).toString(36)}`;
  }
}
