import { describe, expect, it } from 'vitest'
import { hashPassword, passwordCheck, safeEqual, verifyPassword } from '../lib/password.js'

const quick = { cost: 4, parallelism: 1 }

describe('hashPassword() and verifyPassword()', () => {
  it('know the password again, and no other', async () => {
    const stored = await hashPassword('correct horse', quick)
    expect(await verifyPassword('correct horse', stored)).toBe(true)
    expect(await verifyPassword('correct horsf', stored)).toBe(false)
    expect(await verifyPassword('', stored)).toBe(false)
  })

  it('keep the parameters with the hash, and a salt of its own', async () => {
    const [one, other] = [await hashPassword('same', quick), await hashPassword('same', quick)]
    expect(one).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(one).not.toBe(other)
    expect(await hashPassword('same')).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/)
    expect(await verifyPassword('same', await hashPassword('same', { cost: 5, blockSize: 4, parallelism: 2 }))).toBe(true)
  })

  it('verify what another library hashed', async () => {
    // RFC 7914 section 12: scrypt('pleaseletmein', 'SodiumChloride', N 16384, r 8, p 1, 64)
    const key = '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887'
    const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
    const stored = `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from('SodiumChloride'))}$${unpadded(Buffer.from(key, 'hex'))}`
    expect(await verifyPassword('pleaseletmein', stored)).toBe(true)
  })

  it('take the same letters however they are composed', async () => {
    expect(await verifyPassword('re\u0301sume\u0301', await hashPassword('r\u00e9sum\u00e9', quick))).toBe(true)
  })

  it('leave the main thread free', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await hashPassword('x', { cost: 14 })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(3)
  })

  it.each(['', 'x'.repeat(1025), 'ü'.repeat(513), 7, undefined])('hash no password such as %j', async (password) => {
    await expect(hashPassword(password as string, quick)).rejects.toThrow('1024 bytes')
    expect(await verifyPassword(password as string, await hashPassword('x', quick))).toBe(false)
  })

  it.each([
    { cost: 0 },
    { cost: 21 },
    { cost: 2.5 },
    { cost: '15' },
    { cost: Number.NaN },
    { blockSize: 0 },
    { blockSize: 33 },
    { parallelism: 0 },
    { parallelism: 17 },
    { N: 2 ** 15 },
  ])('refuse wrong options: %j', async (options) => {
    await expect(hashPassword('x', options as never)).rejects.toThrow(`'${Object.keys(options)[0]}'`)
  })

  it.each(['', 'plain', '$2b$10$abcdefghijklmnopqrstuv', '$scrypt$ln=99,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g', null, undefined, 7])(
    'never take a text that is no hash: %j',
    async (stored) => {
      expect(await verifyPassword('plain', stored as never)).toBe(false)
    },
  )
})

describe('passwordCheck()', () => {
  it('gives the user whose password it is', async () => {
    const yoda = { name: 'yoda', passwordHash: await hashPassword('secret', quick) }
    const check = passwordCheck(async (name) => (name === 'yoda' ? yoda : undefined), quick)
    expect(await check('yoda', 'secret')).toBe(yoda)
    expect(await check('yoda', 'wrong')).toBeUndefined()
    expect(await check('vader', 'secret')).toBeUndefined()
  })

  it('lets in nobody without a hash, or with one that cannot be read', async () => {
    for (const hash of [undefined, null, '', 'secret']) {
      const check = passwordCheck(() => ({ hash }), { ...quick, hash: (user) => user.hash })
      expect(await check('yoda', 'secret')).toBeUndefined()
    }
  })

  it('refuses wrong options', () => {
    expect(() => passwordCheck(undefined as never)).toThrow('function')
    expect(() => passwordCheck(() => undefined, { hash: 'hash' as never })).toThrow("'hash'")
    expect(() => passwordCheck(() => undefined, { cost: 99 })).toThrow("'cost'")
  })
})

describe('safeEqual()', () => {
  it('compares texts and bytes of any length', () => {
    expect(safeEqual('secret', 'secret')).toBe(true)
    expect(safeEqual('secret', 'secreu')).toBe(false)
    expect(safeEqual('secret', 'secret longer')).toBe(false)
    expect(safeEqual('', '')).toBe(true)
    expect(safeEqual('secret', Buffer.from('secret'))).toBe(true)
  })
})
