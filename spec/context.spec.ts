import express from 'express'
import { describe, expect, it } from 'vitest'
import { type Context, filter, resource } from '../lib/index.js'
import { serve, serveApp } from './support/serve.js'

describe('the context of a request', () => {
  it('has the query parameters, a repeated one as a list, without a prototype', async () => {
    const { get } = await serve(resource('things', { get: ({ query }) => ({ query, proto: Object.getPrototypeOf(query) }) }))
    expect(await (await get('/things?a=1&b=x+y&b=%C3%A9&c&=d')).json()).toEqual({ query: { a: '1', b: ['x y', 'é'], c: '', '': 'd' }, proto: null })
    expect(await (await get('/things')).json()).toEqual({ query: {}, proto: null })
    expect(await (await get('/things?__proto__=1&constructor=2')).text()).toContain('"__proto__":"1"')
  })

  it("does not depend on Express's query parser", async () => {
    for (const parser of [false, 'simple', 'extended']) {
      const app = express()
      app.set('query parser', parser)
      app.use(resource('things', { get: ({ query }) => query }))
      const { get } = await serveApp(app)
      expect(await (await get('/things?a[b]=1&a[b]=2')).json()).toEqual({ 'a[b]': ['1', '2'] })
    }
  })

  it('has the header fields, the resource, the verb and meta', async () => {
    const { get } = await serve(resource('things', { meta: { a: 1 }, get: ({ headers, resource, verb, meta }) => [headers['x-own'], resource, verb, meta] }))
    expect(await (await get('/things', { 'X-Own': 'yes' })).json()).toEqual(['yes', 'things', 'get', { a: 1 }])
  })

  it('has the user that a filter or Express middleware found, also as req.user', async () => {
    const login = filter((ctx, next) => {
      ctx.user = { name: 'ann' } as object
      return next()
    })
    const { get } = await serve(
      (req, _res, next) => {
        Object.assign(req, { user: { name: 'bob' } })
        next()
      },
      resource('things', { get: ({ user }) => user, '/login': { use: [login], get: ({ user, req }) => [user, (req as { user?: object }).user] } }),
    )
    expect(await (await get('/things')).json()).toEqual({ name: 'bob' })
    expect(await (await get('/things/login')).json()).toEqual([{ name: 'ann' }, { name: 'ann' }])
  })

  it('lets filters replace query, headers and params', async () => {
    const replace = filter((ctx, next) => {
      ctx.query = { b: '2' }
      ctx.headers = { 'x-b': '3' }
      ctx.params = { id: '4' }
      return next()
    })
    const { get } = await serve(resource('things', { use: [replace], '/:id': { get: ({ query, headers, params }) => [query, headers, params] } }))
    expect(await (await get('/things/1?a=1')).json()).toEqual([{ b: '2' }, { 'x-b': '3' }, { id: '4' }])
  })

  it('makes URLs of the resource, where it is mounted, without the host', async () => {
    const app = express()
    const places = { get: ({ url }: Context) => [url(), url('/:id', { id: 'a b/c' }), url('/:id/:n', { id: 1, n: 0 })] }
    app.use('/api', resource('things', { ...places, '/:id': { get: (ctx: Context) => ctx.url('/:id/x') } }))
    app.use('/own', resource(places))
    app.use(resource({ ...places, path: '/' }))
    const { get } = await serveApp(app)
    expect(await (await get('/api/things', { Host: 'evil.example' })).json()).toEqual(['/api/things', '/api/things/a%20b%2Fc', '/api/things/1/0'])
    expect(await (await get('/api/things/7')).json()).toBe('/api/things/7/x')
    expect(await (await get('/own')).json()).toEqual(['/own', '/own/a%20b%2Fc', '/own/1/0'])
    expect(await (await get('/')).json()).toEqual(['/', '/a%20b%2Fc', '/1/0'])
  })

  it('throws where a URL lacks a parameter', async () => {
    const { get, errors } = await serve(resource('things', { get: ({ url }) => url('/:id') }))
    expect((await get('/things')).status).toBe(500)
    expect(errors).toEqual([new RangeError("url(): the path /:id needs a value for ':id'.")])
  })

  it('has a signal that does not abort where the answer was read to its end', async () => {
    let signal: AbortSignal | undefined
    const { get } = await serve(
      resource('things', {
        get: (ctx) => {
          signal = ctx.signal
          return ctx.signal === signal
        },
      }),
    )
    expect(await (await get('/things')).json()).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(signal?.aborted).toBe(false)
  })
})
