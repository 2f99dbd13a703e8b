// What the systems that came before could do with representations, each told as a walk through one small application.
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { AnswerError, created, endpoint, representation, resource } from '../../lib/index.js'
import { serve } from '../support/serve.js'

class Account {
  constructor(
    readonly email_address: string,
    readonly nick: string,
    public joined: Date = new Date('2026-01-02T00:00:00Z'),
  ) {}
}

describe('an account, whose names on the wire are not those in memory', () => {
  const account = representation(
    {
      type: 'object',
      properties: {
        id: { type: 'integer', readOnly: true },
        emailAddress: { type: 'string', format: 'email' },
        nick: { type: 'string', minLength: 2 },
        password: { type: 'string', writeOnly: true },
        joined: { type: 'string', format: 'date' },
      },
      required: ['id', 'emailAddress', 'nick'],
      additionalProperties: false,
    },
    {
      alias: { emailAddress: 'email_address' },
      create: (data) => new Account(data.email_address, data.nick, data.joined as unknown as Date | undefined),
      serialize: (object: Account) => ({ id: 1, ...object, password: 'secret' }),
      fields: { joined: { create: (text: string) => new Date(`${text}T00:00:00Z`), serialize: (date: Date) => date.toISOString().slice(0, 10) } },
    },
  )
  let last: unknown
  const accounts = resource('accounts', {
    representation: account,
    get: () => [new Account('a@example.org', 'ann'), new Account('b@example.org', 'bob')],
    post: endpoint({
      request: { body: account },
      handler: ({ body }) => {
        expectTypeOf(body).toEqualTypeOf<Account>()
        last = body
        return created(body)
      },
    }),
    '/:id': {
      get: () => new Account('a@example.org', 'ann'),
      put: ({ body }) => body,
      patch: ({ body }) => {
        last = body
        return new Account('a@example.org', 'ann')
      },
    },
  })

  it('is made of data, with its fields, and written back under the names of the wire', async () => {
    const app = await serve(accounts)
    const res = await app.send('POST', '/accounts', { emailAddress: 'c@example.org', nick: 'cy', joined: '2025-05-06' })
    expect(res.status).toBe(201)
    expect(last).toBeInstanceOf(Account)
    expect(last).toMatchObject({ email_address: 'c@example.org', joined: new Date('2025-05-06T00:00:00Z') })
    expect(await res.json()).toEqual({ id: 1, emailAddress: 'c@example.org', nick: 'cy', joined: '2025-05-06' })
  })

  it('is written one by one in a list, and what may only be written is never shown', async () => {
    const app = await serve(accounts)
    expect(await (await app.get('/accounts')).json()).toEqual([
      { id: 1, emailAddress: 'a@example.org', nick: 'ann', joined: '2026-01-02' },
      { id: 1, emailAddress: 'b@example.org', nick: 'bob', joined: '2026-01-02' },
    ])
  })

  it('tells all faults at once, under the names of the wire', async () => {
    const app = await serve(accounts)
    const res = await app.send('POST', '/accounts', { emailAddress: 'nobody', nick: 'x', id: 7, email_address: 'z', more: 1 })
    expect(res.status).toBe(400)
    expect(((await res.json()) as { errors: unknown[] }).errors).toEqual([
      { pointer: '/email_address', code: 'additionalProperties', detail: 'is not known here' },
      { pointer: '/emailAddress', code: 'format', detail: 'must match format "email"' },
      { pointer: '/id', code: 'false', detail: 'is not allowed here' },
      { pointer: '/more', code: 'additionalProperties', detail: 'is not known here' },
      { pointer: '/nick', code: 'minLength', detail: 'must NOT have fewer than 2 characters' },
    ])
  })

  it('may be sent back whole with PUT, read-only members too, and with nothing required by PATCH', async () => {
    const app = await serve(accounts)
    expect((await app.send('PUT', '/accounts/1', { id: 1, emailAddress: 'a@example.org', nick: 'ann' })).status).toBe(200)
    expect((await app.send('PUT', '/accounts/1', { id: 1, nick: 'ann' })).status).toBe(400)
    const res = await app.send('PATCH', '/accounts/1', { nick: 'anna' })
    expect(res.status).toBe(200)
    expect(last).toMatchObject({ nick: 'anna' })
    expect((await app.send('PATCH', '/accounts/1', { id: 2 })).status).toBe(400)
  })
})

