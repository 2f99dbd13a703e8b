import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import Type from 'typebox'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import {
  authorize,
  created,
  endpoint,
  type Filter,
  type MadeBy,
  only,
  type ParamsOf,
  type Permissions,
  type Reply,
  reply,
  representation,
  resource,
  schema,
} from '../lib/index.js'

describe('the types of a handler', () => {
  it('know the parameters of a path', () => {
    expectTypeOf<ParamsOf<'/:id'>>().toEqualTypeOf<{ id: string }>()
    expectTypeOf<ParamsOf<'/:id/photos/:photo'>>().toEqualTypeOf<{ id: string; photo: string }>()
    expectTypeOf<ParamsOf<'/files/*path'>>().toEqualTypeOf<{ path: string[] }>()
    expectTypeOf<ParamsOf<'/:from-:to'>>().toEqualTypeOf<{ from: string; to: string }>()
    expectTypeOf<ParamsOf<'/a{/:b}'>>().toEqualTypeOf<{ b?: string }>()
    resource('things', {
      get: ({ query }) => query,
      '/:id': {
        get: ({ params, body }) => {
          expectTypeOf(params).toEqualTypeOf<{ id: string }>()
          expectTypeOf(body).toBeUnknown()
        },
        put: endpoint({
          handler: ({ params }) => {
            expectTypeOf(params).toEqualTypeOf<{ id: string }>()
            // @ts-expect-error: the path has no such parameter
            return params.no
          },
        }),
      },
    })
  })

  it('know the body that a JSON Schema describes', () => {
    resource('things', {
      '/:id': {
        post: endpoint({
          request: {
            body: { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } }, required: ['name'], additionalProperties: false },
            query: { type: 'object', properties: { dry: { type: 'boolean' } }, required: ['dry'], additionalProperties: false },
          },
          handler: ({ params, body, query, headers }) => {
            expectTypeOf(params).toEqualTypeOf<{ id: string }>()
            expectTypeOf(body).toEqualTypeOf<{ name: string; age?: number }>()
            expectTypeOf(query.dry).toEqualTypeOf<boolean>()
            expectTypeOf(headers).toEqualTypeOf<IncomingHttpHeaders>()
          },
        }),
      },
    })
  })

  it('know the body that zod, TypeBox, raw and stream stand for', () => {
    resource('things', {
      post: endpoint({ request: { body: z.object({ name: z.string() }) }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<{ name: string }>() }),
      put: endpoint({ request: { body: Type.Object({ name: Type.String() }) }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<{ name: string }>() }),
      patch: endpoint({ request: { body: 'raw' }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<Buffer>() }),
      query: endpoint({ request: { body: 'stream' }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<Readable>() }),
    })
  })

  it('refuse what is no option and what is no verb', () => {
    // @ts-expect-error: gett is no verb
    ;() => resource('things', { gett: () => 1 })
    // @ts-expect-error: bodyLimit is a number
    ;() => resource('things', { bodyLimit: '1mb', get: () => 1 })
    ;() => resource({ get: () => 1 })
  })
})

