import fc from 'fast-check'
import Type from 'typebox'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AnswerError, Decimal, type Output, type Schema } from '../lib/index.js'
import { compileShape, listShape, shapeless } from '../lib/shape.js'

const shape = (schema: object | boolean, output: Output = 'check') => compileShape(schema as Schema, output, 'here')
/** What goes out as JSON. */
const written = (schema: object | boolean, data: unknown, output?: Output) => {
  const { prepare, stringify } = shape(schema, output)
  return stringify(prepare(data, true))
}
/** What goes to other formats. */
const prepared = (schema: object | boolean, data: unknown, output?: Output) => shape(schema, output).prepare(data, false)
const faults = (schema: object | boolean, data: unknown, output?: Output) => {
  try {
    written(schema, data, output)
  } catch (error) {
    return error instanceof AnswerError ? error.faults.map(({ pointer, code }) => `${pointer} ${code}`) : error
  }
  return []
}

const closed = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } }, required: ['id'], additionalProperties: false }

describe('an answer that is checked', () => {
  it('is stripped of what closed objects do not know, in every format', () => {
    const data = { id: 1, name: 'a', hash: 'x' }
    expect(written(closed, data)).toBe('{"id":1,"name":"a"}')
    expect(prepared(closed, data)).toEqual({ id: 1, name: 'a' })
    expect(data).toHaveProperty('hash')
    expect(written({ type: 'array', items: closed }, [data])).toBe('[{"id":1,"name":"a"}]')
    expect(written({ type: 'object', properties: { inner: closed } }, { inner: data, more: { hash: 1 } })).toBe(
      '{"inner":{"id":1,"name":"a"},"more":{"hash":1}}',
    )
  })

  it('keeps what open objects hold beside what they name', () => {
    for (const additionalProperties of [undefined, true, {}, { type: 'integer' }]) {
      const schema = { type: 'object', properties: { id: { type: 'integer' } }, ...(additionalProperties !== undefined && { additionalProperties }) }
      expect(JSON.parse(written(schema, { id: 1, more: 2 }))).toEqual({ id: 1, more: 2 })
      expect(prepared(schema, { id: 1, more: 2 })).toEqual({ id: 1, more: 2 })
    }
  })

  it('that is wrong is refused, with pointers', () => {
    expect(faults(closed, { id: '1', name: 5 })).toEqual(['/id type', '/name type'])
    expect(faults(closed, {})).toEqual(['/id required'])
    expect(faults({ type: 'array', items: closed }, [{ id: 1 }, { id: null }])).toEqual(['/1/id type'])
    expect(() => prepared(closed, { id: '1' })).toThrow('here: the answer does not match its schema: /id must be integer')
    const error = new AnswerError(
      'here',
      Array.from({ length: 7 }, (_, n) => ({ pointer: `/${n}`, code: 'x', detail: 'is wrong' })),
    )
    expect(error.message).toMatch(/\/4 is wrong; and 2 more$/)
    expect(error.name).toBe('AnswerError')
  })

  it('is wire data before it is checked', () => {
    const at = {
      type: 'object',
      properties: {
        at: { type: 'string', format: 'date-time' },
        n: { type: 'integer' },
        map: { type: 'object' },
        set: { type: 'array', items: { type: 'integer' } },
      },
    }
    const data = { at: new Date(0), n: 5n, map: new Map([['a', 1]]), set: new Set([1]) }
    expect(JSON.parse(written(at, data))).toEqual({ at: '1970-01-01T00:00:00.000Z', n: 5, map: { a: 1 }, set: [1] })
    expect(written(closed, { toJSON: () => ({ id: 1, hash: 1 }) })).toBe('{"id":1}')
    expect(faults(at, { at: new Date(Number.NaN) })).toEqual(['/at type'])
    expect(faults(at, { n: Number.NaN })).toEqual(['/n type'])
  })

  it('may hold numbers that no double holds', () => {
    const n = { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false }
    expect(written(n, { n: 2n ** 60n })).toBe('{"n":1152921504606846976}')
    expect(written({ type: 'object', properties: { n: { type: 'string' } } }, { n: 2n ** 60n })).toBe('{"n":"1152921504606846976"}')
    expect(written({ type: 'object', properties: { n: { type: 'number' } } }, { n: new Decimal('0.10') })).toBe('{"n":0.1}')
    expect(prepared({ type: 'object', properties: { n: { type: 'number' } } }, { n: new Decimal('0.10') })).toEqual({ n: new Decimal('0.10') })
    expect(faults(n, { n: new Decimal('0.5') })).toEqual(['/n type'])
  })

  it('shows nothing that its class inherits', () => {
    class Row {
      id = 1
      get name(): string {
        return 'inherited'
      }
    }
    expect(written(closed, new Row())).toBe('{"id":1}')
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf']
    const schema = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])), additionalProperties: false }
    for (const output of ['check', 'strip'] as const) {
      expect(written(schema, {}, output)).toBe('{}')
      expect(written(schema, JSON.parse('{"__proto__":"a","constructor":"b","x":1}'), output)).toBe('{"constructor":"b"}')
    }
  })

  it('has the defaults of what is missing', () => {
    const schema = {
      type: 'object',
      properties: { a: { default: 1 }, b: { type: 'object', properties: { c: { type: 'string', default: 'x' } } } },
      required: ['a'],
    }
    expect(written(schema, { b: {} })).toBe('{"b":{"c":"x"},"a":1}')
    const data = Object.freeze({ b: Object.freeze({}) })
    expect(prepared(schema, data)).toEqual({ a: 1, b: { c: 'x' } })
    const list = { properties: { l: { default: [] as number[] } } }
    ;(prepared(list, {}) as { l: number[] }).l.push(1)
    expect(prepared(list, {})).toEqual({ l: [] })
  })

  it('fits one of several branches, and is stripped to the one it was made for', () => {
    const a = { type: 'object', properties: { kind: { const: 'a' }, n: { type: 'integer' } }, required: ['kind'], additionalProperties: false }
    const b = { type: 'object', properties: { kind: { const: 'b' }, s: { $ref: '#/$defs/text' } }, required: ['kind'], additionalProperties: false }
    for (const keyword of ['anyOf', 'oneOf']) {
      const schema = { [keyword]: [a, b, { type: 'null' }], $defs: { text: { type: 'string' } } }
      expect(written(schema, { kind: 'b', s: 'x', n: 1, hash: 1 })).toBe('{"kind":"b","s":"x"}')
      expect(written(schema, { kind: 'a', s: 'x', n: 1 })).toBe('{"kind":"a","n":1}')
      expect(written(schema, null)).toBe('null')
      expect(faults(schema, { kind: 'c' })).not.toEqual([])
      // Where nothing fits, what was meant is a guess, but what no branch knows does not get out.
      expect(written(schema, { kind: 'b', s: 5, hash: 1 }, 'strip')).toBe('{"kind":"b","s":5}')
    }
  })

  it.each<[string, object]>([
    ['a $ref', { $ref: '#/$defs/row', $defs: { row: closed } }],
    ['an anchor', { $ref: '#row', $defs: { row: { $anchor: 'row', ...closed } } }],
    ['the name of a part', { $ref: 'Row', $defs: { row: { $id: 'Row', ...closed } } }],
    ['allOf', { allOf: [closed, { minProperties: 1 }] }],
    ['unevaluatedProperties', { allOf: [{ properties: { id: { type: 'integer' } } }], properties: { name: {} }, unevaluatedProperties: false }],
    ['patterns', { type: 'object', patternProperties: { '^(id|name)$': {} }, additionalProperties: false }],
    ['unevaluatedProperties and patterns', { allOf: [{ patternProperties: { '^(id|name)$': {} } }], unevaluatedProperties: false }],
  ])('is closed by %s', (_, schema) => {
    expect(JSON.parse(written(schema, { id: 1, name: 'a', hash: 'x' }))).toEqual({ id: 1, name: 'a' })
    const { $defs, ...items } = schema as { $defs?: object }
    expect(JSON.parse(written({ type: 'array', items, ...($defs && { $defs }) }, [{ id: 1, hash: 'x' }]))).toEqual([{ id: 1 }])
  })

  it('may go in circles, and have places of their own', () => {
    const tree = { type: 'object', properties: { n: { type: 'integer' }, all: { type: 'array', items: { $ref: '#' } } }, additionalProperties: false }
    expect(written(tree, { n: 1, x: 1, all: [{ n: 2, x: 2, all: [{ n: 3, x: 3 }] }] })).toBe('{"n":1,"all":[{"n":2,"all":[{"n":3}]}]}')
    expect(faults(tree, { all: [{ all: [{ n: 'x' }] }] })).toEqual(['/all/0/all/0/n type'])
    const tuple = { type: 'array', prefixItems: [closed, {}], items: closed }
    expect(written(tuple, [{ id: 1, x: 1 }, { x: 1 }, { id: 2, x: 1 }])).toBe('[{"id":1},{"x":1},{"id":2}]')
    const chosen = {
      type: 'object',
      properties: { next: { anyOf: [{ type: 'null' }, { $ref: '#' }] }, n: { type: 'integer' } },
      additionalProperties: false,
    }
    expect(written(chosen, { n: 1, x: 1, next: { n: 2, x: 1, next: null } })).toBe('{"n":1,"next":{"n":2,"next":null}}')
  })

  it('is counted as it goes out', () => {
    const most = { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false, maxProperties: 1, minProperties: 1 }
    expect(written(most, { a: 1, b: 2 })).toBe('{"a":1}')
    expect(faults(most, { b: 2 })).toEqual([' minProperties'])
    const unique = {
      type: 'array',
      items: { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false },
      uniqueItems: true,
    }
    expect(
      faults(unique, [
        { a: 1, b: 1 },
        { a: 1, b: 2 },
      ]),
    ).toEqual([' uniqueItems'])
    const listed = { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false, enum: [{ a: 1 }] }
    expect(written(listed, { a: 1, b: 2 })).toBe('{"a":1}')
  })

  it('is no place for what is neither true nor there', () => {
    expect(faults(false, 1)).toEqual([' false'])
    expect(written(true, { a: 1 })).toBe('{"a":1}')
    expect(written({}, { a: 1 })).toBe('{"a":1}')
    expect(written({ type: 'object', properties: { a: false, b: {} } }, { a: 1, b: 2 })).toBe('{"b":2}')
  })

  it('is not changed by what a check fills in', () => {
    const data = Object.freeze({ a: Object.freeze({}) })
    const schema = { if: true, else: false, dependentSchemas: { a: { properties: { b: { default: 1 } } } } }
    expect(written(schema, data)).toBe('{"a":{}}')
  })
})

