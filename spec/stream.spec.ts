import { createReadStream } from 'node:fs'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import compression from 'compression'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { badRequest, type Mapper, reply, resource } from '../lib/index.js'
import { serve, serveApp } from './support/serve.js'

const lines: Mapper = {
  name: 'lines',
  types: ['text/x-lines'],
  format: (data) => `${JSON.stringify(data)}\n`,
  async *formatRows(rows) {
    for await (const row of rows) yield `${JSON.stringify(row)}\n`
  },
}
const own = new URL(import.meta.url)

async function* rows(count: number) {
  for (let id = 1; id <= count; id++) yield { id }
}

describe('an answer that comes piece by piece', () => {
  it('is bytes where it is a Node stream', async () => {
    const { get } = await serve(
      resource('things', {
        get: () => createReadStream(own),
        '/text': { get: () => reply(Readable.from([Buffer.from('a'), Buffer.from('b')]), { headers: { 'Content-Type': 'text/plain' } }) },
      }),
    )
    const response = await get('/things')
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('content-length')).toBeNull()
    expect(await response.text()).toContain('is bytes where it is a Node stream')
    const text = await get('/things/text')
    expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/plain', 'ab'])
  })

  it('is bytes where it is a web stream or an async iterable of bytes', async () => {
    async function* bytes() {
      yield Buffer.from('x')
      yield new Uint8Array([0x79])
    }
    const { get } = await serve(resource('things', { get: () => bytes(), '/web': { get: () => new Blob(['web']).stream() } }))
    expect(await (await get('/things')).text()).toBe('xy')
    expect(await (await get('/things/web')).text()).toBe('web')
  })

  it('is rows where its pieces are data, in the format that was negotiated', async () => {
    const { get } = await serve(resource('things', { mappers: [lines], get: () => rows(3) }))
    const response = await get('/things')
    expect(response.headers.get('content-type')).toBe('text/x-lines; charset=utf-8')
    expect(response.headers.get('vary')).toBe('Accept')
    expect(await response.text()).toBe('{"id":1}\n{"id":2}\n{"id":3}\n')
  })

  it('is a list where the format has no rows', async () => {
    const gather: Mapper = { name: 'gather', types: ['text/x-gather'], format: (data) => JSON.stringify(data) }
    const { get } = await serve(resource('things', { mappers: [gather], get: () => rows(2), '/none': { get: () => rows(0) } }))
    expect(await (await get('/things')).text()).toBe('[{"id":1},{"id":2}]')
    expect(await (await get('/things/none')).text()).toBe('[]')
  })

  it('may be an empty stream', async () => {
    const { get } = await serve(resource('things', { get: () => Readable.from([], { objectMode: false }) }))
    const response = await get('/things')
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('keeps status and header fields of a Reply and of res', async () => {
    const { get } = await serve(
      resource('things', {
        get: ({ res }) => {
          res.set('X-Own', 'yes')
          return reply(Readable.from([Buffer.from('a')]), { status: 206, headers: { 'content-type': 'video/x', Vary: 'Range' } })
        },
      }),
    )
    const response = await get('/things')
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-own')]).toEqual([206, 'video/x', 'yes'])
    expect(response.headers.get('vary')).toBe('Range, Accept')
  })

  it('sends nothing of it to HEAD, and closes it', async () => {
    const source = createReadStream(own)
    const { send } = await serve(resource('things', { get: () => source }))
    const response = await send('HEAD', '/things')
    expect([response.status, await response.text()]).toEqual([200, ''])
    await expect.poll(() => source.closed).toBe(true)
  })

  it('holds its source back while the client does not read', async () => {
    let made = 0
    async function* endless() {
      for (;;) {
        made++
        yield Buffer.alloc(64 * 1024)
      }
    }
    let over = false
    const guarded = async function* () {
      try {
        yield* endless()
      } finally {
        over = true
      }
    }
    const { port } = await serve(resource('things', { get: () => guarded() }))
    const socket = connect(port, '127.0.0.1')
    socket.pause()
    socket.write('GET /things HTTP/1.1\r\nHost: x\r\n\r\n')
    await sleep(300)
    const before = made
    await sleep(200)
    expect(made).toBe(before)
    socket.destroy()
    await expect.poll(() => over).toBe(true)
  })

  it('destroys a source that waits when the client leaves', async () => {
    const source = new Readable({ read() {} })
    source.push('first')
    const silent = new Readable({ read() {} })
    const { port } = await serve(resource('things', { get: () => source, '/silent': { get: () => silent } }))
    for (const [path, stream] of [
      ['/things', source],
      ['/things/silent', silent],
    ] as const) {
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await sleep(100)
      socket.destroy()
      await expect.poll(() => stream.destroyed).toBe(true)
    }
  })

  it('aborts the signal of the handler when the client leaves', async () => {
    let aborted = false
    const { port } = await serve(
      resource('things', {
        get: ({ signal }) => {
          signal.addEventListener('abort', () => {
            aborted = true
          })
          return new Promise(() => {})
        },
      }),
    )
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /things HTTP/1.1\r\nHost: x\r\n\r\n')
    await sleep(50)
    socket.destroy()
    await expect.poll(() => aborted, { timeout: 200, interval: 5 }).toBe(true)
  })

  it('is an ordinary error, or a problem, where it fails before the first piece', async () => {
    const failure = new Error('disk')
    const { get, errors } = await serve(
      resource('things', {
        get: () => createReadStream('/nowhere/at/all'),
        '/rows': {
          get: async function* () {
            if (failure) throw failure
            yield 1
          },
        },
        '/problem': {
          get: async function* () {
            if (failure) throw badRequest('no')
            yield 1
          },
        },
      }),
    )
    expect((await get('/things')).status).toBe(500)
    expect((await get('/things/rows')).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' }), failure])
    const problem = await get('/things/problem')
    expect([problem.status, problem.headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8'])
  })

  it('cuts the connection where it fails half way, and tells Express once', async () => {
    const failure = new Error('half way')
    const { port, raw, errors } = await serve(
      resource('things', {
        get: async function* () {
          yield Buffer.from('half')
          throw failure
        },
      }),
    )
    expect(port).toBeGreaterThan(0)
    const answer = await raw('GET /things HTTP/1.1\r\nHost: x\r\n\r\n', 1500)
    expect(answer).toContain('half')
    expect(answer.endsWith('0\r\n\r\n')).toBe(false)
    expect(errors).toEqual([failure])
  })

  it('goes through compression with one listener, not one for each piece', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    const app = express()
    app.use(compression({ threshold: 0 }))
    const block = Buffer.alloc(200_000, 'abcdefghij0123456789')
    app.use(
      resource('things', {
        get: async function* () {
          for (let index = 0; index < 60; index++) yield block
        },
      }),
    )
    app.set('x', 1)
    const { get } = await serveApp(app)
    const response = await get('/things', { 'Accept-Encoding': 'gzip' })
    // octet-stream is not compressible to it, a text is
    expect((await response.arrayBuffer()).byteLength).toBe(60 * block.length)
    app.use(
      resource('texts', {
        get: () =>
          reply(
            Readable.from(
              (function* () {
                for (let index = 0; index < 60; index++) yield block
              })(),
            ),
            { headers: { 'Content-Type': 'text/plain' } },
          ),
      }),
    )
    const text = await get('/texts', { 'Accept-Encoding': 'gzip' })
    expect(text.headers.get('content-encoding')).toBe('gzip')
    expect((await text.arrayBuffer()).byteLength).toBe(60 * block.length)
    await sleep(20)
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })
})
