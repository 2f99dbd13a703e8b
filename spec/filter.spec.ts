import { describe, expect, it } from 'vitest'
import { badRequest, Filter, filter, notFound, type Reply, reply, resource } from '../lib/index.js'
import { serve } from './support/serve.js'

describe('a filter', () => {
  it('may answer by itself, and the handler does not run', async () => {
    let ran = 0
    const { get } = await serve(resource('things', { use: [filter(() => reply('cached', { status: 203 }))], get: () => ++ran }))
    const response = await get('/things')
    expect([response.status, await response.json(), ran]).toEqual([203, 'cached', 0])
  })

  it('sees and may change the data of the Reply, whatever the handler gave', async () => {
    const double = filter(async (_ctx, next) => {
      const out = await next()
      out.data = [out.data, out.data]
      return out
    })
    const { get } = await serve(
      resource('things', {
        use: [double],
        get: () => 1,
        '/reply': { get: () => reply(2, { status: 203 }) },
        '/async': { get: async () => 3 },
        '/none': { get: () => undefined },
      }),
    )
    expect(await (await get('/things')).json()).toEqual([1, 1])
    const other = await get('/things/reply')
    expect([other.status, await other.json()]).toEqual([203, [2, 2]])
    expect(await (await get('/things/async')).json()).toEqual([3, 3])
  })

  it('may be synchronous all the way', async () => {
    const mark = filter((_ctx, next) => {
      const out = next() as Reply<{ a: number; marked?: boolean }>
      out.data.marked = true
      return out
    })
    const { get } = await serve(resource('things', { use: [mark], get: () => ({ a: 1 }) }))
    expect(await (await get('/things')).json()).toEqual({ a: 1, marked: true })
  })

  it('may throw a problem, before or after', async () => {
    const after = filter(async (_ctx, next) => {
      const { data } = await next()
      if (data === null) throw notFound()
      return reply(data)
    })
    const { get } = await serve(
      resource('things', {
        use: [after],
        get: () => null,
        '/before': {
          use: [
            filter(() => {
              throw badRequest()
            }),
          ],
          get: () => 1,
        },
      }),
    )
    expect((await get('/things')).status).toBe(404)
    expect((await get('/things/before')).status).toBe(400)
  })

  it('may catch what the handler throws', async () => {
    const rescue = filter(async (_ctx, next) => {
      try {
        return await next()
      } catch (error) {
        return reply(`rescued: ${(error as Error).message}`)
      }
    })
    const { get } = await serve(
      resource('things', {
        use: [rescue],
        get: async () => {
          throw new Error('a')
        },
        '/sync': {
          get: () => {
            throw new Error('b')
          },
        },
      }),
    )
    expect(await (await get('/things')).json()).toBe('rescued: a')
    expect(await (await get('/things/sync')).json()).toBe('rescued: b')
  })

  it.each([[undefined], [null], [1], [{ data: 1 }]])('is a bug where it returns no Reply: %j', async (value) => {
    const broken = filter(() => value as never, { name: 'broken' })
    const promised = filter(async () => value as never, { name: 'promised' })
    const { get, errors } = await serve(resource('things', { get: { use: [broken], handler: () => 1 }, '/p': { get: { use: [promised], handler: () => 1 } } }))
    expect((await get('/things')).status).toBe(500)
    expect((await get('/things/p')).status).toBe(500)
    expect(errors.map((error) => (error as Error).message)).toEqual([
      "The filter 'broken' did not return a Reply; return what next() gave, or reply(data).",
      "The filter 'promised' did not return a Reply; return what next() gave, or reply(data).",
    ])
  })

  it('has the name of its function, or the one it is given', () => {
    const timed = (_ctx: unknown, next: () => Reply | Promise<Reply>) => next()
    expect(filter(timed).name).toBe('timed')
    expect(filter(timed, { name: 'other' }).name).toBe('other')
    expect(filter((_ctx, next) => next()).name).toBe('filter')
    expect(filter(timed)).toBeInstanceOf(Filter)
    expect(() => filter(5 as never)).toThrow('a function (ctx, next) is needed')
  })

  it('may refuse a place when the resource is made', () => {
    const picky = filter((_ctx, next) => next(), {
      check: ({ resource: name, verb, path }) => {
        if (name === undefined) throw new TypeError(`picky needs a name for ${verb} ${path}`)
      },
    })
    expect(() => resource('things', { use: [picky], get: () => 1 })).not.toThrow()
    expect(() => resource({ use: [picky], '/:id': { put: () => 1 } })).toThrow('picky needs a name for put /:id')
  })

  it('keeps a handler alone that answers by itself', async () => {
    const pass = filter(async (_ctx, next) => next())
    const { get } = await serve(resource('things', { use: [pass], get: ({ res }) => res.send('own') }))
    expect(await (await get('/things')).text()).toBe('own')
  })
})
