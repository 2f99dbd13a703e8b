import { once } from 'node:events'
import http from 'node:http'
import { Readable } from 'node:stream'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { created, jsonWith, type Mapper, noContent, type Options, Problem, reply, resource, seeOther, unauthorized, xml } from '../lib/index.js'
import { serve, serveApp } from './support/serve.js'

// fetch would add Cache-Control: no-cache to a conditional request, which asks not to be told 304.
const cached = { 'Cache-Control': 'max-age=0' }
const ask = (get: (path: string) => Promise<Response>, path: string) => get(path).then(async (res) => [res.status, await res.text()] as const)

describe('the end of a request', () => {
  it('sends data as 200, null included', async () => {
    const { get } = await serve(
      resource('things', {
        get: () => ({ a: [1, true, null, 'é'] }),
        '/null': { get: () => null },
        '/false': { get: () => false },
        '/empty': { get: () => '' },
        '/zero': { get: async () => 0 },
      }),
    )
    expect(await ask(get, '/things')).toEqual([200, '{"a":[1,true,null,"é"]}'])
    expect(await ask(get, '/things/null')).toEqual([200, 'null'])
    expect(await ask(get, '/things/false')).toEqual([200, 'false'])
    expect(await ask(get, '/things/empty')).toEqual([200, '""'])
    expect(await ask(get, '/things/zero')).toEqual([200, '0'])
  })

  it('sends the length in bytes', async () => {
    const { get } = await serve(resource('things', { get: () => 'é€😀' }))
    expect((await get('/things')).headers.get('content-length')).toBe('11')
  })

  it('sends nothing as 204, without Content-Type and Content-Length', async () => {
    const { get } = await serve(resource('things', { get: () => undefined, '/reply': { get: () => noContent({ 'X-A': 'b' }) } }))
    for (const path of ['/things', '/things/reply']) {
      const response = await get(path)
      expect(response.status).toBe(204)
      expect(response.headers.get('content-type')).toBeNull()
      expect(response.headers.get('content-length')).toBeNull()
    }
    expect((await get('/things/reply')).headers.get('x-a')).toBe('b')
  })

  it('sends a Reply with its status and header fields', async () => {
    const { get, send } = await serve(
      resource('things', {
        get: () => reply({ a: 1 }, { status: 203, headers: { 'X-Source': 'cache', 'Set-Cookie': ['a=1', 'b=2'] } }),
        post: () => created({ id: 7 }, { location: '/things/7' }),
        put: () => created(undefined, { location: '/things/7' }),
        delete: () => seeOther('/things'),
      }),
    )
    const got = await get('/things')
    expect([got.status, got.headers.get('x-source'), got.headers.getSetCookie()]).toEqual([203, 'cache', ['a=1', 'b=2']])
    const made = await send('POST', '/things')
    expect([made.status, made.headers.get('location'), await made.json()]).toEqual([201, '/things/7', { id: 7 }])
    const empty = await send('PUT', '/things')
    expect([empty.status, empty.headers.get('location'), empty.headers.get('content-length')]).toEqual([201, '/things/7', '0'])
    const other = await send('DELETE', '/things')
    expect([other.status, other.headers.get('location'), other.headers.get('content-length')]).toEqual([303, '/things', '0'])
  })

  it('keeps what the handler set on res: status, header fields, cookies, type', async () => {
    const { get } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.status(202).cookie('a', 'b').set('X-Own', 'yes').type('application/vnd.own+json')
          return { a: 1 }
        },
        '/none': {
          get: ({ res }) => {
            res.status(205)
          },
        },
      }),
    )
    const response = await get('/things')
    expect(response.status).toBe(202)
    expect(response.headers.get('set-cookie')).toBe('a=b; Path=/')
    expect(response.headers.get('x-own')).toBe('yes')
    expect(response.headers.get('content-type')).toBe('application/vnd.own+json')
    expect(await response.json()).toEqual({ a: 1 })
    const none = await get('/things/none')
    expect([none.status, none.headers.get('content-length')]).toEqual([205, '0'])
  })

  it('lets the status of a Reply go before the one on res', async () => {
    const { get } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.status(202)
          return reply(1, { status: 203 })
        },
      }),
    )
    expect((await get('/things')).status).toBe(203)
  })

  it('leaves a handler alone that has answered, or returned res because it will', async () => {
    const { get } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.status(418).send('tea')
        },
        '/later': {
          get: ({ res }) => {
            setTimeout(() => res.send('later'), 20)
            return res
          },
        },
        '/json': { get: ({ res }) => res.json({ a: 1 }) },
        '/redirect': { get: ({ res }) => res.redirect('/x') },
      }),
    )
    expect(await ask(get, '/things')).toEqual([418, 'tea'])
    expect(await ask(get, '/things/later')).toEqual([200, 'later'])
    expect(await ask(get, '/things/json')).toEqual([200, '{"a":1}'])
    expect((await get('/things/redirect')).status).toBe(302)
  })

  it('sends bytes as they are', async () => {
    const { get } = await serve(
      resource('things', {
        get: () => Buffer.from([0, 255]),
        '/png': { get: () => reply(new Uint8Array([1]), { headers: { 'Content-Type': 'image/png' } }) },
      }),
    )
    const response = await get('/things')
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255])
    expect((await get('/things/png')).headers.get('content-type')).toBe('image/png')
  })

  it.each([true, false])('lets header fields of a Reply go before ours, in any case (x-powered-by: %s)', async (powered) => {
    const app = express()
    app.set('x-powered-by', powered)
    app.use(resource('things', { get: () => reply({ a: 1 }, { headers: { 'content-type': 'application/vnd.own+json', etag: '"mine"', vary: 'Origin' } }) }))
    const { raw, get } = await serveApp(app)
    const head = await raw('GET /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(head.match(/^content-type:.*$/gim)).toEqual([expect.stringMatching(/: application\/vnd\.own\+json$/)])
    expect(head.match(/^etag:.*$/gim)).toEqual([expect.stringMatching(/: "mine"$/)])
    expect(head.match(/^vary:.*$/gim)).toEqual([expect.stringMatching(/: Origin, Accept$/)])
    expect((await get('/things', { ...cached, 'If-None-Match': '"mine"' })).status).toBe(304)
  })

  it('sends the header fields that belong to a mapper', async () => {
    const own: Mapper = { name: 'own', types: ['text/x-own'], headers: { 'X-Content-Type-Options': 'nosniff' }, problemType: 'text/x-own', format: () => 'own' }
    const { get } = await serve(
      resource('things', {
        mapper: own,
        get: ({ query }) => {
          if (query.fail) throw new Problem(400)
          return 1
        },
      }),
    )
    expect((await get('/things')).headers.get('x-content-type-options')).toBe('nosniff')
    expect((await get('/things?fail=1')).headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('sends JSON with spaces where the mapper says so', async () => {
    const { get } = await serve(resource('things', { mappers: [jsonWith({ indent: 2 })], get: () => ({ a: 1 }) }))
    expect(await (await get('/things')).text()).toBe('{\n  "a": 1\n}')
  })
})

describe('a problem as the answer', () => {
  it('is sent with its members and header fields', async () => {
    const { get } = await serve(
      resource('things', {
        get: () => {
          throw unauthorized('Who are you?', { challenge: ['Basic realm="a"', 'Bearer'], members: { hint: 'log in' } })
        },
      }),
    )
    const response = await get('/things')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="a", Bearer')
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(await response.json()).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'Who are you?', hint: 'log in' })
  })

  it('keeps cookies and drops what was said of the representation that did not come', async () => {
    const { get } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.cookie('a', 'b').set({ ETag: '"x"', 'Last-Modified': 'now', 'Content-Disposition': 'attachment', 'Content-Type': 'image/png', 'X-Own': 'yes' })
          throw new Problem(409)
        },
      }),
    )
    const { headers } = await get('/things')
    expect(headers.get('set-cookie')).toBe('a=b; Path=/')
    expect(headers.get('x-own')).toBe('yes')
    for (const name of ['etag', 'last-modified', 'content-disposition']) expect(headers.get(name)).toBeNull()
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })

  it('keeps Vary fields of its own', async () => {
    const { get } = await serve(
      resource('things', {
        get: () => {
          throw new Problem(403, undefined, { headers: { Vary: 'Origin' } })
        },
      }),
    )
    expect((await get('/things')).headers.get('vary')).toBe('Origin, Accept')
  })

  it('is sent to HEAD without its body', async () => {
    const { send } = await serve(
      resource('things', {
        get: () => {
          throw new Problem(410)
        },
      }),
    )
    const response = await send('HEAD', '/things')
    expect([response.status, await response.text()]).toEqual([410, ''])
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  })
})

