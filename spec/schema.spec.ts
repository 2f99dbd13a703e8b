import Type from 'typebox'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Decimal, type Fault, type Schema, schema } from '../lib/index.js'
import { compile, compileParts, isStandard, jsonSchemaOf, type Verdict } from '../lib/schema.js'

const verdict = (what: Schema | object | boolean, data: unknown, side?: 'input' | 'output') =>
  compile(what as Schema, 'here', side)(data) as Verdict & { data?: unknown }
const faults = (what: Schema | object | boolean, data: unknown) => (verdict(what, data).faults ?? []) as Fault[]
const told = (what: Schema | object | boolean, data: unknown) => faults(what, data).map(({ pointer, code }) => `${pointer} ${code}`)

/** Hand-written, as small as the interface allows; it has no JSON Schema. */
const shortText = {
  '~standard': {
    version: 1 as const,
    vendor: 'spec',
    validate: (value: unknown) => (typeof value === 'string' && value.length < 5 ? { value: value.toUpperCase() } : { issues: [{ message: 'must be short' }] }),
  },
}

describe('a check', () => {
  it('tells all faults at once, sorted, with positions of lists as numbers', () => {
    const list = { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'], additionalProperties: false } }
    const data = Array.from({ length: 12 }, (_, index) => ({ n: index === 2 || index === 10 ? 0 : index === 11 ? 'x' : 1, ...(index === 1 && { more: 1 }) }))
    data.push({} as never)
    expect(faults(list, data)).toEqual([
      { pointer: '/1/more', code: 'additionalProperties', detail: 'is not known here' },
      { pointer: '/2/n', code: 'minimum', detail: 'must be >= 1' },
      { pointer: '/10/n', code: 'minimum', detail: 'must be >= 1' },
      { pointer: '/11/n', code: 'type', detail: 'must be integer' },
      { pointer: '/12/n', code: 'required', detail: 'is required' },
    ])
  })

  it.each<[object | boolean, unknown, string[]]>([
    [{ enum: ['a', 1, null] }, 'b', [' enum']],
    [{ const: 1 }, 2, [' const']],
    [{ type: 'string', format: 'email' }, 'x', [' format']],
    [{ type: 'string', pattern: '^a', maxLength: 1 }, 'bb', [' maxLength', ' pattern']],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 1, [' type', ' type', ' anyOf']],
    [{ not: {} }, 1, [' not']],
    [false, 1, [' false']],
    [{ properties: { a: false } }, { a: 1 }, ['/a false']],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, ['/ab propertyNames', ' maxLength']],
    [{ dependentRequired: { a: ['b'] } }, { a: 1 }, ['/b dependentRequired']],
    [{ properties: { 'a/b~c': { type: 'string' } } }, { 'a/b~c': 1 }, ['/a~1b~0c type']],
    [{ required: ['a/b~c'] }, {}, ['/a~1b~0c required']],
    [{ unevaluatedProperties: false }, { x: 1 }, ['/x unevaluatedProperties']],
    [{ type: 'array', uniqueItems: true }, [1, 2, 1], [' uniqueItems']],
    [{ if: { type: 'string' }, else: { minimum: 2 } }, 1, [' minimum']],
  ])('of %j tells %j by its place and rule', (what, data, list) => {
    expect(told(what, data).sort()).toEqual(list.sort())
  })

  it('names the values that there are', () => {
    expect(faults({ enum: ['a', 1, null] }, 'b')[0]?.detail).toBe('must be one of "a", 1, null')
  })

  it('tells no fault twice', () => {
    expect(faults({ allOf: [{ type: 'string' }, { type: 'string' }] }, 1)).toHaveLength(1)
  })

  it('fills in what is absent in what a client sent, and changes nothing of ours', () => {
    const what = { type: 'object', properties: { a: { default: 1 }, b: { type: 'object', default: {}, properties: { c: { default: 'x' } } } } }
    expect(verdict(what, {}).data).toEqual({ a: 1, b: { c: 'x' } })
    expect(verdict(what, { a: undefined, b: { c: null } }).data).toEqual({ a: 1, b: { c: null } })
    expect(verdict(what, {}, 'output').data).toEqual({})
    const first = verdict(what, {}).data as { b: { c: string } }
    first.b.c = 'changed'
    expect(verdict(what, {}).data).toEqual({ a: 1, b: { c: 'x' } })
  })

  it('of a list without twins takes time that grows with the list', () => {
    const what = { type: 'array', maxItems: 10, uniqueItems: true }
    const data = Array.from({ length: 30_000 }, (_, n) => ({ n }))
    const started = performance.now()
    expect(told(what, data)).toEqual([' maxItems'])
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it.each<[unknown[], boolean]>([
    [[1, '1', true, null, 'null', [1], { a: 1 }], true],
    [
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      false,
    ],
    [[{ a: 1 }, { a: 1, b: undefined }], true],
    [[0, -0], false],
    [['a', 'a'], false],
    [[[], {}], true],
    [[['a,b'], ['a', 'b']], true],
    [[[1], [1]], false],
    [[true, true], false],
    [[{}, {}], false],
  ])('knows whether %j are all different', (list, unique) => {
    expect(told({ uniqueItems: true }, list)).toEqual(unique ? [] : [' uniqueItems'])
    expect(told({ uniqueItems: false }, list)).toEqual([])
  })

  it('of a hundred thousand wrong items is over soon', () => {
    const started = performance.now()
    expect(
      faults(
        { type: 'array', items: { type: 'string' } },
        Array.from({ length: 100_000 }, () => 1),
      ),
    ).toHaveLength(1000)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  it('of a URL without end is over soon', () => {
    const started = performance.now()
    expect(told({ type: 'string', format: 'url' }, 'http://a'.repeat(50_000))).toEqual([' format'])
    expect(performance.now() - started).toBeLessThan(500)
    for (const url of ['https://example.org', 'http://example.org:8080/a?b=c#d', 'ftp://a.example/']) expect(told({ format: 'url' }, url)).toEqual([])
    for (const none of ['', 'example.org', 'http://', 'http:// a.b', 'mailto:a@b.fi']) expect(told({ format: 'url' }, none)).toEqual([' format'])
  })

  it('takes no number for one that is none', () => {
    for (const type of ['number', 'integer'])
      for (const none of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) expect(told({ type }, none)).toEqual([' type'])
  })

  it('takes exact numbers for what they are', () => {
    const what = { type: 'object', properties: { n: { type: 'integer' }, d: { type: 'number', maximum: 1 }, f: { default: 7 } } }
    const data = { n: 2n ** 60n, d: new Decimal('0.10000000000000000001') }
    expect(verdict(what, data).data).toEqual({ ...data, f: 7 })
    expect(told(what, { n: 1n, d: new Decimal('1.5') })).not.toEqual([])
    expect(told({ type: 'string' }, 1n)).toEqual([' type'])
  })

  it('may refer to the whole schema, to its parts, and to the names of its parts', () => {
    const tree = {
      type: 'object',
      properties: { next: { $ref: '#' }, name: { $ref: '#/$defs/name' }, other: { $ref: 'Other' } },
      $defs: { name: { type: 'string' }, other: { $id: 'Other', type: 'null' } },
    }
    expect(told(tree, { next: { next: { name: 1 } }, other: 1 })).toEqual(['/next/next/name type', '/other type'])
    // The same names in another schema are other names.
    expect(told({ properties: { other: { $ref: 'Other' } }, $defs: { x: { $id: 'Other', type: 'number' } } }, { other: null })).toEqual(['/other type'])
    for (const type of ['string', 'number']) expect(told({ $id: 'https://example.org/same', type }, true)).toEqual([' type'])
  })

  it('may stand for another schema of JSON Schema itself', () => {
    expect(told({ $ref: 'https://json-schema.org/draft/2020-12/schema' }, { type: 'string' })).toEqual([])
    expect(told({ $ref: 'https://json-schema.org/draft/2020-12/schema' }, { type: 'sting' })).not.toEqual([])
    expect(told({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'string' }, 'a')).toEqual([])
  })

  it('never counts what an object inherits', () => {
    expect(told({ required: ['toString', 'constructor', '__proto__'] }, {})).toEqual(
      ['/__proto__ required', '/constructor required', '/toString required'].sort(),
    )
    expect(told({ properties: { constructor: { type: 'number' } } }, {})).toEqual([])
  })
})

describe('a broken schema', () => {
  it.each<unknown>([
    { type: 'sting' },
    { type: ['string', 'string'] },
    { properties: [] },
    { properties: { a: 'string' } },
    { required: 'a' },
    { required: [1] },
    { items: 'string' },
    { items: [{}] },
    { minimum: '1' },
    { maxLength: -1 },
    { pattern: '(' },
    { enum: 'a' },
    { anyOf: [] },
    { allOf: {} },
    { $ref: '#/$defs/no' },
    { $ref: 'https://example.org/elsewhere' },
    { $schema: 'http://json-schema.org/draft-03/schema#' },
    { additionalProperties: 'no' },
    { $async: true, type: 'string' },
    { patternProperties: { '(': {} } },
  ])('says so, and where: %j', (broken) => {
    expect(() => compile(broken as Schema, "resource('x'), post /, request.body")).toThrow(/^resource\('x'\), post \/, request\.body: the schema is broken: /)
  })

  it.each([undefined, null, 0, 1, '', 'string', Number.NaN, [], [{}], () => ({}), Symbol('x'), 1n])('is not even one: %s', (none) => {
    expect(() => compile(none as never, 'here')).toThrow('here: a JSON Schema or a Standard Schema is needed.')
  })

  it('holds itself', () => {
    const circle: Record<string, unknown> = { type: 'object' }
    circle.properties = { circle }
    expect(() => compile(circle, 'here')).toThrow(TypeError)
  })
})

describe('a Standard Schema', () => {
  it('changes data, and tells its own faults by pointer', () => {
    expect(verdict(shortText, 'abc')).toEqual({ data: 'ABC' })
    expect(faults(shortText, 'abcdef')).toEqual([{ pointer: '', code: 'invalid', detail: 'must be short' }])
    const person = z.object({ name: z.string().trim().min(1), tags: z.array(z.string()).default([]) })
    expect(verdict(person, { name: ' Ann ', more: 1 })).toEqual({ data: { name: 'Ann', tags: [] } })
    expect(told(person, { name: ' ', tags: ['a', 1] })).toEqual(['/name too_small', '/tags/1 invalid_type'])
  })

  it('may answer with a promise', async () => {
    const free = z.object({ name: z.string().refine(async (name) => name !== 'taken', 'is taken') })
    expect(await compile(free, 'here')({ name: 'Ann' })).toEqual({ data: { name: 'Ann' } })
    expect(await compile(free, 'here')({ name: 'taken' })).toEqual({ faults: [{ pointer: '/name', code: 'custom', detail: 'is taken' }] })
  })

  it('may name places by keys of any kind', () => {
    const odd = {
      '~standard': {
        version: 1 as const,
        vendor: 'spec',
        validate: () => ({
          issues: [
            { message: 'no', path: [{ key: 'a/b' }, 10, Symbol('s')] },
            { message: 'no', path: [{ key: 'a/b' }, 9] },
          ],
        }),
      },
    }
    expect(told(odd, 1)).toEqual(['/a~1b/9 invalid', '/a~1b/10/Symbol(s) invalid'])
  })

  it('is told from a JSON Schema', () => {
    expect(isStandard(z.string())).toBe(true)
    expect(isStandard(shortText)).toBe(true)
    expect(isStandard(Object.assign(() => 1, shortText))).toBe(true)
    for (const other of [Type.String(), { type: 'string' }, true, null, undefined, 'x', () => 1, { '~standard': {} }]) expect(isStandard(other)).toBe(false)
  })
})

describe('the JSON Schema of a schema', () => {
  it('is itself, or what it gives', () => {
    const own = { type: 'string' } as const
    expect(jsonSchemaOf(own, 'input')).toBe(own)
    expect(jsonSchemaOf(true, 'output')).toBe(true)
    const count = z.object({ n: z.number().default(1) })
    expect(jsonSchemaOf(count, 'input')).toEqual({ type: 'object', properties: { n: { type: 'number', default: 1 } } })
    expect(jsonSchemaOf(count, 'output')).toMatchObject({ required: ['n'], additionalProperties: false })
  })

  it('is none where it cannot be said', () => {
    expect(jsonSchemaOf(shortText, 'input')).toBeUndefined()
    expect(jsonSchemaOf(z.date(), 'output')).toBeUndefined()
  })
})

describe('parts of a schema', () => {
  it('are checked within the whole', () => {
    const root = {
      $id: 'https://example.org/a',
      anyOf: [{ $ref: '#/$defs/a~1b' }, { properties: { next: { $ref: '#' } } }],
      $defs: { 'a/b': { type: 'string' } },
    }
    const [first, second] = compileParts(root, ['/anyOf/0', '/anyOf/1'], 'here')
    expect(first?.('a')).toEqual({ data: 'a' })
    expect(first?.(1)).toHaveProperty('faults')
    expect(second?.({ next: 'a' })).toHaveProperty('data')
  })
})

it('schema() gives back what it was given', () => {
  const literal = { type: 'object' } as const
  expect(schema(literal)).toBe(literal)
})
