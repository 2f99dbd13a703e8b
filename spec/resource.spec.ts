import { createServer as createHttpServer } from 'node:http'
import express, { type Request, Router } from 'express'
import { describe, expect, it } from 'vitest'
import { badRequest, conflict, endpoint, filter, mapError, notFound, only, Problem, reply, resource } from '../lib/index.js'
import { serve, serveApp } from './support/serve.js'

const json = async (response: Response | Promise<Response>) => (await response).json()

describe('a resource', () => {
  it('stands at its name', async () => {
    const { get } = await serve(resource('status', { get: () => ({ up: true }) }))
    expect(await json(get('/status'))).toEqual({ up: true })
    expect((await get('/')).status).toBe(404)
  })

  it('stands where Express mounts it where it has no name', async () => {
    const app = express()
    app.use('/contacts', resource({ get: () => 'list', '/:id': { get: ({ params }) => params } }))
    const { get } = await serveApp(app)
    expect(await json(get('/contacts'))).toBe('list')
    expect(await json(get('/contacts/'))).toBe('list')
    expect(await json(get('/contacts?a=1'))).toBe('list')
    expect(await json(get('/contacts/7'))).toEqual({ id: '7' })
  })

  it('stands at each of its aliases', async () => {
    const { get } = await serve(resource('contacts', { path: ['/contacts', '/people/'], get: ({ url }) => url(), '/:id': { get: ({ params }) => params.id } }))
    expect(await json(get('/people/3'))).toBe('3')
    expect(await json(get('/contacts/3'))).toBe('3')
    expect((await get('/people')).status).toBe(200)
  })

  it('may have a name of several words', async () => {
    const { get } = await serve(resource('my/things', { get: () => 1 }))
    expect((await get('/my/things')).status).toBe(200)
  })

  it('answers a path below with its parameters, percent-decoded', async () => {
    const { get } = await serve(
      resource('things', {
        '/:id/photos/:photo': { get: ({ params }) => params },
        '/files/*rest': { get: ({ params }) => params },
        '/opt{/:x}': { get: ({ params }) => params },
      }),
    )
    expect(await json(get('/things/1/photos/b%20c'))).toEqual({ id: '1', photo: 'b c' })
    expect(await json(get('/things/files/a/b%2Fc'))).toEqual({ rest: ['a', 'b/c'] })
    expect(await json(get('/things/opt'))).toEqual({})
    expect(await json(get('/things/opt/1'))).toEqual({ x: '1' })
  })

  it('lets a fixed path go before a parameter', async () => {
    const { get } = await serve(resource('things', { '/:id': { get: () => 'one' }, '/new': { get: () => 'new' } }))
    expect(await json(get('/things/new'))).toBe('new')
    expect(await json(get('/things/old'))).toBe('one')
  })

  it('passes on what no path of it matches', async () => {
    const { get } = await serve(resource('things', { get: () => 1 }), (_req, res) => {
      res.send('later')
    })
    expect(await (await get('/things/1/2')).text()).toBe('later')
    expect(await (await get('/other')).text()).toBe('later')
  })

  it('keeps the parameters of the mount path', async () => {
    const app = express()
    app.use(
      '/users/:user',
      resource('notes', { '/:id': { get: ({ params }) => params }, get: ({ params, url }) => ({ ...params, url: url('/:id', { id: 3 }) }) }),
    )
    const { get } = await serveApp(app)
    expect(await json(get('/users/ann/notes/1'))).toEqual({ user: 'ann', id: '1' })
    expect(await json(get('/users/ann/notes'))).toEqual({ user: 'ann', url: '/users/ann/notes/3' })
  })

  it('takes /things and /things/ as the same, unless it is strict', async () => {
    const definition = { get: () => 1, '/:id': { get: () => 2 }, '/fixed': { get: () => 3 } }
    const { get } = await serve(resource('things', definition), resource('exact', { ...definition, strict: true }))
    for (const path of ['/things/', '/things/5/', '/things/fixed/']) expect((await get(path)).status).toBe(200)
    for (const path of ['/exact/', '/exact/5/', '/exact/fixed/']) expect((await get(path)).status).toBe(404)
    for (const path of ['/exact', '/exact/5', '/exact/fixed']) expect((await get(path)).status).toBe(200)
  })

  it('takes /Things and /things as the same, unless it is case-sensitive', async () => {
    const definition = { get: () => 1, '/:id/x': { get: () => 2 } }
    const { get } = await serve(resource('things', definition), resource('exact', { ...definition, caseSensitive: true }))
    for (const path of ['/Things', '/THINGS/5/X']) expect((await get(path)).status).toBe(200)
    for (const path of ['/Exact', '/exact/5/X']) expect((await get(path)).status).toBe(404)
  })

  it('is asked for with a whole URL as well', async () => {
    const app = express()
    app.use(resource('things', { get: ({ query }) => query, '/:id': { get: ({ params }) => params } }))
    app.use('/mounted', resource({ get: () => 'root' }))
    const { raw } = await serveApp(app)
    const ask = (target: string) => raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(await ask('http://x/things?a=1')).toContain('{"a":"1"}')
    expect(await ask('http://x:80/things/7')).toContain('{"id":"7"}')
    expect(await ask('http://x/mounted')).toContain('"root"')
    expect(await ask('http://x')).toContain('404')
  })

  it('tells its facts', () => {
    const { definition } = resource('things', { path: ['/a', '/b'], get: () => 1, '/:id': { put: { summary: 'Replace', handler: () => 1 } } })
    expect(definition.name).toBe('things')
    expect(definition.paths).toEqual(['/a', '/b'])
    expect(definition.endpoints.map(({ verb, path, options }) => [verb, path, options.summary])).toEqual([
      ['get', '/', undefined],
      ['put', '/:id', 'Replace'],
    ])
    expect(resource({ get: () => 1 }).definition.name).toBeUndefined()
  })

  it('leaves the definition that it was given as it was', () => {
    const definition = Object.freeze({
      use: Object.freeze([]),
      meta: Object.freeze({}),
      get: () => 1,
      '/:id': Object.freeze({ meta: Object.freeze({ a: 1 }), get: () => 1 }),
    })
    expect(() => resource('things', definition)).not.toThrow()
  })
})