describe('ETag and 304', () => {
  const tagOf = async (etag: Options['etag'], setting?: unknown) => {
    const app = express()
    if (setting !== undefined) app.set('etag', setting)
    app.use(resource('things', { ...(etag !== undefined && { etag }), get: () => ({ a: 1 }) }))
    const { get } = await serveApp(app)
    return (await get('/things')).headers.get('etag')
  }

  it('is weak, strong or not there, as the option says', async () => {
    expect(await tagOf(undefined)).toMatch(/^W\/"[\w+/]{27}"$/)
    expect(await tagOf('weak')).toMatch(/^W\/"/)
    expect(await tagOf(true)).toMatch(/^W\/"/)
    expect(await tagOf('strong')).toMatch(/^"[\w+/]{27}"$/)
    expect(await tagOf(false)).toBeNull()
  })

  it("obeys Express's setting where the option is silent", async () => {
    expect(await tagOf(undefined, false)).toBeNull()
    expect(await tagOf(undefined, 'strong')).toMatch(/^"/)
    expect(await tagOf(undefined, 'weak')).toMatch(/^W\/"/)
    expect(await tagOf(undefined, true)).toMatch(/^W\/"/)
    expect(await tagOf(undefined, (body: string | Buffer) => `"${body.length}"`)).toBe('"7"')
    expect(await tagOf(undefined, () => undefined)).toBeNull()
    expect(await tagOf('strong', false)).toMatch(/^"/)
    expect(await tagOf(false, 'strong')).toBeNull()
  })

  it('is the same for the same answer and another for another format', async () => {
    const { get } = await serve(
      resource('things', { mappers: [jsonWith(), jsonWith({ indent: 2 })].map((one, index) => ({ ...one, name: `j${index}` })), get: () => ({ a: 1 }) }),
    )
    const tag = async (path: string) => (await get(path)).headers.get('etag')
    expect(await tag('/things?format=j0')).toBe(await tag('/things?format=j0'))
    expect(await tag('/things?format=j0')).not.toBe(await tag('/things?format=j1'))
  })

  it('is 304 where the client has it already, for GET and HEAD', async () => {
    const { get, send } = await serve(resource('things', { get: () => reply({ a: 1 }, { headers: { 'Cache-Control': 'no-cache' } }) }))
    const first = await get('/things')
    const tag = first.headers.get('etag') as string
    for (const known of [tag, `"other", ${tag}`, '*', tag.replace('W/', '')]) {
      const second = await get('/things', { ...cached, 'If-None-Match': known })
      expect([second.status, await second.text()]).toEqual([304, ''])
      expect(second.headers.get('etag')).toBe(tag)
      expect(second.headers.get('vary')).toBe('Accept')
      expect(second.headers.get('cache-control')).toBe('no-cache')
      expect(second.headers.get('content-type')).toBeNull()
      expect(second.headers.get('content-length')).toBeNull()
    }
    expect((await send('HEAD', '/things', undefined, { ...cached, 'If-None-Match': tag })).status).toBe(304)
    expect((await get('/things', { ...cached, 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it('takes an ETag and a Last-Modified of the handler', async () => {
    const { get } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.set({ ETag: '"v1"', 'Last-Modified': 'Wed, 01 Jan 2025 00:00:00 GMT' })
          return { now: performance.now() }
        },
      }),
    )
    expect((await get('/things')).headers.get('etag')).toBe('"v1"')
    expect((await get('/things', { ...cached, 'If-None-Match': '"v1"' })).status).toBe(304)
    expect((await get('/things', { ...cached, 'If-Modified-Since': 'Wed, 01 Jan 2025 00:00:00 GMT' })).status).toBe(304)
    expect((await get('/things', { ...cached, 'If-Modified-Since': 'Tue, 31 Dec 2024 00:00:00 GMT' })).status).toBe(200)
    expect((await get('/things', { ...cached, 'If-None-Match': '"v2"', 'If-Modified-Since': 'Wed, 01 Jan 2025 00:00:00 GMT' })).status).toBe(200)
  })

  it('is not asked of writes, nor of an answer that is no 200', async () => {
    const { get, send } = await serve(resource('things', { post: () => ({ a: 1 }), get: () => reply(1, { status: 203 }) }))
    const post = await send('POST', '/things', { a: 1 }, { ...cached, 'If-None-Match': '*' })
    expect([post.status, post.headers.get('etag')]).toEqual([200, null])
    const other = await get('/things', { ...cached, 'If-None-Match': '*' })
    expect([other.status, other.headers.get('etag')]).toEqual([203, null])
  })
})

describe('HEAD', () => {
  it('is GET without the body and with its header fields', async () => {
    const { get, send } = await serve(resource('things', { get: () => ({ a: 'é' }) }))
    const [a, b] = [await get('/things'), await send('HEAD', '/things')]
    expect(b.status).toBe(200)
    expect(await b.text()).toBe('')
    for (const name of ['content-type', 'content-length', 'etag', 'vary']) expect(b.headers.get(name)).toBe(a.headers.get(name))
  })
})

describe('answers that cannot be sent', () => {
  it.each([
    [
      'cyclic data',
      () => {
        const a: unknown[] = []
        a.push(a)
        return a
      },
    ],
    [
      'a toJSON that throws',
      () => ({
        toJSON: () => {
          throw new Error('toJSON')
        },
      }),
    ],
    ['a function', () => () => 1],
    ['a symbol', () => Symbol('a')],
    ['a header field with a line break', () => reply({ a: 1 }, { headers: { 'X-A': 'a\r\nb' } })],
    ['a header field that is no token', () => reply({ a: 1 }, { headers: { 'X A': 'a' } })],
  ])("go to Express's error handling once and leave nothing behind: %s", async (_name, handler) => {
    const { get, errors } = await serve(resource('things', { get: handler }))
    const response = await get('/things')
    expect([response.status, await response.text()]).toEqual([500, 'express'])
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(Error)
  })

  it('are 500 where a mapper can only read, or gives no text', async () => {
    const odd: Mapper = { name: 'odd', types: ['text/odd'], format: () => 5 as unknown as string }
    const { get, errors } = await serve(resource('things', { mapper: odd, get: () => 1 }))
    expect((await get('/things')).status).toBe(500)
    expect(String(errors[0])).toContain("'odd'")
  })
})

describe('an app without Express around it', () => {
  it('is answered by a resource under a plain router as well', async () => {
    const app = express()
    const sub = express()
    sub.set('etag', false)
    sub.use(resource('things', { get: () => Readable.from(['a']), mapper: xml }))
    app.use('/sub', sub)
    const server = http.createServer(app).listen(0)
    await once(server, 'listening')
    try {
      const { port } = server.address() as { port: number }
      const response = await fetch(`http://127.0.0.1:${port}/sub/things`)
      expect(response.headers.get('etag')).toBeNull()
      expect(response.status).toBe(200)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
