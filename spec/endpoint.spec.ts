import { describe, expect, it } from 'vitest'
import { created, endpoint, filter, json, type Mapper, resource, xml } from '../lib/index.js'
import { serve } from './support/serve.js'

describe('an endpoint', () => {
  it('is a bare function, an object with a handler, or made by endpoint(), all the same', async () => {
    const { send } = await serve(
      resource('things', {
        get: ({ verb }) => verb,
        post: { summary: 'Add', handler: ({ verb }) => verb },
        put: endpoint({ summary: 'Replace', handler: ({ verb }) => verb }),
      }),
    )
    for (const method of ['GET', 'POST', 'PUT']) expect(await (await send(method, '/things')).json()).toBe(method.toLowerCase())
  })

  it('has options of its own', async () => {
    const own: Mapper = { name: 'own', types: ['text/x-own'], format: () => 'own' }
    const stamp = filter((ctx, next) => {
      ctx.res.set('X-Stamp', ctx.verb)
      return next()
    })
    const { get, send } = await serve(
      resource('things', {
        mappers: [json, xml],
        get: endpoint({ mapper: own, use: [stamp], etag: false, handler: () => 1 }),
        put: endpoint({ mappers: [json], handler: () => 1 }),
        post: () => created(),
      }),
    )
    const response = await get('/things')
    expect([response.headers.get('content-type'), response.headers.get('x-stamp'), response.headers.get('etag')]).toEqual([
      'text/x-own; charset=utf-8',
      'get',
      null,
    ])
    expect((await send('PUT', '/things', undefined, { Accept: 'application/xml' })).status).toBe(406)
    expect((await send('POST', '/things')).headers.get('x-stamp')).toBeNull()
  })

  it('reads the body of a GET or DELETE only where it asks for one', async () => {
    const { send } = await serve(resource('things', { delete: endpoint({ request: { body: 'raw' }, handler: ({ body }) => body?.toString() }) }))
    expect(await (await send('DELETE', '/things', 'abc')).json()).toBe('abc')
  })
})
