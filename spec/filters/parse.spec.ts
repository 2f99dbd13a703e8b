import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { filter, form, json, type Mapper, Problem, resource, text } from '../../lib/index.js'
import { serve } from '../support/serve.js'

const echo = { post: ({ body }: { body: unknown }) => ({ body: body === undefined ? 'none' : body }) }
const upper: Mapper = { name: 'upper', types: ['text/x-upper'], parse: (body) => body.toUpperCase(), format: (data) => JSON.stringify(data) }
const body = async (response: Promise<Response>) => {
  const answer = await response
  return answer.status === 200 ? ((await answer.json()) as { body: unknown }).body : answer.status
}

describe('reading a body', () => {
  it('goes by Content-Type', async () => {
    const { send } = await serve(resource('things', { ...echo, mappers: [json, upper, text, form] }))
    const post = (type: string, data: string) => body(send('POST', '/things', data, { 'Content-Type': type }))
    expect(await post('application/json', '{"a":1}')).toEqual({ a: 1 })
    expect(await post('APPLICATION/JSON', '{"a":1}')).toEqual({ a: 1 })
    expect(await post('application/json; charset=UTF-8', '{"a":1}')).toEqual({ a: 1 })
    expect(await post('application/vnd.own+json', '{"a":1}')).toEqual({ a: 1 })
    expect(await post('text/x-upper', 'abc')).toBe('ABC')
    expect(await post('text/plain', 'abc')).toBe('abc')
    expect(await post('application/x-www-form-urlencoded', 'a=1')).toEqual({ a: '1' })
  })

  it("lets the endpoint's own mapper go before Content-Type", async () => {
    const { send } = await serve(resource('things', { ...echo, mapper: upper }))
    expect(await body(send('POST', '/things', 'abc', { 'Content-Type': 'application/json' }))).toBe('ABC')
  })

  it('goes by Content-Type where the own mapper only writes, and the answer by Accept where it only reads', async () => {
    const writer: Mapper = { name: 'writer', types: ['text/x-writer'], format: (data) => `written ${JSON.stringify(data)}` }
    const reader: Mapper = { name: 'reader', types: ['text/x-reader'], parse: (body) => `read ${body}` }
    const { send } = await serve(resource('writes', { ...echo, mapper: writer }), resource('reads', { ...echo, mapper: reader }))
    expect(await (await send('POST', '/writes', { a: 1 })).text()).toBe('written {"body":{"a":1}}')
    expect(await body(send('POST', '/reads', '{}', { 'Content-Type': 'application/json' }))).toBe('read {}')
  })

  it('goes by ?format= or the suffix, defaultMapper and the first mapper where there is no Content-Type', async () => {
    const { send } = await serve(
      resource('things', { ...echo, mappers: [json, upper] }),
      resource('others', { ...echo, mappers: [json, upper], defaultMapper: upper }),
    )
    const bytes = new TextEncoder().encode('"abc"')
    expect(await body(send('POST', '/things', bytes))).toBe('abc')
    expect(await body(send('POST', '/things?format=upper', bytes))).toBe('"ABC"')
    expect(await body(send('POST', '/things.upper', bytes))).toBe('"ABC"')
    expect(await body(send('POST', '/others', bytes))).toBe('"ABC"')
    expect(await body(send('POST', '/others.json', bytes))).toBe('abc')
  })

  it('lets Content-Type go before ?format=', async () => {
    const { send } = await serve(resource('things', { ...echo, mappers: [json, upper] }))
    expect(await body(send('POST', '/things?format=upper', '"abc"', { 'Content-Type': 'application/json' }))).toBe('abc')
  })

  it('is not done where there is none', async () => {
    const { send, raw } = await serve(resource('things', echo))
    expect(await body(send('POST', '/things'))).toBe('none')
    expect(await body(send('POST', '/things', undefined, { 'Content-Type': 'application/json' }))).toBe('none')
    const chunked = await raw(
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    )
    expect(chunked).toContain('{"body":"none"}')
  })

  it('is not done for GET and DELETE', async () => {
    const { send, raw } = await serve(
      resource('things', { get: ({ body }) => ({ none: body === undefined }), delete: ({ body }) => ({ none: body === undefined }) }),
    )
    expect(await (await send('DELETE', '/things', '{broken', { 'Content-Type': 'application/json' })).json()).toEqual({ none: true })
    expect(await raw('GET /things HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Type: x/y\r\nConnection: close\r\n\r\nabc')).toContain('{"none":true}')
  })

  it('is done after the filters', async () => {
    const guard = filter(() => {
      throw new Problem(403)
    })
    const { send } = await serve(resource('things', { ...echo, use: [guard] }))
    expect((await send('POST', '/things', '{broken', { 'Content-Type': 'application/json' })).status).toBe(403)
  })

  it('answers 415 to a type that nobody reads, with Accept and the field of the method', async () => {
    const { send } = await serve(resource('things', { ...echo, patch: echo.post, put: echo.post, mappers: [json, upper] }))
    const post = await send('POST', '/things', 'x', { 'Content-Type': 'image/png' })
    expect([post.status, post.headers.get('accept'), post.headers.get('accept-post')]).toEqual([
      415,
      'application/json, text/json, text/x-upper',
      'application/json, text/json, text/x-upper',
    ])
    const patch = await send('PATCH', '/things', 'x', { 'Content-Type': 'image/png' })
    expect([patch.status, patch.headers.get('accept-patch')]).toEqual([415, 'application/json, text/json, text/x-upper'])
    const put = await send('PUT', '/things', 'x', { 'Content-Type': 'image/png' })
    expect([put.status, put.headers.get('accept-post'), put.headers.get('accept-patch')]).toEqual([415, null, null])
  })

  it.each([
    'json',
    'application',
    'application/',
    '/json',
    'application json',
    'application/json/x',
    ';charset=utf-8',
    'application/json, text/plain',
    '__proto__',
  ])('answers 415 to what is no media type: %s', async (type) => {
    const { send } = await serve(resource('things', echo))
    expect(await body(send('POST', '/things', '{}', { 'Content-Type': type }))).toBe(415)
  })

  it('takes charsets that it knows, and drops a byte order mark', async () => {
    const { send } = await serve(resource('things', { ...echo, mappers: [json, text] }))
    const post = (type: string, data: Buffer) => body(send('POST', '/things', data, { 'Content-Type': type }))
    expect(await post('text/plain; charset=iso-8859-1', Buffer.from([0xe9]))).toBe('é')
    expect(await post('text/plain; charset=utf-16le', Buffer.from('é', 'utf16le'))).toBe('é')
    expect(await post('text/plain; charset=utf-16', Buffer.from([0xfe, 0xff, 0, 0xe9]))).toBe('é')
    expect(await post('text/plain; charset=utf-16', Buffer.from([0xff, 0xfe, 0xe9, 0]))).toBe('é')
    expect(await post('text/plain; charset="us-ascii"', Buffer.from('e'))).toBe('e')
    expect(await post('application/json', Buffer.from('\ufeff{}'))).toEqual({})
  })

  it('answers 415 to a charset that it does not know, 400 to text that is not of its charset', async () => {
    const { send } = await serve(resource('things', { ...echo, mappers: [json, text] }))
    const post = (type: string, data: Buffer) => body(send('POST', '/things', data, { 'Content-Type': type }))
    expect(await post('application/json; charset=x-none', Buffer.from('{}'))).toBe(415)
    expect(await post('application/json; charset=utf-7', Buffer.from('{}'))).toBe(415)
    expect(await post('application/json', Buffer.from([0x22, 0xff, 0x22]))).toBe(400)
    expect(await post('text/plain; charset=us-ascii', Buffer.from([0x80]))).toBe(400)
    expect(await post('text/plain; charset=utf-16le', Buffer.from([0x00, 0xd8, 0x00]))).toBe(400)
  })

  it('inflates gzip, deflate and br', async () => {
    const { send } = await serve(resource('things', echo))
    const post = (coding: string, data: Buffer) => body(send('POST', '/things', data, { 'Content-Type': 'application/json', 'Content-Encoding': coding }))
    const plain = '{"a":1}'
    expect(await post('gzip', gzipSync(plain))).toEqual({ a: 1 })
    expect(await post('GZIP', gzipSync(plain))).toEqual({ a: 1 })
    expect(await post('deflate', deflateSync(plain))).toEqual({ a: 1 })
    expect(await post('br', brotliCompressSync(plain))).toEqual({ a: 1 })
    expect(await post('identity', Buffer.from(plain))).toEqual({ a: 1 })
    expect(await post('gzip', Buffer.from('no gzip'))).toBe(400)
    expect(await post('gzip', gzipSync(plain).subarray(0, 15))).toBe(400)
    const unknown = await send('POST', '/things', plain, { 'Content-Type': 'application/json', 'Content-Encoding': 'zip' })
    expect([unknown.status, unknown.headers.get('accept-encoding')]).toEqual([415, 'gzip, deflate, br'])
  })

  it('takes what middleware such as express.json() has read already', async () => {
    const { send } = await serve(express.json(), express.text({ type: 'text/x-own' }), resource('things', echo))
    expect(await body(send('POST', '/things', { a: 1 }))).toEqual({ a: 1 })
    expect(await body(send('POST', '/things', 'abc', { 'Content-Type': 'text/x-own' }))).toBe('abc')
    expect(await body(send('POST', '/things', 'plain', { 'Content-Type': 'text/plain' }))).toBe('plain')
    expect(await body(send('POST', '/things'))).toBe('none')
  })

  it('reads a body that middleware has looked at without reading', async () => {
    const { send } = await serve(
      (req, _res, next) => {
        req.body = undefined
        setTimeout(next, 10)
      },
      resource('things', echo),
    )
    expect(await body(send('POST', '/things', { a: 1 }))).toEqual({ a: 1 })
  })

  it('hands the mapper what it may want to know', async () => {
    const seen: unknown[] = []
    let cleaned = 0
    const knowing: Mapper = {
      name: 'knowing',
      types: ['text/x-knowing'],
      parseBytes: (bytes, { type, parameters, limit, signal, onEnd }) => {
        seen.push(bytes.toString(), type, { ...parameters }, limit, signal.aborted)
        onEnd(() => cleaned++)
        return 1
      },
      format: () => 'ok',
    }
    const { send } = await serve(resource('things', { ...echo, mappers: [knowing], bodyLimit: 99 }))
    await send('POST', '/things', 'abc', { 'Content-Type': 'Text/X-Knowing; Header=present; b="c d"' })
    expect(seen).toEqual(['abc', 'text/x-knowing', { header: 'present', b: 'c d' }, 99, false])
    await expect.poll(() => cleaned).toBe(1)
  })

  it('hands a stream to a mapper that reads streams, counted', async () => {
    const counting: Mapper = {
      name: 'counting',
      types: ['text/x-counting'],
      async parseStream(stream) {
        let length = 0
        for await (const chunk of stream) length += chunk.length
        return length
      },
      format: (data) => JSON.stringify(data),
    }
    const { send } = await serve(resource('things', { ...echo, mappers: [counting], bodyLimit: 1000 }))
    const post = (data: Buffer, coding = 'identity') => body(send('POST', '/things', data, { 'Content-Type': 'text/x-counting', 'Content-Encoding': coding }))
    expect(await post(Buffer.alloc(1000))).toBe(1000)
    expect(await post(Buffer.alloc(1001))).toBe(413)
    expect(await post(gzipSync(Buffer.alloc(1000)), 'gzip')).toBe(1000)
    expect(await post(gzipSync(Buffer.alloc(100_000)), 'gzip')).toBe(413)
  })

  it('makes a SyntaxError of a mapper a 400, and leaves its other errors to Express', async () => {
    const odd: Mapper = {
      name: 'odd',
      types: ['text/x-odd'],
      parse: (data) => {
        throw data === 'syntax' ? new SyntaxError('line 3') : new TypeError('bug')
      },
      format: () => 'ok',
    }
    const { send, errors } = await serve(resource('things', { ...echo, mappers: [odd], defaultMapper: json }))
    const response = await send('POST', '/things', 'syntax', { 'Content-Type': 'text/x-odd' })
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ detail: 'line 3' })])
    expect(await body(send('POST', '/things', 'bug', { 'Content-Type': 'text/x-odd' }))).toBe(500)
    expect(errors).toEqual([new TypeError('bug')])
  })
})
