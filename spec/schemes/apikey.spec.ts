import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { resource } from '../../lib/index.js'
import { safeEqual } from '../../lib/password.js'
import { apikey } from '../../lib/schemes/apikey.js'
import { schemeContract } from '../contracts/scheme.js'
import { serve } from '../support/serve.js'

const verify = (key: string) => safeEqual(key, 'k-1') && { name: 'yoda' }

schemeContract('apikey', {
  make: () => apikey({ verify }),
  right: { 'X-API-Key': 'k-1' },
  wrong: { 'an unknown key': { 'X-API-Key': 'k-2' }, 'an empty key': { 'X-API-Key': '' }, 'two keys': { 'X-API-Key': 'k-1, k-1' } },
})

schemeContract('apikey in a field of another name', {
  make: () => apikey({ header: 'Robot', verify: async (key) => verify(key) }),
  right: { robot: 'k-1' },
  wrong: { 'an unknown key': { Robot: 'k-2' } },
})

describe('apikey()', () => {
  it('reads the query where it must, exactly one key, and reserves its name', async () => {
    const scheme = apikey({ query: 'key', verify })
    const { get } = await serve(resource('who', { use: [authenticate(scheme)], get: ({ user }) => user ?? null }))
    expect(await (await get('/who?key=k-1')).json()).toEqual({ name: 'yoda' })
    expect(await (await get('/who')).json()).toBe(null)
    const refusals = ['/who?key=', '/who?key=k-2', '/who?key=k-1&key=k-1']
    expect(await Promise.all(refusals.map(async (path) => (await get(path)).status))).toEqual([401, 401, 401])
    expect(authenticate(scheme).describe?.({} as never)).toMatchObject({
      reserves: ['key'],
      security: { apikey: { type: 'apiKey', in: 'query', name: 'key' } },
    })
  })

  it('leaves a field alone that is not its own', async () => {
    const { get } = await serve(resource('who', { use: [authenticate(apikey({ verify }))], get: ({ user }) => user ?? null }))
    // Somebody in front of us may have asked for it.
    expect((await get('/who', { Authorization: 'Basic eDp5' })).status).toBe(200)
  })

  it.each([
    [{ verify: undefined }, "'verify'"],
    [{ verify, header: 'X', query: 'x' }, "'query'"],
    [{ verify, header: '' }, "'header'"],
    [{ verify, header: 'X Key' }, "'header'"],
    [{ verify, header: 7 }, "'header'"],
    [{ verify, query: '' }, "'query'"],
    [{ verify, query: 7 }, "'query'"],
  ])('refuses wrong options: %j', (options, word) => {
    expect(() => apikey(options as never)).toThrow(word)
  })
})
