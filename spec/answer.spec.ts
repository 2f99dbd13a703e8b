import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  AnswerError,
  created,
  csv,
  endpoint,
  json,
  ndjson,
  notFound,
  type Output,
  type ResponseParts,
  reply,
  representation,
  resource,
  xml,
} from '../lib/index.js'
import { serve } from './support/serve.js'

const row = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } }, required: ['id'], additionalProperties: false } as const
const answering = (response: ResponseParts, handler: (ctx: never) => unknown, more: object = {}) =>
  serve(resource('a', { ...more, get: { response, handler } } as never))

describe('an answer described for each status', () => {
  const byStatus = { 200: row, 202: { type: 'object', properties: { job: { type: 'integer' } }, additionalProperties: false }, 404: row } as const

  it('is held against the schema of its own', async () => {
    const app = await answering({ body: byStatus }, ({ query }) => reply({ id: 1, job: 2, hash: 3 }, { status: Number((query as { status: string }).status) }))
    expect(await (await app.get('/a?status=200')).json()).toEqual({ id: 1 })
    expect(await (await app.get('/a?status=202')).json()).toEqual({ job: 2 })
    expect(await (await app.get('/a?status=404')).json()).toEqual({ id: 1 })
    // No schema, no word about it.
    expect(await (await app.get('/a?status=201')).json()).toEqual({ id: 1, job: 2, hash: 3 })
  })

  it('is wrong only where its own schema says so', async () => {
    const app = await answering({ body: byStatus }, ({ query }) => reply({ id: 'x' }, { status: Number((query as { status: string }).status) }))
    expect((await app.get('/a?status=200')).status).toBe(500)
    expect((await app.get('/a?status=404')).status).toBe(500)
    expect((await app.get('/a?status=202')).status).toBe(202)
    expect((await app.get('/a?status=400')).status).toBe(400)
    expect(app.errors).toHaveLength(2)
    expect((app.errors[0] as Error).message).toBe("resource('a'), get /, response.body.200: the answer does not match its schema: /id must be integer")
  })

  it('may have a status that the handler set on the response', async () => {
    const app = await answering({ body: byStatus }, ({ res }: { res: import('express').Response }) => {
      res.status(202)
      return { job: 1, more: 2 }
    })
    expect(await (await app.get('/a')).json()).toEqual({ job: 1 })
  })
})

describe('an answer described once', () => {
  it('is held against it at every 2xx and at no other status', async () => {
    const app = await answering({ body: row }, ({ query }) => reply({ id: 1, hash: 2 }, { status: Number((query as { status: string }).status) }))
    for (const status of [200, 201, 203, 299]) expect(await (await app.get(`/a?status=${status}`)).json()).toEqual({ id: 1 })
    for (const status of [300, 404, 409, 500]) expect(await (await app.get(`/a?status=${status}`)).json()).toEqual({ id: 1, hash: 2 })
  })

  it('says nothing of problems, bytes and nothing at all', async () => {
    const app = await serve(
      resource('a', {
        get: endpoint({
          response: { body: row },
          handler: () => {
            throw notFound()
          },
        }),
        post: endpoint({ response: { body: row }, handler: () => undefined }),
        put: endpoint({ response: { body: row }, handler: () => Buffer.from('bytes') as never }),
        delete: endpoint({
          response: { body: row },
          handler: ({ res }) => {
            res.end('own')
          },
        }),
      }),
    )
    expect((await app.get('/a')).status).toBe(404)
    expect((await app.send('POST', '/a')).status).toBe(204)
    expect(await (await app.send('PUT', '/a')).text()).toBe('bytes')
    expect(await (await app.send('DELETE', '/a')).text()).toBe('own')
    expect(app.errors).toEqual([])
  })

  it('is checked after filters have had their say', async () => {
    const { filter } = await import('../lib/index.js')
    const spoil = filter(async (_, next) => {
      const made = await next()
      ;(made.data as { id: unknown }).id = 'spoiled'
      return made
    })
    const app = await serve(resource('a', { use: [spoil], get: endpoint({ response: { body: row }, handler: () => ({ id: 1 }) }) }))
    expect((await app.get('/a')).status).toBe(500)
  })

  it('is the same thing in every format', async () => {
    const app = await answering({ body: { type: 'array', items: row } }, () => [{ id: 1, name: 'a', hash: 'x' }], { mappers: [json, xml, csv, ndjson] })
    for (const format of ['json', 'xml', 'csv', 'ndjson']) {
      const text = await (await app.get(`/a?format=${format}`)).text()
      expect(text).toContain('a')
      expect(text).not.toContain('hash')
    }
  })

  it('tells HEAD the length of what GET would get', async () => {
    const app = await answering({ body: row }, () => ({ id: 1, hash: 2 }))
    expect((await app.send('HEAD', '/a')).headers.get('content-length')).toBe(String('{"id":1}'.length))
  })
})

