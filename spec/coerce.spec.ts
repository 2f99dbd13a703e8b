import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coercion, memberNames, resolve } from '../lib/coerce.js'
import type { JSONSchema } from '../lib/index.js'

// What a text becomes under a schema; 'absent' where its member is taken away.
const one = (schema: object, text: unknown) => {
  const data = coercion({ type: 'object', properties: { x: schema } })({ x: text }) as { x?: unknown }
  return Object.hasOwn(data, 'x') ? data.x : 'absent'
}

describe('a text where the schema says', () => {
  it.each([
    [{ type: 'integer' }, '7', 7],
    [{ type: 'integer' }, '-7', -7],
    [{ type: 'integer' }, '0', 0],
    [{ type: 'integer' }, '9007199254740991', 9007199254740991],
    [{ type: 'number' }, '1.5', 1.5],
    [{ type: 'number' }, '1e3', 1000],
    [{ type: 'number' }, '-0.5E-1', -0.05],
    [{ type: 'boolean' }, 'true', true],
    [{ type: 'boolean' }, 'false', false],
    [{ type: 'null' }, 'null', null],
    [{ type: ['integer', 'null'] }, 'null', null],
    [{ type: ['integer', 'boolean'] }, 'true', true],
    [{ type: 'integer', nullable: true }, 'null', null],
    [{ type: 'array', items: { type: 'integer' } }, '7', [7]],
    [{ type: 'array' }, 'a', ['a']],
    [{ type: ['integer', 'array'], items: { type: 'string' } }, '7', 7],
    [{ enum: [1, 2] }, '2', 2],
    [{ enum: ['all', 10] }, '10', 10],
    [{ enum: ['all', 10] }, 'all', 'all'],
    [{ type: ['string', 'integer'], enum: ['all', 10] }, '10', 10],
    [{ const: true }, 'true', true],
    [{ const: null }, 'null', null],
    [{ anyOf: [{ type: 'integer' }, { type: 'boolean' }] }, 'false', false],
    [{ oneOf: [{ type: 'null' }, { type: 'number' }] }, '2.5', 2.5],
    [{ allOf: [{ type: 'integer' }, { minimum: 1 }] }, '3', 3],
  ])('%j, %j becomes %j', (schema, text, value) => {
    expect(one(schema, text)).toEqual(value)
  })

  it.each([
    [{ type: 'integer' }, ['1e3', '01', '+1', '0x10', '1.0', ' 1', '1 ', '-', '--1', '1_000', '9007199254740993', 'NaN', 'true']],
    [{ type: 'number' }, ['.5', '1.', '0x10', '01.5', 'Infinity', 'NaN', '1e999', '1,5', '١']],
    [{ type: 'boolean' }, ['1', '0', 'yes', 'TRUE', 'True', 'on', ' true']],
    [{ type: 'null' }, ['NULL', 'undefined', 'none']],
    [{ enum: [1, 2] }, ['x']],
    [{ enum: ['a', 1] }, ['b', '']],
    [{ type: 'string' }, ['7', 'true', 'null', '']],
    [{ type: ['string', 'integer'] }, ['7']],
    [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, ['7']],
    [{}, ['7', '']],
    [{ type: 'object' }, ['7', '{}']],
  ])('%j, each of %j stays a text', (schema, texts) => {
    for (const text of texts) expect(one(schema, text)).toBe(text)
  })

  it.each([{ type: 'integer' }, { type: 'boolean' }, { type: 'array' }, { type: 'object' }, { enum: [1] }])('%j, an empty one is absent', (schema) => {
    expect(one(schema, '')).toBe('absent')
  })

  it('null among others, an empty one is null', () => {
    expect(one({ type: ['integer', 'null'] }, '')).toBeNull()
  })

  it('nothing, it is left alone', () => {
    for (const schema of [undefined, true, false, {}] as (JSONSchema | undefined)[]) expect(coercion(schema)({ a: '1' })).toEqual({ a: '1' })
    for (const value of [undefined, null, 1, 'x']) expect(coercion({ type: 'object' })(value)).toBe(value)
  })
})

