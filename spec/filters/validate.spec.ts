import Type from 'typebox'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { badRequest, Decimal, endpoint, jsonWith, representation, resource, type Schema } from '../../lib/index.js'
import { type Served, serve } from '../support/serve.js'

const errors = async (res: Response) => ((await res.json()) as { errors: { pointer?: string; parameter?: string; header?: string; code: string }[] }).errors
const places = async (res: Response) => (await errors(res)).map(({ pointer, parameter, header, code }) => `${pointer ?? parameter ?? header} ${code}`)

describe('a request that is not as described', () => {
  const all = resource('all', {
    '/:id': {
      post: endpoint({
        request: {
          params: { type: 'object', properties: { id: { type: 'integer' } } },
          query: {
            type: 'object',
            properties: { limit: { type: 'integer', maximum: 5 }, tag: { type: 'array', items: { type: 'integer' } } },
            required: ['q'],
            additionalProperties: false,
          },
          headers: { type: 'object', properties: { 'X-Count': { type: 'integer' } }, required: ['X-Token'] },
          body: {
            type: 'object',
            properties: { list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } } },
            required: ['name'],
            additionalProperties: false,
          },
        },
        handler: ({ params, query, headers, body }) => ({ params, query, count: headers['X-Count'], body }),
      }),
    },
  })

  it('is told all faults of all parts at once, each part sorted, in the names of the wire', async () => {
    const app = await serve(all)
    const list = Array.from({ length: 12 }, (_, n) => (n === 2 || n === 11 ? {} : { n: n === 10 ? 'x' : n }))
    const res = await app.send('POST', '/all/1?limit=9&tag=1&tag=x&other=1', { list, more: 1 }, { 'X-Count': 'many' })
    expect(res.status).toBe(400)
    expect(res.headers.get('content-type')).toContain('application/problem+json')
    expect(await res.json()).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'The request is not as described.',
      errors: [
        { parameter: 'limit', code: 'maximum', detail: 'must be <= 5' },
        { parameter: 'other', code: 'additionalProperties', detail: 'is not known here' },
        { parameter: 'q', code: 'required', detail: 'is required' },
        { parameter: 'tag', code: 'type', detail: 'must be integer' },
        { header: 'X-Count', code: 'type', detail: 'must be integer' },
        { header: 'X-Token', code: 'required', detail: 'is required' },
        { pointer: '/list/2/n', code: 'required', detail: 'is required' },
        { pointer: '/list/10/n', code: 'type', detail: 'must be integer' },
        { pointer: '/list/11/n', code: 'required', detail: 'is required' },
        { pointer: '/more', code: 'additionalProperties', detail: 'is not known here' },
        { pointer: '/name', code: 'required', detail: 'is required' },
      ],
    })
  })

  it('is 404 where a parameter of its path cannot be that of a thing, whatever else is wrong', async () => {
    const app = await serve(all)
    for (const id of ['x', '1.5', '01', '1e3', '9007199254740993']) expect((await app.send('POST', `/all/${id}`, { no: 1 })).status).toBe(404)
  })

  it('is told a hundred faults, and how many more there are', async () => {
    const app = await serve(resource('n', { post: endpoint({ request: { body: { type: 'array', items: { type: 'integer' } } }, handler: () => 1 }) }))
    const problem = (await (
      await app.send(
        'POST',
        '/n',
        Array.from({ length: 130 }, () => 'x'),
      )
    ).json()) as { errors: unknown[]; more: number }
    expect(problem.errors).toHaveLength(100)
    expect(problem.more).toBe(30)
    const exactly = (await (
      await app.send(
        'POST',
        '/n',
        Array.from({ length: 100 }, () => 'x'),
      )
    ).json()) as object
    expect(exactly).not.toHaveProperty('more')
  })

  it('is what it is in every format', async () => {
    const app = await serve(all)
    const res = await app.send('POST', '/all/1?q=1&format=xml', { name: 1, more: 1 }, { 'X-Token': 't' })
    expect(res.status).toBe(400)
    expect(await res.text()).toContain('<pointer>/more</pointer>')
  })

  it('never reaches the handler', async () => {
    let reached = 0
    const app = await serve(resource('n', { post: endpoint({ request: { body: false }, handler: () => ++reached }) }))
    for (const body of [1, null, {}, [], 'x']) expect((await app.send('POST', '/n', body)).status).toBe(400)
    expect(reached).toBe(0)
    expect(app.errors).toEqual([])
  })
})

