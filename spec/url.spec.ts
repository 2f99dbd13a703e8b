import { describe, expect, it } from 'vitest'
import { Problem } from '../lib/index.js'
import { decode, originForm, readQuery } from '../lib/url.js'

describe('a query', () => {
  it('is read as a form is read', () => {
    expect({ ...readQuery('a=1&b=x+y%20z&c&d=&=e&&f=1=2') }).toEqual({ a: '1', b: 'x y z', c: '', d: '', '': 'e', f: '1=2' })
    expect({ ...readQuery('') }).toEqual({})
  })

  it('makes a list of a name that comes again', () => {
    expect({ ...readQuery('a=1&a=2&a=3&b=1&a%5b%5d=4') }).toEqual({ a: ['1', '2', '3'], b: '1', 'a[]': '4' })
  })

  it('has no prototype, so that no name is special', () => {
    const query = readQuery('__proto__=1&constructor=2&toString=3')
    expect(Object.getPrototypeOf(query)).toBeNull()
    expect(Object.entries(query)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
      ['toString', '3'],
    ])
  })

  it('of more than 1000 parameters, or with a broken percent-encoding, is a 400', () => {
    expect(Object.keys(readQuery(Array.from({ length: 1000 }, (_, i) => `p${i}`).join('&')))).toHaveLength(1000)
    for (const text of ['a&'.repeat(1001), 'a=%', '%zz', 'a=%FF']) expect(() => readQuery(text)).toThrow(Problem)
  })

  it('takes linear time', () => {
    const time = (length: number) => {
      const text = 'a'.repeat(length)
      const started = performance.now()
      readQuery(`${text}=${text}&${'&'.repeat(length)}`)
      return performance.now() - started
    }
    time(1e5)
    expect(time(1e6)).toBeLessThan(500)
  })
})

describe('the rest of a URL', () => {
  it('is percent-decoded, or a 400', () => {
    expect(decode('a')).toBe('a')
    expect(decode('%C3%A9%2F')).toBe('é/')
    expect(() => decode('%E0%A4%A')).toThrow(Problem)
  })

  it('is path and query of a whole URL too', () => {
    expect(originForm('/a?b')).toBe('/a?b')
    expect(originForm('http://x/a?b')).toBe('/a?b')
    expect(originForm('HTTPS://user@x:80/a')).toBe('/a')
    expect(originForm('http://x')).toBe('/')
    expect(originForm('http://x?a')).toBe('/?a')
    expect(originForm('*')).toBe('*')
    expect(originForm('//x/a')).toBe('//x/a')
  })
})
