// Throttle: so many requests in so many seconds for each client, and no more. Counted in this process, in Redis or in PostgreSQL.
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Response } from 'express'
import type { Context, Place } from '../context.js'
import { type Count, type Counter, type CounterStore, isCounterStore, Lost, MemoryCounter, StoreCounter } from '../counter.js'
import { after, Filter, type Next } from '../filter.js'
import { serviceUnavailable, tooManyRequests } from '../problem.js'
import type { Reply } from '../reply.js'

/** Options of {@link throttle}. */
export interface ThrottleOptions {
  /** How many requests. */
  limit: number
  /** In how many seconds, counted from a client's first request. */
  window: number
  /** Who shares a budget. `undefined` leaves it to the default. @default the user's `id`, else `name`; without a user the address, an IPv6 network of 56 bits being one */
  key?: (ctx: Context) => string | undefined
  /** What clients read in the answers; with a store, budgets of the same name are the same budget. @default 'default'; needed with a store */
  name?: string
  /** The verbs that count. @default all */
  verbs?: readonly string[]
  /** What a request costs, a whole number from 1. @default 1 */
  cost?: number | ((ctx: Context) => number)
  /** @default the memory of this process */
  store?: CounterStore
  /** What happens when the store does not answer: go on uncounted, or 503. A function may look at the error, and log it. @default 'deny' */
  onStoreError?: 'allow' | 'deny' | ((error: unknown, ctx: Context) => 'allow' | 'deny')
  /** Milliseconds until a store counts as not answering. @default 1000 */
  storeTimeout?: number
}

/**
 * Limits how often a client may ask. Above the limit: 429 with `Retry-After`. Every answer tells the state of the budget in `RateLimit`
 * and `RateLimit-Policy`. One filter in several resources is one budget for all of them.
 *
 * Behind `authenticate` it counts users, before it addresses. The address is `req.ip`, so `X-Forwarded-For` counts only under Express's `trust proxy`.
 *
 * @example use: [throttle({ limit: 100, window: 60 })]
 * @example const writes = throttle({ name: 'writes', limit: 10, window: 60, verbs: ['post', 'put', 'patch', 'delete'], store: { redis } })
 * @throws TypeError when an option is wrong
 */
export function throttle(options: ThrottleOptions): Filter {
  const { limit, window, name, key, verbs, cost, onStoreError, counter } = checkOptions(options)
  // draft-ietf-httpapi-ratelimit-headers, sections 3 and 4: lists of structured-field strings with parameters.
  const policy = `"${name}";q=${limit};w=${window}`
  const counts = ({ verb }: Place) => verbs === undefined || verbs.includes(verb === 'head' ? 'get' : verb)

  function apply(ctx: Context, next: Next) {
    if (!counts(ctx.place)) return next()
    const points = typeof cost === 'function' ? cost(ctx) : cost
    if (!Number.isSafeInteger(points) || points < 1) throw new TypeError("throttle(): 'cost' gave something else than a whole number from 1.")
    const counted = counter.count(bounded(key?.(ctx) ?? clientOf(ctx)), points)
    return after<Count | Lost, Reply>(counted, (count) => {
      if (count instanceof Lost) {
        if ((typeof onStoreError === 'function' ? onStoreError(count.error, ctx) : onStoreError) === 'allow') return next()
        throw serviceUnavailable('Requests cannot be counted just now.', { retryAfter: 1, cause: count.error })
      }
      const seconds = Math.max(1, Math.ceil(count.ms / 1000))
      append(ctx.res, 'RateLimit-Policy', policy)
      append(ctx.res, 'RateLimit', `"${name}";r=${Math.max(0, limit - count.used)};t=${seconds}`)
      if (count.used <= limit) return next()
      throw tooManyRequests(`Not more than ${limit} in ${window} seconds.`, {
        retryAfter: seconds,
        type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
        title: 'Request cannot be satisfied as assigned quota has been exceeded',
        members: { 'violated-policies': [name] },
      })
    })
  }

  return new Filter(apply, {
    name: 'throttle',
    describe: (place) =>
      counts(place)
        ? {
            responses: {
              429: `More than ${limit} requests in ${window} seconds.`,
              ...(options.store && onStoreError !== 'allow' && { 503: 'Requests cannot be counted.' }),
            },
          }
        : {},
  })
}