describe('a query', () => {
  const query = (schema: Schema): Promise<Served> => serve(resource('q', { get: endpoint({ request: { query: schema }, handler: (ctx) => ctx.query }) }))
  const seen = async (app: Served, search: string) => (await app.get(`/q${search}`)).json()

  it('is turned from text into what the schema says, and has its defaults', async () => {
    const app = await query({
      type: 'object',
      properties: {
        n: { type: 'integer' },
        on: { type: 'boolean', default: false },
        ids: { type: 'array', items: { type: 'integer' }, default: [] },
        level: { enum: [1, 2, 'all'], default: 'all' },
        kind: { const: 3 },
        at: { $ref: '#/$defs/at' },
        size: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
        text: { type: 'string' },
        filter: { type: 'object' },
      },
      $defs: { at: { type: 'number' } },
    })
    expect(await seen(app, '')).toEqual({ on: false, ids: [], level: 'all' })
    expect(await seen(app, '?n=1&on=true&ids=7&level=2&kind=3&at=1.5&size=null&text=1')).toEqual({
      n: 1,
      on: true,
      ids: [7],
      level: 2,
      kind: 3,
      at: 1.5,
      size: null,
      text: '1',
    })
    expect(await seen(app, '?ids=7&ids=8')).toEqual({ on: false, ids: [7, 8], level: 'all' })
  })

  it('with an empty value has none', async () => {
    const app = await query({ type: 'object', properties: { n: { type: 'integer', default: 5 }, t: { type: 'string', minLength: 1 } }, required: ['t'] })
    expect(await seen(app, '?n=&t=x')).toEqual({ n: 5, t: 'x' })
    expect(await places(await app.get('/q?t='))).toEqual(['t required'])
  })

  it('with a plain field that comes twice is wrong', async () => {
    const app = await query({ type: 'object', properties: { n: { type: 'integer' }, t: { type: 'string' } } })
    expect(await places(await app.get('/q?n=1&n=2&t=a&t=b'))).toEqual(['n type', 't type'])
  })

  it('may name a format without the schema, and has a parameter of that name with it', async () => {
    const closed = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false } as const
    expect(await seen(await query(closed), '?format=json&a=1')).toEqual({ a: '1' })
    const own = { type: 'object', properties: { format: { enum: ['json', 'xml'] } }, additionalProperties: false } as const
    expect(await seen(await query(own), '?format=json')).toEqual({ format: 'json' })
    const deep = { allOf: [{ properties: { format: { type: 'string' } } }] } as const
    expect(await seen(await query(deep), '?format=json')).toEqual({ format: 'json' })
  })

  it('has no prototype, so no name in it means more than its value', async () => {
    const app = await query({ type: 'object', properties: { a: { type: 'string' } }, required: ['toString'] } as Schema)
    expect(await places(await app.get('/q'))).toEqual(['toString required'])
    expect(await seen(app, '?toString=1&constructor=2')).toEqual({ toString: '1', constructor: '2' })
  })

  it('may have other names in memory', async () => {
    const named = representation(
      { type: 'object', properties: { 'page-size': { type: 'integer', default: 20 }, q: { type: 'string' } }, additionalProperties: false },
      { alias: { 'page-size': 'size' }, create: ({ size, ...rest }) => ({ size, double: Number(size) * 2, ...rest }) },
    )
    const app = await serve(resource('q', { get: endpoint({ request: { query: named }, handler: (ctx) => ctx.query }) }))
    expect(await seen(app, '?page-size=5&q=a')).toEqual({ size: 5, double: 10, q: 'a' })
    expect(await seen(app, '')).toEqual({ size: 20, double: 40 })
    expect(await places(await app.get('/q?page-size=x&size=5'))).toEqual(['page-size type', 'size additionalProperties'])
  })
})