describe('methods', () => {
  const verbs = { get: () => 'get', post: () => 'post', put: () => 'put', patch: () => 'patch', delete: () => 'delete' }

  it('each reach their handler', async () => {
    const { send } = await serve(resource('things', verbs))
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) expect(await json(send(method, '/things'))).toBe(method.toLowerCase())
  })

  it('include QUERY', async () => {
    const { raw } = await serve(resource('things', { query: ({ body }) => body }))
    const answer = await raw('QUERY /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}')
    expect(answer).toMatch(/^HTTP\/1.1 200[\s\S]*\{"a":1\}$/)
  })

  it('are 405 with Allow where there is no handler', async () => {
    const { send } = await serve(resource('things', { get: () => 1, put: () => 1, '/:id': { delete: () => undefined } }))
    const response = await send('POST', '/things', { a: 1 })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS, PUT')
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(response.headers.get('vary')).toBe('Accept')
    expect(await response.json()).toMatchObject({ status: 405, title: 'Method Not Allowed' })
    expect((await send('GET', '/things/1')).headers.get('allow')).toBe('DELETE, OPTIONS')
    expect((await send('HEAD', '/things/1')).status).toBe(405)
    expect((await send('PROPFIND', '/things/1')).status).toBe(405)
  })

  it('are 405 in the format of ?format= or the suffix', async () => {
    const { send } = await serve(resource('things', { get: () => 1 }))
    for (const path of ['/things?format=xml', '/things.xml', '/things.json?format=xml'])
      expect((await send('DELETE', path)).headers.get('content-type')).toBe('application/problem+xml; charset=utf-8')
    expect((await send('DELETE', '/things?format=%')).status).toBe(405)
  })

  it('are told by OPTIONS, with the same Allow, 204 and no body', async () => {
    const { send } = await serve(resource('things', { get: () => 1, post: () => 1 }))
    const response = await send('OPTIONS', '/things')
    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([204, 'GET, HEAD, OPTIONS, POST', ''])
    expect((await send('DELETE', '/things')).headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST')
    expect((await send('OPTIONS', '/other')).status).toBe(404)
  })

  it('HEAD and OPTIONS may be written out', async () => {
    const { send } = await serve(
      resource('things', {
        get: () => 1,
        head: ({ res, verb }) => {
          res.set('X-Verb', verb)
        },
        options: () => ({ doc: true }),
      }),
    )
    expect((await send('HEAD', '/things')).headers.get('x-verb')).toBe('head')
    expect(await json(send('OPTIONS', '/things'))).toEqual({ doc: true })
  })

  it('HEAD runs the handler of GET, and says so in ctx.verb', async () => {
    const { send } = await serve(
      resource('things', {
        get: ({ verb, req, res }) => {
          res.set('X-Saw', `${verb} ${req.method}`)
          return { a: 1 }
        },
      }),
    )
    const response = await send('HEAD', '/things')
    expect([response.headers.get('x-saw'), response.headers.get('content-length')]).toEqual(['get HEAD', '7'])
  })

  it('405 goes before 401', async () => {
    const guard = filter(() => {
      throw new Problem(401)
    })
    const { send } = await serve(resource('things', { use: [guard], get: () => 1 }))
    expect((await send('DELETE', '/things')).status).toBe(405)
    expect((await send('OPTIONS', '/things')).status).toBe(204)
    expect((await send('GET', '/things')).status).toBe(401)
  })
})