describe('the types of an answer', () => {
  const contact = {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      name: { type: 'string' },
      at: { type: 'string', format: 'date-time' },
      tags: { type: 'array', items: { type: 'string' } },
    },
    required: ['id', 'name'],
    additionalProperties: false,
  } as const

  it('are those of its schema: data, a promise of it, a reply, rows, or nothing', () => {
    endpoint({ response: { body: contact }, handler: () => ({ id: 1, name: 'a' }) })
    endpoint({ response: { body: contact }, handler: async () => ({ id: 1, name: 'a', tags: ['x'] }) })
    endpoint({ response: { body: contact }, handler: () => created({ id: 1, name: 'a' }, { location: '/1' }) })
    endpoint({ response: { body: contact }, handler: () => reply({ id: 1, name: 'a' }) })
    endpoint({ response: { body: contact }, handler: () => undefined })
    endpoint({ response: { body: contact }, handler: () => {} })
    endpoint({
      response: { body: { type: 'array', items: contact } },
      async *handler() {
        yield { id: 1, name: 'a' }
      },
    })
  })

  it('take a date where a text goes, and a big integer where a number goes', () => {
    endpoint({ response: { body: contact }, handler: () => ({ id: 1n, name: 'a', at: new Date() }) })
    // @ts-expect-error: a date is no number
    endpoint({ response: { body: contact }, handler: () => ({ id: new Date(), name: 'a' }) })
  })

  it('refuse a member of another name and a value of another kind', () => {
    // @ts-expect-error: the name is misspelled
    endpoint({ response: { body: contact }, handler: () => ({ id: 1, nam: 'a' }) })
    // @ts-expect-error: a name is a text
    endpoint({ response: { body: contact }, handler: () => ({ id: 1, name: 2 }) })
    // @ts-expect-error: in a promise too
    endpoint({ response: { body: contact }, handler: async () => ({ id: '1', name: 'a' }) })
    // @ts-expect-error: in a reply too
    endpoint({ response: { body: contact }, handler: () => created({ id: 1 }) })
    // @ts-expect-error: one is no list
    endpoint({ response: { body: { type: 'array', items: contact } }, handler: () => ({ id: 1, name: 'a' }) })
    endpoint({
      request: { body: contact },
      // @ts-expect-error: the body has no such member
      handler: ({ body }) => body.nam,
    })
    endpoint({
      request: { query: contact },
      // @ts-expect-error: nor has the query
      handler: ({ query }) => query.nam,
    })
  })

  it('are those of any of its statuses', () => {
    const byStatus = { 200: contact, 202: { type: 'object', properties: { job: { type: 'string' } }, required: ['job'], additionalProperties: false } } as const
    endpoint({ response: { body: byStatus }, handler: () => ({ id: 1, name: 'a' }) })
    endpoint({ response: { body: byStatus }, handler: () => reply({ job: 'j' }, { status: 202 }) })
    // @ts-expect-error: it is neither
    endpoint({ response: { body: byStatus }, handler: () => ({ work: 'j' }) })
  })

  it('are those of zod and TypeBox', () => {
    endpoint({ response: { body: z.object({ n: z.number() }) }, handler: () => ({ n: 1 }) })
    endpoint({ response: { body: Type.Object({ n: Type.Number() }) }, handler: () => ({ n: 1 }) })
    // @ts-expect-error: n is a number
    endpoint({ response: { body: z.object({ n: z.number() }) }, handler: () => ({ n: 'x' }) })
    // @ts-expect-error: n is a number
    endpoint({ response: { body: Type.Object({ n: Type.Number() }) }, handler: () => ({ n: 'x' }) })
  })

  it('are anything where nothing is said', () => {
    endpoint({ handler: () => ({ any: 'thing' }) })
    expectTypeOf(created({ a: 1 })).toEqualTypeOf<Reply<{ a: number }>>()
  })
})

describe('the types of a schema in a variable', () => {
  it('are kept by schema()', () => {
    const kept = schema({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false })
    endpoint({ request: { body: kept }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<{ n: number }>() })
    const lost = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
    endpoint({ request: { body: lost }, handler: ({ body }) => expectTypeOf(body).toBeUnknown() })
  })
})

