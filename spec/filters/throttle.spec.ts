import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import express from 'express'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { MemoryCounter } from '../../lib/counter.js'
import { authenticate } from '../../lib/filters/authenticate.js'
import { networkOf, type ThrottleOptions, throttle } from '../../lib/filters/throttle.js'
import { badRequest, resource } from '../../lib/index.js'
import { middleware } from '../../lib/middleware.js'
import { basic } from '../../lib/schemes/basic.js'
import { serve, serveApp } from '../support/serve.js'

const limited = (options: ThrottleOptions, name = 'limited') => resource(name, { use: [throttle(options)], get: () => 'in', post: () => 'in' })
const as = (name: string) => ({ Authorization: `Basic ${Buffer.from(`${name}:x`).toString('base64')}` })

/** The RateLimit of an answer, at the start of its minute; a machine under load may need some seconds. */
const rateLimit = ({ headers }: Response) => headers.get('ratelimit')?.replaceAll(/t=5\d/g, 't=60') ?? null

/** How many of `count` requests at once were let in; the others are 429. */
async function burst(count: number, ask: (index: number) => Promise<Response>): Promise<number> {
  const statuses = await Promise.all(Array.from({ length: count }, async (_, index) => (await ask(index)).status))
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([])
  return statuses.filter((status) => status === 200).length
}