describe('header fields', () => {
  const fields = (schema: Schema) => serve(resource('h', { get: endpoint({ request: { headers: schema }, handler: ({ headers }) => headers }) }))

  it('have names in any case, values that are turned, and defaults', async () => {
    const app = await fields({
      type: 'object',
      properties: {
        'x-test': { type: 'integer', minimum: 0, default: 0 },
        'X-Flag': { type: 'boolean' },
        'x-ids': { type: 'array', items: { type: 'integer' } },
      },
      additionalProperties: false,
    })
    expect(await (await app.get('/h', { 'X-TEST': '7', 'x-flag': 'true', 'X-Ids': '1, 2,3' })).json()).toMatchObject({
      'x-test': 7,
      'X-Flag': true,
      'x-ids': [1, 2, 3],
    })
    // What nobody described is there as it came, and no fault.
    expect(await (await app.get('/h', { 'X-Other': 'o' })).json()).toMatchObject({ 'x-test': 0, 'x-other': 'o' })
    expect(await errors(await app.get('/h', { 'X-Test': '-1' }))).toEqual([{ header: 'x-test', code: 'minimum', detail: 'must be >= 0' }])
  })

  it('are all looked at where the schema names none', async () => {
    const app = await fields({ type: 'object', maxProperties: 2 })
    expect((await app.get('/h')).status).toBe(400)
  })

  it('may have other names in memory', async () => {
    const named = representation(
      { type: 'object', properties: { 'x-request-id': { type: 'string' } }, required: ['x-request-id'] },
      { alias: { 'x-request-id': 'requestId' } },
    )
    const app = await serve(resource('h', { get: endpoint({ request: { headers: named }, handler: ({ headers }) => ({ id: headers.requestId }) }) }))
    expect(await (await app.get('/h', { 'X-Request-Id': 'r1' })).json()).toEqual({ id: 'r1' })
    expect(await places(await app.get('/h'))).toEqual(['x-request-id required'])
  })
})

describe('parameters of a path', () => {
  it('are turned, have defaults, and may have other names in memory', async () => {
    const named = representation(
      { type: 'object', properties: { id: { type: 'integer' }, part: { type: 'string', default: 'all' } } },
      { alias: { id: 'key' } },
    )
    const app = await serve(resource('p', { '/:id{/:part}': { get: endpoint({ request: { params: named }, handler: ({ params }) => params }) } }))
    expect(await (await app.get('/p/7')).json()).toEqual({ key: 7, part: 'all' })
    expect(await (await app.get('/p/7/x')).json()).toEqual({ key: 7, part: 'x' })
    expect((await app.get('/p/x')).status).toBe(404)
  })

  it('are those of the mount path too', async () => {
    const app = await serve()
    expect((await app.get('/')).status).toBe(404)
    const tenants = resource({
      '/:id': {
        get: endpoint({
          request: { params: { type: 'object', properties: { id: { type: 'integer' }, tenant: { enum: ['a', 'b'] } } } },
          handler: ({ params }) => params,
        }),
      },
    })
    const { default: express } = await import('express')
    const outer = express().use('/:tenant/things', tenants)
    const served = await serve(outer)
    expect(await (await served.get('/a/things/1')).json()).toEqual({ tenant: 'a', id: 1 })
    expect((await served.get('/c/things/1')).status).toBe(404)
  })
})

