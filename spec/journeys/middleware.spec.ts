import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import compression from 'compression'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import express, { type Express, type RequestHandler } from 'express'
import session from 'express-session'
import helmet from 'helmet'
import passport from 'passport'
import { BasicStrategy } from 'passport-http'
import { describe, expect, it } from 'vitest'
import { createServer, filter, forbidden, only, problems, resource } from '../../lib/index.js'
import { serve, serveApp } from '../support/serve.js'

const basic = (user: string, password: string) => ({ Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` })

describe('Express middleware in use', () => {
  it('passport lets users in and shows them to handlers', async () => {
    const pass = new passport.Passport()
    pass.use(new BasicStrategy((name, password, done) => done(null, password === 'secret' ? { name } : false)))
    const { get, send } = await serve(
      resource('things', {
        use: [pass.initialize() as RequestHandler, pass.authenticate('basic', { session: false }) as RequestHandler],
        get: ({ user }) => user,
        '/open': { use: only(), get: () => 'open' },
      }),
    )
    const refused = await get('/things')
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Users"'])
    expect((await get('/things', basic('ann', 'wrong'))).status).toBe(401)
    expect(await (await get('/things', basic('ann', 'secret'))).json()).toEqual({ name: 'ann' })
    expect((await get('/things/open')).status).toBe(200)
    expect((await send('DELETE', '/things')).status).toBe(401)
  })

  it('helmet sets its header fields on answers and problems', async () => {
    const { get } = await serve(
      resource('things', {
        use: [helmet()],
        get: () => 1,
        '/no': {
          get: () => {
            throw forbidden()
          },
        },
      }),
    )
    for (const path of ['/things', '/things/no', '/things?format=png']) expect((await get(path)).headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('cors answers a preflight by itself, and marks the answers', async () => {
    const { get, send } = await serve(
      resource('things', { use: [cors({ origin: 'https://app.example', methods: ['GET', 'PUT'] })], get: () => 1, '/:id': { put: () => 2 } }),
    )
    const asks = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'PUT' }
    for (const path of ['/things', '/things/1']) {
      const preflight = await send('OPTIONS', path, undefined, asks)
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example')
      expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,PUT')
      expect(preflight.headers.get('allow')).toBeNull()
    }
    const answer = await get('/things', asks)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(answer.headers.get('vary')).toBe('Origin, Accept')
    const refused = await send('DELETE', '/things', undefined, asks)
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([405, 'https://app.example'])
  })

  it('runs before filters, in the order written, and only where a path is found', async () => {
    const seen: string[] = []
    const note =
      (name: string): RequestHandler =>
      (_req, _res, next) => {
        seen.push(name)
        next()
      }
    const ring = filter((_ctx, next) => {
      seen.push('filter')
      return next()
    })
    const { get } = await serve(
      resource('things', { use: [note('a'), ring, note('b')], '/x': { use: [note('c')], get: { use: [note('d')], handler: () => seen.push('handler') } } }),
    )
    await get('/things/x')
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'filter', 'handler'])
    await get('/other')
    expect(seen).toHaveLength(6)
  })

  it('may be asynchronous, end the request, or fail', async () => {
    const failure = new Error('middleware')
    const { get, errors } = await serve(
      resource('things', {
        '/waits': { use: [(_req, _res, next) => void setTimeout(next, 10)], get: () => 'waited' },
        '/ends': { use: [(_req, res) => void res.status(202).send('ended')], get: () => 'not reached' },
        '/throws': {
          use: [
            () => {
              throw failure
            },
          ],
          get: () => 1,
        },
        '/rejects': { use: [() => Promise.reject(failure)], get: () => 1 },
        '/passes': { use: [(_req, _res, next) => next(failure)], get: () => 1 },
        '/problem': { use: [(_req, _res, next) => next(forbidden('not you'))], get: () => 1 },
      }),
    )
    expect(await (await get('/things/waits')).json()).toBe('waited')
    const ended = await get('/things/ends')
    expect([ended.status, await ended.text()]).toEqual([202, 'ended'])
    for (const path of ['throws', 'rejects', 'passes']) expect((await get(`/things/${path}`)).status).toBe(500)
    expect(errors).toEqual([failure, failure, failure])
    expect(await (await get('/things/problem', { Accept: 'application/json' })).json()).toMatchObject({ status: 403, detail: 'not you' })
  })

  it('sees the parameters of the path', async () => {
    const { get } = await serve(
      resource('things', {
        '/:id': {
          use: [
            (req, res, next) => {
              res.set('X-Id', String(req.params.id))
              next()
            },
          ],
          get: () => 1,
        },
      }),
    )
    expect((await get('/things/5')).headers.get('x-id')).toBe('5')
  })
})

// The same application under Node's server as Express makes it, and under ours.
const servers: [string, ((app: Express) => ReturnType<typeof createServer>) | ((app: Express) => import('node:http').Server)][] = [
  ['createServer', (app) => createServer(app)],
  [
    'app.listen',
    (app) => {
      const server = app.listen(0, '127.0.0.1')
      const { listen } = server
      server.listen = function once(...args: unknown[]) {
        return server.listening || args[1] === '127.0.0.1' ? server : (listen as (...args: unknown[]) => typeof server).apply(server, args)
      } as typeof server.listen
      return server
    },
  ],
]

describe.each(servers)('a whole application under %s', (_name, listen) => {
  async function start() {
    const file = join(tmpdir(), `trestle-${process.pid}-${Math.random().toString(36).slice(2)}.txt`)
    await writeFile(file, 'static file '.repeat(200))
    const app = express()
    app.use(compression({ threshold: 500 }), cookieParser('secret'), session({ secret: 's', resave: false, saveUninitialized: false }))
    app.use('/static', express.static(tmpdir(), { etag: true }))

    const sub = express()
    Object.defineProperty(sub.request, 'isSub', { get: () => true })
    sub.set('etag', 'strong')
    sub.get('/plain', (req, res) => {
      res.json({ sub: (req as unknown as { isSub: boolean }).isSub, baseUrl: req.baseUrl, app: req.app === sub })
    })
    sub.use(resource('things', { get: ({ req }) => ({ sub: (req as unknown as { isSub: boolean }).isSub, baseUrl: req.baseUrl }) }))
    app.use('/sub', sub)
    app.get('/after', (req, res) => {
      res.json({ sub: (req as unknown as { isSub?: boolean }).isSub ?? false, app: req.app === app })
    })

    app.use(
      resource('things', {
        get: ({ req, res }) => {
          res.cookie('seen', 'yes', { signed: true })
          return { cookies: req.cookies, signed: { ...req.signedCookies }, ip: typeof req.ip, accepts: req.accepts('json') }
        },
        post: ({ body }) => body,
        '/long': { get: () => 'abc '.repeat(1000) },
        '/file': {
          get: ({ res }) => {
            res.sendFile(file)
            return res
          },
        },
        '/session': {
          get: ({ req }) => {
            const own = req.session as unknown as { count?: number }
            own.count = (own.count ?? 0) + 1
            return own.count
          },
        },
      }),
    )
    app.use(problems({ log: () => {} }))
    return { file, ...(await serveApp(app, listen)) }
  }

  it('keeps sub-apps, their settings and their request members', async () => {
    const { get } = await start()
    expect(await (await get('/sub/plain')).json()).toEqual({ sub: true, baseUrl: '/sub', app: true })
    const response = await get('/sub/things')
    expect(response.headers.get('etag')).toMatch(/^"/)
    expect(await response.json()).toEqual({ sub: true, baseUrl: '/sub' })
    expect(await (await get('/after')).json()).toEqual({ sub: false, app: true })
    expect((await get('/things')).headers.get('etag')).toMatch(/^W\//)
    expect((await get('/sub/nowhere')).status).toBe(404)
  })

  it('keeps express.static, with ETag, 304 and ranges', async () => {
    const { get, file } = await start()
    const path = `/static/${basename(file)}`
    const response = await get(path)
    expect([response.status, (await response.text()).slice(0, 11)]).toEqual([200, 'static file'])
    const tag = response.headers.get('etag') as string
    expect((await get(path, { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' })).status).toBe(304)
    expect(await (await get(path, { Range: 'bytes=0-5', 'Accept-Encoding': 'identity' })).text()).toBe('static')
  })

  it('keeps cookies, plain and signed, in and out', async () => {
    const { get } = await start()
    const first = await get('/things', { Cookie: 'a=b' })
    expect(await first.json()).toEqual({ cookies: { a: 'b' }, signed: {}, ip: 'string', accepts: 'json' })
    const cookie = first.headers
      .getSetCookie()
      .find((one) => one.startsWith('seen='))
      ?.split(';')[0] as string
    expect(await (await get('/things', { Cookie: cookie })).json()).toMatchObject({ signed: { seen: 'yes' } })
  })

  it('keeps sessions', async () => {
    const { get } = await start()
    const first = await get('/things/session')
    expect(await first.json()).toBe(1)
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] as string
    expect(await (await get('/things/session', { Cookie: cookie })).json()).toBe(2)
  })

  it('keeps compression', async () => {
    const { get, send } = await start()
    const long = await get('/things/long', { 'Accept-Encoding': 'gzip' })
    expect([long.headers.get('content-encoding'), long.headers.get('content-length'), long.headers.get('vary')]).toEqual([
      'gzip',
      null,
      'Accept, Accept-Encoding',
    ])
    expect(await long.json()).toBe('abc '.repeat(1000))
    const short = await get('/things', { 'Accept-Encoding': 'gzip' })
    expect(short.headers.get('content-encoding')).toBeNull()
    const head = await send('HEAD', '/things/long', undefined, { 'Accept-Encoding': 'gzip' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('keeps sendFile', async () => {
    const { get } = await start()
    const response = await get('/things/file')
    expect([response.headers.get('content-type'), (await response.text()).slice(0, 11)]).toEqual(['text/plain; charset=utf-8', 'static file'])
  })

  it('reads bodies, and answers errors as problems to its end', async () => {
    const { send, get } = await start()
    expect(await (await send('POST', '/things', { a: 1 })).json()).toEqual({ a: 1 })
    expect((await get('/nowhere')).headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })

  it('keeps connections between requests', async () => {
    const { port } = await start()
    const { Agent, request } = await import('node:http')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    for (let round = 0; round < 3; round++) {
      await new Promise<void>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/things', agent }, (response) => {
          sockets.add(response.socket.localPort)
          readText(response).then(() => resolve(), reject)
        })
          .on('error', reject)
          .end()
      })
    }
    expect(sockets.size).toBe(1)
    agent.destroy()
  })
})
