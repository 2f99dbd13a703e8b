import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Context, endpoint, type Handler, json, resource } from '../../lib/index.js'
import { type MultipartOptions, multipart, multipartWith } from '../../lib/mappers/multipart.js'
import { toFile, toMemory, toStream, type UploadedFile } from '../../lib/upload.js'
import { mapperContract } from '../contracts/mapper.js'
import { type Served, serve } from '../support/serve.js'

type Body = Record<string, unknown>

const part = (disposition: string, content: string, ...fields: string[]): string =>
  `--b\r\n${[`Content-Disposition: form-data; ${disposition}`, ...fields].join('\r\n')}\r\n\r\n${content}\r\n`

const formOf = (...parts: string[]): string => `${parts.join('')}--b--\r\n`

mapperContract('multipart', multipart, {
  reads: [
    { type: 'multipart/form-data; boundary=b', body: formOf(part('name="name"', 'Ann'), part('name="city"', 'Åre')), data: { name: 'Ann', city: 'Åre' } },
    { type: 'multipart/form-data; boundary="b"', body: formOf(part('name="tag"', 'a'), part('name="tag"', 'b')), data: { tag: ['a', 'b'] } },
  ],
})

// An app that answers what it read, or what the handler says.
async function app(options: MultipartOptions | undefined, handler: Handler<Context> = ({ body }) => body, bodyLimit = 1_000_000): Promise<Served> {
  const mapper = options ? multipartWith(options) : multipart
  return serve(resource('forms', { mappers: [json, mapper], post: endpoint({ bodyLimit, handler }) }))
}

async function post(served: Served, body: string | Buffer, boundary = 'b'): Promise<{ status: number; data: Body }> {
  const answer = await served.send('POST', '/forms', body, { 'Content-Type': `multipart/form-data; boundary=${boundary}` })
  return { status: answer.status, data: (await answer.json()) as Body }
}

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'multipart-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

// Open descriptors of this process; where the system does not tell, there is nothing to compare.
const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length

describe('what is read', () => {
  it('puts fields and files into one object, as the platform sends them', async () => {
    const served = await app(undefined)
    const form = new FormData()
    form.append('name', 'Ann')
    form.append('photo', new File(['abc'], 'me.png', { type: 'image/png' }))
    const answer = await served.send('POST', '/forms', form)
    expect(await answer.json()).toEqual({ name: 'Ann', photo: { name: 'photo', filename: 'me.png', type: 'image/png', size: 3 } })
  })

  it('gives the bytes of a file that is kept in memory', async () => {
    let file: UploadedFile | undefined
    const served = await app(undefined, async ({ body }) => {
      file = (body as { f: UploadedFile }).f
      return { bytes: file.bytes?.toString(), read: (await buffer(file.stream())).toString() }
    })
    const { data } = await post(served, formOf(part('name="f"; filename="a"', 'hello')))
    expect(data).toEqual({ bytes: 'hello', read: 'hello' })
  })

  it('leaves out a file field where no file was chosen', async () => {
    const { data } = await post(
      await app(undefined),
      formOf(part('name="f"; filename=""', '', 'Content-Type: application/octet-stream'), part('name="a"', '1')),
    )
    expect(data).toEqual({ a: '1' })
  })

  it('keeps brackets in names as they are', async () => {
    const { data } = await post(await app(undefined), formOf(part('name="a[b]"', '1'), part('name="__proto__[c]"', '2')))
    expect(data).toEqual({ 'a[b]': '1', '__proto__[c]': '2' })
  })

  it('keeps names of members that every object has as keys of its own', async () => {
    const { data } = await post(await app(undefined), formOf(part('name="toString"', '1'), part('name="constructor"', '2')))
    expect(data).toEqual({ toString: '1', constructor: '2' })
  })

  it('reads a field in the charset that the part names', async () => {
    const body = Buffer.concat([Buffer.from(formOf(part('name="a"', '@', 'Content-Type: text/plain; charset=iso-8859-1')).replace('@', 'é'), 'latin1')])
    expect((await post(await app(undefined), body)).data).toEqual({ a: 'é' })
  })

  it('ignores what stands before the first part and after the last', async () => {
    const { data } = await post(await app(undefined), `before\r\n${formOf(part('name="a"', '1'))}after`)
    expect(data).toEqual({ a: '1' })
  })

  it('reads an empty form', async () => {
    expect(await post(await app(undefined), '--b--\r\n')).toEqual({ status: 200, data: {} })
  })

  it('lets a schema turn texts into what they are', async () => {
    const body = { type: 'object', properties: { age: { type: 'integer' } } } as const
    const served = await serve(resource('forms', { mappers: [json, multipart], post: endpoint({ request: { body }, handler: ({ body }) => body }) }))
    expect((await post(served, formOf(part('name="age"', '41')))).data).toEqual({ age: 41 })
  })

  it.each([
    ['a path', 'filename="../../etc/passwd"', 'passwd'],
    ['a path of Windows', 'filename="C:\\fakepath\\a.txt"', 'a.txt'],
    ['only dots', 'filename="a/.."', ''],
    ['a control character', 'filename="a\0b.txt"', 'ab.txt'],
    ['quotes', 'filename="a\\"b.txt"', 'a"b.txt'],
    ['letters of any language', 'filename="Grüße 世界.txt"', 'Grüße 世界.txt'],
    ['an extended parameter', "filename*=UTF-8''%E2%82%AC.txt", '€.txt'],
    ['no quotes', 'filename=a.txt', 'a.txt'],
  ])('takes only the last part of a file name: %s', async (_, disposition, filename) => {
    const { data } = await post(await app(undefined), formOf(part(`name="f"; ${disposition}`, 'x')))
    expect(data.f).toMatchObject({ filename })
  })
})

