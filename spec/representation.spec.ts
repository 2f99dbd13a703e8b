import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type AnswerError, type Context, created, endpoint, Representation, representation, resource, type Schema } from '../lib/index.js'
import { planOf } from '../lib/plan.js'
import { serve } from './support/serve.js'

const ctx = {} as Context
const made = (of: object, data: unknown) => planOf(of as Representation).toObject(data, ctx)
const shown = (of: object, object: unknown) => planOf(of as Representation).toData(object, ctx)
const places = async (res: Response) =>
  ((await res.json()) as { errors: { pointer: string; code: string }[] }).errors.map(({ pointer, code }) => `${pointer} ${code}`)
const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 1))

const contact = {
  type: 'object',
  properties: {
    emailAddress: { type: 'string', format: 'email' },
    joined: { type: 'string', format: 'date' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['emailAddress'],
  additionalProperties: false,
} as const

describe('an alias', () => {
  const named = representation(contact, { alias: { emailAddress: 'email' } })

  it('is the name in memory, and the wire never shows it', async () => {
    expect(made(named, { emailAddress: 'a@b.fi', tags: [] })).toEqual({ email: 'a@b.fi', tags: [] })
    expect(shown(named, { email: 'a@b.fi', emailAddress: 'no' })).toEqual({ emailAddress: 'a@b.fi' })
    const app = await serve(resource('c', { representation: named, post: ({ body }) => created(body) }))
    expect(await (await app.send('POST', '/c', { emailAddress: 'a@b.fi' })).json()).toEqual({ emailAddress: 'a@b.fi' })
    expect(await places(await app.send('POST', '/c', { email: 'a@b.fi' }))).toEqual(['/email additionalProperties', '/emailAddress required'])
  })

  it('is not told when an answer is wrong either', async () => {
    const app = await serve(resource('c', { representation: named, get: () => ({ email: 5 }) }))
    expect((await app.get('/c')).status).toBe(500)
    expect((app.errors[0] as AnswerError).faults).toEqual([{ pointer: '/emailAddress', code: 'type', detail: 'must be string' }])
  })

  it('is nothing that a client could write to by its name in memory', () => {
    const open = representation({ type: 'object', properties: { level: { enum: [1, 2] } } }, { alias: { level: 'role' } })
    expect(made(open, { role: 'admin', level: 1 })).toEqual({ role: 1 })
    expect(made(open, { level: 1, role: 'admin' })).toEqual({ role: 1 })
    expect(made(open, { role: 'admin', other: 1 })).toEqual({ other: 1 })
  })

  it('may swap names', () => {
    const swapped = representation({ type: 'object', properties: { a: {}, b: {} } }, { alias: { a: 'b', b: 'a' } })
    expect(made(swapped, { a: 1, b: 2 })).toEqual({ b: 1, a: 2 })
    expect(shown(swapped, { b: 1, a: 2 })).toEqual({ a: 1, b: 2 })
  })

  it('works where the schema says nothing of its members', () => {
    const unknown = { '~standard': { version: 1 as const, vendor: 'spec', validate: (value: unknown) => ({ value }) } }
    const named = representation(unknown as Schema, { alias: { a: 'x' } })
    expect(made(named, { a: 1, b: 2 })).toEqual({ x: 1, b: 2 })
    expect(shown(named, { x: 1, b: 2 })).toEqual({ a: 1, b: 2 })
  })
})

describe('create and serialize', () => {
  class Contact {
    constructor(readonly emailAddress: string) {}
    get loud(): string {
      return this.emailAddress.toUpperCase()
    }
  }

  it('make the object and the data', () => {
    const whole = representation(contact, { create: (data) => new Contact(data.emailAddress), serialize: (one: Contact) => ({ emailAddress: one.loud }) })
    const object = made(whole, { emailAddress: 'a@b.fi' })
    expect(object).toBeInstanceOf(Contact)
    expect(shown(whole, object)).toEqual({ emailAddress: 'A@B.FI' })
    expect(shown(whole, [object, object])).toEqual([{ emailAddress: 'A@B.FI' }, { emailAddress: 'A@B.FI' }])
  })

  it('of one field come before and after the whole, and after and before the names', () => {
    const seen: unknown[] = []
    const fields = representation(contact, {
      alias: { joined: 'since' },
      fields: {
        joined: { create: (text: string) => new Date(text), serialize: (date: Date) => date.toISOString().slice(0, 10) },
        tags: { create: (tags: string[]) => new Set(tags), serialize: (tags: Set<string>) => [...tags] },
      },
      create: (data) => {
        seen.push(data)
        return data
      },
    })
    const object = made(fields, { emailAddress: 'a@b.fi', joined: '2026-01-02', tags: ['a', 'a'] })
    expect(seen).toEqual([{ emailAddress: 'a@b.fi', since: new Date('2026-01-02'), tags: new Set(['a']) }])
    expect(shown(fields, object)).toEqual({ emailAddress: 'a@b.fi', joined: '2026-01-02', tags: ['a'] })
  })

  it('get the context of the request', async () => {
    const own = representation(
      { type: 'object', properties: { by: { type: 'string' } } },
      {
        create: (data, { req }) => ({ ...data, from: req.headers['x-from'] }),
        serialize: (object: { from: string }, { query }) => ({ by: `${object.from} ${query.loud}` }),
        fields: { by: { serialize: (text: string, { verb }) => `${text} ${verb}` } },
      },
    )
    const app = await serve(resource('o', { representation: own, post: ({ body }) => body }))
    expect(await (await app.send('POST', '/o?loud=1', {}, { 'X-From': 'me' })).json()).toEqual({ by: 'me 1 post' })
  })

  it('may be waited for on the way in, at any depth', async () => {
    const inner = representation({ type: 'object', properties: { n: { type: 'integer' } } }, { create: ({ n }) => later(n) })
    const outer = representation(
      { type: 'object', properties: { one: { $ref: inner }, many: { type: 'array', items: { $ref: inner } }, text: { type: 'string' } } },
      {
        fields: { text: { create: (text: string) => later(text.toUpperCase()) }, one: { create: (n: number) => n + 1 } },
        create: (data) => ({ ...data, whole: true }),
      },
    )
    expect(await made(outer, { one: { n: 1 }, many: [{ n: 2 }, { n: 3 }], text: 'a' })).toEqual({ one: 2, many: [2, 3], text: 'A', whole: true })
    const list = representation({ type: 'array', items: { $ref: inner } })
    expect(await made(list, [{ n: 1 }, { n: 2 }])).toEqual([1, 2])
  })

  it('that fail leave no other failure behind', async () => {
    const failing = representation(
      { type: 'object', properties: { a: {}, b: {} } },
      {
        fields: {
          a: { create: () => Promise.reject(new Error('first')) },
          b: {
            create: () => {
              throw new Error('second')
            },
          },
        },
      },
    )
    expect(() => made(failing, { a: 1, b: 1 })).toThrow('second')
    await expect(made(failing, { a: 1 })).rejects.toThrow('first')
    await later(undefined)
  })

  it('say so where a way out gives a promise', () => {
    const slow = representation({ type: 'object', properties: { a: {} } }, { serialize: () => Promise.reject(new Error('unheard')) })
    expect(() => shown(slow, {})).toThrow('A serialize of a representation gave a promise')
    const slowField = representation({ type: 'object', properties: { a: {} } }, { fields: { a: { serialize: async () => 1 } } })
    expect(() => shown(slowField, { a: 1 })).toThrow('gave a promise')
  })
})

describe('a value that is missing', () => {
  const rows = {
    type: 'object',
    properties: {
      must: { type: ['string', 'null'] },
      may: { type: 'string' },
      nullable: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      list: { type: 'array' },
    },
    required: ['must'],
    additionalProperties: false,
  } as const

  it('is left out where it is optional, and null where it is required', () => {
    const plain = representation(rows)
    expect(shown(plain, {})).toEqual({ must: null })
    expect(shown(plain, { must: undefined, may: null, nullable: null, list: [] })).toEqual({ must: null, nullable: null, list: [] })
  })

  it('is what you say it is', () => {
    const blank = representation(rows, { missing: [undefined, null, ''] })
    expect(shown(blank, { must: '', may: '', nullable: '', list: [] })).toEqual({ must: null, list: [] })
    const none = representation(rows, { missing: [undefined] })
    expect(shown(none, { may: null })).toEqual({ must: null, may: null })
  })

  it('stays null where null is one of its values, however the schema says so', () => {
    for (const node of [
      { type: 'null' },
      { type: ['string', 'null'] },
      { const: null },
      { enum: [1, null] },
      { nullable: true, type: 'string' },
      { oneOf: [{ type: 'null' }] },
    ])
      expect(shown(representation({ properties: { a: node } } as Schema), { a: null })).toEqual({ a: null })
    expect(shown(representation({ properties: { a: true } } as Schema), { a: null })).toEqual({})
  })
})

describe('things in things', () => {
  const address = representation(
    { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'], additionalProperties: false },
    { alias: { zip: 'postcode' } },
  )

  it.each<[string, object, unknown, unknown]>([
    ['as a member', { properties: { home: { $ref: address } } }, { home: { zip: '1' } }, { home: { postcode: '1' } }],
    ['later made', { properties: { home: { $ref: () => address } } }, { home: { zip: '1' } }, { home: { postcode: '1' } }],
    ['in a list', { properties: { all: { type: 'array', items: { $ref: address } } } }, { all: [{ zip: '1' }] }, { all: [{ postcode: '1' }] }],
    ['in lists of lists', { properties: { all: { items: { items: { $ref: address } } } } }, { all: [[{ zip: '1' }], []] }, { all: [[{ postcode: '1' }], []] }],
    [
      'in an object without a name',
      { properties: { a: { properties: { b: { $ref: address }, c: {} } } } },
      { a: { b: { zip: '1' }, c: 1 } },
      { a: { b: { postcode: '1' }, c: 1 } },
    ],
    ['or null', { properties: { home: { anyOf: [{ $ref: address }, { type: 'null' }] } } }, { home: { zip: '1' } }, { home: { postcode: '1' } }],
    ['or null, null', { properties: { home: { anyOf: [{ $ref: address }, { type: 'null' }] } } }, { home: null }, { home: null }],
    ['as the whole', { $ref: address }, { zip: '1' }, { postcode: '1' }],
    ['as a list', { type: 'array', items: { $ref: address } }, [{ zip: '1' }], [{ postcode: '1' }]],
    ['as a list of lists', { type: 'array', items: { type: 'array', items: { $ref: address } } }, [[{ zip: '1' }]], [[{ postcode: '1' }]]],
  ])('are made and shown by their own: %s', (_, schema, data, object) => {
    const outer = representation(schema as Schema)
    expect(made(outer, structuredClone(data))).toEqual(object)
    expect(shown(outer, object)).toEqual(data)
  })

  it('cannot be told apart where several could stand in one place', () => {
    expect(() => planOf(representation({ properties: { a: { anyOf: [{ $ref: address }, { $ref: address }] } } } as never))).toThrow(
      'only one can be another representation',
    )
  })

  it('may be described by zod', async () => {
    const money = representation(z.object({ amount: z.number(), currency: z.string().default('EUR') }), { create: ({ amount }) => amount * 100 })
    const bill = representation({ type: 'object', properties: { total: { $ref: money } }, required: ['total'], additionalProperties: false })
    const app = await serve(resource('bills', { post: endpoint({ request: { body: bill }, handler: ({ body }) => body }) }))
    expect(await (await app.send('POST', '/bills', { total: { amount: 2 } })).json()).toEqual({ total: 200 })
    expect(await places(await app.send('POST', '/bills', { total: { amount: 'x' } }))).toEqual(['/total/amount type'])
  })
})

describe('members that nobody named', () => {
  it('are made in open objects, and shown only where the schema says that there may be others', () => {
    const silent = representation({ type: 'object', properties: { a: {} } })
    const open = representation({ type: 'object', properties: { a: {} }, additionalProperties: true } as const)
    for (const one of [silent, open]) expect(made(one, { a: 1, b: 2 })).toEqual({ a: 1, b: 2 })
    expect(shown(silent, { a: 1, b: 2 })).toEqual({ a: 1 })
    expect(shown(open, { a: 1, b: 2 })).toEqual({ a: 1, b: 2 })
    expect(shown(representation({ type: 'object' }), { a: 1 })).toEqual({ a: 1 })
  })

  it('cannot be a prototype', () => {
    const open = representation({ type: 'object', properties: { a: {} }, additionalProperties: true } as const)
    const object = made(open, JSON.parse('{"__proto__":{"polluted":1},"a":1}')) as object
    expect(Object.keys(object)).toEqual(['__proto__', 'a'])
    expect((object as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('what may only be read', () => {
  const schema = {
    type: 'object',
    properties: {
      id: { type: 'integer', readOnly: true },
      name: { type: 'string' },
      meta: { type: 'object', properties: { by: { type: 'string', readOnly: true }, note: { type: 'string' } }, required: ['by'] },
    },
    required: ['id', 'name'],
    additionalProperties: false,
  } as const
  const things = () =>
    resource('t', {
      representation: representation(schema),
      post: ({ body }) => ({ id: 1, ...(body as object), seen: 1 }),
      put: ({ body }) => ({ id: 1, ...(body as object) }),
      patch: ({ body }) => ({ id: 1, name: 'x', ...(body as object) }),
    })

  it('is refused by POST and PATCH, as deep as it is', async () => {
    const app = await serve(things())
    for (const method of ['POST', 'PATCH']) {
      expect((await app.send(method, '/t', { name: 'a', meta: { note: 'n' } })).status).toBe(500)
      expect(await places(await app.send(method, '/t', { id: 2, name: 'a', meta: { by: 'me' } }))).toEqual(['/id false', '/meta/by false'])
    }
  })

  it('is taken and dropped by PUT, as deep as it is', async () => {
    let last: unknown
    const app = await serve(
      resource('t', {
        representation: representation(schema),
        put: ({ body }) => {
          last = body
        },
      }),
    )
    const res = await app.send('PUT', '/t', { id: 'anything', name: 'a', meta: { by: { any: 1 }, note: 'n' } })
    expect(res.status).toBe(204)
    expect(last).toEqual({ name: 'a', meta: { note: 'n' } })
  })

  it('is only a word in a schema that is no representation', async () => {
    let last: unknown
    const app = await serve(
      resource('t', {
        post: endpoint({
          request: { body: schema },
          handler: ({ body }) => {
            last = body
          },
        }),
      }),
    )
    expect((await app.send('POST', '/t', { id: 1, name: 'a' })).status).toBe(204)
    expect(last).toEqual({ id: 1, name: 'a' })
  })
})

describe('a definition that makes no sense', () => {
  const wrong = [null, 0, true, 'text', [], [1], () => 1]
  it.each(wrong)('throws: the schema %j', (schema) => {
    expect(() => representation(schema as never)).toThrow('representation(): a schema is needed')
  })

  it.each<[string, unknown[]]>([
    ['alias', [null, 0, true, 'x', [], { emailAddress: 1 }, { emailAddress: '' }, { emailAddress: '__proto__' }, () => 1]],
    ['create', [null, 0, true, 'x', {}, []]],
    ['serialize', [null, 0, true, 'x', {}, []]],
    ['fields', [null, 0, true, 'x', []]],
    ['fields.joined', [{ joined: null }, { joined: () => 1 }, { joined: { made: () => 1 } }, { joined: { create: 1 } }, { joined: [] }]],
    ['missing', [null, 0, 'x', {}]],
  ])("throws, and names it: '%s'", (name, values) => {
    const [option] = name.split('.') as [string]
    for (const value of values) expect(() => representation(contact, { [option]: value } as never), String(value)).toThrow(`representation(): '${name}' needs`)
  })

  it('throws for names that are nobody’s, and for one name twice', () => {
    expect(() => representation(contact, { alias: { email: 'x' } } as never)).toThrow("representation(): 'email' in 'alias' is no property of the schema.")
    expect(() => representation(contact, { fields: { email: {} } })).toThrow("'email' in 'fields' is no property")
    expect(() => representation(contact, { alias: { joined: 'tags' } })).toThrow("alias gives the name 'tags' to two properties")
    expect(() => representation(contact, { aliases: {} } as never)).toThrow("'aliases' is no option")
    for (const options of [null, 1, 'x', []]) expect(() => representation(contact, options as never)).toThrow('representation(): ')
  })

  it('makes a Representation otherwise', () => {
    expect(representation(contact)).toBeInstanceOf(Representation)
  })
})
