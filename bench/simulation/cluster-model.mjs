import { HOST, NETWORK, REDIS } from './costs.mjs';
import { Random } from './random.mjs';
import { Simulation } from './simulation.mjs';
import { Station } from './station.mjs';
import { Tally } from './tally.mjs';

/**
 * @typedef {object} ModelOptions
 * @property {number} seed
 * @property {number} [shards] how many Redis, each with a queue of its own
 * @property {number} hosts how many machines; each serves one queue, in turn
 * @property {number} [workers] of each host
 * @property {number} [window] jobs of BullMQ that a host has at once
 * @property {number} [batch] calls of one job of BullMQ
 * @property {number} jobMs how long a call runs, on average: exponentially distributed
 * @property {number} [ratePerS] calls that arrive in a second; without it all are there at the beginning
 * @property {number} calls how many calls arrive
 * @property {(index: number, random: Random) => number} [shardOf] the queue of a parcel; by default one after the other
 * @property {number} [lockMs]
 * @property {number} [stalledMs]
 * @property {number} [crashEveryMs] mean time between crashes of all hosts together; a host is back after `backMs`
 * @property {number} [backMs]
 * @property {{ atMs: number, forMs: number }} [stall] when all Redis do not answer
 */

/** Hosts, Redis and what goes between them: see docs/scaling.md for what is modelled and what is not. */
export class ClusterModel {
  /** @param {ModelOptions} options */
  constructor(options) {
    this.options = {
      ...{ shards: 1, workers: 8, window: 4 * (options.workers ?? 8), batch: 1, lockMs: 10_000, stalledMs: 5_000 },
      backMs: 30_000,
      shardOf: (index) => index % (options.shards ?? 1),
      ...options,
    };
    this.simulation = new Simulation();
    this.random = new Random(options.seed);
    this.shards = Array.from({ length: this.options.shards }, () => ({
      redis: new Station(this.simulation, 1),
      /** @type {Parcel[]} */
      waiting: [],
      head: 0,
      /** Hosts that found nothing, once for each place of their windows. */
      idle: [],
      /** @type {Set<Parcel>} */
      locked: new Set(),
    }));
    this.hosts = Array.from({ length: this.options.hosts }, (_, index) => this.#makeHost(index));
    this.settled = 0;
    this.twice = 0;
    this.crashes = 0;
    /** From arrival until a call began, in ms. */
    this.delays = new Tally();
    /** From the crash of a host until what it ran begins elsewhere, in ms. */
    this.recoveries = new Tally();
    /** How many calls that arrived later had begun when a call began. */
    this.overtakings = new Tally();
    this.#begunUpTo = new Fenwick(this.options.calls + 1);
  }

  #begunUpTo;

  #makeHost(index) {
    const { workers } = this.options;
    return {
      shard: index % this.options.shards,
      main: new Station(this.simulation, 1),
      workers: new Station(this.simulation, workers),
      /** @type {Set<Parcel>} */
      running: new Set(),
      /** Rises with each crash: what was under way before is void. */
      life: 0,
    };
  }

  /**
   * Runs until that share of the calls has settled, or the time is over. May go on from where it has stopped.
   *
   * @param {{ share?: number, untilMs?: number }} [end]
   */
  run({ share = 1, untilMs = Number.POSITIVE_INFINITY } = {}) {
    const { simulation, options } = this;
    if (simulation.now === 0) this.#begin();
    simulation.run(untilMs, () => this.settled >= share * options.calls);
    return this;
  }