describe('what is malformed', () => {
  it.each([
    ['no boundary', formOf(part('name="a"', '1')), ''],
    ['a boundary that is too long', formOf(part('name="a"', '1')), 'x'.repeat(71)],
    ['another boundary', formOf(part('name="a"', '1')), 'c'],
    ['no last boundary', part('name="a"', '1'), 'b'],
    ['cut off in a field', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nhal', 'b'],
    ['cut off in a file', '--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nhal', 'b'],
    ['cut off in the header fields', '--b\r\nContent-Disposition: form-data; na', 'b'],
    ['only a boundary', '--b\r\n', 'b'],
    ['a part of nothing', '--b\r\n--b--\r\n', 'b'],
    ['a part of nothing before another', `--b\r\n${formOf(part('name="a"', '1'))}`, 'b'],
    ['no Content-Disposition', '--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--\r\n', 'b'],
    ['no header fields', '--b\r\n\r\n1\r\n--b--\r\n', 'b'],
    ['a header field without a colon', '--b\r\nContent-Disposition\r\n\r\n1\r\n--b--\r\n', 'b'],
    ['line feeds alone', '--b\nContent-Disposition: form-data; name="a"\n\n1\n--b--\n', 'b'],
    ['no name', formOf(part('x="a"', '1')), 'b'],
    ['an empty name', formOf(part('name=""; filename="a"', '1')), 'b'],
    ['an attachment', formOf(part('name="a"', '1')).replace('form-data', 'attachment'), 'b'],
    ['a quote that is not closed', formOf(part('name="a', '1')), 'b'],
    ['the name __proto__', formOf(part('name="__proto__"', '1')), 'b'],
    ['a name that is not UTF-8', Buffer.from(formOf(part('name="é"', '1')), 'latin1'), 'b'],
    ['a field that is not UTF-8', Buffer.from(formOf(part('name="a"', 'é')), 'latin1'), 'b'],
    ['a type that is none', formOf(part('name="a"', '1', 'Content-Type: text')), 'b'],
    ['a transfer encoding', formOf(part('name="a"', 'aGk=', 'Content-Transfer-Encoding: base64')), 'b'],
    ['a file name that is not UTF-8', formOf(part('name="a"; filename*=UTF-8\'\'%ff', '1')), 'b'],
  ])('is a 400: %s', async (_, body, boundary) => {
    const served = await app(undefined)
    expect((await post(served, body, boundary)).status).toBe(400)
    expect(served.errors).toEqual([])
  })
})

describe('what is too much', () => {
  const many = (count: number, disposition = ''): string => formOf(...Array.from({ length: count }, (_, index) => part(`name="a${index}"${disposition}`, '1')))
  it.each([
    ['1001 fields', {}, many(1001)],
    ['101 files', {}, many(101, '; filename="f"')],
    ['a field', { maxFieldSize: 4 }, formOf(part('name="a"', '12345'))],
    ['a file', { files: toMemory({ limit: 4 }) }, formOf(part('name="a"; filename="f"', '12345'))],
    ['a name', {}, formOf(part(`name="${'x'.repeat(101)}"`, '1'))],
    ['a header field', {}, formOf(part('name="a"', '1', `X-A: ${'x'.repeat(9000)}`))],
    ['a header field beyond all reason', {}, formOf(part(`name="a"; x="${'x'.repeat(90_000)}"`, '1'))],
  ])('is a 413: %s', async (_, options, body) => {
    expect((await post(await app(options), body)).status).toBe(413)
  })

  it.each([
    ['1000 fields', {}, many(1000)],
    ['100 files', {}, many(100, '; filename="f"')],
    ['a field', { maxFieldSize: 5 }, formOf(part('name="a"', '12345'))],
    ['a file', { files: toMemory({ limit: 5 }) }, formOf(part('name="a"; filename="f"', '12345'))],
    ['a name', {}, formOf(part(`name="${'x'.repeat(100)}"`, '1'))],
  ])('is taken up to the limit: %s', async (_, options, body) => {
    expect((await post(await app(options), body)).status).toBe(200)
  })

  it('is a 413 where the whole body is over its limit, though no part is', async () => {
    const served = await app(undefined, undefined, 100)
    const stream = new Blob([formOf(part('name="a"', 'x'.repeat(200)))]).stream()
    const answer = await served.send('POST', '/forms', stream, { 'Content-Type': 'multipart/form-data; boundary=b' })
    expect(answer.status).toBe(413)
  })

  it('is answered before the rest has come', async () => {
    const served = await app({ files: toMemory({ limit: 10 }) })
    const head = 'POST /forms HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n'
    const answer = await served.raw(`${head}${part('name="a"; filename="f"', 'x'.repeat(20_000))}`, 3000)
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
  })
})

describe('files in a directory', () => {
  it('have a name of ours, and nobody else can read them', async () => {
    const dir = await directory()
    const served = await app({ files: toFile({ dir }) }, async ({ body }) => {
      const { path = '' } = (body as { f: UploadedFile }).f
      return { path, mode: (await stat(path)).mode & 0o777, content: await readFile(path, 'utf8') }
    })
    const { data } = await post(served, formOf(part('name="f"; filename="a.txt"', 'hello')))
    expect(data).toEqual({ path: expect.stringMatching(/\/upload-[\da-f-]{36}$/), mode: 0o600, content: 'hello' })
  })

  it('are removed when the request is over', async () => {
    const dir = await directory()
    const served = await app({ files: toFile({ dir }) }, async () => ({ during: (await readdir(dir)).length }))
    expect((await post(served, formOf(part('name="f"; filename="a"', '1'), part('name="f"; filename="b"', '2')))).data).toEqual({ during: 2 })
    await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]))
  })

  it('stay where the handler keeps them', async () => {
    const dir = await directory()
    const kept = join(dir, 'kept')
    const served = await app({ files: toFile({ dir }) }, async ({ body }) => {
      const { f } = body as { f: UploadedFile }
      await f.keep(kept)
      return { path: f.path }
    })
    expect((await post(served, formOf(part('name="f"; filename="a"', 'hello')))).data).toEqual({ path: kept })
    await wait(50)
    expect(await readdir(dir)).toEqual(['kept'])
    expect(await readFile(kept, 'utf8')).toBe('hello')
  })

  it('can be kept from memory, too', async () => {
    const dir = await directory()
    const served = await app(undefined, async ({ body }) => {
      await (body as { f: UploadedFile }).f.keep(join(dir, 'kept'))
      return {}
    })
    await post(served, formOf(part('name="f"; filename="a"', 'hello')))
    expect(await readFile(join(dir, 'kept'), 'utf8')).toBe('hello')
  })

  it.each([
    ['a later part is too large', formOf(part('name="f"; filename="a"', '1'), part('name="g"; filename="b"', 'x'.repeat(200)))],
    ['a later part is malformed', formOf(part('name="f"; filename="a"', '1'), part('x="y"', '1'))],
    ['the form is cut off', `${part('name="f"; filename="a"', '1')}--b\r\nContent-Disposition: form-data; name="g"; filename="c"\r\n\r\nhal`],
  ])('are removed where %s', async (_, body) => {
    const dir = await directory()
    const served = await app({ files: toFile({ dir, limit: 100 }) })
    expect((await post(served, body)).status).toBeOneOf([400, 413])
    await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]))
  })

  it('are removed where the handler fails', async () => {
    const dir = await directory()
    const served = await app({ files: toFile({ dir }) }, () => {
      throw new Error('no')
    })
    await served.send('POST', '/forms', formOf(part('name="f"; filename="a"', '1')), { 'Content-Type': 'multipart/form-data; boundary=b' })
    await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]))
  })

  it('are removed where the client leaves in the middle, and no descriptor stays open', async () => {
    const dir = await directory()
    const served = await app({ files: toFile({ dir }) })
    const before = await openFiles()
    const head = 'POST /forms HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n'
    const body = `${part('name="f"; filename="a"', 'whole')}--b\r\nContent-Disposition: form-data; name="g"; filename="b"\r\n\r\n${'x'.repeat(50_000)}`
    for (let round = 0; round < 10; round++) {
      const socket = connect(served.port, '127.0.0.1', () => socket.write(head + body))
      await vi.waitFor(async () => expect((await readdir(dir)).length).toBeGreaterThan(0))
      socket.resetAndDestroy()
      await vi.waitFor(async () => expect(await readdir(dir)).toEqual([]))
    }
    await vi.waitFor(async () => expect(await openFiles()).toBeLessThanOrEqual(before))
    expect(served.errors).toEqual([])
  })

  it('are an error of ours where the directory is not there', async () => {
    const served = await app({ files: toFile({ dir: '/nowhere/at/all' }) })
    const answer = await served.send('POST', '/forms', formOf(part('name="f"; filename="a"', '1')), { 'Content-Type': 'multipart/form-data; boundary=b' })
    expect(answer.status).toBe(500)
    expect(served.errors).toMatchObject([{ code: 'ENOENT' }])
  })
})

