// Fifty ways of a handler to break its word. Each is a 500 that tells the client nothing, and one error in Express's own error handling.
import Type from 'typebox'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AnswerError, created, endpoint, type JSONSchema, reply, representation, resource } from '../../lib/index.js'
import { serve } from '../support/serve.js'

const mark = 'LEAKED'
const text = { type: 'string' } as const
const closed = (properties: object, required: readonly string[] = Object.keys(properties)): JSONSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const user = closed({ id: { type: 'integer' }, name: text })
const inner = representation(closed({ n: { type: 'integer' } }) as never)
async function* rows(...list: unknown[]) {
  yield* list
}
class Odd {
  id = mark
  toJSON() {
    return { id: mark, name: 1 }
  }
}

type Way = [name: string, body: unknown, result: () => unknown]
const ways: Way[] = [
  ['a text where a number goes', user, () => ({ id: mark, name: 'a' })],
  ['a number where a text goes', user, () => ({ id: 1, name: 7, note: mark })],
  ['a required member left out', user, () => ({ id: 1, note: mark })],
  ['a required member undefined', user, () => ({ id: 1, name: undefined, note: mark })],
  ['null where a text goes', user, () => ({ id: 1, name: null, note: mark })],
  ['a list where an object goes', user, () => [{ id: 1, name: mark }]],
  ['a text where an object goes', user, () => mark],
  ['null where an object goes', user, () => null],
  ['a number where an object goes', user, () => 5],
  ['false where an object goes', user, () => false],
  ['an empty object', user, () => ({})],
  ['a fraction where a whole number goes', user, () => ({ id: 1.5, name: mark })],
  ['a boolean where a number goes', user, () => ({ id: true, name: mark })],
  ['a list where a text goes', user, () => ({ id: 1, name: [mark] })],
  ['an object where a text goes', user, () => ({ id: 1, name: { mark } })],
  ['NaN', user, () => ({ id: Number.NaN, name: mark })],
  ['infinity', user, () => ({ id: Number.POSITIVE_INFINITY, name: mark })],
  ['a date that is none', closed({ at: { ...text, format: 'date-time' } }), () => ({ at: new Date(Number.NaN) })],
  ['a date where a number goes', user, () => ({ id: new Date(), name: mark })],
  ['a function where a text goes', user, () => ({ id: 1, name: () => mark })],
  ['a symbol where a text goes', user, () => ({ id: 1, name: Symbol(mark) })],
  ['a map without the members', user, () => new Map([['name', mark]])],
  ['a toJSON of another kind', user, () => new Odd()],
  ['members that only a class has', user, () => Object.create({ id: 1, name: mark })],
  ['a text too long', closed({ name: { ...text, maxLength: 3 } }), () => ({ name: mark })],
  ['a text too short', closed({ name: { ...text, minLength: 30 } }), () => ({ name: mark })],
  ['a text of another pattern', closed({ name: { ...text, pattern: '^[a-z]$' } }), () => ({ name: mark })],
  ['a text of another format', closed({ name: { ...text, format: 'email' } }), () => ({ name: mark })],
  ['a number too small', closed({ n: { type: 'number', minimum: 5 }, name: text }), () => ({ n: 4, name: mark })],
  ['a number too large', closed({ n: { type: 'number', exclusiveMaximum: 5 }, name: text }), () => ({ n: 5, name: mark })],
  ['a number that is no multiple', closed({ n: { type: 'integer', multipleOf: 5 }, name: text }), () => ({ n: 7, name: mark })],
  ['none of the values', closed({ kind: { enum: ['a', 'b'] } }), () => ({ kind: mark })],
  ['not the one value', closed({ kind: { const: 'a' } }), () => ({ kind: mark })],
  ['a list too short', closed({ list: { type: 'array', items: text, minItems: 2 } }), () => ({ list: [mark] })],
  ['a list too long', closed({ list: { type: 'array', items: text, maxItems: 1 } }), () => ({ list: [mark, mark] })],
  ['a list with twins', closed({ list: { type: 'array', items: text, uniqueItems: true } }), () => ({ list: [mark, mark] })],
  [
    'one wrong item among many',
    { type: 'array', items: user },
    () => [...Array.from({ length: 50 }, (_, id) => ({ id, name: mark })), { id: 'x', name: mark }],
  ],
  ['a hole in a list', { type: 'array', items: { type: 'integer' } }, () => [1, undefined, 3, mark].slice(0, 3)],
  [
    'something wrong deep inside',
    closed({ a: closed({ b: closed({ c: { type: 'array', items: closed({ d: { type: 'integer' } }) } }) }) }),
    () => ({ a: { b: { c: [{ d: 1 }, { d: mark }] } } }),
  ],
  ['something wrong behind a reference', { $ref: '#/$defs/user', $defs: { user } }, () => ({ id: mark, name: mark })],
  ['no branch that fits', { anyOf: [user, closed({ n: { type: 'integer' } })] }, () => ({ n: mark })],
  ['two branches that fit', { oneOf: [{ required: ['a'] }, { required: ['b'] }] }, () => ({ a: mark, b: mark })],
  ['what is not to be', { not: { required: ['secret'] } }, () => ({ secret: mark })],
  ['a member of an open object that is of another kind', { type: 'object', additionalProperties: { type: 'integer' } }, () => ({ a: 1, b: mark })],
  ['a wrong reply with a status', user, () => created({ id: mark, name: mark })],
  ['a wrong answer at a status of its own', { 200: user, 409: user }, () => reply({ id: mark }, { status: 409 })],
  ['a wrong promise', user, async () => ({ id: mark })],
  ['a wrong first row', { type: 'array', items: user }, () => rows({ id: mark })],
  ['what zod does not take', z.object({ id: z.int() }), () => ({ id: mark })],
  ['what TypeBox does not take', Type.Object({ id: Type.Integer() }), () => ({ id: mark })],
  ['a wrong thing in a thing', representation({ type: 'object', properties: { inner: { $ref: inner } }, required: ['inner'] }), () => ({ inner: { n: mark } })],
  ['a wrong thing in a list of things', inner, () => [{ n: 1 }, { n: mark }]],
]

describe('a wrong answer', () => {
  it('can be given in fifty ways and more', () => {
    expect(ways.length).toBeGreaterThanOrEqual(50)
    expect(new Set(ways.map(([name]) => name)).size).toBe(ways.length)
  })

  it.each(ways)('is a 500 of which nothing gets out, told once: %s', async (_, body, result) => {
    const app = await serve(resource('wrong', { get: endpoint({ response: { body: body as never }, handler: result as never }) }))
    for (const format of ['json', 'xml']) {
      const told = app.errors.length
      const res = await app.get(`/wrong?format=${format}`)
      expect(res.status).toBe(500)
      expect(JSON.stringify([...res.headers])).not.toContain(mark)
      expect(await res.text()).toBe('express')
      expect(app.errors).toHaveLength(told + 1)
      const error = app.errors[told] as AnswerError
      expect(error).toBeInstanceOf(AnswerError)
      expect(error.faults.length).toBeGreaterThan(0)
      expect(error.message).toContain("resource('wrong'), get /, response.body")
    }
  })

  it('leaves nothing behind of what the handler had set', async () => {
    const app = await serve(
      resource('wrong', {
        get: endpoint({
          response: { body: user },
          handler: () => reply({ id: mark } as never, { status: 201, headers: { 'X-Mark': mark, ETag: `"${mark}"`, Location: `/${mark}` } }),
        }),
      }),
    )
    const answer = await app.raw('GET /wrong HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 500 /)
    expect(answer).not.toContain(mark)
  })
})