describe('output', () => {
  const wrong = () => ({ id: 'x', hash: 1 })
  const level = async (outer: Output | undefined, path: Output | undefined, inner: Output | undefined) => {
    const at = (output: Output | undefined) => output && { output }
    const app = await serve(resource('a', { ...at(outer), '/p': { ...at(path), get: { ...at(inner), response: { body: row }, handler: wrong } } } as never))
    const res = await app.get('/a/p?format=text')
    return res.status === 500 ? 'check' : (await res.text()).includes('hash') ? 'trust' : 'strip'
  }

  it('is check unless a level says otherwise, and the nearest level wins', async () => {
    expect(await level(undefined, undefined, undefined)).toBe('check')
    expect(await level('strip', undefined, undefined)).toBe('strip')
    expect(await level('trust', undefined, undefined)).toBe('trust')
    expect(await level('trust', 'strip', undefined)).toBe('strip')
    expect(await level('trust', 'strip', 'check')).toBe('check')
    expect(await level('check', undefined, 'trust')).toBe('trust')
  })
})

describe('header fields of an answer', () => {
  const headers = {
    type: 'object',
    properties: { 'X-Response': { type: 'integer', default: 5 }, 'x-flag': { type: 'boolean' }, 'X-List': { type: 'array', items: { type: 'integer' } } },
  } as const
  const sent = async (given: Record<string, unknown>, set: Record<string, string> = {}) => {
    const app = await answering({ headers }, ({ res }: { res: import('express').Response }) => {
      for (const [name, value] of Object.entries(set)) res.setHeader(name, value)
      return reply({}, { headers: given as never })
    })
    const res = await app.get('/a')
    return { status: res.status, get: (name: string) => res.headers.get(name), errors: app.errors }
  }

  it('have their defaults, and stay as they were set', async () => {
    expect((await sent({})).get('x-response')).toBe('5')
    expect((await sent({ 'X-Response': 7 })).get('x-response')).toBe('7')
    expect((await sent({}, { 'X-Response': '8' })).get('x-response')).toBe('8')
    const both = await sent({ 'X-Other': 'o', 'x-flag': true }, { 'X-More': 'm' })
    expect([both.get('x-other'), both.get('x-more'), both.get('x-flag')]).toEqual(['o', 'm', 'true'])
  })

  it('are one field, however their name is written', async () => {
    expect((await sent({ 'x-RESPONSE': 7 })).get('x-response')).toBe('7')
    expect((await sent({ 'X-FLAG': 'false' })).get('x-flag')).toBe('false')
    expect((await sent({ 'x-response': 9 }, { 'X-Response': '8' })).get('x-response')).toBe('9')
    expect((await sent({ 'x-list': '1, 2' })).get('x-list')).toBe('1, 2')
  })

  it('that are wrong are an error of ours', async () => {
    const res = await sent({ 'X-Response': 'many' })
    expect(res.status).toBe(500)
    expect((res.errors[0] as AnswerError).faults).toEqual([{ pointer: '/X-Response', code: 'type', detail: 'must be integer' }])
    expect((res.errors[0] as Error).message).toContain("resource('a'), get /, response.headers")
  })

  it('are there where there is no body', async () => {
    const app = await answering({ headers }, () => undefined)
    const res = await app.get('/a')
    expect([res.status, res.headers.get('x-response')]).toEqual([204, '5'])
  })

  it('may be described by zod', async () => {
    const app = await answering({ headers: z.object({ 'X-Count': z.number().default(3) }) as never }, () => 1)
    expect((await app.get('/a')).headers.get('x-count')).toBe('3')
  })
})