describe('throttle()', () => {
  it('lets in exactly 100 of 1,000 requests at once', async () => {
    const { get } = await serve(limited({ limit: 100, window: 60 }))
    expect(await burst(1000, () => get('/limited'))).toBe(100)
  })

  it('tells the budget in the fields of the draft, on every answer', async () => {
    const { get } = await serve(
      resource('limited', {
        use: [throttle({ limit: 2, window: 60, name: 'contacts' })],
        get: () => {
          throw badRequest()
        },
      }),
    )
    const answers = [await get('/limited'), await get('/limited'), await get('/limited')]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 429])
    expect(answers.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(Array(3).fill('"contacts";q=2;w=60'))
    expect(answers.map(rateLimit)).toEqual(['"contacts";r=1;t=60', '"contacts";r=0;t=60', '"contacts";r=0;t=60'])
  })

  it('refuses with 429, Retry-After and the problem type of the draft', async () => {
    const { get } = await serve(limited({ limit: 1, window: 60 }))
    await get('/limited')
    const answer = await get('/limited')
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([
      429,
      '60',
      'application/problem+json; charset=utf-8',
    ])
    expect(await answer.json()).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      'violated-policies': ['default'],
    })
  })

  it('starts again when the window is over', async () => {
    const { get } = await serve(limited({ limit: 1, window: 1 }))
    expect([(await get('/limited')).status, (await get('/limited')).status]).toEqual([200, 429])
    await new Promise((resolve) => setTimeout(resolve, 1050))
    expect((await get('/limited')).status).toBe(200)
  })

  it('counts users behind authenticate, each alone, and addresses otherwise', async () => {
    const byName = basic((name) => ({ name }))
    const byId = basic((name) => ({ id: name === 'a' ? 1n : 2 }), { name: 'other' })
    const { get } = await serve(
      resource('names', { use: [authenticate(byName), throttle({ limit: 1, window: 60 })], get: () => 'in' }),
      resource('ids', { use: [authenticate(byId), throttle({ limit: 1, window: 60 })], get: () => 'in' }),
    )
    for (const path of ['/names', '/ids']) {
      const statuses: number[] = []
      for (const headers of [as('a'), as('b'), as('a'), {}, {}]) statuses.push((await get(path, headers)).status)
      expect(statuses).toEqual([200, 200, 429, 200, 429])
    }
    // A name that looks like an address is still a name.
    expect((await get('/names', as('127.0.0.1'))).status).toBe(200)
  })

  it('believes X-Forwarded-For only under trust proxy', async () => {
    const ask = async (trust: boolean) => {
      const app = express().set('trust proxy', trust)
      app.use(limited({ limit: 3, window: 60 }))
      const { get } = await serveApp(app)
      return burst(9, (index) => get('/limited', { 'X-Forwarded-For': `203.0.113.${index}` }))
    }
    expect([await ask(false), await ask(true)]).toEqual([3, 9])
  })

  it('counts one IPv6 network, and an IPv4 address in all its spellings, as one client', async () => {
    const app = express().set('trust proxy', true)
    app.use(limited({ limit: 1, window: 60 }))
    const { get } = await serveApp(app)
    const status = async (address: string) => (await get('/limited', { 'X-Forwarded-For': address })).status
    expect([await status('2001:db8:0:1100::1'), await status('2001:db8:0:11ff:1:2:3:4'), await status('2001:db8:0:1200::1')]).toEqual([200, 429, 200])
    expect([await status('203.0.113.9'), await status('::ffff:203.0.113.9'), await status('::ffff:cb00:7109'), await status('203.0.113.8')]).toEqual([
      200, 429, 429, 200,
    ])
  })

  it('takes a key of the application’s own, of any length, and its default where it gives none', async () => {
    const key: ThrottleOptions['key'] = ({ req }) => req.get('X-Tenant')
    const { get } = await serve(limited({ limit: 1, window: 60, key }))
    const statuses: number[] = []
    for (const headers of [{ 'X-Tenant': 'a' }, { 'X-Tenant': 'b'.repeat(5000) }, { 'X-Tenant': 'b'.repeat(5000) }, {}, {}] as Record<string, string>[])
      statuses.push((await get('/limited', headers)).status)
    expect(statuses).toEqual([200, 200, 429, 200, 429])
  })

  it('is one budget for all resources that share the filter, and another for another filter', async () => {
    const shared = throttle({ limit: 2, window: 60 })
    const { get } = await serve(
      resource('a', { use: [shared], get: () => 1 }),
      resource('b', { use: [shared], get: () => 1 }),
      limited({ limit: 1, window: 60 }),
    )
    expect([(await get('/a')).status, (await get('/b')).status, (await get('/a')).status, (await get('/limited')).status]).toEqual([200, 200, 429, 200])
  })

  it('counts the verbs that it is told to, beside another budget for all', async () => {
    const writes = throttle({ name: 'writes', limit: 1, window: 60, verbs: ['post', 'put', 'patch', 'delete'] })
    const { get, send } = await serve(resource('a', { use: [throttle({ limit: 9, window: 60 }), writes], get: () => 1, post: () => 1 }))
    const [one, two, read] = [await send('POST', '/a'), await send('POST', '/a'), await get('/a')]
    expect([one.status, two.status, read.status]).toEqual([200, 429, 200])
    expect(one.headers.get('ratelimit-policy')).toBe('"default";q=9;w=60, "writes";q=1;w=60')
    expect(rateLimit(one)).toBe('"default";r=8;t=60, "writes";r=0;t=60')
    expect(rateLimit(read)).toBe('"default";r=6;t=60')
  })

  it('counts HEAD as GET', async () => {
    const { get, send } = await serve(limited({ limit: 1, window: 60, verbs: ['get'] }))
    expect([(await send('HEAD', '/limited')).status, (await get('/limited')).status]).toEqual([200, 429])
  })

  it('takes what a request costs', async () => {
    const { get } = await serve(limited({ limit: 10, window: 60, cost: ({ query }) => Number(query.cost ?? 1) }))
    const ask = async (cost: string) => {
      const answer = await get(`/limited?cost=${cost}`)
      return [answer.status, rateLimit(answer)]
    }
    expect(await ask('4')).toEqual([200, '"default";r=6;t=60'])
    expect(await ask('6')).toEqual([200, '"default";r=0;t=60'])
    expect(await ask('1')).toEqual([429, '"default";r=0;t=60'])
    expect((await ask('0'))[0]).toBe(500)
    expect((await ask('x'))[0]).toBe(500)
  })

  it('stands around a whole app as middleware, before anything is looked up', async () => {
    const app = express()
    app.use(middleware(throttle({ limit: 2, window: 60 })))
    app.get('/plain', (_req, res) => void res.send('plain'))
    const { get } = await serveApp(app)
    const [one, two, three] = [await get('/plain'), await get('/nowhere'), await get('/plain')]
    expect([one.status, two.status, three.status]).toEqual([200, 404, 429])
    expect(rateLimit(one)).toBe('"default";r=1;t=60')
    expect(three.headers.get('content-type')).toContain('application/problem+json')
  })

  it('describes itself to documents, for the verbs that count', () => {
    const place = { resource: 'a', base: '/a', path: '/', verb: 'get', permission: undefined, meta: {} }
    const filter = throttle({ limit: 5, window: 60, verbs: ['post'] })
    expect(filter.describe?.({ ...place, verb: 'post' })).toEqual({ responses: { 429: 'More than 5 requests in 60 seconds.' } })
    expect(filter.describe?.(place)).toEqual({})
    const stored = throttle({ limit: 5, window: 60, name: 'x', store: { redis: { eval() {} } } })
    expect(Object.keys(stored.describe?.(place)?.responses ?? {})).toEqual(['429', '503'])
  })

  it.each([
    [undefined, 'options such as'],
    [{}, "'limit'"],
    [{ limit: 0 }, "'limit'"],
    [{ limit: -1 }, "'limit'"],
    [{ limit: 1.5 }, "'limit'"],
    [{ limit: '100' }, "'limit'"],
    [{ limit: Number.NaN }, "'limit'"],
    [{ limit: Number.POSITIVE_INFINITY }, "'limit'"],
    [{ window: 0 }, "'window'"],
    [{ window: 0.5 }, "'window'"],
    [{ window: '60' }, "'window'"],
    [{ window: 3_000_000 }, "'window'"],
    [{ key: 'ip' }, "'key'"],
    [{ name: '' }, "'name'"],
    [{ name: 'a"b' }, "'name'"],
    [{ name: 7 }, "'name'"],
    [{ verbs: 'post' }, "'verbs'"],
    [{ verbs: [] }, "'verbs'"],
    [{ verbs: ['POST'] }, "'verbs'"],
    [{ cost: 0 }, "'cost'"],
    [{ cost: '1' }, "'cost'"],
    [{ onStoreError: 'ignore' }, "'onStoreError'"],
    [{ storeTimeout: 0 }, "'storeTimeout'"],
    [{ name: 'x', store: {} }, "'store'"],
    [{ name: 'x', store: 'redis' }, "'store'"],
    [{ name: 'x', store: { redis: 'redis://127.0.0.1' } }, "'store'"],
    [{ name: 'x', store: { redis: {} } }, "'store'"],
    [{ name: 'x', store: { postgres: {} } }, "'store'"],
    [{ name: 'x', store: { postgres: { query() {} }, table: 'a; b' } }, "'store'"],
    [{ name: 'x', store: { redis: { eval() {} }, postgres: { query() {} } } }, "'store'"],
    [{ store: { redis: { eval() {} } } }, "'name'"],
    [{ max: 5 }, "'max'"],
  ])('refuses wrong options: %j', (wrong, word) => {
    const options = wrong && Object.keys(wrong).length > 0 ? { limit: 100, window: 60, ...wrong } : wrong
    expect(() => throttle(options as never)).toThrow(word)
  })
})

