import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { resource } from '../../lib/index.js'
import { jwt } from '../../lib/jwt.js'
import type { JwtOptions } from '../../lib/schemes/jwt.js'
import { schemeContract } from '../contracts/scheme.js'
import { serve } from '../support/serve.js'

const secret = 'a secret that is long enough for HS256'
const common = { issuer: 'house', audience: 'contacts' }
const bySecret: JwtOptions = { ...common, key: secret, algorithms: ['HS256'], user: ({ sub }) => ({ name: sub }) }

const token = (
  claims: { [Name in keyof JWTPayload]?: JWTPayload[Name] | undefined } = {},
  key: unknown = new TextEncoder().encode(secret),
  header: { alg: string; kid?: string } = { alg: 'HS256' },
) =>
  new SignJWT({ iss: 'house', aud: 'contacts', sub: 'yoda', exp: Math.floor(Date.now() / 1000) + 60, ...claims } as JWTPayload)
    .setProtectedHeader(header)
    .sign(key as Parameters<SignJWT['sign']>[0])

const header = (text: string) => ({ Authorization: `Bearer ${text}` })
const encoded = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url')
const unsigned = `${encoded({ alg: 'none' })}.${encoded({ iss: 'house', aud: 'contacts', sub: 'yoda', exp: 9e9 })}.`

schemeContract('jwt', {
  make: () => jwt(bySecret),
  right: header(await token()),
  wrong: {
    'no token at all': header('abc'),
    'algorithm none': header(unsigned),
    'another secret': header(await token({}, new TextEncoder().encode('another secret that is long enough'))),
    'an algorithm that is not on the list': header(await token({}, new TextEncoder().encode(secret.repeat(2)), { alg: 'HS512' })),
    'another issuer': header(await token({ iss: 'hut' })),
    'another audience': header(await token({ aud: 'photos' })),
    'an old token': header(await token({ exp: Math.floor(Date.now() / 1000) - 60 })),
    'a token that is not yet good': header(await token({ nbf: Math.floor(Date.now() / 1000) + 60 })),
    'a token for ever': header(await token({ exp: undefined })),
    'a token of nobody': header(await token({ sub: undefined })),
    'a changed token': header((await token()).replace(/.\./, 'x.')),
  },
})

describe('jwt()', () => {
  let pair: Awaited<ReturnType<typeof generateKeyPair>>
  beforeAll(async () => {
    pair = await generateKeyPair('ES256', { extractable: true })
  })
  const ask = async (options: JwtOptions, text: string) => {
    const { get } = await serve(resource('who', { use: [authenticate(jwt(options))], get: ({ user }) => user ?? null }))
    return get('/who', header(text))
  }

  it('says that a token has expired', async () => {
    const answer = await ask(bySecret, await token({ exp: 1 }))
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api", error="invalid_token", error_description="The token has expired."')
  })

  it('makes nobody a superuser because a claim says so', async () => {
    const { user: _, ...options } = bySecret
    const answer = await ask(options, await token({ superuser: true }))
    expect(await answer.json()).toEqual({ id: 'yoda', claims: expect.objectContaining({ superuser: true }) })
  })

  it('takes a public key as PEM, CryptoKey or JWK', async () => {
    const text = await token({}, pair.privateKey, { alg: 'ES256' })
    for (const key of [await exportSPKI(pair.publicKey), pair.publicKey, await exportJWK(pair.publicKey)]) {
      expect((await ask({ ...common, key, algorithms: ['ES256'] }, text)).status).toBe(200)
      // The public key is no secret: who signs with it is nobody.
      const forged = await token({}, new TextEncoder().encode(await exportSPKI(pair.publicKey)))
      expect((await ask({ ...common, key, algorithms: ['ES256'] }, forged)).status).toBe(401)
    }
  })

  it('refuses a token whose algorithm is taken but does not fit the key', async () => {
    const rsa = await generateKeyPair('RS256')
    const text = await token({}, rsa.privateKey, { alg: 'RS256' })
    expect((await ask({ ...common, key: pair.publicKey, algorithms: ['ES256', 'RS256'] }, text)).status).toBe(401)
  })

  it('finds the key in a set by its id', async () => {
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }] }
    const options: JwtOptions = { ...common, jwks, algorithms: ['ES256'] }
    expect((await ask(options, await token({}, pair.privateKey, { alg: 'ES256', kid: 'one' }))).status).toBe(200)
    expect((await ask(options, await token({}, pair.privateKey, { alg: 'ES256', kid: 'two' }))).status).toBe(401)
  })

  it('fetches a set; where that cannot be had it is 503, not a wrong token', async () => {
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }] }
    const server = createServer((_, res) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify(jwks))).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    const text = await token({}, pair.privateKey, { alg: 'ES256', kid: 'one' })
    expect((await ask({ ...common, jwks: url, algorithms: ['ES256'] }, text)).status).toBe(200)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    const answer = await ask({ ...common, jwks: new URL(url), algorithms: ['ES256'] }, text)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  })

  it.each([
    [{ key: undefined }, "'key'"],
    [{ jwks: { keys: [] } }, "'jwks'"],
    [{ key: 'short' }, "'key'"],
    [{ key: 7 }, "'key'"],
    [{ key: {} }, "'key'"],
    [{ key: '-----BEGIN PUBLIC KEY-----\nx' }, "'key'"],
    [{ key: { kty: 'EC' } }, "'key'"],
    [{ algorithms: undefined }, "'algorithms'"],
    [{ algorithms: [] }, "'algorithms'"],
    [{ algorithms: ['none'] }, "'algorithms'"],
    [{ algorithms: ['HS256', 'none'] }, "'algorithms'"],
    [{ algorithms: ['HS256', 'RS256'] }, "'algorithms'"],
    [{ algorithms: ['RS256'] }, "'key'"],
    [{ algorithms: 'HS256' }, "'algorithms'"],
    [{ issuer: undefined }, "'issuer'"],
    [{ issuer: [] }, "'issuer'"],
    [{ audience: undefined }, "'audience'"],
    [{ audience: '' }, "'audience'"],
    [{ requiredClaims: 'exp' }, "'requiredClaims'"],
    [{ clockTolerance: -1 }, "'clockTolerance'"],
    [{ clockTolerance: '5s' }, "'clockTolerance'"],
    [{ user: 'sub' }, "'user'"],
    [{ algorithm: 'HS256' }, "'algorithm'"],
    [{ key: undefined, jwks: 'http://id.example.com/jwks', algorithms: ['ES256'] }, "'jwks'"],
    [{ key: undefined, jwks: {}, algorithms: ['ES256'] }, "'jwks'"],
    [{ key: undefined, jwks: 'https://id.example.com/jwks' }, "'algorithms'"],
  ])('refuses wrong options: %j', (wrong, word) => {
    expect(() => jwt({ ...bySecret, ...wrong } as never)).toThrow(word)
  })
})
