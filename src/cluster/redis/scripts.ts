import type { Redis } from 'ioredis';
import { CANCELLED_IF_WAITING, OF_CHILD_START } from '../codec/marks.js';

// Each touches the keys of one job, or of one queue, only.

/** Whether a mark replaces another: one for waiting jobs gives way to all others, and so does BullMQ's own of a flow. */
const REPLACES = `
local function isForWaiting(mark) return string.sub(mark, 1, ${CANCELLED_IF_WAITING.length}) == '${CANCELLED_IF_WAITING}' end
local function isOfChild(mark) return string.sub(mark, 1, ${OF_CHILD_START.length}) == '${OF_CHILD_START}' end
local function replaces(mark, present)
  return isOfChild(present) or (isForWaiting(present) and not isForWaiting(mark))
end`;

/**
 * Marks a job so that it never begins, by the field in which BullMQ keeps why a job must fail: it fails such a job without
 * calling its processor, even after a crash or before a retry, and without another retry.
 */
const MARK = `${REPLACES}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 'finished' end
local present = redis.call('HGET', KEYS[1], 'defa')
if not present or replaces(ARGV[1], present) then redis.call('HSET', KEYS[1], 'defa', ARGV[1])
elseif string.sub(present, 1, #ARGV[2]) ~= ARGV[2] then return 'finished' end
if redis.call('EXISTS', KEYS[1] .. ':lock') == 0 then return 'marked' end
return 'running'`;

/**
 * Marks a member of a batch, so that it never begins: a host that fetches the batch reads the marks. ARGV: the index, the mark,
 * and whether only a batch that nobody has is to be marked.
 */
const MARK_MEMBER = `${REPLACES}
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 'finished' end
local isFree = redis.call('EXISTS', KEYS[1] .. ':lock') == 0
if not isFree and ARGV[3] == '1' then return 'running' end
local marks = cjson.decode(redis.call('HGET', KEYS[1], 'cx') or '{}')
local present = marks[ARGV[1]]
if present == nil or (ARGV[3] == '0' and replaces(ARGV[2], present)) then
  marks[ARGV[1]] = ARGV[2]
  redis.call('HSET', KEYS[1], 'cx', cjson.encode(marks))
elseif present ~= ARGV[2] and ARGV[3] == '1' then return 'finished' end
if isFree then return 'marked' end
return 'running'`;

/** Gives a waiting job another priority. It keeps its rank among those submitted before and after it. */
const REPRIORITISE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 'finished' end
redis.call('HSET', KEYS[1], 'priority', ARGV[2])
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
if score then
  local rank = ARGV[3] == 'front' and 0 or tonumber(score) % 4294967296
  redis.call('ZADD', KEYS[2], 'XX', tonumber(ARGV[2]) * 4294967296 + rank, ARGV[1])
end
if redis.call('EXISTS', KEYS[1] .. ':lock') == 1 then return 'running' end
return 'changed'`;

/**
 * Counts the waiting jobs by BullMQ's priority: the 64 most urgent ones present, and all others as -1. Reads only the first job
 * of each priority.
 */
const PRIORITIES = `
local counts, from, sum = {}, '-inf', 0
for i = 1, 64 do
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #first == 0 then break end
  local priority = math.floor(tonumber(first[2]) / 4294967296)
  local upto = string.format('%.0f', (priority + 1) * 4294967296)
  local count = redis.call('ZCOUNT', KEYS[1], string.format('%.0f', priority * 4294967296), '(' .. upto)
  counts[#counts + 1] = priority
  counts[#counts + 1] = count
  sum = sum + count
  from = upto
end
local rest = redis.call('ZCARD', KEYS[1]) - sum
if rest > 0 then
  counts[#counts + 1] = -1
  counts[#counts + 1] = rest
end
return counts`;

/** Writes a field of a record if the record exists: a removed one must not reappear. */
const RECORD = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1`;

/**
 * The outcome of setting a mark. `marked`: no host runs the job, and none will. `running`: a host has it, and must be asked.
 */
export type MarkOutcome = 'gone' | 'finished' | 'marked' | 'running';

/** The outcome of changing a priority. `running`: a host has the job, and must be asked. */
export type ReprioritiseOutcome = 'gone' | 'finished' | 'changed' | 'running';

interface Commands {
  tsMark(job: string, mark: string, kind: string): Promise<MarkOutcome>;
  tsMarkMember(job: string, index: number, mark: string, onlyIfFree: '1' | '0'): Promise<MarkOutcome>;
  tsPriorities(prioritized: string): Promise<number[]>;
  tsRecord(job: string, field: string, value: string): Promise<number>;
  tsReprioritise(
    job: string,
    prioritized: string,
    id: string,
    priority: number,
    rank: string,
  ): Promise<ReprioritiseOutcome>;
}

/** A connection that has the scripts. */
export type ScriptedRedis = Redis & Commands;

export function addScripts(redis: Redis): ScriptedRedis {
  redis.defineCommand('tsMark', { numberOfKeys: 1, lua: MARK });
  redis.defineCommand('tsMarkMember', { numberOfKeys: 1, lua: MARK_MEMBER });
  redis.defineCommand('tsPriorities', { numberOfKeys: 1, lua: PRIORITIES });
  redis.defineCommand('tsRecord', { numberOfKeys: 1, lua: RECORD });
  redis.defineCommand('tsReprioritise', { numberOfKeys: 2, lua: REPRIORITISE });
  return redis as ScriptedRedis;
}