describe('throttle() with a store that does not answer', () => {
  const away = { redis: { isReady: false, eval: async () => undefined } }
  const mute = { redis: { isReady: true, eval: () => new Promise(() => undefined) } }
  const dropped = { postgres: { query: () => Promise.reject(new Error('ECONNREFUSED')) } }
  const options = { name: 'x', limit: 1, window: 60, storeTimeout: 50 }

  it.each([
    ['not connected', away],
    ['silent', mute],
    ['refusing', dropped],
  ])('is closed by default: 503 with Retry-After (%s)', async (_, store) => {
    const { get, errors } = await serve(limited({ ...options, store }))
    for (let times = 0; times < 3; times++) {
      const answer = await get('/limited')
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.text()).not.toMatch(/ECONN|redis|postgres/i)
    }
    expect(errors).toEqual([])
  })

  it('lets go on uncounted where it is told to', async () => {
    const { get } = await serve(limited({ ...options, store: away, onStoreError: 'allow' }))
    const answers = [await get('/limited'), await get('/limited')]
    expect(answers.map((answer) => [answer.status, rateLimit(answer)])).toEqual([
      [200, null],
      [200, null],
    ])
  })

  it('asks a function, which may log the error', async () => {
    const seen: string[] = []
    const onStoreError: ThrottleOptions['onStoreError'] = (error, { verb }) => {
      seen.push(String(error))
      return verb === 'get' ? 'allow' : 'deny'
    }
    const { get, send } = await serve(limited({ ...options, store: mute, onStoreError }))
    expect([(await get('/limited')).status, (await send('POST', '/limited')).status]).toEqual([200, 503])
    expect(seen[0]).toContain('did not answer within 50 ms')
  })

  it('goes on counting when the store is back', async () => {
    let down = true
    const query = async ({ text }: { text: string }) => {
      if (down) throw new Error('down')
      return { rows: text.includes('INSERT') ? [{ points: 1, expire: Date.now() + 60_000 }] : [] }
    }
    const { get } = await serve(limited({ ...options, store: { postgres: { query } } }))
    expect((await get('/limited')).status).toBe(503)
    down = false
    expect(rateLimit(await get('/limited'))).toBe('"x";r=0;t=60')
  })
})

