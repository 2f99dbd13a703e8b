import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeText, hasBody, openStream, readBody } from '../lib/body.js'
import { Problem } from '../lib/index.js'

// What a reader makes of a message written to a socket as it is.
function received<T>(message: Buffer | string, read: (req: IncomingMessage) => Promise<T>, end?: 'cut'): Promise<T> {
  return new Promise((resolve, reject) => {
    const server = createServer((req, res) => {
      read(req)
        .finally(() => res.end())
        .then(resolve, reject)
    }).listen(0, '127.0.0.1', () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.write(message)
        if (end) setTimeout(() => socket.destroy(), 30)
      })
      socket.on('error', () => {})
    })
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
  })
}

const whole =
  (limit = 100) =>
  (req: IncomingMessage) =>
    new Promise<Buffer>((resolve, reject) => readBody(req, limit, (error, bytes) => (error ? reject(error) : resolve(bytes))))
const message = (body: Buffer | string, fields = '') =>
  Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${fields}\r\n`), Buffer.from(body)])
const chunked = (...chunks: string[]) =>
  `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`

describe('reading a body', () => {
  it('gives all its bytes', async () => {
    expect((await received(message('abc'), whole())).toString()).toBe('abc')
    expect((await received(chunked('ab', 'cd'), whole())).toString()).toBe('abcd')
    expect((await received(message(''), whole())).toString()).toBe('')
    expect((await received(message(gzipSync('abc'), 'Content-Encoding: gzip\r\n'), whole())).toString()).toBe('abc')
  })

  it('takes a body of exactly the limit, and not one byte more', async () => {
    expect(await received(message('a'.repeat(100)), whole())).toHaveLength(100)
    await expect(received(message('a'.repeat(101)), whole())).rejects.toMatchObject({ status: 413, headers: { Connection: 'close' } })
    expect(await received(chunked('a'.repeat(100)), whole())).toHaveLength(100)
    await expect(received(chunked('a'.repeat(60), 'a'.repeat(41)), whole())).rejects.toMatchObject({ status: 413 })
    expect(await received(message(gzipSync('a'.repeat(100)), 'Content-Encoding: gzip\r\n'), whole())).toHaveLength(100)
    await expect(received(message(gzipSync('a'.repeat(101)), 'Content-Encoding: gzip\r\n'), whole())).rejects.toMatchObject({ status: 413 })
    await expect(received(message('a'), whole(0))).rejects.toMatchObject({ status: 413 })
  })

  it('does not wait for a body that is too long by its own word', async () => {
    const started = performance.now()
    await expect(received('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n', whole())).rejects.toMatchObject({ status: 413 })
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('is a 400 where the client cuts it off', async () => {
    await expect(received('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', whole(), 'cut')).rejects.toMatchObject({ status: 400 })
    await expect(received('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nContent-Encoding: gzip\r\n\r\nabc', whole(), 'cut')).rejects.toMatchObject({
      status: 400,
    })
  })

  it('is a 415 for a coding that is not known, a 400 for one that is broken', async () => {
    await expect(received(message('abc', 'Content-Encoding: zip\r\n'), whole())).rejects.toMatchObject({ status: 415 })
    await expect(received(message('abc', 'Content-Encoding: __proto__\r\n'), whole())).rejects.toMatchObject({ status: 415 })
    await expect(received(message('abc', 'Content-Encoding: br\r\n'), whole())).rejects.toMatchObject({ status: 400 })
  })

  it('can be done as a stream, with the same limit', async () => {
    const streamed = (limit: number) => async (req: IncomingMessage) => {
      let text = ''
      for await (const chunk of openStream(req, limit)) text += chunk
      return text
    }
    expect(await received(message('abc'), streamed(3))).toBe('abc')
    expect(await received(message(gzipSync('abc'), 'Content-Encoding: gzip\r\n'), streamed(100))).toBe('abc')
    await expect(received(chunked('abc', 'd'), streamed(3))).rejects.toMatchObject({ status: 413 })
    await expect(received('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', streamed(100), 'cut')).rejects.toMatchObject({ status: 400 })
    await expect(received(message('no gzip', 'Content-Encoding: gzip\r\n'), streamed(100))).rejects.toMatchObject({ status: 400 })
    await expect(received(message(gzipSync('abc').subarray(0, 12), 'Content-Encoding: gzip\r\n'), streamed(100))).rejects.toMatchObject({ status: 400 })
  })

  it('as a stream that nobody reads does not end the process when the client leaves', async () => {
    const left = (req: IncomingMessage) => {
      openStream(req, 100)
      return new Promise((resolve) => req.once('close', () => setTimeout(resolve, 20, 'left')))
    }
    expect(await received('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', left, 'cut')).toBe('left')
  })

  it('gives a stream up without an error where its reader stops', async () => {
    const first = async (req: IncomingMessage) => {
      for await (const chunk of openStream(req, 1e6)) return chunk.length > 0
      return false
    }
    expect(await received(message('a'.repeat(200_000)), first)).toBe(true)
  })

  it('knows from the head whether there is one', async () => {
    const has = async (req: IncomingMessage) => hasBody(req)
    expect(await received(message('abc'), has)).toBe(true)
    expect(await received(chunked('a'), has)).toBe(true)
    expect(await received(message(''), has)).toBe(false)
    expect(await received('POST / HTTP/1.1\r\nHost: x\r\n\r\n', has)).toBe(false)
  })
})

describe('the text of bytes', () => {
  it('is decoded strictly', () => {
    expect(decodeText(Buffer.from('é'), undefined)).toBe('é')
    expect(decodeText(Buffer.from('\ufeffé'), 'UTF8')).toBe('é')
    expect(decodeText(Buffer.from([0, 0xe9]), 'utf-16be')).toBe('é')
    expect(decodeText(Buffer.from([0, 0xe9]), 'utf-16')).toBe('é')
    expect(decodeText(Buffer.from([0xe9]), 'latin1')).toBe('é')
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) expect(() => decodeText(Buffer.from(bytes), 'utf-8')).toThrow(Problem)
    expect(() => decodeText(Buffer.from([0x80]), 'ascii')).toThrow('The body is not us-ascii.')
    expect(() => decodeText(Buffer.from(''), 'constructor')).toThrow(expect.objectContaining({ status: 415 }))
  })
})
