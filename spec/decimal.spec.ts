import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNumber } from '../lib/decimal.js'
import { Decimal } from '../lib/index.js'

describe('a decimal', () => {
  it('keeps its digits, and counts as the nearest double', () => {
    const decimal = new Decimal('0.10000000000000000001')
    expect(String(decimal)).toBe('0.10000000000000000001')
    expect(+decimal).toBe(0.1)
    expect(JSON.stringify({ decimal })).toBe('{"decimal":0.1}')
    expect(decimal > new Decimal('0.05')).toBe(true)
  })

  it.each(['', ' 1', '01', '+1', '.5', '1.', '1e', '0x1', 'NaN', 'Infinity', '1,5', '--1', '1_0'])('is not made of %j', (text) => {
    expect(() => new Decimal(text)).toThrow(SyntaxError)
    expect(readNumber(text)).toBeUndefined()
  })
})

describe('a numeral', () => {
  it.each([
    ['0', 0],
    ['-1', -1],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['0.1', 0.1],
    ['1.50', 1.5],
    ['1e3', 1000],
    ['0.10000000000000000001', new Decimal('0.10000000000000000001')],
    ['1e400', new Decimal('1e400')],
    ['1e-400', new Decimal('1e-400')],
    ['0.0e-400', 0],
    ['1'.repeat(1001), new Decimal('1'.repeat(1001))],
  ])('%s is read exactly', (text, value) => {
    expect(readNumber(text)).toEqual(value)
  })

  it('that JSON wrote is the number it was', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(String(readNumber(JSON.stringify(value))))).toBe(value === 0 ? 0 : value)
      }),
    )
  })
})
