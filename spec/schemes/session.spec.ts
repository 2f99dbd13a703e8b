import express, { type Request, type RequestHandler } from 'express'
import expressSession from 'express-session'
import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { resource } from '../../lib/index.js'
import { session } from '../../lib/schemes/session.js'
import { schemeContract } from '../contracts/scheme.js'
import { serve, serveApp } from '../support/serve.js'

const users = new Map([['s-1', { name: 'yoda' }]])
const byCookie = (req: Request) => users.get(/sid=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1] ?? '')

schemeContract('session', {
  make: () => session(byCookie),
  right: { Cookie: 'sid=s-1' },
  always: { 'Sec-Fetch-Site': 'same-origin' },
  // A cookie that nobody knows is no wrong credential, so there is none.
  wrong: {},
})

describe('session()', () => {
  const who = (options = {}) => serve(resource('who', { use: [authenticate(session(byCookie), options)], get: ({ user }) => user, post: ({ user }) => user }))
  const post = async (headers: Record<string, string>, options = {}) => {
    const served = await who(options)
    const answer = await served.send('POST', '/who', {}, { Cookie: 'sid=s-1', ...headers })
    return answer.status
  }

  it('believes a cookie on an unsafe verb only when the browser says that a page of this site asks', async () => {
    expect(await post({})).toBe(403)
    expect(await post({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
    expect(await post({ 'Sec-Fetch-Site': 'none' })).toBe(403)
    expect(await post({ Origin: 'https://evil.example' })).toBe(403)
    expect(await post({ Origin: 'null' })).toBe(403)
    expect(await post({ 'Sec-Fetch-Site': 'same-origin' })).toBe(200)
    expect(await post({ 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.example' })).toBe(200)
  })

  it('takes Origin where the browser says no more', async () => {
    const { base, send } = await who()
    expect((await send('POST', '/who', {}, { Cookie: 'sid=s-1', Origin: base })).status).toBe(200)
    expect((await send('POST', '/who', {}, { Cookie: 'sid=s-1', Origin: `${base}0` })).status).toBe(403)
  })

  it('takes the origins that were named', async () => {
    const options = { origins: ['https://app.example.com'] }
    expect(await post({ Origin: 'https://app.example.com', 'Sec-Fetch-Site': 'cross-site' }, options)).toBe(200)
    expect(await post({ Origin: 'https://app.example.com.evil.example' }, options)).toBe(403)
  })

  it('believes a cookie on GET, HEAD and QUERY whoever asks', async () => {
    const { send } = await serve(resource('who', { use: [authenticate(session(byCookie))], get: ({ user }) => user, query: ({ user }) => user }))
    for (const verb of ['GET', 'HEAD', 'QUERY'])
      expect((await send(verb, '/who', undefined, { Cookie: 'sid=s-1', 'Sec-Fetch-Site': 'cross-site' })).status).toBe(200)
  })

  it('reads the user that express-session keeps', async () => {
    const logIn: RequestHandler = (req, res) => {
      Object.assign(req.session, { user: { name: 'luke' } })
      res.sendStatus(204)
    }
    const app = express()
    app.use(expressSession({ secret: 'x', resave: false, saveUninitialized: false }))
    app.post('/login', logIn)
    app.use(resource('who', { use: [authenticate(session(), { anonymous: false })], get: ({ user }) => user, post: ({ user }) => user }))
    const { send, get } = await serveApp(app)
    expect((await get('/who')).status).toBe(401)
    const cookie = (await send('POST', '/login')).headers.get('set-cookie')?.split(';')[0] as string
    expect(await (await get('/who', { Cookie: cookie })).json()).toEqual({ name: 'luke' })
    expect((await send('POST', '/who', {}, { Cookie: cookie })).status).toBe(403)
    expect((await send('POST', '/who', {}, { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200)
  })

  it('refuses wrong options', () => {
    expect(() => session('user' as never)).toThrow('function')
    expect(() => session(undefined, { cookie: '' })).toThrow("'cookie'")
  })
})