  #begin() {
    const { simulation, options } = this;
    this.#arrive();
    for (const host of this.hosts) this.#start(host);
    for (const shard of this.shards) this.#watchStalled(shard);
    if (options.crashEveryMs !== undefined) this.#crashLater();
    if (options.stall !== undefined)
      simulation.after(options.stall.atMs, () => {
        for (const { redis } of this.shards) redis.stall(options.stall.forMs);
      });
  }

  /** What has been done so far, to be compared with later. */
  get done() {
    const workMs = this.hosts.reduce((sum, { workers }) => sum + workers.busyMs, 0);
    const redisMs = this.shards.reduce((sum, { redis }) => sum + redis.busyMs, 0);
    return { atMs: this.simulation.now, settled: this.settled, workMs, redisMs };
  }

  /** Share of its time that a Redis is at work. */
  get redisShare() {
    return this.done.redisMs / (this.shards.length * this.simulation.now);
  }

  #net() {
    return NETWORK.leastMs + this.random.exponential(NETWORK.meanMs);
  }

  /** Has a Redis do something for a machine, which gets the answer. */
  #ask(shard, ms, answered, done = () => {}) {
    this.simulation.after(this.#net(), () =>
      shard.redis.request(ms, () => {
        const answer = done();
        this.simulation.after(this.#net(), () => answered(answer));
      }),
    );
  }

  #arrive() {
    const { calls, batch, ratePerS, shardOf } = this.options;
    const parcels = Math.ceil(calls / batch);
    const make = (index) => {
      const size = Math.min(batch, calls - index * batch);
      /** @typedef {{ first: number, size: number, arrivedAt: number, lockedUntil: number, isSuspect: boolean, left: number, crashedAt?: number }} Parcel */
      const parcel = {
        first: index * batch,
        size,
        arrivedAt: this.simulation.now,
        lockedUntil: 0,
        isSuspect: false,
        left: size,
      };
      return { parcel, shard: this.shards[shardOf(index, this.random)] };
    };
    if (ratePerS === undefined) {
      for (let index = 0; index < parcels; index++) {
        const { parcel, shard } = make(index);
        shard.waiting.push(parcel);
      }
      return;
    }
    const next = (index) => {
      if (index === parcels) return;
      this.simulation.after(this.random.exponential((1_000 * batch) / ratePerS), () => {
        const { parcel, shard } = make(index);
        shard.redis.request(REDIS.addMs + parcel.size * REDIS.addCallMs, () => this.#added(shard, parcel));
        next(index + 1);
      });
    };
    next(0);
  }

  #added(shard, parcel) {
    shard.waiting.push(parcel);
    this.#wake(shard);
  }

  /** Has one idle host fetch. Connections of dead ones are gone. */
  #wake(shard) {
    let idle = shard.idle.shift();
    while (idle !== undefined && idle.host.life !== idle.life) idle = shard.idle.shift();
    if (idle !== undefined) this.#fetch(idle.host, idle.life, REDIS.fetchMs);
  }

  #start(host) {
    const { window, lockMs } = this.options;
    const { life } = host;
    const renew = () => {
      if (host.life !== life) return;
      this.#renew(host, life);
      this.simulation.after(lockMs / 2, renew);
    };
    // hosts do not begin at one time
    this.simulation.after(this.random.next() * (lockMs / 2), renew);
    for (let slot = 0; slot < window; slot++) this.#fetch(host, life, REDIS.fetchMs);
  }

  #fetch(host, life, ms, done = () => {}) {
    const shard = this.shards[host.shard];
    this.#ask(
      shard,
      ms,
      (parcel) => {
        if (host.life !== life) return;
        if (parcel === undefined) return; // woken by what comes
        this.#runParcel(host, life, parcel);
      },
      () => {
        done();
        return this.#take(host, life, shard);
      },
    );
  }

  #take(host, life, shard) {
    const parcel = shard.waiting[shard.head];
    if (parcel === undefined) {
      shard.idle.push({ host, life });
      return undefined;
    }
    shard.head++;
    if (shard.head > 1_000 && 2 * shard.head > shard.waiting.length) {
      shard.waiting = shard.waiting.slice(shard.head);
      shard.head = 0;
    }
    parcel.lockedUntil = this.simulation.now + this.options.lockMs;
    parcel.isSuspect = false;
    parcel.owner = { host, life };
    shard.locked.add(parcel);
    return parcel;
  }

  #runParcel(host, life, parcel) {
    host.running.add(parcel);
    parcel.left = parcel.size;
    if (parcel.crashedAt !== undefined) this.recoveries.add(this.simulation.now - parcel.crashedAt);
    parcel.crashedAt = undefined;
    host.main.request(HOST.jobMs + parcel.size * HOST.callMs, () => {
      for (let call = 0; call < parcel.size; call++)
        host.workers.request(
          this.random.exponential(this.options.jobMs),
          () => {
            if (host.life !== life || parcel.owner.host !== host || --parcel.left > 0) return;
            this.#finish(host, life, parcel);
          },
          () => this.#begun(parcel, parcel.first + call),
        );
    });
  }

  #begun(parcel, call) {
    this.delays.add(this.simulation.now - parcel.arrivedAt);
    if (this.#begunUpTo.has(call)) this.twice++;
    else this.overtakings.add(this.#begunUpTo.add(call));
  }

  #finish(host, life, parcel) {
    const shard = this.shards[host.shard];
    host.running.delete(parcel);
    const ms = REDIS.finishMs + REDIS.noticeMs + parcel.size * (REDIS.finishCallMs + REDIS.noticeCallMs);
    this.#fetch(host, life, ms, () => {
      // BullMQ takes no outcome of a host whose lock is over
      if (parcel.owner.host !== host || parcel.lockedUntil <= this.simulation.now || !shard.locked.delete(parcel))
        return;
      this.settled += parcel.size;
    });
  }

  #renew(host, life) {
    const shard = this.shards[host.shard];
    const parcels = [...host.running];
    this.#ask(
      shard,
      REDIS.renewMs + parcels.length * REDIS.renewLockMs,
      () => {},
      () => {
        if (host.life !== life) return;
        for (const parcel of parcels) {
          // a lock that is over cannot be renewed
          if (!shard.locked.has(parcel) || parcel.lockedUntil <= this.simulation.now) continue;
          parcel.lockedUntil = this.simulation.now + this.options.lockMs;
          parcel.isSuspect = false;
        }
      },
    );
  }

  /** Has jobs run again whose lock has expired at a look and was not renewed since the look before. */
  #watchStalled(shard) {
    const { stalledMs } = this.options;
    const look = () => {
      shard.redis.request(REDIS.stalledMs + shard.locked.size * REDIS.stalledLockMs, () => {
        for (const parcel of shard.locked) {
          if (!parcel.isSuspect || parcel.lockedUntil > this.simulation.now) {
            parcel.isSuspect = true;
            continue;
          }
          shard.locked.delete(parcel);
          parcel.owner.host.running.delete(parcel); // it fences itself
          shard.waiting.splice(shard.head, 0, parcel);
          this.#wake(shard);
        }
      });
      this.simulation.after(stalledMs, look);
    };
    this.simulation.after(this.random.next() * stalledMs, look);
  }

  #crashLater() {
    const { crashEveryMs, backMs } = this.options;
    this.simulation.after(this.random.exponential(crashEveryMs), () => {
      const host = this.hosts[this.random.index(this.hosts.length)];
      this.crashes++;
      host.life++;
      for (const parcel of host.running) parcel.crashedAt = this.simulation.now;
      host.running.clear();
      host.main = new Station(this.simulation, 1);
      host.workers = new Station(this.simulation, this.options.workers);
      this.simulation.after(backMs, () => this.#start(host));
      this.#crashLater();
    });
  }
}

/** Which calls have begun, and how many of those that came later (a Fenwick tree). */
class Fenwick {
  #counts;
  #begun;
  #all = 0;

  constructor(size) {
    this.#counts = new Int32Array(size + 1);
    this.#begun = new Uint8Array(size + 1);
  }

  has(call) {
    return this.#begun[call] === 1;
  }

  /** Returns how many later calls have begun before this one. */
  add(call) {
    let upTo = 0;
    for (let at = call + 1; at > 0; at -= at & -at) upTo += this.#counts[at];
    const later = this.#all - upTo;
    this.#begun[call] = 1;
    this.#all++;
    for (let at = call + 1; at < this.#counts.length; at += at & -at) this.#counts[at]++;
    return later;
  }
}