describe('an answer that is only stripped', () => {
  it('is not checked', () => {
    expect(written(closed, { id: 1, name: 5, hash: 1 }, 'strip')).toBe('{"id":1,"name":"5"}')
    expect(prepared(closed, { id: 'x', name: 5, hash: 1 }, 'strip')).toEqual({ id: 'x', name: 5 })
    expect(written({ ...closed, minProperties: 5 }, { id: 'x', hash: 1 }, 'strip')).toBe('{"id":"x"}')
  })
})

describe('an answer that is trusted', () => {
  it('goes out as it is, and its schema still tells what it is', () => {
    expect(written(closed, { id: 'x', hash: 1 }, 'trust')).toBe('{"id":"x","hash":1}')
    expect(prepared(closed, { at: new Date(0) }, 'trust')).toEqual({ at: '1970-01-01T00:00:00.000Z' })
    expect(shape(closed, 'trust').schema).toBe(closed)
    expect(shape(z.object({}), 'trust').schema).toMatchObject({ type: 'object' })
  })
})

describe('a broken schema', () => {
  it.each(['check', 'strip', 'trust'] as const)('is refused at once, whatever is done with it: %s', (output) => {
    for (const broken of [{ type: 'sting' }, { type: 'object', properties: null }, { type: 'object', properties: { a: 1 } }, { type: 'object', required: 'a' }])
      expect(() => shape(broken, output)).toThrow(/^here: /)
    for (const none of [null, 'x', [], 5]) expect(() => shape(none as never, output)).toThrow(/^here: /)
  })
})