describe('a body', () => {
  const body = (schema: Schema) => serve(resource('b', { post: endpoint({ request: { body: schema }, handler: (ctx) => ({ body: ctx.body }) }) }))
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const everything = {
    type: 'object',
    properties: {
      n: { type: 'integer' },
      on: { type: 'boolean' },
      tags: { type: 'array', items: { type: 'string' } },
      home: { type: 'object', properties: { zip: { type: 'integer' }, floor: { type: ['integer', 'null'] } } },
    },
  } as const

  it('of JSON is never turned into anything', async () => {
    const app = await body(everything)
    expect(await places(await app.send('POST', '/b', { n: '1', on: 'true', tags: 'a', home: { zip: '1' } }))).toEqual([
      '/home/zip type',
      '/n type',
      '/on type',
      '/tags type',
    ])
    expect(await places(await app.send('POST', '/b', { n: true, on: 1 }))).toEqual(['/n type', '/on type'])
  })

  it('of a form is, as deep as it goes', async () => {
    const app = await body(everything)
    const res = await app.send('POST', '/b', 'n=1&on=false&tags=a&home[zip]=100&home[floor]=', form)
    expect(await res.json()).toEqual({ body: { n: 1, on: false, tags: ['a'], home: { zip: 100, floor: null } } })
    expect(await (await app.send('POST', '/b', 'tags=a&tags=b&n=', form)).json()).toEqual({ body: { tags: ['a', 'b'] } })
    expect(await places(await app.send('POST', '/b', 'n=1&n=2&home[zip]=01', form))).toEqual(['/home/zip type', '/n type'])
  })

  it('that is missing is wrong, unless there is a default', async () => {
    const app = await body({ type: 'object' })
    expect(await errors(await app.send('POST', '/b'))).toEqual([{ pointer: '', code: 'required', detail: 'a body is required' }])
    const other = await body({ type: 'object', default: { a: 1 }, properties: { b: { default: 2 } } })
    for (let round = 0; round < 2; round++) expect(await (await other.send('POST', '/b')).json()).toEqual({ body: { a: 1, b: 2 } })
    const optional = await body(z.object({ a: z.string() }).optional())
    expect(await (await optional.send('POST', '/b')).json()).toEqual({})
  })

  it('keeps exactly what the schema lets through', async () => {
    const app = await body({ type: 'object', properties: { a: { type: 'integer', default: 1 } } })
    expect(await (await app.send('POST', '/b', { more: { b: null } })).json()).toEqual({ body: { a: 1, more: { b: null } } })
    expect(await places(await app.send('POST', '/b', { a: null }))).toEqual(['/a type'])
  })

  it('that middleware has read is checked like any other', async () => {
    const { json } = await import('express')
    const app = await serve(json(), resource('b', { post: endpoint({ request: { body: everything }, handler: (ctx) => ctx.body }) }))
    expect((await app.send('POST', '/b', { n: 'x' })).status).toBe(400)
    expect(await (await app.send('POST', '/b', { n: 1 })).json()).toEqual({ n: 1 })
  })

  it('of DELETE and GET is read only where it is asked for', async () => {
    const app = await serve(resource('b', { delete: endpoint({ request: { body: everything }, handler: (ctx) => ctx.body }), get: ({ body }) => ({ body }) }))
    expect(await (await app.send('DELETE', '/b', { n: 1 })).json()).toEqual({ n: 1 })
    expect((await app.send('DELETE', '/b', { n: 'x' })).status).toBe(400)
  })
})

