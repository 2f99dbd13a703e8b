import express from 'express'
import expressSession from 'express-session'
import helmet from 'helmet'
import passport, { type PassportStatic } from 'passport'
import { BasicStrategy } from 'passport-http'
import { describe, expect, it } from 'vitest'
import { type AuthenticateOptions, authenticate } from '../../lib/filters/authenticate.js'
import { crud, endpoint, filter, memory, mix, only, reply, resource } from '../../lib/index.js'
import { refused, type Scheme } from '../../lib/scheme.js'
import { apikey } from '../../lib/schemes/apikey.js'
import { basic } from '../../lib/schemes/basic.js'
import { bearer } from '../../lib/schemes/bearer.js'
import { session } from '../../lib/schemes/session.js'
import { serve, serveApp } from '../support/serve.js'

const byPassword = basic((name, password) => (password === 'secret' ? { name } : undefined))
const byToken = bearer((token) => (token === 't-1' ? { name: 'robot' } : undefined))
const yoda = { Authorization: `Basic ${Buffer.from('yoda:secret').toString('base64')}` }
const wrong = { Authorization: `Basic ${Buffer.from('yoda:wrong').toString('base64')}` }

const who = (schemes: Scheme | Scheme[], options?: AuthenticateOptions) =>
  serve(resource('who', { use: [authenticate(schemes, options)], get: ({ user }) => user ?? null, post: ({ user }) => user ?? null }))

