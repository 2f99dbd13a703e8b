import { describe, expect, it } from 'vitest'
import { Decimal } from '../lib/index.js'
import { rounded } from '../lib/round.js'

describe('rounded data', () => {
  it('has doubles where numbers were exact, and the way back', () => {
    const data = { n: 2n ** 60n, list: [1n, { d: new Decimal('0.10000000000000000001') }], text: 'a', at: null }
    const made = rounded(data)
    expect(made?.data).toEqual({ n: 2 ** 60, list: [1, { d: 0.1 }], text: 'a', at: null })
    expect(made?.restore()).toEqual(data)
    expect(made?.restore()).not.toBe(data)
    expect(rounded(5n)?.data).toBe(5)
    expect(rounded(5n)?.restore()).toBe(5n)
  })

  it('is none where nothing is exact', () => {
    for (const data of [1, 'a', null, undefined, {}, [1, { a: 'b' }], new Uint8Array(1)]) expect(rounded(data)).toBeUndefined()
  })

  it('keeps a member named __proto__ a member', () => {
    expect(JSON.stringify(rounded(Object.assign(JSON.parse('{"__proto__":1}'), { n: 1n }))?.data)).toBe('{"__proto__":1,"n":1}')
  })
})