describe('a Standard Schema', () => {
  it('checks every part, at once or later, and its faults stand beside the others', async () => {
    const app = await serve(
      resource('s', {
        '/:id': {
          post: endpoint({
            request: {
              params: z.object({ id: z.coerce.number().int() }),
              query: z.object({ n: z.int().default(1), on: z.stringbool().optional() }),
              headers: z.object({ 'x-test': z.string().toUpperCase().optional() }),
              body: z.object({ name: z.string().refine(async (name) => name !== 'taken', 'is taken') }),
            },
            handler: ({ params, query, headers, body }) => ({ params, query, test: headers['x-test'], body }),
          }),
        },
      }),
    )
    const res = await app.send('POST', '/s/7?n=2&on=yes', { name: 'Ann', more: 1 }, { 'X-Test': 'a' })
    expect(await res.json()).toEqual({ params: { id: 7 }, query: { n: 2, on: true }, test: 'A', body: { name: 'Ann' } })
    expect(await places(await app.send('POST', '/s/7?n=x', { name: 'taken' }))).toEqual(['n invalid_type', '/name custom'])
    expect((await app.send('POST', '/s/x', { name: 'Ann' })).status).toBe(404)
  })

  it('that throws is a bug, and leaves nothing behind', async () => {
    const throws = {
      '~standard': {
        version: 1 as const,
        vendor: 'spec',
        validate: (): never => {
          throw new Error('broken')
        },
      },
    }
    const rejects = { '~standard': { version: 1 as const, vendor: 'spec', validate: () => Promise.reject(new Error('broken too')) } }
    const app = await serve(
      resource('s', {
        post: endpoint({ request: { query: rejects, body: throws }, handler: () => 1 }),
        put: endpoint({ request: { query: rejects }, handler: () => 1 }),
      }),
    )
    expect((await app.send('POST', '/s', {})).status).toBe(500)
    expect((await app.send('PUT', '/s')).status).toBe(500)
    expect(app.errors.map((error) => (error as Error).message)).toEqual(['broken', 'broken too'])
  })
})

describe('a schema of TypeBox', () => {
  it('is a JSON Schema like any other', async () => {
    const app = await serve(
      resource('t', {
        post: endpoint({
          request: {
            query: Type.Object({ n: Type.Integer({ default: 3 }) }),
            body: Type.Object({ name: Type.String(), age: Type.Optional(Type.Integer()) }, { additionalProperties: false }),
          },
          handler: ({ query, body }) => ({ n: query.n, name: body.name.toUpperCase(), age: body.age }),
        }),
      }),
    )
    expect(await (await app.send('POST', '/t?n=4', { name: 'a', age: 5 })).json()).toEqual({ n: 4, name: 'A', age: 5 })
    expect(await (await app.send('POST', '/t', { name: 'a' })).json()).toEqual({ n: 3, name: 'A' })
    expect(await places(await app.send('POST', '/t?n=x', { age: '5', more: 1 }))).toEqual([
      'n type',
      '/age type',
      '/more additionalProperties',
      '/name required',
    ])
  })
})

describe('numbers', () => {
  it('that are none, or too large to be one, are no numbers', async () => {
    const app = await serve(resource('n', { post: endpoint({ request: { body: { type: 'number' } }, handler: ({ body }) => body }) }))
    const type = { 'Content-Type': 'application/json' }
    expect((await app.send('POST', '/n', '1e999', type)).status).toBe(400)
    expect((await app.send('POST', '/n', '1e30', type)).status).toBe(200)
  })

  it('that no double holds are taken as they are where the format keeps them', async () => {
    const exact = jsonWith({ exact: true })
    const body = { type: 'object', properties: { n: { type: 'integer' }, d: { type: 'number' } }, required: ['n'], additionalProperties: false } as const
    const seen: unknown[] = []
    const app = await serve(
      resource('n', {
        mappers: [exact],
        post: endpoint({
          request: { body },
          response: { body },
          handler: (ctx) => {
            seen.push(ctx.body)
            return ctx.body
          },
        }),
      }),
    )
    const text = '{"n":9007199254740993,"d":0.10000000000000000001}'
    expect(await (await app.send('POST', '/n', text, { 'Content-Type': 'application/json' })).text()).toBe(text)
    expect(seen).toEqual([{ n: 9007199254740993n, d: new Decimal('0.10000000000000000001') }])
  })
})