describe('an answer without a schema', () => {
  it('goes out as JSON writes it', () => {
    expect(shapeless.stringify(shapeless.prepare({ at: new Date(0), n: 2n ** 60n }, true))).toBe('{"at":"1970-01-01T00:00:00.000Z","n":"1152921504606846976"}')
    expect(shapeless.prepare({ at: new Date(0) }, false)).toEqual({ at: '1970-01-01T00:00:00.000Z' })
    const circle: Record<string, unknown> = {}
    circle.circle = circle
    expect(() => shapeless.stringify(circle)).toThrow(TypeError)
  })
})

describe('an answer described by zod', () => {
  const row = z.object({ id: z.int(), name: z.string().optional(), at: z.iso.datetime().optional() })

  it('is stripped, changed and checked by it', () => {
    expect(written(row, { id: 1, hash: 'x' })).toBe('{"id":1}')
    expect(prepared(row, { id: 1, hash: 'x' })).toEqual({ id: 1 })
    expect(faults(row, { id: 'x', name: 1 })).toEqual(['/id invalid_type', '/name invalid_type'])
    expect(written(z.object({ n: z.string().transform(Number) }), { n: '5', hash: 1 })).toBe('{"n":5}')
  })

  it('may be asked for what is in memory or for what is on the wire', () => {
    expect(written(z.object({ at: z.date() }), { at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}')
    expect(written(row, { id: 1, at: new Date(0) })).toBe('{"id":1,"at":"1970-01-01T00:00:00.000Z"}')
    expect(faults(row, { id: 'x', at: new Date(0) })).toEqual(['/id invalid_type'])
  })

  it('may be waited for', async () => {
    const slow = compileShape(z.object({ id: z.int().refine(async (id) => id > 0) }), 'check', 'here')
    expect(await slow.prepare({ id: 1, hash: 1 }, true)).toEqual({ id: 1 })
    await expect(slow.prepare({ id: 0 }, true)).rejects.toThrow(AnswerError)
  })

  it('is stripped even where it is wrong, if that can be done', () => {
    expect(prepared(row, { id: 'x', hash: 1 }, 'strip')).toEqual({ id: 'x' })
    const unsayable = z.object({ at: z.date() })
    expect(faults(unsayable, { at: 'x', hash: 1 }, 'strip')).toEqual(['/at invalid_type'])
  })

  it('is a list where a list is given, told by places', async () => {
    const list = listShape(compileShape(row, 'check', 'here'), 'here')
    expect(list.stringify(list.prepare([{ id: 1, hash: 1 }, { id: 2 }], true))).toBe('[{"id":1},{"id":2}]')
    expect(list.stringify(list.prepare([], true))).toBe('[]')
    expect(list.schema).toMatchObject({ type: 'array', items: { type: 'object' } })
    expect(() => list.prepare([{ id: 1 }, { id: 'x' }, { id: 2, name: 1 }], true)).toThrow('/1/id Invalid input: expected number, received string; /2/name')
    const slow = listShape(compileShape(z.object({ id: z.int().refine(async (id) => id > 0) }), 'check', 'here'), 'here')
    expect(await slow.prepare([{ id: 1 }], true)).toEqual([{ id: 1 }])
    await expect(slow.prepare([{ id: 1 }, { id: 0 }], true)).rejects.toThrow('/1/id')
    const broken = listShape({ ...shapeless, prepare: () => Promise.reject(new Error('broken')) }, 'here')
    await expect(broken.prepare([1], true)).rejects.toThrow('broken')
  })
})

describe('an answer described by TypeBox', () => {
  it('is one described by a JSON Schema', () => {
    const row = Type.Object(
      { id: Type.Integer(), tags: Type.Array(Type.String()), kind: Type.Union([Type.Literal('a'), Type.Literal('b')]) },
      { additionalProperties: false },
    )
    expect(written(row, { id: 1, tags: ['x'], kind: 'a', hash: 1 })).toBe('{"id":1,"tags":["x"],"kind":"a"}')
    expect(faults(row, { id: 1, tags: ['x'], kind: 'c' })).toContain('/kind anyOf')
    const node = Type.Cyclic({ Node: Type.Object({ n: Type.Integer(), next: Type.Optional(Type.Ref('Node')) }, { additionalProperties: false }) }, 'Node')
    expect(written(node, { n: 1, x: 1, next: { n: 2, x: 1 } })).toBe('{"n":1,"next":{"n":2}}')
  })
})

// Schemas of the plain core and beyond it, each with data that fits, some of it beyond what closed objects know; and what must come out.
interface Sample {
  schema: Record<string, unknown>
  data: unknown
  out: unknown
}

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '\n', '\u0000', '\u2028', '\ud800', 'a\udc00b', '"\ud83d', '</script>', '\u007f', 'é🙂', 'x'.repeat(60), `${'y'.repeat(50)}"`),
)
const scalar: fc.Arbitrary<Sample> = fc.oneof(
  texts.map((data) => ({ schema: { type: 'string' }, data, out: data })),
  texts.map((data) => ({ schema: { type: 'string', format: 'unknown', minLength: 0 }, data, out: data })),
  fc
    .constantFrom(
      ['date', '2026-01-02'],
      ['date-time', '2026-01-02T03:04:05Z'],
      ['time', '03:04:05Z'],
      ['email', 'a"b"@example.org'.replaceAll('"', '')],
      ['uuid', '00000000-0000-4000-8000-000000000000'],
      ['uri-reference', 'a%22b'],
      ['regex', '"[\\\\]"'],
    )
    .map(([format, data]) => ({
      schema: { type: 'string', format },
      data,
      out: data,
    })),
  fc
    .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
    .map((data) => ({ schema: { type: 'string', format: 'date-time' }, data, out: data.toISOString() })),
  fc
    .oneof(fc.maxSafeInteger(), fc.constantFrom(0, -0, 2 ** 53, 2 ** 63, -(2 ** 70), 1e21, 1e300))
    .map((data) => ({ schema: { type: 'integer' }, data, out: data })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((data) => ({ schema: { type: 'number' }, data, out: data })),
  fc.boolean().map((data) => ({ schema: { type: 'boolean' }, data, out: data })),
  fc.constant({ schema: { type: 'null' }, data: null, out: null }),
  texts.map((data) => ({ schema: { type: ['string', 'null'] }, data, out: data })),
  texts.map((data) => ({ schema: { enum: [data, 1] }, data, out: data })),
  texts.map((data) => ({ schema: { type: 'string', enum: [data] }, data, out: data })),
  fc.jsonValue().map((data) => ({ schema: {}, data, out: data })),
)
// Ajv cannot be told of these two: a member named __proto__ is none to it, and half a letter is no part of a pointer.
const names = fc
  .oneof(fc.string(), fc.constantFrom('constructor', 'toString', 'a', 'b', '', '"', '\\', '\n', 'a/b~c', 'default', 'é'))
  // Names that are numbers come first in any object, so the order of members would say nothing.
  .filter((name) => name !== '__proto__' && !/^\d+$/.test(name))
const anyNames = fc.oneof(names, fc.constantFrom('__proto__', '\ud800'))

const { sample } = fc.letrec<{ sample: Sample; list: Sample; object: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: tie('list') },
    { weight: 2, arbitrary: tie('object') },
  ),
  list: fc.tuple(tie('sample'), fc.nat(3)).map(([{ schema, data, out }, length]) => ({
    schema: { type: 'array', items: schema },
    data: Array.from({ length }, () => data),
    out: Array.from({ length }, () => out),
  })),
  object: fc
    .record({
      members: fc.uniqueArray(fc.record({ name: names, value: tie('sample'), state: fc.constantFrom('required', 'optional', 'undefined', 'absent') }), {
        selector: ({ name }) => name,
        maxLength: 5,
      }),
      extras: fc.uniqueArray(fc.tuple(anyNames, fc.jsonValue()), { selector: ([name]) => name, maxLength: 3 }),
      open: fc.constantFrom(undefined, true, false, {}),
      bare: fc.boolean(),
    })
    .map(({ members, extras, open, bare }) => {
      const entries = <V>(list: [string, V][]): Record<string, V> => Object.fromEntries(list)
      const known = new Set(members.map(({ name }) => name))
      const more = extras.filter(([name]) => !known.has(name))
      const required = members.filter(({ state }) => state === 'required').map(({ name }) => name)
      const given = members.filter(({ state }) => state === 'required' || state === 'optional')
      const data = entries([
        ...members
          .filter(({ state }) => state !== 'absent')
          .map(({ name, value, state }): [string, unknown] => [name, state === 'undefined' ? undefined : value.data]),
        ...more,
      ])
      return {
        schema: {
          type: 'object',
          properties: entries(members.map(({ name, value }) => [name, value.schema])),
          ...(required.length > 0 && { required }),
          ...(open !== undefined && { additionalProperties: open }),
        },
        data: bare ? Object.setPrototypeOf(data, null) : data,
        out: entries([...given.map(({ name, value }): [string, unknown] => [name, value.out]), ...(open === false ? [] : more)]),
      }
    }),
}))

