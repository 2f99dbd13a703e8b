import { describe, expect, it } from 'vitest'
import { filter, mapError, mix, notFound, only, resource } from '../lib/index.js'
import { serve } from './support/serve.js'

const stamp = (name: string) =>
  filter((ctx, next) => {
    ctx.res.append('X-Stamp', name)
    return next()
  })

describe('mix', () => {
  it('joins path by path and verb by verb; a later one wins', async () => {
    const first = { get: () => 'first', post: () => 'first', '/:id': { get: () => 'first', put: () => 'first' } }
    const second = { get: () => 'second', '/:id': { put: () => 'second' }, '/extra': { get: () => 'second' } }
    const { send } = await serve(resource('things', mix(first, second)))
    const ask = async (method: string, path: string) => (await send(method, path)).json()
    expect(await ask('GET', '/things')).toBe('second')
    expect(await ask('POST', '/things')).toBe('first')
    expect(await ask('GET', '/things/1')).toBe('first')
    expect(await ask('PUT', '/things/1')).toBe('second')
    expect(await ask('GET', '/things/extra')).toBe('second')
  })

  it('adds use up, level by level', async () => {
    const { get } = await serve(
      resource(
        'things',
        mix({ use: [stamp('a')], '/x': { use: [stamp('c')], get: () => 1 } }, { use: [stamp('b')], '/x': { use: [stamp('d')] } }, { meta: {} }),
      ),
    )
    expect((await get('/things/x')).headers.get('x-stamp')).toBe('a, b, c, d')
  })

  it('lets only() drop what stood before, and be added to', async () => {
    const outer = { use: [stamp('outer')] }
    const { get } = await serve(
      resource('things', {
        ...outer,
        ...mix({ '/x': { use: [stamp('a')], get: () => 1 } }, { '/x': { use: only([stamp('b')]) } }, { '/x': { use: [stamp('c')] } }),
      }),
    )
    expect((await get('/things/x')).headers.get('x-stamp')).toBe('b, c')
  })

  it('puts later errors first and lays meta over', async () => {
    class A extends Error {}
    const definition = mix(
      { errors: [mapError(Error, () => notFound('first'))], meta: { a: 1, b: 1 } },
      { errors: [mapError(A, () => notFound('second'))], meta: { b: 2 } },
      {
        get: ({ meta }: { meta: object }) => meta,
        post: () => {
          throw new A()
        },
      },
    )
    const { get, send } = await serve(resource('things', definition))
    expect(await (await get('/things')).json()).toEqual({ a: 1, b: 2 })
    expect(await (await send('POST', '/things')).json()).toMatchObject({ detail: 'second' })
  })

  it('leaves what it is given as it was', () => {
    const first = Object.freeze({ use: Object.freeze([]), get: () => 1, '/x': Object.freeze({ get: () => 1 }) })
    const second = Object.freeze({ use: Object.freeze([]), '/x': Object.freeze({ put: () => 1 }) })
    expect(Object.keys(mix(first, second)['/x'])).toEqual(['get', 'put'])
    expect(Object.keys(first['/x'])).toEqual(['get'])
  })
})