describe('authenticate()', () => {
  it('sets the user on the context and on the request', async () => {
    const { get } = await serve(resource('who', { use: [authenticate(byPassword)], get: ({ user, req }) => [user, (req as { user?: unknown }).user] }))
    expect(await (await get('/who', yoda)).json()).toEqual([{ name: 'yoda' }, { name: 'yoda' }])
  })

  it('asks the schemes in order; the first that knows the user wins', async () => {
    const { get } = await who([byPassword, byToken, bearer((token) => ({ name: token }), { name: 'second' })])
    expect(await (await get('/who', yoda)).json()).toEqual({ name: 'yoda' })
    expect(await (await get('/who', { Authorization: 'Bearer t-1' })).json()).toEqual({ name: 'robot' })
    expect(await (await get('/who', { Authorization: 'Bearer t-2' })).json()).toEqual({ name: 't-2' })
  })

  it('challenges with every scheme, and tells what was wrong with the one that was tried', async () => {
    const { get } = await who([byPassword, byToken, apikey({ verify: () => undefined })], { anonymous: false })
    const [one, two, three] = ['Basic realm="api", charset="UTF-8"', 'Bearer realm="api"', 'ApiKey header="X-API-Key"']
    expect((await get('/who')).headers.get('www-authenticate')).toBe(`${one}, ${two}, ${three}`)
    expect((await get('/who', { Authorization: 'Bearer x' })).headers.get('www-authenticate')).toBe(
      `${one}, ${two}, error="invalid_token", error_description="The token is not valid.", ${three}`,
    )
  })

  it('refuses an Authorization that no scheme reads, even where anonymous is welcome', async () => {
    const { get } = await who(byToken)
    expect((await get('/who', yoda)).status).toBe(401)
    expect((await get('/who', { Authorization: '' })).status).toBe(401)
  })

  it('never forgives wrong credentials by a later filter that asks for less', async () => {
    const { get } = await serve(resource('who', { use: [authenticate(byPassword)], get: { use: [authenticate(byToken)], handler: () => 'in' } }))
    expect((await get('/who', wrong)).status).toBe(401)
  })

  it('finds the user once, when it stands at two levels', async () => {
    let times = 0
    const counting = basic((name) => {
      times++
      return { name }
    })
    const { get } = await serve(
      resource('who', { use: [authenticate(counting)], get: { use: [authenticate(counting, { anonymous: false })], handler: ({ user }) => user } }),
    )
    expect((await get('/who', { ...yoda, Cookie: 'a=b' })).status).toBe(200)
    expect(times).toBe(1)
  })

  it('believes what it found itself at an outer level, though there is also a cookie', async () => {
    const key = apikey({ verify: (name) => ({ name }) })
    const { send } = await serve(resource('who', { use: [authenticate(key)], post: { use: [authenticate(byPassword)], handler: ({ user }) => user } }))
    expect((await send('POST', '/who', {}, { 'X-API-Key': 'r2d2', Cookie: 'a=b', 'Sec-Fetch-Site': 'cross-site' })).status).toBe(200)
  })

  it('lets in nobody who is not active', async () => {
    for (const active of [false, 0, null, '']) {
      const { get } = await who(basic((name) => ({ name, active })))
      expect((await get('/who', yoda)).status).toBe(401)
    }
    for (const active of [true, 1, undefined]) expect((await (await who(basic((name) => ({ name, active })))).get('/who', yoda)).status).toBe(200)
  })

  it('runs no scheme where only([]) stands, for a log-in', async () => {
    const { get } = await serve(
      resource('who', { use: [authenticate(byPassword, { anonymous: false })], get: () => 'in', '/login': { use: only([]), get: () => 'log in' } }),
    )
    expect((await get('/who')).status).toBe(401)
    expect((await get('/who/login')).status).toBe(200)
  })

  it('comes after 405, and before the body is read', async () => {
    const { send } = await who(byPassword, { anonymous: false })
    expect((await send('DELETE', '/who')).status).toBe(405)
    expect((await send('POST', '/who', '{', { 'Content-Type': 'application/json' })).status).toBe(401)
    expect((await send('OPTIONS', '/who')).status).toBe(204)
  })

  it('leaves Cache-Control and Vary to a handler that sets them', async () => {
    const { get } = await serve(
      resource('who', {
        use: [authenticate(byPassword)],
        get: ({ res }) => {
          res.setHeader('Cache-Control', 'no-store')
          return 1
        },
        '/reply': { get: () => reply(1, { headers: { 'Cache-Control': 'public, max-age=60' } }) },
        '/before': {
          use: [
            (_req, res, next) => {
              res.setHeader('Cache-Control', 'no-cache')
              next()
            },
          ],
          get: () => 1,
        },
      }),
    )
    const caching = async (path: string) => (await get(path)).headers.get('cache-control')
    expect([await caching('/who'), await caching('/who/reply'), await caching('/who/before')]).toEqual(['no-store', 'public, max-age=60', 'no-cache'])
  })

  it('goes on synchronously where no scheme has to wait', async () => {
    let order = ''
    const watch = filter((_ctx, next) => {
      order += 'a'
      const out = next()
      order += out instanceof Promise ? 'p' : 'b'
      return out
    })
    const { get } = await serve(resource('who', { use: [watch, authenticate([byPassword, session(() => undefined)])], get: () => 1 }))
    await get('/who')
    expect(order).toBe('ab')
  })

  it('lets a scheme of the application refuse with words and a challenge of its own', async () => {
    const own: Scheme = {
      name: 'own',
      challenge: 'Own',
      fields: ['X-Own'],
      security: { type: 'http', scheme: 'own' },
      authenticate: ({ req }) => (req.headers['x-own'] === undefined ? undefined : refused('Not today.', { challenge: 'Own day="another"' })),
    }
    const { get } = await who(own)
    const answer = await get('/who', { 'X-Own': '1' })
    expect([answer.status, answer.headers.get('www-authenticate'), ((await answer.json()) as { detail: string }).detail]).toEqual([
      401,
      'Own day="another"',
      'Not today.',
    ])
  })

  it('describes a list of schemes, any of which will do', () => {
    const description = authenticate([byPassword, session()]).describe?.({} as never)
    expect(description).toEqual({
      responses: { 400: 'The credentials cannot be read.', 401: 'The credentials are wrong.', 403: expect.any(String) },
      security: { basic: { type: 'http', scheme: 'basic' }, session: { type: 'apiKey', in: 'cookie', name: 'connect.sid' } },
      optional: true,
    })
  })

  it.each([
    [undefined, {}, "'schemes'"],
    [null, {}, "'schemes'"],
    [[], {}, "'schemes'"],
    ['basic', {}, "'schemes'"],
    [basic, {}, "'schemes'"],
    [{}, {}, "'schemes'"],
    [[byPassword, undefined], {}, "'schemes'"],
    [[byPassword, byPassword], {}, "'basic'"],
    [{ ...byPassword, name: 7 }, {}, "'schemes'"],
    [{ ...byPassword, challenge: undefined }, {}, "'schemes'"],
    [{ ...byPassword, fields: 'Authorization' }, {}, "'schemes'"],
    [{ ...byPassword, authenticate: undefined }, {}, "'schemes'"],
    [byPassword, { anonymous: 'no' }, "'anonymous'"],
    [byPassword, { anonymous: 0 }, "'anonymous'"],
    [byPassword, { anonymous: null }, "'anonymous'"],
    [byPassword, { anonymus: false }, "'anonymus'"],
    [byPassword, { origins: 'https://a.example' }, "'origins'"],
    [byPassword, { origins: ['a.example'] }, "'origins'"],
    [byPassword, { origins: ['https://a.example/'] }, "'origins'"],
    [byPassword, { origins: ['*'] }, "'origins'"],
    [byPassword, { origins: [7] }, "'origins'"],
  ])('refuses wrong options: %j %j', (schemes, options, word) => {
    expect(() => authenticate(schemes as never, options as never)).toThrow(word)
  })
})