// The same data whatever the order of members.
const ordered = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ordered)
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, ordered((value as Record<string, unknown>)[name])]),
  )
}
const canonical = (value: unknown) => JSON.stringify(ordered(value))

describe('whatever the schema and the data', () => {
  it("what is checked and written is JSON.stringify's text of the stripped data", () => {
    fc.assert(
      fc.property(sample, ({ schema, data, out }) => {
        const { prepare, stringify } = shape(schema)
        const text = stringify(prepare(data, true))
        expect(canonical(JSON.parse(text))).toBe(canonical(JSON.parse(JSON.stringify(out))))
        // Not only the same data: written in the same way, member by member.
        expect(text).toBe(JSON.stringify(JSON.parse(text)))
        expect(canonical(prepare(data, false))).toBe(canonical(out))
      }),
      { numRuns: 1500 },
    )
  })

  it('what is only stripped comes to the same, where it is right', () => {
    fc.assert(
      fc.property(sample, ({ schema, data, out }) => {
        const { prepare, stringify } = shape(schema, 'strip')
        expect(canonical(JSON.parse(stringify(prepare(data, true))))).toBe(canonical(JSON.parse(JSON.stringify(out))))
        expect(canonical(prepare(data, false))).toBe(canonical(out))
      }),
      { numRuns: 500 },
    )
  })
})