describe('lists', () => {
  it('and single values are told apart by the schema', () => {
    const change = coercion({ properties: { one: { type: 'integer' }, many: { type: 'array', items: { type: 'integer' } } } })
    expect(change({ one: '1', many: '1' })).toEqual({ one: 1, many: [1] })
    expect(change({ one: ['1', '2'], many: ['1', 'x'] })).toEqual({ one: ['1', '2'], many: [1, 'x'] })
  })

  it('have places of their own kind', () => {
    const change = coercion({ type: 'array', prefixItems: [{ type: 'integer' }, {}], items: { type: 'boolean' } })
    expect(change(['1', '1', 'true', 'x'])).toEqual([1, '1', true, 'x'])
  })

  it('keep an empty item, which is for the check to find', () => {
    expect(one({ type: 'array', items: { type: 'integer' } }, ['', '1'])).toEqual(['', 1])
  })

  it('come as one text where a separator is named', () => {
    const change = coercion({ properties: { ids: { type: 'array', items: { type: 'integer' } }, note: { type: 'string' } } }, { separator: ',' })
    expect(change({ ids: '1, 2,,3', note: 'a,b' })).toEqual({ ids: [1, 2, 3], note: 'a,b' })
  })
})

describe('what stands inside', () => {
  it('is changed at any depth, through references, patterns and members that have no name', () => {
    const change = coercion({
      type: 'object',
      properties: { address: { $ref: '#/$defs/address' }, list: { type: 'array', items: { $ref: '#point' } } },
      patternProperties: { '^n_': { type: 'number' } },
      additionalProperties: { type: 'boolean' },
      $defs: {
        address: { type: 'object', properties: { zip: { type: 'integer' }, lines: { type: 'array', items: { type: 'string' } } } },
        point: { $anchor: 'point', properties: { x: { type: 'number' } } },
      },
    } as JSONSchema)
    expect(change({ address: { zip: '100', lines: '1' }, list: [{ x: '1.5' }], n_a: '2', more: 'true' })).toEqual({
      address: { zip: 100, lines: ['1'] },
      list: [{ x: 1.5 }],
      n_a: 2,
      more: true,
    })
  })

  it('of several branches is read as any of them would', () => {
    const branches = [{ properties: { size: { type: 'integer' } } }, { properties: { size: { type: 'boolean' } } }]
    const change = coercion({ anyOf: branches })
    expect(change({ size: '4' })).toEqual({ size: 4 })
    expect(change({ size: 'true' })).toEqual({ size: true })
  })

  it('may go in circles', () => {
    const change = coercion({ properties: { n: { type: 'integer' }, next: { $ref: '#' }, all: { type: 'array', items: { $ref: '#' } } } } as JSONSchema)
    expect(change({ n: '1', next: { n: '2', next: { n: '3' } }, all: [{ n: '4' }] })).toEqual({ n: 1, next: { n: 2, next: { n: 3 } }, all: [{ n: 4 }] })
    expect(coercion({ $ref: '#' } as JSONSchema)({ a: '1' })).toEqual({ a: '1' })
    expect(coercion({ anyOf: [{ $ref: '#/$defs/a' }], $defs: { a: { oneOf: [{ $ref: '#' }] } } } as JSONSchema)('1')).toBe('1')
  })

  it('is left alone where a reference leads nowhere', () => {
    for (const $ref of ['#/$defs/no', '#no', 'https://example.org/x', '#/%zz']) expect(one({ $ref }, '1')).toBe('1')
  })
})

describe('coercion', () => {
  it('gives each number back that it was given as text, and never another one', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(one({ type: 'number' }, JSON.stringify(value))).toBe(Number(JSON.stringify(value)))
      }),
    )
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(one({ type: 'integer' }, String(value))).toBe(value)
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = one({ type: 'integer' }, text)
        expect(value === 'absent' ? text === '' : typeof value === 'number' ? String(value) === text || text === '-0' : value === text).toBe(true)
      }),
    )
  })
})

describe('memberNames', () => {
  it('gives what a schema names, wherever it does so', () => {
    expect(memberNames(undefined)).toEqual([])
    expect(memberNames(true)).toEqual([])
    expect(
      memberNames({
        properties: { a: {} },
        required: ['b'],
        allOf: [{ properties: { c: {} } }, { $ref: '#/$defs/d' }],
        $defs: { d: { properties: { d: {} } } },
      }),
    ).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('resolve', () => {
  const root = { $defs: { 'a/b~c': { type: 'string' }, named: { $id: 'Named', type: 'number' }, anchored: { $anchor: 'here', type: 'null' } } }
  it.each([
    ['#', root],
    ['#/$defs/a~1b~0c', root.$defs['a/b~c']],
    ['#/%24defs/named', root.$defs.named],
    ['Named', root.$defs.named],
    ['#here', root.$defs.anchored],
    ['#/$defs/no', undefined],
    ['#/constructor', undefined],
    ['#/$defs/named/type', undefined],
    ['elsewhere', undefined],
  ])('follows %s', ($ref, target) => {
    expect(resolve($ref, root)).toBe(target)
  })
})