describe('options', () => {
  it('fall through: resource, path, endpoint; the inner level wins', async () => {
    const { send } = await serve(
      resource('things', {
        bodyLimit: 10,
        post: ({ body }) => body,
        '/path': { bodyLimit: 20, post: ({ body }) => body, put: endpoint({ bodyLimit: 30, handler: ({ body }) => body }) },
      }),
    )
    const status = async (method: string, path: string, length: number) =>
      (await send(method, path, 'a'.repeat(length), { 'Content-Type': 'text/plain' })).status
    expect(await status('POST', '/things', 10)).toBe(200)
    expect(await status('POST', '/things', 11)).toBe(413)
    expect(await status('POST', '/things/path', 20)).toBe(200)
    expect(await status('POST', '/things/path', 21)).toBe(413)
    expect(await status('PUT', '/things/path', 30)).toBe(200)
    expect(await status('PUT', '/things/path', 31)).toBe(413)
  })

  it('use adds up, outer level first, the first in a list outermost', async () => {
    const seen: string[] = []
    const note = (name: string) =>
      filter(async (_ctx, next) => {
        seen.push(`${name} in`)
        const out = await next()
        seen.push(`${name} out`)
        return out
      })
    const { get } = await serve(
      resource('things', {
        use: [note('a'), note('b')],
        '/path': { use: [note('c')], get: endpoint({ use: [note('d')], handler: () => seen.push('handler') }) },
      }),
    )
    await get('/things/path')
    expect(seen).toEqual(['a in', 'b in', 'c in', 'd in', 'handler', 'd out', 'c out', 'b out', 'a out'])
  })

  it('only() drops what was inherited', async () => {
    const guard = filter(() => {
      throw new Problem(403)
    })
    const stamp = filter(async (ctx, next) => {
      ctx.res.set('X-Stamp', 'yes')
      return next()
    })
    const { get, send } = await serve(
      resource('things', { use: [guard], get: () => 1, '/login': { use: only([stamp]), get: () => 'in', post: { use: only(), handler: () => 'bare' } } }),
    )
    expect((await get('/things')).status).toBe(403)
    const login = await get('/things/login')
    expect([login.status, login.headers.get('x-stamp')]).toEqual([200, 'yes'])
    expect((await send('POST', '/things/login')).headers.get('x-stamp')).toBeNull()
  })

  it('meta is for filters, inner levels laid over outer ones', async () => {
    const role = filter((ctx, next) => {
      ctx.res.set('X-Meta', JSON.stringify(ctx.meta))
      return next()
    })
    const { get } = await serve(
      resource('things', {
        use: [role],
        meta: { role: 'user', a: 1 },
        get: () => 1,
        '/x': { meta: { role: 'admin' }, get: { meta: { b: 2 }, handler: () => 1 } },
      }),
    )
    expect((await get('/things')).headers.get('x-meta')).toBe('{"role":"user","a":1}')
    expect((await get('/things/x')).headers.get('x-meta')).toBe('{"role":"admin","a":1,"b":2}')
  })

  it("errors turns classes of the application's own into problems, inner levels first", async () => {
    class Missing extends Error {}
    class Taken extends Missing {}
    const raise = (error: Error) => () => {
      throw error
    }
    const { get, errors } = await serve(
      resource('things', {
        errors: [mapError(Taken, () => conflict('taken')), mapError(Missing, ({ message }) => notFound(message))],
        get: raise(new Missing('gone')),
        '/taken': { get: async () => raise(new Taken())() },
        '/inner': { errors: [mapError(Missing, () => badRequest('inner'))], get: raise(new Missing()) },
        '/undecided': { errors: [mapError(Error, () => undefined)], get: raise(new Error('bug')) },
        '/broken': {
          errors: [
            mapError(Error, () => {
              throw new Error('rule')
            }),
          ],
          get: raise(new Error('bug')),
        },
      }),
    )
    expect(await json(get('/things'))).toMatchObject({ status: 404, detail: 'gone' })
    expect((await get('/things/taken')).status).toBe(409)
    expect((await get('/things/inner')).status).toBe(400)
    expect((await get('/things/undecided')).status).toBe(500)
    expect((await get('/things/broken')).status).toBe(500)
    expect(errors.map(String)).toEqual(['Error: bug', 'Error: rule'])
  })
})

