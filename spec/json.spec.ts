import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../lib/index.js'
import { parseJson } from '../lib/json.js'

const refused = (text: string, depth = 100) => {
  try {
    parseJson(text, depth)
  } catch (error) {
    return error instanceof Problem && error.status
  }
  return false
}

describe('JSON', () => {
  it('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!text.includes('__proto__'))
        expect(parseJson(text, 100)).toEqual(JSON.parse(text))
      }),
    )
    expect(() => parseJson('{', 100)).toThrow(SyntaxError)
  })

  it('is read to a depth, whatever stands in its texts', () => {
    expect(parseJson('[[[]]]', 3)).toEqual([[[]]])
    expect(refused('[[[[]]]]', 3)).toBe(400)
    expect(refused('{"a":{"b":[{}]}}', 3)).toBe(400)
    expect(parseJson('["[[[[","\\"[[[["]', 1)).toEqual(['[[[[', '"[[[['])
    expect(parseJson('[[],[],[],{},{}]', 2)).toEqual([[], [], [], {}, {}])
    expect(refused('['.repeat(1_000_000))).toBe(400)
  })

  it.each([
    '{"__proto__":1}',
    '[{"a":{"__proto__":{}}}]',
    '{"\\u005f\\u005fproto\\u005f_":1}',
    '{"constructor":{"prototype":1}}',
    '{"c\\u006fnstructor":{"prototype":{}}}',
  ])('has no key that reaches for a prototype: %s', (text) => {
    expect(refused(text)).toBe(400)
  })

  it.each(['{"constructor":1}', '{"prototype":1}', '"__proto__"', '["constructor"]', '{"a":"__proto__"}', '{"constructor":{"a":1}}', '{"constructor":null}'])(
    'may have %s',
    (text) => {
      expect(parseJson(text, 100)).toEqual(JSON.parse(text))
    },
  )
})