describe('networkOf()', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:CB00:7109', '203.0.113.9'],
    ['0:0:0:0:0:ffff:cb00:7109', '203.0.113.9'],
    ['2001:db8:1:23ff::1', '2001:db8:1:2300::/56'],
    ['2001:0DB8:0001:2345:6:7:8:9', '2001:db8:1:2300::/56'],
    ['::1', '0:0:0:0::/56'],
    ['fe80::1%eth0', 'fe80:0:0:0::/56'],
    ['unknown', 'unknown'],
    ['', ''],
  ])('%s is of %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('MemoryCounter', () => {
  afterEach(() => void vi.useRealTimers())

  it('forgets windows that are over', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const counter = new MemoryCounter(60)
    for (let index = 0; index < 10_000; index++) counter.count(`ip:${index}`, 1)
    expect(counter.size).toBe(10_000)
    vi.advanceTimersByTime(60_001)
    for (let index = 0; index < 4000; index++) counter.count('ip:0', 1)
    expect(counter.size).toBe(1)
    expect(counter.count('ip:0', 1).used).toBe(4001)
  })

  it('remembers so many keys and not more, the latest', () => {
    const counter = new MemoryCounter(60, 1000)
    for (let index = 0; index < 5000; index++) counter.count(`ip:${index}`, 1)
    expect(counter.size).toBeLessThanOrEqual(1001)
    expect(counter.count('ip:4999', 1).used).toBe(2)
    expect(counter.count('ip:0', 1).used).toBe(1)
  })
})

const stores = [
  { client: 'ioredis', url: process.env.REDIS_URL, variable: 'REDIS_URL' },
  { client: 'pg', url: process.env.POSTGRES_URL, variable: 'POSTGRES_URL' },
]

for (const { client, url, variable } of stores) {
  if (!url) {
    console.info(`Left out, as ${variable} is not set: throttle() in two processes, with ${client}.`)
    continue
  }
  describe(`throttle() in two processes, with ${client}`, () => {
    const start = async (client: string, url: string, name: string) => {
      const child: ChildProcess = spawn(process.execPath, ['spec/support/throttled.js', client, url, name], { stdio: ['ignore', 'pipe', 'inherit'] })
      onTestFinished(() => void child.kill())
      const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
      return `http://127.0.0.1:${Number(String(line).trim())}/limited`
    }

    it('lets in exactly 100 of 1,000 requests at once', { timeout: 60_000 }, async () => {
      const name = `spec-${process.pid}-${Date.now()}`
      const both = await Promise.all([start(client, url, name), start(client, url, name)])
      expect(await burst(1000, (index) => fetch(both[index % 2] as string))).toBe(100)
    })
  })
}