describe('the types of a representation', () => {
  class Account {
    constructor(readonly email: string) {}
  }
  const text = { type: 'string' } as const

  it('are those in memory: renamed, or made', () => {
    const renamed = representation(
      { type: 'object', properties: { emailAddress: text, age: { type: 'integer' } }, required: ['emailAddress'], additionalProperties: false },
      { alias: { emailAddress: 'email' } },
    )
    expectTypeOf<MadeBy<typeof renamed>>().toEqualTypeOf<{ email: string; age?: number }>()
    const made = representation(
      { type: 'object', properties: { emailAddress: text }, required: ['emailAddress'], additionalProperties: false },
      {
        alias: { emailAddress: 'email' },
        create: async (data) => {
          expectTypeOf(data).toEqualTypeOf<{ email: string }>()
          // @ts-expect-error: it has another name here
          data.emailAddress
          return new Account(data.email)
        },
      },
    )
    expectTypeOf<MadeBy<typeof made>>().toEqualTypeOf<Account>()
    endpoint({ request: { body: made }, response: { body: made }, handler: ({ body }) => body })
    endpoint({ request: { query: renamed }, handler: ({ query }) => expectTypeOf(query).toEqualTypeOf<{ email: string; age?: number }>() })
    // @ts-expect-error: the wire's name is not the one in memory
    endpoint({ response: { body: renamed }, handler: () => ({ emailAddress: 'a' }) })
  })

  it('are those of what is written out, where only that is said', () => {
    const shown = representation(
      { type: 'object', properties: { name: text }, required: ['name'] },
      { serialize: (account: Account) => ({ name: account.email }) },
    )
    endpoint({ response: { body: shown }, handler: () => new Account('a') })
    // @ts-expect-error: it is made of an account
    endpoint({ response: { body: shown }, handler: () => ({ name: 'a' }) })
  })

  it('are known where it is written in place', () => {
    endpoint({
      request: {
        query: representation(
          { type: 'object', properties: { 'page-size': { type: 'integer' } }, additionalProperties: false },
          { alias: { 'page-size': 'size' } },
        ),
      },
      handler: ({ query }) => expectTypeOf(query).toEqualTypeOf<{ size?: number }>(),
    })
    endpoint({
      request: {
        body: representation(
          { type: 'object', properties: { email: text }, required: ['email'], additionalProperties: false },
          { create: ({ email }) => new Account(email) },
        ),
      },
      handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<Account>(),
    })
  })

  it('hold those of the things in it', () => {
    const inner = representation({ type: 'object', properties: { zip: text }, required: ['zip'], additionalProperties: false }, { alias: { zip: 'postcode' } })
    const outer = representation({
      type: 'object',
      properties: {
        one: { $ref: inner },
        many: { type: 'array', items: { $ref: inner } },
        grid: { type: 'array', items: { type: 'array', items: { $ref: inner } } },
        name: text,
      },
      required: ['one', 'name'],
      additionalProperties: false,
    })
    type Inner = { postcode: string }
    expectTypeOf<MadeBy<typeof outer>>().toEqualTypeOf<{ one: Inner; name: string; many?: Inner[]; grid?: Inner[][] }>()
    const list = representation({ type: 'array', items: { $ref: inner } })
    expectTypeOf<MadeBy<typeof list>>().toEqualTypeOf<Inner[]>()
  })

  it('may be those of zod', () => {
    const made = representation(z.object({ n: z.number().default(1) }), { create: ({ n }) => [n] })
    expectTypeOf<MadeBy<typeof made>>().toEqualTypeOf<number[]>()
  })
})

describe('the types of a use list', () => {
  it('take lists that were made elsewhere, at any level', () => {
    const filters: readonly Filter[] = []
    const permissions: Permissions = { allows: () => true } as never
    resource('things', { use: filters, get: () => 1 })
    ;() => resource('things', { use: [...filters, authorize(permissions)], get: () => 1 })
    ;() => resource('things', { '/:id': { use: [...filters, authorize(permissions)], get: ({ params }) => params.id } })
    ;() => resource('things', { use: only([...filters]), get: () => 1 })
    ;() =>
      resource('things', {
        use: [
          (req, res, next) => {
            expectTypeOf(req.url).toBeString()
            res.setHeader('X', '1')
            next()
          },
        ],
        get: () => 1,
      })
    // @ts-expect-error: a text is neither a filter nor middleware
    ;() => resource('things', { use: [...filters, 'x'], get: () => 1 })
    // @ts-expect-error: nor in a path
    ;() => resource('things', { '/x': { use: ['x'], get: () => 1 } })
    // @ts-expect-error: uses is no option of a path
    ;() => resource('things', { '/x': { uses: [], get: () => 1 } })
  })
})
