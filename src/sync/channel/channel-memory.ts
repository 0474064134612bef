import { optionNames, readOptions } from '../../base/check/options.js';
import { checkInteger } from '../../base/check/values.js';
import { waitQueueWords } from '../waiting/queue-words.js';
import { type RingMemory, ringMemory } from './channel-words.js';

/** How much a channel holds. */
export interface ChannelOptions {
  /** Most values that are sent and not yet received: a whole number from 1 to 2^20. Default: 1024. */
  readonly capacity?: number | undefined;
  /**
   * Most bytes of these values: from 1 to 2^29, rounded up to a power of two. Numbers, booleans, `null` and `undefined` take
   * none. Limits a single value, too. Default: 2^20 (1 MiB).
   */
  readonly maxBytes?: number | undefined;
}

const CHANNEL_OPTIONS = optionNames<ChannelOptions>({ capacity: true, maxBytes: true });
const MOST_VALUES = 2 ** 20;
const MOST_BYTES = 2 ** 29;

/** The shared memory of a channel. */
export interface ChannelMemory extends RingMemory {
  readonly items: Int32Array;
  readonly room: Int32Array;
  readonly space: Int32Array;
}

/** @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received. */
export function createChannelMemory(options: ChannelOptions | undefined): ChannelMemory {
  const action = 'make a channel';
  const { capacity = 1024, maxBytes = 2 ** 20 } = readOptions(options, CHANNEL_OPTIONS, action);
  const values = checkInteger(capacity, 'capacity', { from: 1, to: MOST_VALUES }, action);
  const bytes = checkInteger(maxBytes, 'maxBytes', { from: 1, to: MOST_BYTES }, action);
  const [items, room, space] = [waitQueueWords(0), waitQueueWords(0), waitQueueWords(0)];
  return { ...ringMemory(values, bytes), items, room, space };
}
