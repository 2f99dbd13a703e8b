// Counter: how much of a budget has been used. Kept in this process, or by rate-limiter-flexible in a store that several processes share.
import { RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

/** What has been used of a budget, and how many milliseconds until it is whole again. */
export interface Count {
  readonly used: number
  readonly ms: number
}

/** A store that did not answer, and why. */
export class Lost {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** Budgets by key. */
export interface Counter {
  /** Takes points from the budget of a key, also when nothing is left of it. */
  count(key: string, points: number): Count | Promise<Count | Lost>
}

/**
 * Counts in this process, without a timer for each key. All windows being equally long, the Map's order is that in which they end, so those that
 * have ended are taken from its front, a few with each request; and so is the oldest when there are too many.
 */
export class MemoryCounter implements Counter {
  readonly #windows = new Map<string, { used: number; readonly end: number }>()
  readonly #ms: number
  readonly #most: number
  /** When the window at the front ends, as far as is known. */
  #next = 0

  /**
   * @param window in seconds
   * @param most how many keys are remembered
   */
  constructor(window: number, most = 1_000_000) {
    this.#ms = window * 1000
    this.#most = most
  }

  count(key: string, points: number): Count {
    // A clock that is never set back, in whole milliseconds.
    const now = Math.floor(performance.now())
    if (now >= this.#next || this.#windows.size > this.#most) this.#sweep(now)
    let window = this.#windows.get(key)
    if (!window || window.end <= now) {
      this.#windows.delete(key)
      window = { used: 0, end: now + this.#ms }
      this.#windows.set(key, window)
    }
    window.used += points
    return { used: window.used, ms: window.end - now }
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#windows.size
  }

  #sweep(now: number): void {
    let atOnce = 4
    for (const [key, { end }] of this.#windows) {
      this.#next = end
      if (atOnce-- === 0 || (end > now && this.#windows.size <= this.#most)) return
      this.#windows.delete(key)
    }
  }
}

/** Where requests are counted when several processes share a budget. */
export type CounterStore =
  /** A client of `ioredis` or of `redis`. */
  | { readonly redis: object; readonly postgres?: never; readonly table?: never }
  /** A `Pool` of `pg`; the table is made when it is missing. */
  | { readonly postgres: object; readonly table?: string; readonly redis?: never }

/** Whether a value is a {@link CounterStore} that can be used. */
export function isCounterStore(store: unknown): store is CounterStore {
  if (typeof store !== 'object' || store === null) return false
  const { redis, postgres, table, ...rest } = store as { redis?: { eval?: unknown }; postgres?: { query?: unknown }; table?: unknown }
  if (Object.keys(rest).length > 0 || (redis !== undefined && postgres !== undefined)) return false
  if (redis !== undefined) return typeof redis?.eval === 'function' && table === undefined
  return typeof postgres?.query === 'function' && (table === undefined || (typeof table === 'string' && /^\w{1,63}$/.test(table)))
}

/** How a {@link StoreCounter} counts. */
export interface StoreCounterOptions {
  /** Budgets of the same prefix are the same in all processes. */
  keyPrefix: string
  limit: number
  /** In seconds. */
  window: number
  /** Milliseconds until the store counts as not answering. */
  timeout: number
}

type Limiter = RateLimiterRedis | RateLimiterPostgres

/** Counts in a store, atomically. */
export class StoreCounter implements Counter {
  readonly #limiter: () => Promise<Limiter>
  readonly #timeout: number

  constructor(store: CounterStore, { keyPrefix, limit, window, timeout }: StoreCounterOptions) {
    const shared = { keyPrefix, points: limit, duration: window }
    this.#limiter = store.redis ? onRedis(store.redis, shared) : onPostgres(store.postgres as object, store.table, shared)
    this.#timeout = timeout
  }

  async count(key: string, points: number): Promise<Count | Lost> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The store that counts requests did not answer within ${this.#timeout} ms.`)), this.#timeout)
    })
    try {
      const answer = this.#limiter().then((limiter) => limiter.consume(key, points))
      return countOf(await Promise.race([answer, late]))
    } catch (error) {
      // The limiter rejects with the count where the budget is used up.
      return error instanceof RateLimiterRes ? countOf(error) : new Lost(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

interface Shared {
  keyPrefix: string
  points: number
  duration: number
}

function onRedis(client: object, shared: Shared): () => Promise<Limiter> {
  // ioredis has defineCommand, redis has not. Both keep commands for when a lost connection is back; no client should wait for that.
  const useRedisPackage = !('defineCommand' in client)
  const limiter = Promise.resolve(new RateLimiterRedis({ ...shared, storeClient: client, useRedisPackage, rejectIfRedisNotReady: true }))
  return () => limiter
}

function onPostgres(client: object, table = 'rate_limits', shared: Shared): () => Promise<Limiter> {
  let made: Promise<Limiter> | undefined
  return () => {
    // The table is made with the first request, and with the next where that failed.
    made ??= new Promise<Limiter>((resolve, reject) => {
      const options = { ...shared, storeClient: client, storeType: 'pool', tableName: table }
      const limiter = new RateLimiterPostgres(options, (error) => (error ? reject(error) : resolve(limiter)))
    }).catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}

const countOf = ({ consumedPoints, msBeforeNext }: RateLimiterRes): Count => ({ used: consumedPoints, ms: msBeforeNext })