describe('authenticate() beside plain Express middleware', () => {
  // A passport of its own for each spec.
  const withPassport = () => {
    const own = new (passport as unknown as { Passport: new () => PassportStatic }).Passport()
    own.use(new BasicStrategy((name, password, done) => done(null, password === 'secret' ? { name } : false)))
    own.serializeUser((user, done) => done(null, (user as { name: string }).name))
    own.deserializeUser((name, done) => done(null, { name }))
    return own
  }

  it('takes the user that a passport strategy in use has found', async () => {
    const own = withPassport()
    const { get } = await serve(
      resource('who', {
        use: [helmet(), own.authenticate('basic', { session: false }), authenticate(session(), { anonymous: false })],
        get: ({ user }) => user,
      }),
    )
    const answer = await get('/who', yoda)
    expect([answer.status, await answer.json()]).toEqual([200, { name: 'yoda' }])
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await get('/who', wrong)).status).toBe(401)
  })

  it('takes the user that passport carries in a session, and believes it on unsafe verbs only from the same site', async () => {
    const own = withPassport()
    const app = express()
    app.use(helmet(), expressSession({ secret: 'x', resave: false, saveUninitialized: false }), own.session())
    app.post('/login', own.authenticate('basic'), (_req, res) => void res.sendStatus(204))
    app.use(resource('who', { use: [authenticate([session(), byToken], { anonymous: false })], get: ({ user }) => user, post: ({ user }) => user }))
    const { get, send, base } = await serveApp(app)
    const cookie = (await send('POST', '/login', undefined, yoda)).headers.get('set-cookie')?.split(';')[0] as string
    expect(await (await get('/who', { Cookie: cookie })).json()).toEqual({ name: 'yoda' })
    const post = async (headers: Record<string, string>) => (await send('POST', '/who', {}, headers)).status
    expect(await post({ Cookie: cookie })).toBe(403)
    expect(await post({ Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
    expect(await post({ Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' })).toBe(200)
    expect(await post({ Cookie: cookie, Origin: base })).toBe(200)
    // Behind a proxy with a password the browser sends that too, whoever made it ask.
    expect(await post({ Cookie: cookie, ...yoda })).toBe(403)
    expect(await post({})).toBe(401)
    expect(await post({ Authorization: 'Bearer t-1' })).toBe(200)
  })

  it('takes a user without a cookie for what it is, whatever found it', async () => {
    const found: express.RequestHandler = (req, _res, next) => {
      Object.assign(req, { user: { name: 'robot' } })
      next()
    }
    const { send } = await serve(found, resource('who', { use: [authenticate(session(), { anonymous: false })], post: ({ user }) => user }))
    expect((await send('POST', '/who', {})).status).toBe(200)
  })
})

describe('a key in the query', () => {
  it('is no unknown parameter to what stands behind', async () => {
    const keyed = { use: [authenticate(apikey({ query: 'key', verify: (key) => (key === 'k' ? { name: 'robot' } : undefined) }))] }
    const served = await serve(
      resource(
        'rows',
        mix(
          crud(memory([{ id: 1 }], { schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'], additionalProperties: false } })),
          keyed,
        ),
      ),
      resource('strict', {
        ...keyed,
        get: endpoint({ request: { query: { type: 'object', properties: {}, additionalProperties: false } }, handler: ({ user }) => user }),
      }),
    )
    expect((await served.get('/rows?key=k')).status).toBe(200)
    expect(await (await served.get('/strict?key=k')).json()).toEqual({ name: 'robot' })
    expect((await served.get('/strict?key=k&other=1')).status).toBe(400)
  })
})