// Two budgets on one request stand in one list.
function append(res: Response, field: string, item: string): void {
  const before = res.getHeader(field)
  res.setHeader(field, before === undefined ? item : `${before}, ${item}`)
}

function clientOf({ user, req }: Context): string {
  const { id, name } = (user ?? {}) as { id?: unknown; name?: unknown }
  const known = id ?? name
  if (typeof known === 'string' || typeof known === 'number' || typeof known === 'bigint') return `user:${known}`
  return `ip:${networkOf(req.ip ?? '')}`
}

/**
 * The part of an address that one client has: all of an IPv4 address, also one that IPv6 wraps; 56 bits of an IPv6 address, since whoever
 * has one has 2^72 of them (RFC 6177).
 */
export function networkOf(address: string): string {
  const zone = address.indexOf('%')
  const plain = zone < 0 ? address : address.slice(0, zone)
  if (!isIPv6(plain)) return plain
  const groups = groupsOf(plain)
  const [high = 0, low = 0] = groups.slice(6)
  // RFC 4291 section 2.5.5.2.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${groups
    .slice(0, 4)
    .map((group, index) => (index === 3 ? group & 0xff00 : group).toString(16))
    .join(':')}::/56`
}

// Eight numbers of 16 bits; the URL parser brings every spelling into one form, without dots.
function groupsOf(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const numbers = (text: string | undefined) => (text ? text.split(':').map((group) => Number.parseInt(group, 16)) : [])
  const [before, behind] = [numbers(head), numbers(tail)]
  return tail === undefined ? before : [...before, ...Array<number>(8 - before.length - behind.length).fill(0), ...behind]
}

const longestKey = 128

// A store's key has a largest length, and a client may choose its name.
const bounded = (key: string): string => (key.length <= longestKey ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`)

const optionNames = new Set(['limit', 'window', 'key', 'name', 'verbs', 'cost', 'store', 'onStoreError', 'storeTimeout'])

// In milliseconds it has to fit into 31 bits.
const longestWindow = 2_000_000

function checkOptions(options: ThrottleOptions) {
  const wrong = (option: string, needs: string): never => {
    throw new TypeError(`throttle(): '${option}' needs ${needs}.`)
  }
  if (typeof options !== 'object' || options === null) throw new TypeError('throttle(): options such as { limit: 100, window: 60 } are needed.')
  for (const option of Object.keys(options)) if (!optionNames.has(option)) throw new TypeError(`throttle(): '${option}' is not an option.`)
  const { limit, window, key, name = 'default', verbs, cost = 1, store, onStoreError = 'deny', storeTimeout = 1000 } = options
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1e9) wrong('limit', 'a whole number of requests from 1')
  if (!Number.isSafeInteger(window) || window < 1 || window > longestWindow) wrong('window', `a whole number of seconds from 1 to ${longestWindow}`)
  if (key !== undefined && typeof key !== 'function') wrong('key', 'a function (ctx) => text')
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) wrong('name', 'letters, digits, dots, - and _')
  if (verbs !== undefined && (!Array.isArray(verbs) || verbs.length === 0 || verbs.some((verb) => !countable.has(verb))))
    wrong('verbs', `a list out of ${[...countable].join(', ')}`)
  if (typeof cost !== 'function' && (!Number.isSafeInteger(cost) || cost < 1)) wrong('cost', 'a whole number from 1, or a function (ctx) => number')
  if (typeof onStoreError !== 'function' && onStoreError !== 'allow' && onStoreError !== 'deny')
    wrong('onStoreError', "'allow', 'deny' or a function that gives one of them")
  if (!Number.isSafeInteger(storeTimeout) || storeTimeout < 1 || storeTimeout > 60_000) wrong('storeTimeout', 'a whole number of milliseconds from 1 to 60000')
  if (store !== undefined && !isCounterStore(store)) wrong('store', '{ redis: client } or { postgres: pool }')
  if (store !== undefined && options.name === undefined) wrong('name', 'a text where there is a store: budgets of the same name are shared')
  const counter: Counter = store ? new StoreCounter(store, { keyPrefix: `throttle:${name}`, limit, window, timeout: storeTimeout }) : new MemoryCounter(window)
  return { limit, window, key, name, verbs, cost, onStoreError, counter }
}

const countable = new Set(['get', 'post', 'put', 'patch', 'delete', 'query', 'options'])