describe('rows that go out one by one', () => {
  async function* rows(wrong?: number) {
    for (let id = 0; id < 20_000; id++) yield id === wrong ? { id: 'wrong' } : { id, name: 'n', hash: 'secret' }
  }

  it('are stripped one by one', async () => {
    const app = await answering({ body: { type: 'array', items: row } }, () => rows(), { mappers: [json, ndjson, csv] })
    for (const format of ['json', 'ndjson', 'csv']) {
      const text = await (await app.get(`/a?format=${format}`)).text()
      expect(text).toContain('19999')
      expect(text).not.toContain('secret')
    }
    expect(((await (await app.get('/a')).json()) as unknown[])[7]).toEqual({ id: 7, name: 'n' })
  })

  it('that are wrong at once are an ordinary error', async () => {
    const app = await answering({ body: { type: 'array', items: row } }, () => rows(0))
    const res = await app.get('/a')
    expect([res.status, await res.text()]).toEqual([500, 'express'])
    expect(app.errors).toHaveLength(1)
  })

  it('that are wrong later cut the connection, and the error is told once', async () => {
    const app = await answering({ body: { type: 'array', items: row } }, () => rows(15_000))
    const res = await app.get('/a')
    expect(res.status).toBe(200)
    await expect(res.text()).rejects.toThrow()
    expect(app.errors).toHaveLength(1)
    expect(app.errors[0]).toBeInstanceOf(AnswerError)
    expect((app.errors[0] as AnswerError).faults).toEqual([{ pointer: '/id', code: 'type', detail: 'must be integer' }])
    expect((await app.get('/')).status).toBe(404)
  })

  it('may be described as one of them, as a list, or as things', async () => {
    const thing = representation(row, { serialize: (object: { key: number }) => ({ id: object.key }) })
    async function* things() {
      yield { key: 1 }
      yield { key: 2 }
    }
    const body: ResponseParts['body'][] = [thing, representation({ type: 'array', items: { $ref: thing } })]
    for (const each of body) expect(await (await (await answering({ body: each as never }, things)).get('/a')).json()).toEqual([{ id: 1 }, { id: 2 }])
    const asZod = await answering({ body: z.array(z.object({ id: z.int() })) }, () => rows())
    expect(((await (await asZod.get('/a')).json()) as unknown[]).slice(0, 2)).toEqual([{ id: 0 }, { id: 1 }])
  })

  it('may refer to the schema of the list', async () => {
    const tree = {
      type: 'array',
      items: { type: 'object', properties: { n: { type: 'integer' }, all: { $ref: '#' } }, required: ['n'], additionalProperties: false },
    } as const
    async function* trees() {
      yield { n: 1, x: 1, all: [{ n: 2, x: 2, all: [] }] }
    }
    const app = await answering({ body: tree as never }, trees)
    expect(await (await app.get('/a')).json()).toEqual([{ n: 1, all: [{ n: 2, all: [] }] }])
  })
})

describe('a list of things', () => {
  it('is written thing by thing, also where the thing is described by zod or refers to itself', async () => {
    const byZod = await serve(
      resource('a', { representation: z.object({ id: z.int() }), get: () => [{ id: 1, hash: 1 }], '/wrong': { get: () => [{ id: 1 }, { id: 'x' }] } }),
    )
    expect(await (await byZod.get('/a')).json()).toEqual([{ id: 1 }])
    expect((await byZod.get('/a/wrong')).status).toBe(500)
    expect((byZod.errors[0] as AnswerError).faults[0]?.pointer).toBe('/1/id')
    const tree = { type: 'object', properties: { n: { type: 'integer' }, all: { type: 'array', items: { $ref: '#' } } }, additionalProperties: false } as const
    const recursive = await serve(resource('a', { representation: tree as never, get: () => [{ n: 1, all: [{ n: 2, x: 1 }] }] }))
    expect(await (await recursive.get('/a')).json()).toEqual([{ n: 1, all: [{ n: 2 }] }])
  })
})

