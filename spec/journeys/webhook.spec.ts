import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { accepted, endpoint, forbidden, resource } from '../../lib/index.js'
import { serve } from '../support/serve.js'

const secret = 'whsec'
const sign = (bytes: string | Buffer) => createHmac('sha256', secret).update(bytes).digest('hex')

// A payment service signs the bytes that it sends, so the receiver must have them as they came.
const webhook = resource('webhook', {
  post: endpoint({
    request: { body: 'raw' },
    bodyLimit: 1000,
    handler: ({ body, headers }) => {
      const given = Buffer.from(String(headers['x-signature'] ?? ''))
      const expected = Buffer.from(sign(body))
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw forbidden('The signature is wrong.')
      return accepted(JSON.parse(body.toString()))
    },
  }),
  put: endpoint({
    request: { body: 'stream' },
    bodyLimit: 1000,
    handler: async ({ body }) => {
      let length = 0
      for await (const chunk of body) length += chunk.length
      return { length }
    },
  }),
})

describe('a webhook with a signature', () => {
  it('gets the bytes as they came, whatever the Content-Type', async () => {
    const { send } = await serve(webhook)
    const body = '{ "b":1,\n"a": 2 }'
    for (const type of ['application/json', 'text/plain', 'image/png', 'application/json; charset=utf-7', 'nonsense']) {
      const response = await send('POST', '/webhook', body, { 'Content-Type': type, 'X-Signature': sign(body) })
      expect([response.status, await response.json()]).toEqual([202, { b: 1, a: 2 }])
    }
    expect((await send('POST', '/webhook', `${body} `, { 'Content-Type': 'application/json', 'X-Signature': sign(body) })).status).toBe(403)
  })

  it('gets them inflated, and within the limit', async () => {
    const { send } = await serve(webhook)
    const body = '{"a":1}'
    expect((await send('POST', '/webhook', gzipSync(body), { 'Content-Encoding': 'gzip', 'X-Signature': sign(body) })).status).toBe(202)
    expect((await send('POST', '/webhook', 'a'.repeat(1001))).status).toBe(413)
    expect((await send('POST', '/webhook', gzipSync('a'.repeat(1001)), { 'Content-Encoding': 'gzip' })).status).toBe(413)
  })

  it('gets a body that express.raw() has read', async () => {
    const { send } = await serve(express.raw({ type: '*/*' }), webhook)
    expect(await (await send('PUT', '/webhook', 'abc')).json()).toEqual({ length: 3 })
    expect((await send('POST', '/webhook', '{"a":1}', { 'Content-Type': 'application/json', 'X-Signature': sign('{"a":1}') })).status).toBe(202)
  })

  it('gets no bytes where there is no body', async () => {
    const { send } = await serve(resource('bytes', { post: endpoint({ request: { body: 'raw' }, handler: ({ body }) => body.length }) }), webhook)
    expect(await (await send('POST', '/bytes')).json()).toBe(0)
    expect(await (await send('PUT', '/webhook')).json()).toEqual({ length: 0 })
  })

  it('says what is wrong where express.json() has read the bytes and they are gone', async () => {
    const { send, errors } = await serve(express.json(), webhook)
    for (const method of ['POST', 'PUT']) expect((await send(method, '/webhook', { a: 1 }, { 'X-Signature': sign('{"a":1}') })).status).toBe(500)
    expect(errors.map(String)).toEqual([expect.stringContaining('has read the body'), expect.stringContaining('has read the body')])
  })
})

describe('a body as a stream', () => {
  it('is handed to the handler while it comes, within the limit', async () => {
    const { send } = await serve(webhook)
    const put = async (body: string | Buffer, headers = {}) => {
      const response = await send('PUT', '/webhook', body, { 'Content-Type': 'video/x', ...headers })
      return response.status === 200 ? response.json() : response.status
    }
    expect(await put('a'.repeat(1000))).toEqual({ length: 1000 })
    expect(await put('a'.repeat(1001))).toBe(413)
    expect(await put(gzipSync('a'.repeat(1000)), { 'Content-Encoding': 'gzip' })).toEqual({ length: 1000 })
    expect(await put(gzipSync('a'.repeat(50_000)), { 'Content-Encoding': 'gzip' })).toBe(413)
    expect(await put('not gzip', { 'Content-Encoding': 'gzip' })).toBe(400)
  })

  it('may be piped back as the answer', async () => {
    const { send } = await serve(resource('echo', { post: endpoint({ request: { body: 'stream' }, bodyLimit: 1e7, handler: ({ body }) => body as Readable }) }))
    const big = Buffer.alloc(3_000_000, 'abc')
    const response = await send('POST', '/echo', big)
    expect(Buffer.from(await response.arrayBuffer()).equals(big)).toBe(true)
  })

  it('may be left unread', async () => {
    const { send, get } = await serve(
      resource('drop', { get: () => 1, post: endpoint({ request: { body: 'stream' }, bodyLimit: 1e7, handler: () => 'no thanks' }) }),
    )
    const response = await send('POST', '/drop', Buffer.alloc(2_000_000))
    expect([response.status, await response.json()]).toEqual([200, 'no thanks'])
    expect((await get('/drop')).status).toBe(200)
  })
})
