import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decimal } from '../lib/index.js'
import { toWire } from '../lib/wire.js'

class Point {
  #hidden = 1
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  get sum(): number {
    return this.x + this.y + this.#hidden
  }
}

describe('data on its way to the wire', () => {
  it('is given back as it is where it is plain already', () => {
    for (const data of [1, 'a', true, null, undefined, [], {}, { a: [1, { b: null }] }, Object.create(null)]) expect(toWire(data)).toBe(data)
  })

  it('has no dates, big integers, maps and sets', () => {
    expect(toWire({ at: new Date(0), n: 5n, map: new Map([['a', new Date(0)]]), set: new Set([1, 2n]) })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      n: 5,
      map: { a: '1970-01-01T00:00:00.000Z' },
      set: [1, 2],
    })
    expect(toWire(new Date(Number.NaN))).toBeNull()
  })

  it('never has a rounded big integer', () => {
    expect(toWire([2n ** 53n - 1n, 2n ** 53n, -(2n ** 64n)])).toEqual([9007199254740991, '9007199254740992', '-18446744073709551616'])
    expect(toWire([1n, 2n ** 53n], true)).toEqual([1, 2n ** 53n])
  })

  it('keeps decimals and bytes for formats that can write them', () => {
    const decimal = new Decimal('0.10')
    const bytes = new Uint8Array([1])
    const buffer = Buffer.from('a')
    expect(toWire({ decimal, bytes, buffer })).toEqual({ decimal, bytes, buffer })
    expect((toWire([decimal]) as unknown[])[0]).toBe(decimal)
  })

  it('is what toJSON says, as deep as it says it', () => {
    expect(toWire({ a: { toJSON: (key: string) => ({ key, at: new Date(0) }) } })).toEqual({ a: { key: 'a', at: '1970-01-01T00:00:00.000Z' } })
    expect(toWire([{ toJSON: (key: string) => key }])).toEqual(['0'])
    const self = { toJSON: () => self }
    expect(toWire(self)).toBe(self)
  })

  it('is made of the own members of an object, whatever its class', () => {
    const made = toWire({ point: new Point(1, 2) }) as { point: object }
    expect(made).toEqual({ point: { x: 1, y: 2 } })
    expect(Object.getPrototypeOf(made.point)).toBe(Object.prototype)
    expect(toWire([Object('s'), Object(1), Object(false)])).toEqual(['s', 1, false])
  })

  it('leaves out what JSON leaves out, and has null where a list has nothing', () => {
    expect(JSON.stringify(toWire({ a: () => 1, b: Symbol('b'), c: undefined, d: [undefined, () => 1, Symbol('x')] }))).toBe('{"d":[null,null,null]}')
    expect(toWire([undefined, 1])).toEqual([null, 1])
  })

  it('never changes what it was given', () => {
    const inner = Object.freeze({ at: new Date(0) })
    const data = Object.freeze({ inner, list: Object.freeze([inner, 1n]) })
    expect(toWire(data)).toEqual({ inner: { at: '1970-01-01T00:00:00.000Z' }, list: [{ at: '1970-01-01T00:00:00.000Z' }, 1] })
    expect(inner.at).toBeInstanceOf(Date)
  })

  it('may hold one thing twice, but nothing may hold itself', () => {
    const shared = { at: new Date(0) }
    expect(toWire([shared, { shared }])).toEqual([{ at: '1970-01-01T00:00:00.000Z' }, { shared: { at: '1970-01-01T00:00:00.000Z' } }])
    const circle: unknown[] = [{}]
    ;(circle[0] as { back: unknown }).back = circle
    expect(() => toWire(circle)).toThrow('contains itself')
    const map = new Map<string, unknown>()
    map.set('map', { map })
    expect(() => toWire(map)).toThrow()
  })

  it('keeps a member named __proto__ a member', () => {
    const data = JSON.parse('{"__proto__":{"a":1},"b":2}')
    data.at = new Date(0)
    const made = toWire(data) as object
    expect(Object.keys(made)).toEqual(['__proto__', 'b', 'at'])
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
  })

  it('is what JSON.stringify would have seen', () => {
    const anything = fc.anything({ withDate: true, withBoxedValues: true, withNullPrototype: true, withSparseArray: true, withObjectString: true })
    fc.assert(
      fc.property(anything, (data) => {
        expect(JSON.stringify(toWire(data))).toBe(JSON.stringify(data))
      }),
      { numRuns: 500 },
    )
  })
})