describe('things within things', () => {
  const address = representation(
    { type: 'object', properties: { street: { type: 'string' }, zip: { type: 'string' } }, required: ['street'], additionalProperties: false },
    { alias: { zip: 'postcode' } },
  )
  const person = representation({
    type: 'object',
    properties: { name: { type: 'string' }, home: { $ref: address }, others: { type: 'array', items: { $ref: address } } },
    required: ['name', 'home'],
    additionalProperties: false,
  })
  it('are made and written by their own representations', async () => {
    let last: unknown
    const app = await serve(
      resource('people', {
        post: endpoint({
          request: { body: person },
          response: { body: person },
          handler: ({ body }) => {
            expectTypeOf(body.home).toEqualTypeOf<{ street: string; postcode?: string }>()
            last = body
            return body
          },
        }),
      }),
    )
    const data = { name: 'Ann', home: { street: 'Main', zip: '1' }, others: [{ street: 'Side', zip: '2' }] }
    const res = await app.send('POST', '/people', data)
    expect(last).toEqual({ name: 'Ann', home: { street: 'Main', postcode: '1' }, others: [{ street: 'Side', postcode: '2' }] })
    expect(await res.json()).toEqual(data)
    const bad = await app.send('POST', '/people', { name: 'Ann', home: {}, others: [{ street: 'x' }, { street: 1 }] })
    expect(((await bad.json()) as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual(['/home/street', '/others/1/street'])
  })

  it('may go in circles', async () => {
    type Node = { name: string; next?: Node }
    const node: ReturnType<typeof representation> = representation({
      type: 'object',
      properties: { name: { type: 'string' }, next: { $ref: () => node } },
      required: ['name'],
      additionalProperties: false,
    } as never) as never
    const app = await serve(resource('nodes', { representation: node, post: ({ body }) => body as Node }))
    const data = { name: 'a', next: { name: 'b', next: { name: 'c' } } }
    expect(await (await app.send('POST', '/nodes', data)).json()).toEqual(data)
    const bad = await app.send('POST', '/nodes', { name: 'a', next: { name: 'b', next: {} } })
    expect(bad.status).toBe(400)
  })
})

describe('an answer that is not as described', () => {
  it('is an error with pointers, and not one byte of it is sent', async () => {
    const app = await serve(
      resource('wrong', {
        get: endpoint({
          response: { body: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
          handler: () => ({ n: 'secret' }) as never,
        }),
      }),
    )
    const res = await app.get('/wrong')
    expect(res.status).toBe(500)
    expect(await res.text()).not.toContain('secret')
    expect(app.errors).toHaveLength(1)
    expect(app.errors[0]).toBeInstanceOf(AnswerError)
    expect((app.errors[0] as AnswerError).faults).toEqual([{ pointer: '/n', code: 'type', detail: 'must be integer' }])
  })

  it('is stripped of what a closed schema does not know, and open ones stay open', async () => {
    const app = await serve(
      resource('rows', {
        get: endpoint({
          response: {
            body: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'], additionalProperties: false } },
          },
          handler: () => [{ id: 1, hash: 'x' } as { id: number }],
        }),
        '/open': {
          get: endpoint({
            response: { body: { type: 'object', properties: { id: { type: 'integer' } } } },
            handler: () => ({ id: 1, more: { at: new Date(0) } }),
          }),
        },
      }),
    )
    expect(await (await app.get('/rows')).text()).toBe('[{"id":1}]')
    expect(await (await app.get('/rows?format=text')).text()).not.toContain('hash')
    expect(await (await app.get('/rows/open')).json()).toEqual({ id: 1, more: { at: '1970-01-01T00:00:00.000Z' } })
  })
})

describe('query, path and header fields', () => {
  const parts = resource('tags', {
    '/:tag/:page': {
      get: endpoint({
        request: {
          params: { type: 'object', properties: { tag: { type: 'string', pattern: '^[a-z]+$' }, page: { type: 'integer', minimum: 1 } } },
          query: {
            type: 'object',
            properties: {
              sort: { enum: ['asc', 'desc'], default: 'asc' },
              limit: { type: 'integer' },
              dry: { type: 'boolean' },
              ids: { type: 'array', items: { type: 'integer' } },
            },
            additionalProperties: false,
          },
          headers: { type: 'object', properties: { 'x-test': { type: 'integer', minimum: 0, default: 0 } } },
        },
        response: { headers: { type: 'object', properties: { 'X-Response': { type: 'integer', default: 5 } } } },
        handler: ({ params, query, headers }) => ({ params, query, test: headers['x-test'] }),
      }),
    },
  })

  it('are turned from text into what the schema says, defaults filled in', async () => {
    const app = await serve(parts)
    const res = await app.get('/tags/a/2?limit=3&dry=true&ids=4', { 'X-Test': '7' })
    expect(await res.json()).toEqual({ params: { tag: 'a', page: 2 }, query: { sort: 'asc', limit: 3, dry: true, ids: [4] }, test: 7 })
    expect(res.headers.get('x-response')).toBe('5')
    expect(await (await app.get('/tags/a/2?limit=')).json()).toEqual({ params: { tag: 'a', page: 2 }, query: { sort: 'asc' }, test: 0 })
  })

  it('are told together when they are wrong, each under its own name', async () => {
    const app = await serve(parts)
    const res = await app.get('/tags/a/2?limit=1e3&limit=2&no=1&ids=1&ids=x', { 'X-Test': '-1' })
    expect(res.status).toBe(400)
    expect(((await res.json()) as { errors: unknown[] }).errors).toEqual([
      { parameter: 'ids', code: 'type', detail: 'must be integer' },
      { parameter: 'limit', code: 'type', detail: 'must be integer' },
      { parameter: 'no', code: 'additionalProperties', detail: 'is not known here' },
      { header: 'x-test', code: 'minimum', detail: 'must be >= 0' },
    ])
  })

  it.each(['1e0', '01', '+1', '1.0', '0x1', ' 1', '-', 'x', '9007199254740993'])('take %j for no number: there is nothing there', async (page) => {
    const app = await serve(parts)
    expect((await app.get(`/tags/a/${encodeURIComponent(page)}`)).status).toBe(404)
  })
})

describe('zod', () => {
  it('checks, changes and coerces by its own JSON Schema', async () => {
    const app = await serve(
      resource('z', {
        get: endpoint({
          request: { query: z.object({ page: z.number().int().default(1) }) },
          response: { body: z.object({ page: z.number() }) },
          handler: ({ query }) => ({ page: query.page, extra: 1 }),
        }),
        post: endpoint({ request: { body: z.object({ name: z.string().trim().min(1), on: z.coerce.date().optional() }) }, handler: ({ body }) => body }),
      }),
    )
    expect(await (await app.get('/z?page=3')).json()).toEqual({ page: 3 })
    expect(await (await app.get('/z')).json()).toEqual({ page: 1 })
    expect(await (await app.send('POST', '/z', { name: ' Ann ' })).json()).toEqual({ name: 'Ann' })
    const bad = await app.send('POST', '/z', { name: ' ' })
    expect(bad.status).toBe(400)
    expect(((await bad.json()) as { errors: { pointer: string }[] }).errors[0]?.pointer).toBe('/name')
  })
})
