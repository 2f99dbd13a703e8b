import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { resource } from '../../lib/index.js'
import { type Served, serve } from '../support/serve.js'

/** A small application that takes bodies in every built-in format and echoes them. */
function start(): Promise<Served> {
  return serve(
    resource('notes', {
      bodyLimit: 100 * 1024,
      get: ({ query }) => query,
      post: ({ body }) => ({ taken: body !== undefined, own: Object.keys(Object(body)) }),
      '/:id': { get: ({ params }) => params, put: ({ body }) => body },
      '/echo': { post: ({ body }) => body },
    }),
  )
}

interface Mistake {
  method?: string
  path?: string
  type?: string
  headers?: Record<string, string>
  body?: string | Buffer
  status: number | number[]
}

const nested = (open: string, close: string, count: number) => open.repeat(count) + close.repeat(count)
const bomb = Buffer.alloc(8 * 1024 * 1024, 0x20)
const entities = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from({ length: 9 }, (_, i) => `<!ENTITY lol${i} "${`&lol${i ? i - 1 : ''};`.repeat(10)}">`).join('')}]><root>&lol8;</root>`

const mistakes: Record<string, Mistake> = {
  'malformed JSON': { body: '{"a":', status: 400 },
  'JSON with a comma too many': { body: '{"a":1,}', status: 400 },
  'two JSON texts': { body: '{} {}', status: 400 },
  'JSON that is only a space': { body: ' ', status: 400 },
  'malformed XML': { type: 'application/xml', body: '<a><b></a>', status: 400 },
  'XML cut off': { type: 'text/xml', body: '<a><b>', status: 400 },
  'XML with two roots': { type: 'application/xml', body: '<a/><b/>', status: 400 },
  'text where XML goes': { type: 'application/xml', body: 'hello', status: 400 },
  'an unknown charset': { type: 'application/json; charset=klingon', body: '{}', status: 415 },
  'undecodable text': { body: Buffer.from([0x22, 0xc3, 0x28, 0x22]), status: 400 },
  'undecodable text in XML': { type: 'application/xml', body: Buffer.from('<a>\xff</a>', 'latin1'), status: 400 },
  'an unknown type': { type: 'image/png', body: 'x', status: 415 },
  'a type that is none': { type: 'json', body: '{}', status: 415 },
  'an unknown Content-Encoding': { headers: { 'Content-Encoding': 'zip' }, body: '{}', status: 415 },
  'a broken gzip': { headers: { 'Content-Encoding': 'gzip' }, body: 'no gzip', status: 400 },
  'too large': { body: `"${'a'.repeat(100 * 1024)}"`, status: 413 },
  'too large once inflated, gzip': { headers: { 'Content-Encoding': 'gzip' }, body: gzipSync(bomb), status: 413 },
  'too large once inflated, deflate': { headers: { 'Content-Encoding': 'deflate' }, body: deflateSync(bomb), status: 413 },
  'too large once inflated, br': { headers: { 'Content-Encoding': 'br' }, body: brotliCompressSync(bomb), status: 413 },
  'broken percent-encoding in the path': { method: 'GET', path: '/notes/%E0%A4%A', status: 400 },
  'percent-encoding that is no UTF-8': { method: 'GET', path: '/notes/%FF', status: 400 },
  'broken percent-encoding in the query': { method: 'GET', path: '/notes?a=%', status: 400 },
  'broken percent-encoding in a parameter name': { method: 'GET', path: '/notes?%zz=1', status: 400 },
  'more than a thousand parameters': { method: 'GET', path: `/notes?${'a&'.repeat(1001)}`, status: 400 },
  'broken percent-encoding in a form': { type: 'application/x-www-form-urlencoded', body: 'a=%', status: [200, 400] },
  '__proto__ in JSON': { body: '{"__proto__":{"polluted":1}}', status: 400 },
  '__proto__ in JSON, spelled with escapes': { body: '{"\\u005f\\u005fproto__":{"polluted":1}}', status: 400 },
  'constructor.prototype in JSON': { body: '{"constructor":{"prototype":{"polluted":1}}}', status: 400 },
  '__proto__ deep in JSON': { body: '[[{"a":{"__proto__":{"polluted":1}}}]]', status: 400 },
  '__proto__ in XML': { type: 'application/xml', body: '<root><__proto__><polluted>1</polluted></__proto__></root>', status: [200, 400] },
  '__proto__ in a form': { type: 'application/x-www-form-urlencoded', body: '__proto__[polluted]=1&__proto__=2', status: [200, 400] },
  '__proto__ in the query': { method: 'GET', path: '/notes?__proto__=1&__proto__[polluted]=1', status: [200, 400] },
  'a DOCTYPE in XML': { type: 'application/xml', body: '<!DOCTYPE a><a/>', status: 400 },
  'an entity bomb in XML': { type: 'application/xml', body: entities, status: 400 },
  'an external entity in XML': { type: 'application/xml', body: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', status: 400 },
  '30,000 nested brackets': { body: nested('[', ']', 30_000), status: 400 },
  '30,000 nested brackets, never closed': { body: '['.repeat(30_000), status: 400 },
  '15,000 nested objects': { body: nested('{"a":', '}', 15_000).replace('}', '1}'), status: 400 },
  '101 nested brackets': { body: nested('[', ']', 101), status: 400 },
  '5,000 nested elements': { type: 'application/xml', body: nested('<a>', '</a>', 5000), status: 400 },
  '10,000 nested elements, never closed': { type: 'application/xml', body: '<a>'.repeat(10_000), status: 400 },
  'a format that is not there': { method: 'GET', path: '/notes?format=png', status: 406 },
  'an Accept that cannot be met': { method: 'GET', headers: { Accept: 'image/png' }, status: 406 },
  'a method that is not there': { method: 'DELETE', status: 405 },
}

describe("every mistake of a client is the client's", () => {
  it.each(Object.entries(mistakes))('%s', async (_name, { method = 'POST', path = '/notes', type = 'application/json', headers, body, status }) => {
    const { send, get, errors } = await start()
    const started = performance.now()
    const response = await send(method, path, body as string, { ...(body !== undefined && { 'Content-Type': type }), ...headers })
    expect(performance.now() - started).toBeLessThan(1000)
    expect([status].flat()).toContain(response.status)
    if (response.status >= 400) {
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      expect(response.headers.get('vary')).toBe('Accept')
      const problem = await response.json()
      expect(problem).toMatchObject({ status: response.status, title: expect.any(String), type: 'about:blank' })
      expect(JSON.stringify(problem)).not.toMatch(/\bat .*:\d+:\d+|node_modules|node:internal/)
    }
    expect(errors).toEqual([])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12)
    // and the next request is none the worse
    expect((await get('/notes/1')).status).toBe(200)
  })

  it('are told in XML and in text to those who ask for that', async () => {
    const { send } = await start()
    const broken = (accept: string) => send('POST', '/notes', '{"a":', { 'Content-Type': 'application/json', Accept: accept })
    const xml = await broken('application/xml')
    expect([xml.status, xml.headers.get('content-type')]).toEqual([400, 'application/problem+xml; charset=utf-8'])
    const text = await broken('text/plain')
    expect([text.status, text.headers.get('content-type')]).toEqual([400, 'text/plain; charset=utf-8'])
  })

  it.each(['json', 'text', 'xml'])('do not end an answer in %s where the data is deep', async (format) => {
    const { send, errors } = await start()
    const response = await send('POST', `/notes/echo?format=${format}`, nested('[', ']', 100), { 'Content-Type': 'application/json' })
    expect(response.status).toBe(200)
    expect(errors).toEqual([])
  })
})

describe('a body that is too large', () => {
  const head = (fields: string) => `POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${fields}\r\n\r\n`

  it('is refused at once where its length is declared, and the connection closed', async () => {
    const { raw, port } = await start()
    const started = performance.now()
    const first = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(`${head('Content-Length: 10737418240')}x`))
      socket.once('data', (chunk) => {
        resolve(chunk.toString())
        socket.destroy()
      })
    })
    expect(performance.now() - started).toBeLessThan(200)
    expect(first).toMatch(/^HTTP\/1\.1 413 /)
    expect(first).toMatch(/^connection: close\r$/im)
    const whole = await raw(`${head('Content-Length: 10737418240')}x`, 4000)
    expect(whole).toContain('"status":413')
    expect(performance.now() - started).toBeLessThan(3000)
  })

  it('is refused at the limit where it comes in chunks, and what was sent is not in the way of the answer', async () => {
    const { raw } = await start()
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`
    const answer = await raw(head('Transfer-Encoding: chunked') + chunk.repeat(20), 4000)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(answer).toContain('"status":413')
  })

  it('does not stand in memory', async () => {
    const { send } = await start()
    const body = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    global.gc?.()
    const before = process.memoryUsage().rss
    for (let round = 0; round < 5; round++) {
      const response = await send('POST', '/notes', body, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      expect(response.status).toBe(413)
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('counts bytes, not letters', async () => {
    const { send } = await serve(resource('notes', { bodyLimit: 6, post: ({ body }) => body }))
    expect((await send('POST', '/notes', '"éé"', { 'Content-Type': 'application/json' })).status).toBe(200)
    expect((await send('POST', '/notes', '"ééa"', { 'Content-Type': 'application/json' })).status).toBe(413)
  })
})

describe('a body that is cut off', () => {
  it('ends the request without an error of ours', async () => {
    const { port, errors, get } = await start()
    const message = 'POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":'
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(message, () => setTimeout(() => socket.destroy(), 30)))
      socket.on('close', () => setTimeout(resolve, 50))
    })
    expect(errors).toEqual([])
    expect((await get('/notes/1')).status).toBe(200)
  })
})
