import express from 'express'
import helmet from 'helmet'
import { describe, expect, it } from 'vitest'
import { authenticate } from '../lib/filters/authenticate.js'
import { authorize } from '../lib/filters/authorize.js'
import { filter, problems, reply, resource } from '../lib/index.js'
import { middleware } from '../lib/middleware.js'
import { grants } from '../lib/permission.js'
import { basic } from '../lib/schemes/basic.js'
import { serve, serveApp } from './support/serve.js'

const byPassword = basic((name, password) => (password === 'secret' ? { name } : undefined))
const yoda = { Authorization: `Basic ${Buffer.from('yoda:secret').toString('base64')}` }
const wrong = { Authorization: `Basic ${Buffer.from('yoda:wrong').toString('base64')}` }

describe('middleware()', () => {
  it('puts authenticate around a whole app, resources and plain routes alike', async () => {
    const app = express()
    app.use(helmet(), middleware(authenticate(byPassword)))
    app.get('/plain', (req, res) => void res.json((req as { user?: unknown }).user ?? null))
    app.use(resource('notes', { use: [authorize(grants({ users: { yoda: ['resource_notes_get'] } }))], get: ({ user }) => user }))
    app.use(problems())
    const { get } = await serveApp(app)
    expect(await (await get('/plain', yoda)).json()).toEqual({ name: 'yoda' })
    expect(await (await get('/plain')).json()).toBe(null)
    expect(await (await get('/notes', yoda)).json()).toEqual({ name: 'yoda' })
    const refusal = await get('/plain', wrong)
    expect([refusal.status, refusal.headers.get('www-authenticate'), refusal.headers.get('content-type')]).toEqual([
      401,
      byPassword.challenge,
      'application/problem+json; charset=utf-8',
    ])
    // The challenge that authorize needs comes from the authenticate further out.
    expect((await get('/notes')).headers.get('www-authenticate')).toBe(byPassword.challenge)
    expect((await get('/plain', yoda)).headers.get('vary')).toContain('Authorization')
  })

  it('puts a rule around a router, with its parameters', async () => {
    const router = express.Router({ mergeParams: true })
    router.use(middleware(authorize(({ params, query }) => params.id === '7' && query.open === 'yes')))
    router.get('/', (_req, res) => void res.send('in'))
    const app = express()
    app.use('/notes/:id', router)
    const { get } = await serveApp(app)
    expect([(await get('/notes/7?open=yes')).status, (await get('/notes/8?open=yes')).status, (await get('/notes/7')).status]).toEqual([200, 401, 401])
  })

  it('lets a filter see the verb, and answer by itself in the format that the client wants', async () => {
    const { send } = await serve(middleware(filter((ctx) => reply({ verb: ctx.verb }, { status: 203, headers: { 'X-Own': '1' } }))))
    const answer = await send('PUT', '/', undefined, { Accept: 'application/xml' })
    expect([answer.status, answer.headers.get('x-own'), answer.headers.get('content-type')]).toEqual([203, '1', 'application/xml; charset=utf-8'])
    expect(await answer.text()).toContain('<verb>put</verb>')
  })

  it('gives next() back when the answer is out', async () => {
    const order: string[] = []
    const around = filter(async (ctx, next) => {
      order.push('in')
      const out = await next()
      order.push(`out ${ctx.res.statusCode}`)
      return out
    })
    const { get } = await serve(middleware(around), (_req, res) => {
      order.push('handler')
      res.status(201).send('x')
    })
    await get('/')
    await expect.poll(() => order).toEqual(['in', 'handler', 'out 201'])
  })

  it('hands errors that are no problems to Express, thrown or rejected', async () => {
    const bug = filter(() => {
      throw new Error('bug')
    })
    const late = filter(async () => Promise.reject(new Error('late')))
    const nothing = filter((() => undefined) as never)
    for (const [broken, message] of [
      [bug, 'bug'],
      [late, 'late'],
      [nothing, 'did not return a Reply'],
    ] as const) {
      const { get, errors } = await serve(middleware(broken))
      expect((await get('/')).status).toBe(500)
      expect(String(errors[0])).toContain(message)
    }
  })

  it('leaves errors of what comes after to Express', async () => {
    const { get, errors } = await serve(middleware(filter((_ctx, next) => next())), () => {
      throw new Error('after')
    })
    expect((await get('/')).status).toBe(500)
    expect(errors.map(String)).toEqual(['Error: after'])
  })

  it('answers a query that cannot be read', async () => {
    const { get } = await serve(middleware(filter((_ctx, next) => next())), (_req, res) => void res.send('in'))
    expect((await get('/?a=%')).status).toBe(400)
  })

  it('refuses what needs a named resource around it, and what is no filter', () => {
    expect(() => middleware(authorize(grants({})))).toThrow('authorize(): ')
    expect(() => middleware((() => undefined) as never)).toThrow('middleware(): a filter is needed')
  })
})