describe('a resource inside Express', () => {
  it('shows loggers and meters what they look for', async () => {
    const seen: unknown[] = []
    const app = express()
    app.use((req, res, next) => {
      res.on('finish', () => seen.push([req.method, req.baseUrl + (req.route?.path ?? ''), req.originalUrl, res.statusCode]))
      next()
    })
    app.use('/api', resource('things', { get: () => 1, '/:id': { get: ({ params }) => params.id } }))
    const { get, send } = await serveApp(app)
    await get('/api/things?x=1')
    await get('/api/things/5')
    await send('DELETE', '/api/things/5')
    // Express has put baseUrl back by the time that an answer is finished, as it does with routers of its own.
    expect(seen.map((one) => (one as unknown[]).slice(2))).toEqual([
      ['/api/things?x=1', 200],
      ['/api/things/5', 200],
      ['/api/things/5', 405],
    ])
    expect(seen.map((one) => String((one as unknown[])[1]).replace('/api', ''))).toEqual(['/things', '/things/:id', '/things/:id'])
  })

  it('sets req.params, req.baseUrl and req.route as Express would', async () => {
    const app = express()
    const look = ({ req }: { req: Request }) => ({ params: req.params, baseUrl: req.baseUrl, url: req.url, path: req.route?.path, methods: req.route?.methods })
    app.use('/api', resource('things', { '/:id': { get: look } }))
    const { get } = await serveApp(app)
    expect(await json(get('/api/things/5'))).toEqual({ params: { id: '5' }, baseUrl: '/api', url: '/things/5', path: '/things/:id', methods: { get: true } })
  })

  it('is a router: one may still call get and use on it', async () => {
    const seen: string[] = []
    const things = resource('things', { get: () => 'ours' })
    things.get('/things/extra', (_req, res) => {
      res.send('extra')
    })
    things.use((req, _res, next) => {
      seen.push(req.path)
      next()
    })
    const { get, send } = await serve(things)
    expect(await json(get('/things'))).toBe('ours')
    expect(await (await get('/things/extra')).text()).toBe('extra')
    expect((await get('/nothing')).status).toBe(404)
    expect(seen).toEqual(['/nothing'])
    expect((await send('POST', '/things')).status).toBe(405)
  })

  it('stands inside another router, and one behind another', async () => {
    const api = Router()
    api.use(resource('a', { get: () => 'a' }))
    api.use(resource('b', { get: () => 'b' }))
    const app = express()
    app.use('/v1', api)
    const { get } = await serveApp(app)
    expect(await json(get('/v1/a'))).toBe('a')
    expect(await json(get('/v1/b'))).toBe('b')
  })

  it('leaves req.params and req.url to what comes after it', async () => {
    const app = express()
    app.use('/:version', resource('things', { use: [(_req, _res, next) => next('route')], '/:id': { get: () => 1 } }), (req, res) => {
      res.json([req.params, req.url, req.baseUrl])
    })
    const { get } = await serveApp(app)
    expect(await json(get('/v1/things/2'))).toEqual([{ version: 'v1' }, '/things/2', '/v1'])
  })

  it("next('router') from middleware leaves the resource and not the router around it", async () => {
    const leave = () => resource('things', { use: [(_req, _res, next) => next('router')], get: () => 'ours' })
    const more = leave()
    more.get('/things', (_req, res) => {
      res.send('further layer')
    })
    for (const one of [leave(), more]) {
      const { get } = await serve(one, (_req, res) => {
        res.send('later')
      })
      expect(await (await get('/things')).text()).toBe('later')
    }
  })

  it("next('route') from middleware leaves the resource for the next layer", async () => {
    const things = resource('things', { use: [(_req, _res, next) => next('route')], get: () => 'ours' })
    things.get('/things', (_req, res) => {
      res.send('further layer')
    })
    const { get } = await serve(things)
    expect(await (await get('/things')).text()).toBe('further layer')
  })

  it('works without an app, on a bare Node server', async () => {
    const things = resource('things', { get: () => 1 })
    const server = createHttpServer((req, res) => things(req as never, res as never, () => res.end('none')))
    await new Promise<void>((resolve) => server.listen(0, resolve))
    try {
      const { port } = server.address() as { port: number }
      const response = await fetch(`http://127.0.0.1:${port}/things`)
      expect([response.status, await response.text()]).toEqual([200, '1'])
      expect(await (await fetch(`http://127.0.0.1:${port}/x`)).text()).toBe('none')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('what a handler throws', () => {
  const failure = new Error('bug')
  const frozen = Object.freeze(new Error('frozen'))
  class Odd {
    get status(): number {
      throw new Error('status')
    }
  }

  it.each([
    ['an error', failure],
    ['a string', 'text'],
    ['a frozen error', frozen],
    ['an object', { status: 404 }],
    ['an error with status 500', Object.assign(new Error('five'), { status: 500 })],
    ['an error with a status that is none', Object.assign(new Error('odd'), { status: 'x' })],
    ['an object that bites', new Odd()],
    ['a number', 7],
  ])("reaches Express's error handling once, as it was thrown: %s", async (_name, thrown) => {
    const raise = () => {
      throw thrown
    }
    const ring = filter((_ctx, next) => next())
    const { get, errors } = await serve(
      resource('things', {
        get: raise,
        '/async': { get: async () => raise() },
        '/ring': { use: [ring], get: raise },
        '/filter': { use: [filter(raise)], get: () => 1 },
      }),
    )
    for (const path of ['', '/async', '/ring', '/filter']) {
      errors.length = 0
      await (await get(`/things${path}`)).text().catch(() => undefined)
      expect(errors).toHaveLength(1)
      expect(errors[0]).toBe(thrown)
    }
  })

  it.each([[undefined], [null], [''], [0], [false], ['route'], ['router']])('is an error even where Express would take it for none: %j', async (thrown) => {
    const { get, errors } = await serve(
      resource('things', {
        get: () => {
          throw thrown
        },
        '/async': { get: () => Promise.reject(thrown) },
        '/middleware': { use: [() => Promise.reject(thrown)], get: () => 1 },
      }),
      (_req, res) => {
        res.send('passed on')
      },
    )
    for (const path of ['', '/async', ...(thrown === 'route' || thrown === 'router' ? [] : ['/middleware'])]) {
      errors.length = 0
      expect((await get(`/things${path}`)).status).toBe(500)
      expect(errors).toEqual([expect.any(Error)])
    }
  })

  it('is a problem where it carries the status of a client or a gateway, as http-errors and body-parser make them', async () => {
    const { get, errors } = await serve(
      resource('things', {
        get: ({ query }) => {
          throw Object.assign(new Error('secret'), JSON.parse(String(query.with)))
        },
      }),
    )
    const ask = async (fields: object) => {
      const response = await get(`/things?with=${encodeURIComponent(JSON.stringify(fields))}`)
      return { response, document: await response.json() }
    }
    const told = await ask({ status: 404, expose: true, headers: { 'x-a': 'b' } })
    expect(told.document).toEqual({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'secret' })
    expect(told.response.headers.get('x-a')).toBe('b')
    const untold = await ask({ statusCode: 503, headers: { 'x-a': 'b' } })
    expect(untold.document).toEqual({ type: 'about:blank', title: 'Service Unavailable', status: 503 })
    expect(untold.response.headers.get('x-a')).toBeNull()
    expect(errors).toEqual([])
  })

  it('cuts the connection where an answer has begun already, and reaches Express once', async () => {
    const { raw, errors } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.write('half')
          throw failure
        },
        '/problem': {
          get: ({ res }) => {
            res.write('half')
            throw badRequest('late')
          },
        },
      }),
    )
    for (const path of ['/things', '/things/problem']) {
      errors.length = 0
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, 1000)
      expect(answer.endsWith('0\r\n\r\n')).toBe(false)
      expect(errors).toHaveLength(1)
    }
  })

  it('does no harm where the handler has answered, and then throws or returns more', async () => {
    const { get, errors } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.send('whole')
          return { more: true }
        },
        '/throws': {
          get: async ({ res }) => {
            res.send('whole')
            throw failure
          },
        },
      }),
    )
    expect(await (await get('/things')).text()).toBe('whole')
    expect(errors).toEqual([])
    await get('/things/throws').then(
      (response) => response.text().catch(() => undefined),
      () => undefined,
    )
    expect(errors).toEqual([failure])
  })

  it('leaves no rejection unhandled', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    process.on('uncaughtException', note)
    const { get } = await serve(
      resource('things', {
        get: async () => {
          throw failure
        },
        '/reply': { get: async () => reply(1, { headers: { 'X-A': '\n' } }) },
        '/late': { get: () => new Promise((_resolve, reject) => setTimeout(reject, 5, undefined)) },
      }),
    )
    for (const path of ['', '/reply', '/late']) expect((await get(`/things${path}`)).status).toBe(500)
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
    expect(unhandled).toEqual([])
  })
})