describe('what may only be written', () => {
  const user = (additionalProperties: boolean | undefined) => ({
    type: 'object',
    properties: {
      name: { type: 'string' },
      password: { type: 'string', writeOnly: true },
      login: {
        type: 'object',
        properties: { pin: { type: 'string', writeOnly: true }, at: { type: 'string' } },
        ...(additionalProperties !== undefined && { additionalProperties }),
      },
    },
    required: ['name', 'password'],
    ...(additionalProperties !== undefined && { additionalProperties }),
  })
  const data = { name: 'a', password: 'secret', login: { pin: 'secret', at: 'x' } }

  it.each([false, true, undefined])('is never shown, as deep as it is, in open objects too: %s', async (additionalProperties) => {
    const schema = user(additionalProperties) as never
    const app = await serve(
      resource('a', {
        representation: schema,
        get: () => data,
        '/list': { get: () => [data] },
        '/body': { get: endpoint({ response: { body: schema }, handler: () => data as never }) },
        '/strip': { output: 'strip', get: endpoint({ response: { body: schema }, handler: () => data as never }) },
      }),
    )
    for (const path of ['', '/body', '/strip']) expect(await (await app.get(`/a${path}`)).json()).toEqual({ name: 'a', login: { at: 'x' } })
    expect(await (await app.get('/a/list')).json()).toEqual([{ name: 'a', login: { at: 'x' } }])
  })
})

describe('created things', () => {
  it('are checked like any other', async () => {
    const app = await serve(resource('a', { representation: row, post: () => created({ id: 'x' }) }))
    expect((await app.send('POST', '/a', { id: 1 })).status).toBe(500)
  })
})

describe('a process that may not make code from strings', () => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const built = `${root}node_modules/.cache/express-trestle-${process.pid}`

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`, '--outDir', built]).catch(
      () => {},
    )
  }, 60_000)
  afterAll(() => rmSync(built, { recursive: true, force: true }))

  const run = async (code: string) => {
    const args = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', code.replace('BUILT', `${built}/index.js`)]
    return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout
  }
  const start = `
    import { once } from 'node:events'
    import express from 'express'
    import { z } from 'zod'
    import { createServer, endpoint, resource } from 'BUILT'
    const app = express()
    const ask = async (path, init) => {
      const server = createServer(app).listen(0)
      await once(server, 'listening')
      const res = await fetch('http://127.0.0.1:' + server.address().port + path, init)
      console.log(res.status, await res.text())
      server.close()
    }`

  it('is served by Standard Schemas, both ways', async () => {
    const out = await run(`${start}
      const row = z.object({ id: z.int(), name: z.string().optional() })
      app.use(resource('plain', { get: () => ({ up: true }) }))
      app.use(resource('rows', { get: endpoint({ response: { body: row }, handler: () => ({ id: 1, hash: 2 }) }), post: endpoint({ request: { body: row }, handler: ({ body }) => body }) }))
      await ask('/plain')
      await ask('/rows')
      await ask('/rows', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"id":1,"more":2}' })
      await ask('/rows', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"id":"x"}' })`)
    const lines = out.trim().split('\n')
    expect(lines.slice(0, 3)).toEqual(['200 {"up":true}', '200 {"id":1}', '200 {"id":1}'])
    expect(lines[3]).toMatch(/^400 .*"pointer":"\/id"/)
  })

  it('hears why a JSON Schema cannot be used there', async () => {
    const out = await run(`${start}
      for (const definition of [{ get: { response: { body: { type: 'object' } }, handler: () => 1 } }, { post: { request: { body: { type: 'object' } }, handler: () => 1 } }]) {
        try { resource('x', definition) } catch (error) { console.log(error.name, error.message) }
      }`)
    expect(out.trim().split('\n')).toEqual([
      "TypeError resource('x'), get /, response.body: a JSON Schema is compiled to code, and this process does not allow that (--disallow-code-generation-from-strings). Use a Standard Schema such as zod's here.",
      "TypeError resource('x'), post /, request.body: a JSON Schema is compiled to code, and this process does not allow that (--disallow-code-generation-from-strings). Use a Standard Schema such as zod's here.",
    ])
  })
})