describe('what is made of a part', () => {
  const later = (value: unknown, ms = 1) => new Promise((resolve) => setTimeout(() => resolve(value), ms))

  it('is waited for, all parts together', async () => {
    const part = (name: string) => representation({ type: 'object', properties: { [name]: { type: 'string' } } }, { create: (data) => later({ made: data }) })
    const app = await serve(
      resource('m', { post: endpoint({ request: { query: part('q'), body: part('b') }, handler: ({ query, body }) => ({ query, body }) }) }),
    )
    expect(await (await app.send('POST', '/m?q=1', { b: '2' })).json()).toEqual({ query: { made: { q: '1' } }, body: { made: { b: '2' } } })
  })

  it('may refuse with a problem, or fail as a bug; a second failure goes unheard', async () => {
    const failing = (error: () => Error) => representation({ type: 'object' }, { create: () => Promise.reject(error()) })
    const throwing = representation(
      { type: 'object' },
      {
        create: () => {
          throw badRequest('Not like this.')
        },
      },
    )
    const app = await serve(
      resource('m', {
        post: endpoint({ request: { query: failing(() => new Error('later')), body: throwing }, handler: () => 1 }),
        put: endpoint({ request: { query: failing(() => new Error('one')), body: failing(() => new Error('two')) }, handler: () => 1 }),
      }),
    )
    const res = await app.send('POST', '/m', {})
    expect(res.status).toBe(400)
    expect(((await res.json()) as { detail: string }).detail).toBe('Not like this.')
    expect((await app.send('PUT', '/m', {})).status).toBe(500)
    expect(app.errors.map((error) => (error as Error).message)).toEqual(['one'])
    await later(undefined, 20)
  })
})

describe('a broken schema', () => {
  const wrong: unknown[] = [
    null,
    0,
    1,
    '',
    'text',
    'RAW',
    [],
    [{}],
    () => ({}),
    Symbol('x'),
    1n,
    Number.NaN,
    { type: 'sting' },
    { properties: [] },
    { required: 'a' },
    { items: 5 },
    { pattern: '(' },
    { minimum: '1' },
    { $ref: '#/no' },
    { anyOf: [] },
    { $async: true },
  ]

  it.each(['params', 'query', 'headers', 'body'] as const)('of request.%s is refused when the resource is made, by name, verb and part', (part) => {
    for (const schema of wrong) {
      const definition = { '/:id': { post: { request: { [part]: schema }, handler: () => 1 } } }
      expect(() => resource('x', definition as never), String(schema)).toThrow(new RegExp(`^resource\\('x'\\), post /:id, request\\.${part}: `))
    }
  })

  it('of response.body, of one status, of response.headers and of representation too', () => {
    for (const schema of wrong) {
      const refused = (definition: object, where: string) =>
        expect(() => resource('x', definition as never), where).toThrow(
          new RegExp(`^resource\\('x'\\)(, get /)?, ?(${where}): |^resource\\('x'\\).*'representation' needs`),
        )
      refused({ get: { response: { body: schema }, handler: () => 1 } }, 'response\\.body')
      refused({ get: { response: { body: { 200: schema } }, handler: () => 1 } }, 'response\\.body\\.200')
      refused({ get: { response: { headers: schema }, handler: () => 1 } }, 'response\\.headers')
      refused({ representation: schema, get: () => 1 }, 'representation')
      refused({ output: 'trust', get: { response: { body: schema }, handler: () => 1 } }, 'response\\.body')
    }
    expect(() => resource('x', { get: { response: { body: { 200: {}, description: 'x' } }, handler: () => 1 } } as never)).toThrow("'description' is no status")
    expect(() => resource('x', { get: { response: { headers: { type: 'object' } }, handler: () => 1 } } as never)).toThrow(
      'response.headers: a schema of an object is needed',
    )
  })

  it('of output is refused', () => {
    for (const output of [
      null,
      0,
      true,
      '',
      'CHECK',
      'none',
      [],
      {},
      () => 1,
      'check ',
      'trusted',
      Number.NaN,
      1n,
      Symbol('x'),
      ['check'],
      { check: true },
      'strict',
      false,
      'off',
      -1,
    ])
      expect(() => resource('x', { output: output as never, get: () => 1 })).toThrow("'output' needs 'check', 'strip' or 'trust'")
  })
})
