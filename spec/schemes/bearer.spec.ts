import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { resource } from '../../lib/index.js'
import { refused } from '../../lib/scheme.js'
import { type BearerVerify, bearer } from '../../lib/schemes/bearer.js'
import { schemeContract } from '../contracts/scheme.js'
import { serve } from '../support/serve.js'

const verify: BearerVerify = (token) => {
  if (token === 'old') return refused('The token has "expired" – sorry.')
  return token === 'aA0-._~+/==' ? { name: 'yoda' } : undefined
}

schemeContract('bearer', {
  make: () => bearer(verify),
  right: { Authorization: 'Bearer aA0-._~+/==' },
  wrong: {
    'an unknown token': { Authorization: 'Bearer aA0' },
    'an old token': { Authorization: 'Bearer old' },
    'another scheme': { Authorization: 'Token aA0-._~+/==' },
  },
  malformed: {
    'no token': { Authorization: 'Bearer' },
    'two tokens': { Authorization: 'Bearer aA0 aA0' },
    'a list': { Authorization: 'Bearer aA0, Bearer aA0' },
    quotes: { Authorization: 'Bearer "aA0"' },
    'padding inside': { Authorization: 'Bearer a=b' },
  },
})

describe('bearer()', () => {
  const who = (options = {}) => serve(resource('who', { use: [authenticate(bearer(verify, options), { anonymous: false })], get: ({ user }) => user }))
  const challenge = async (authorization?: string) => {
    const { get } = await who({ realm: 'house' })
    const answer = await get('/who', authorization === undefined ? {} : { Authorization: authorization })
    return [answer.status, answer.headers.get('www-authenticate')]
  }

  it('answers as RFC 6750 section 3.1 says', async () => {
    expect(await challenge()).toEqual([401, 'Bearer realm="house"'])
    expect(await challenge('Bearer nobody')).toEqual([401, 'Bearer realm="house", error="invalid_token", error_description="The token is not valid."'])
    expect(await challenge('Bearer')).toEqual([400, 'Bearer realm="house", error="invalid_request", error_description="The bearer token is malformed."'])
  })

  it('tells why, in the letters that the field can hold', async () => {
    expect(await challenge('Bearer old')).toEqual([401, 'Bearer realm="house", error="invalid_token", error_description="The token has ?expired? ? sorry."'])
  })

  it('never takes a token from the query', async () => {
    const { get } = await who()
    expect((await get('/who?access_token=aA0-._~+/==')).status).toBe(401)
  })

  it('says in documents what a token looks like', () => {
    expect(bearer(verify, { format: 'opaque' }).security).toEqual({ type: 'http', scheme: 'bearer', bearerFormat: 'opaque' })
  })

  it('refuses wrong options', () => {
    expect(() => bearer(undefined as never)).toThrow('function')
    expect(() => bearer(verify, { realm: '' })).toThrow("'realm'")
  })
})
