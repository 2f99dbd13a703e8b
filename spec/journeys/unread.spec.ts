// A client is still sending when its answer goes out: it gets the answer whole, is told that the connection ends, and nobody waits for the rest.
import { describe, expect, it } from 'vitest'
import { badRequest, endpoint, multipartWith, ndjsonWith, resource } from '../../lib/index.js'
import { serve } from '../support/serve.js'

const head = (path: string, type: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`

describe('an answer that goes out while the body is half read', () => {
  it('says Connection: close, from a handler that has read enough', async () => {
    const app = await serve(
      resource('lines', {
        mappers: [ndjsonWith({ stream: true })],
        post: endpoint({
          bodyLimit: 10_000_000,
          handler: async ({ body }) => {
            const { value } = await (body as AsyncIterable<unknown>)[Symbol.asyncIterator]().next()
            return value
          },
        }),
      }),
    )
    const answer = await app.raw(`${head('/lines', 'application/x-ndjson', 1_000_000)}{"n":1}\n${'{"n":2}\n'.repeat(1000)}`)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toMatch(/\r\nConnection: close\r\n/i)
    expect(answer).toContain('{"n":1}')
  })

  it('says Connection: close, from a problem thrown in the middle', async () => {
    const app = await serve(
      resource('files', {
        mappers: [
          multipartWith({
            files: () => {
              throw badRequest('No files today.')
            },
          }),
        ],
        post: endpoint({ bodyLimit: 10_000_000, handler: () => 'never' }),
      }),
    )
    const part = '--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    const answer = await app.raw(`${head('/files', 'multipart/form-data; boundary=b', 1_000_000)}${part}${'x'.repeat(10_000)}`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/\r\nConnection: close\r\n/i)
    expect(answer).toContain('No files today.')
  })
})
