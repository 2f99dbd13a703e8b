import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { twins } from '../lib/unique.js'

describe('twins', () => {
  it('are two places that hold equal values', () => {
    expect(twins([1, { a: 1, b: [2] }, '1', { b: [2], a: 1 }])).toEqual([3, 1])
    expect(twins([])).toBeUndefined()
    expect(twins([1n, 1, '1', 'true', true, null, 'null', [], {}, '[]', '{}'])).toBeUndefined()
  })

  it('are found where comparing each with each would find some', () => {
    const list = fc.array(fc.oneof(fc.constantFrom(0, -0, 1, '1', null, true, ''), fc.jsonValue({ maxDepth: 2 })), { maxLength: 12 })
    fc.assert(
      fc.property(list, (values) => {
        const plain = values.map((value) => JSON.parse(JSON.stringify(value)))
        const some = plain.some((one, index) => plain.slice(0, index).some((other) => isDeepStrictEqual(one, other)))
        expect(twins(values) !== undefined).toBe(some)
      }),
      { numRuns: 500 },
    )
  })
})
