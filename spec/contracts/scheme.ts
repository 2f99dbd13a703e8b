// Scheme contract: what every way to say who is calling has to do behind authenticate(), for schemes of ours and of others.
import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { resource } from '../../lib/index.js'
import type { Scheme } from '../../lib/scheme.js'
import { serve } from '../support/serve.js'

/** Header fields of a request; those of a list have the same fate. */
export type Credentials = Record<string, string>

/** A scheme that knows exactly one user, whose `name` is yoda. */
export interface SchemeCase {
  make(): Scheme
  right: Credentials
  /** Credentials of this kind that are wrong: 401. */
  wrong: Record<string, Credentials>
  /** Credentials that cannot be read: 400. */
  malformed?: Record<string, Credentials>
  /** Sent with every request. */
  always?: Credentials
}

/** The suite. */
export function schemeContract(name: string, { make, right, wrong, malformed = {}, always = {} }: SchemeCase): void {
  const whoami = { get: ({ user }: { user: unknown }) => user ?? null, post: ({ user }: { user: unknown }) => user ?? null }
  const open = () => serve(resource('who', { use: [authenticate(make())], ...whoami }))
  const closed = () => serve(resource('who', { use: [authenticate(make(), { anonymous: false })], ...whoami }))

  describe(`the scheme ${name}`, () => {
    it('knows the user', async () => {
      const { get, send } = await closed()
      expect(await (await get('/who', { ...always, ...right })).json()).toMatchObject({ name: 'yoda' })
      expect(await (await send('POST', '/who', {}, { ...always, ...right })).json()).toMatchObject({ name: 'yoda' })
    })

    it('lets a request without credentials go on without a user', async () => {
      const { get } = await open()
      const answer = await get('/who', always)
      expect([answer.status, await answer.json()]).toEqual([200, null])
    })

    it('challenges a request without credentials where nobody is anonymous', async () => {
      const { get } = await closed()
      const answer = await get('/who', always)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe(make().challenge)
      expect(answer.headers.get('content-type')).toContain('problem+json')
    })

    it('keeps every answer out of shared caches, and says by what it varies', async () => {
      const { get } = await open()
      for (const headers of [always, { ...always, ...right }, { ...always, ...Object.values(wrong)[0] }]) {
        const answer = await get('/who', headers)
        expect(answer.headers.get('cache-control')).toBe('private')
        for (const field of make().fields) expect(answer.headers.get('vary')?.split(', ')).toContain(field)
      }
    })

    it.each(Object.entries(wrong))('never forgives wrong credentials: %s', async (_, headers) => {
      for (const served of [await open(), await closed()]) {
        const answer = await served.get('/who', { ...always, ...headers })
        expect(answer.status).toBe(401)
        expect(answer.headers.get('www-authenticate')).toContain(make().challenge)
        expect(served.errors).toEqual([])
      }
    })

    if (Object.keys(malformed).length > 0) {
      it.each(Object.entries(malformed))('refuses what cannot be read: %s', async (_, headers) => {
        const { get } = await open()
        const answer = await get('/who', { ...always, ...headers })
        expect(answer.status).toBe(400)
        expect(answer.headers.get('www-authenticate')).toContain(make().challenge)
      })
    }

    it('describes itself to documents', () => {
      const filter = authenticate(make(), { anonymous: false })
      const place = { resource: 'who', base: '/who', path: '/', verb: 'get', permission: undefined, meta: {} }
      expect(filter.describe?.(place)).toMatchObject({ security: { [make().name]: make().security }, optional: false, responses: { 401: expect.any(String) } })
    })
  })
}
