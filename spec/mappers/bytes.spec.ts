import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { endpoint, json, resource } from '../../lib/index.js'
import { bytes } from '../../lib/mappers/bytes.js'
import { serve } from '../support/serve.js'

const picture = Buffer.from('89504e470d0a1a0a', 'hex')
const images = bytes('image/png', 'image/jpeg')

const app = (answer: () => unknown = () => picture) =>
  serve(
    resource('photo', {
      mappers: [json],
      get: endpoint({ mapper: images, handler: answer }),
      put: endpoint({ mapper: images, handler: ({ body }) => body }),
      post: endpoint({ mappers: [json, images], handler: ({ body }) => ({ bytes: Buffer.isBuffer(body) }) }),
    }),
  )

describe('bytes', () => {
  it('come in as a buffer and go out as they are', async () => {
    const served = await app()
    const answer = await served.send('PUT', '/photo', picture, { 'Content-Type': 'image/jpeg' })
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(picture)
  })

  it('are found by their type among other formats', async () => {
    const answer = await (await app()).send('POST', '/photo', picture, { 'Content-Type': 'image/png' })
    expect(await answer.json()).toEqual({ bytes: true })
  })

  it('of another type are a 415, though there is no other format', async () => {
    expect((await (await app()).send('PUT', '/photo', 'x', { 'Content-Type': 'text/html' })).status).toBe(415)
  })

  it('go out under the type of the mapper', async () => {
    const answer = await (await app()).get('/photo')
    expect(answer.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(picture)
  })

  it('that stream go out under the type of the mapper', async () => {
    const answer = await (await app(() => Readable.from([picture], { objectMode: false }))).get('/photo')
    expect(answer.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(picture)
  })

  it.each([{ a: 1 }, 'text', null, [1]])('are all that is written; %j is an error of ours', async (data) => {
    const served = await app(() => data)
    expect((await served.get('/photo')).status).toBe(500)
    expect(served.errors[0]).toBeInstanceOf(TypeError)
  })
})