describe('files in a store of the application', () => {
  it('are an error of ours where the store does not read them, and no wait without an end', async () => {
    const served = await app({ files: { limit: 10, store: async () => {} } })
    const answer = await served.send('POST', '/forms', formOf(part('name="f"; filename="a"', '1')), { 'Content-Type': 'multipart/form-data; boundary=b' })
    expect(answer.status).toBe(500)
    expect(served.errors[0]).toBeInstanceOf(TypeError)
  })
})

describe('files in streams of the application', () => {
  it('are written to the stream that the function gives', async () => {
    const written: string[] = []
    const files = (file: UploadedFile) =>
      new Writable({
        write(chunk, _encoding, next) {
          written.push(`${file.filename}: ${chunk}`)
          next()
        },
      })
    const served = await app({ files }, ({ body }) => ({ size: (body as { f: UploadedFile }).f.size }))
    expect((await post(served, formOf(part('name="f"; filename="a"', 'hello')))).data).toEqual({ size: 5 })
    expect(written).toEqual(['a: hello'])
  })

  it('slow the client down when they are slow', async () => {
    let pending = 0
    let most = 0
    const files = toStream(
      () =>
        new Writable({
          highWaterMark: 1024,
          write(chunk: Buffer, _encoding, next) {
            pending = chunk.length
            most = Math.max(most, pending)
            setTimeout(next, 1)
          },
        }),
      { limit: 5_000_000 },
    )
    const served = await app({ files }, ({ body }) => ({ size: (body as { f: UploadedFile }).f.size }), 6_000_000)
    const form = new FormData()
    form.append('f', new File([Buffer.alloc(4_000_000)], 'a'))
    const answer = await served.send('POST', '/forms', form)
    expect(await answer.json()).toEqual({ size: 4_000_000 })
    expect(most).toBeLessThanOrEqual(128 * 1024)
  })

  it('are destroyed when the client leaves', async () => {
    let start = (): void => {}
    const started = new Promise<void>((resolve) => {
      start = resolve
    })
    const stream = new Writable({
      write(_chunk, _encoding, next) {
        start()
        next()
      },
    })
    const served = await app({ files: () => stream })
    const head = 'POST /forms HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n'
    const socket = connect(served.port, '127.0.0.1', () => socket.write(head + part('name="f"; filename="a"', 'x'.repeat(50_000))))
    await started
    socket.destroy()
    await vi.waitFor(() => expect(stream.destroyed).toBe(true))
    expect(stream.writableFinished).toBe(false)
  })

  it('are no stream to read afterwards', async () => {
    const files = () => new Writable({ write: (_chunk, _encoding, next) => next() })
    const served = await app({ files }, ({ body }) => {
      expect(() => (body as { f: UploadedFile }).f.stream()).toThrow(TypeError)
      return {}
    })
    expect((await post(served, formOf(part('name="f"; filename="a"', '1')))).status).toBe(200)
  })
})
