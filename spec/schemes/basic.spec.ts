import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { resource } from '../../lib/index.js'
import { type BasicCheck, basic } from '../../lib/schemes/basic.js'
import { schemeContract } from '../contracts/scheme.js'
import { serve } from '../support/serve.js'

const header = (pair: string | Buffer) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const good = Buffer.from('yoda:secret').toString('base64')
const check: BasicCheck = (name, password) => (name === 'yoda' && password === 'secret' ? { name } : undefined)

schemeContract('basic', {
  make: () => basic(check, { realm: 'the "house"' }),
  right: header('yoda:secret'),
  wrong: {
    'a wrong password': header('yoda:Secret'),
    'an unknown user': header('vader:secret'),
    'no colon': header('yoda'),
    'nothing at all': { Authorization: 'Basic' },
    'a second token': { Authorization: `Basic ${good} x` },
    'a list': { Authorization: `Basic ${good}, Basic ${good}` },
    'junk inside the base64': { Authorization: `Basic ${good.slice(0, 3)}!${good.slice(3)}` },
    base64url: { Authorization: `Basic ${Buffer.from('yoda:??>>').toString('base64url')}` },
    'missing padding': { Authorization: `Basic ${Buffer.from('yoda:secre').toString('base64').replace(/=/g, '')}` },
    'bits behind the last letter': { Authorization: 'Basic eW9kYTpzZWNyZX==' },
    'a zero byte': header('yoda:secret\0'),
    'a control character in the name': header('yo\tda:secret'),
    'bytes that are no UTF-8': header(Buffer.from('yoda:secr\xe9t', 'latin1')),
    'a byte order mark': header('\ufeffyoda:secret'),
    'a password over 1 KB': header(`yoda:${'x'.repeat(1025)}`),
    'another scheme': { Authorization: 'Digest username="yoda"' },
    quotes: { Authorization: `Basic "${good}"` },
  },
})

describe('basic()', () => {
  const ask = async (check: BasicCheck) => {
    const { get } = await serve(resource('who', { use: [authenticate(basic(check))], get: ({ user }) => user ?? null }))
    return (headers: Record<string, string>) => get('/who', headers)
  }

  it('parts name and password at the first colon, and reads UTF-8', async () => {
    const get = await ask((name, password) => ({ name, password }))
    expect(await (await get(header('yoda:a:b:'))).json()).toEqual({ name: 'yoda', password: 'a:b:' })
    expect(await (await get(header('jürgen:pässwörd €'))).json()).toEqual({ name: 'jürgen', password: 'pässwörd €' })
    expect(await (await get(header(':'))).json()).toEqual({ name: '', password: '' })
  })

  it('takes the name of the scheme in any case, and spaces after it', async () => {
    const get = await ask(check)
    for (const spelling of ['basic', 'BASIC', 'Basic  ', 'bAsIc   ']) expect((await get({ Authorization: `${spelling} ${good}` })).status).toBe(200)
  })

  it('says the same of an unknown user and of a wrong password', async () => {
    const get = await ask(check)
    const [one, other] = [await get(header('vader:secret')), await get(header('yoda:wrong'))]
    expect(await one.text()).toBe(await other.text())
    expect(one.headers.get('content-length')).toBe(other.headers.get('content-length'))
  })

  it('does not ask the check about a password over 1 KB', async () => {
    const asked: string[] = []
    const get = await ask((name) => {
      asked.push(name)
      return { name }
    })
    expect((await get(header(`yoda:${'x'.repeat(1025)}`))).status).toBe(401)
    expect((await get(header(`yoda:${'ü'.repeat(513)}`))).status).toBe(401)
    expect(asked).toEqual([])
    expect((await get(header(`yoda:${'x'.repeat(1024)}`))).status).toBe(200)
  })

  it('takes nothing but an object for a user: true would be nobody', async () => {
    for (const found of [true, 'yoda', 1]) {
      const served = await serve(resource('who', { use: [authenticate(basic(() => found as never))], get: () => 'in' }))
      expect((await served.get('/who', header('a:b'))).status).toBe(500)
      expect(String(served.errors[0])).toContain('basic(): the check gives the user')
    }
    for (const found of [undefined, null, false]) expect((await (await ask(() => found))(header('a:b'))).status).toBe(401)
  })

  it('hands on what the check throws', async () => {
    const served = await serve(resource('who', { use: [authenticate(basic(() => Promise.reject(new Error('no database'))))], get: () => 'in' }))
    expect((await served.get('/who', header('a:b'))).status).toBe(500)
    expect(String(served.errors[0])).toContain('no database')
  })

  it('refuses two Authorization fields, of which Node would take the first', async () => {
    const { raw } = await serve(resource('who', { use: [authenticate(basic(check))], get: () => 'in' }))
    const answer = await raw(`GET /who HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${good}\r\nauthorization: Basic ${good}\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
  })

  it.each([
    [undefined, {}, 'function'],
    ['secret', {}, 'function'],
    [check, { realm: '' }, "'realm'"],
    [check, { realm: 'Häuser' }, "'realm'"],
    [check, { realm: 'a\r\nb' }, "'realm'"],
    [check, { realm: 7 }, "'realm'"],
  ])('refuses wrong options: %s %j', (wrong, options, word) => {
    expect(() => basic(wrong as never, options as never)).toThrow(word)
  })
})
