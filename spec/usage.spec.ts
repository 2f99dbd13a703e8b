import { describe, expect, it } from 'vitest'
import { Representation, type Schema } from '../lib/index.js'
import { movedTo, refersToItself, schemaFor, type Use } from '../lib/usage.js'

const read = (schema: object, use: Use) => schemaFor(new Representation(schema as Schema, {}), use)
const thing = {
  type: 'object',
  properties: { id: { type: 'integer', readOnly: true }, name: { type: 'string' }, pin: { type: 'string', writeOnly: true } },
  required: ['id', 'name', 'pin'],
  additionalProperties: false,
}

describe('the schema of a representation', () => {
  it('to show leaves out what may only be written', () => {
    expect(read(thing, 'read')).toEqual({
      type: 'object',
      properties: { id: thing.properties.id, name: { type: 'string' } },
      required: ['id', 'name'],
      additionalProperties: false,
    })
    expect(read({ properties: { pin: { writeOnly: true } } }, 'read')).toEqual({ properties: { pin: false } })
  })

  it('for POST refuses what may only be read, and requires it not', () => {
    expect(read(thing, 'post')).toEqual({ ...thing, properties: { ...thing.properties, id: false }, required: ['name', 'pin'] })
  })

  it('for PUT lets what may only be read come back, whatever it is', () => {
    expect(read(thing, 'put')).toEqual({ ...thing, properties: { ...thing.properties, id: { readOnly: true } }, required: ['name', 'pin'] })
  })

  it('for PATCH requires nothing', () => {
    expect(read(thing, 'patch')).toEqual({ type: 'object', properties: { ...thing.properties, id: false }, additionalProperties: false })
    const deep = {
      properties: { inner: thing, list: { type: 'array', items: thing, minItems: 1 } },
      minProperties: 2,
      dependentRequired: { a: ['b'] },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
      not: { required: ['c'] },
      $defs: { required: { required: ['d'] } },
    }
    expect(read(deep, 'patch')).toEqual({
      properties: {
        inner: { type: 'object', properties: { ...thing.properties, id: false }, additionalProperties: false },
        // A list replaces a list, so what is in it is whole.
        list: { type: 'array', items: { ...thing, properties: { ...thing.properties, id: { readOnly: true } }, required: ['name', 'pin'] }, minItems: 1 },
      },
      anyOf: [{}, {}],
      not: { required: ['c'] },
      $defs: { required: {} },
    })
  })

  it('leaves data alone that looks like a schema, and names that look like keywords', () => {
    const odd = {
      enum: [{ properties: { a: { readOnly: true } } }],
      default: { required: ['x'] },
      properties: { enum: { readOnly: true }, required: { type: 'string' }, properties: {} },
      required: ['enum'],
    }
    expect(read(odd, 'post')).toEqual({ ...odd, properties: { ...odd.properties, enum: false }, required: undefined })
  })

  it('holds the schemas of other representations, each as it is used', () => {
    const other = new Representation(thing as Schema, {})
    const made = read({ properties: { one: { $ref: other }, many: { items: { $ref: () => other } } }, $defs: { own: {} } }, 'patch') as {
      properties: object
      $defs: Record<string, { required?: string[] }>
    }
    expect(made.properties).toEqual({ one: { $ref: '#/$defs/representation1' }, many: { items: { $ref: '#/$defs/representation2' } } })
    expect(made.$defs.representation1?.required).toBeUndefined()
    expect(made.$defs.representation2?.required).toEqual(['name', 'pin'])
    expect(made.$defs.own).toEqual({})
  })

  it('keeps the references of another representation to itself', () => {
    const tree = new Representation(
      { type: 'object', properties: { all: { type: 'array', items: { $ref: '#' } }, leaf: { $ref: '#/$defs/leaf' } }, $defs: { leaf: {} } } as Schema,
      {},
    )
    const made = read({ properties: { tree: { $ref: tree } } }, 'read') as { $defs: Record<string, object> }
    expect(made.$defs.representation1).toMatchObject({
      properties: { all: { items: { $ref: '#/$defs/representation1' } }, leaf: { $ref: '#/$defs/representation1/$defs/leaf' } },
    })
  })

  it('may go in circles', () => {
    const node: Representation = new Representation({ properties: { next: { $ref: () => node } } } as unknown as Schema, {})
    expect(schemaFor(node, 'post')).toEqual({
      properties: { next: { $ref: '#/$defs/representation1' } },
      $defs: { representation1: { properties: { next: { $ref: '#/$defs/representation1' } } } },
    })
  })
})

describe('a schema that is moved', () => {
  it('still means itself', () => {
    expect(movedTo('#/x', { $ref: '#', a: [{ $ref: '#/b' }, { $ref: '#c' }, { $ref: 'd' }], const: { $ref: '#' } })).toEqual({
      $ref: '#/x',
      a: [{ $ref: '#/x/b' }, { $ref: '#c' }, { $ref: 'd' }],
      const: { $ref: '#' },
    })
    expect(refersToItself({ a: [{ b: { $ref: '#/c' } }] })).toBe(true)
    expect(refersToItself({ a: [{ b: { $ref: 'c' } }], $ref: 1 })).toBe(false)
  })
})
