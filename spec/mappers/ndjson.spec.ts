import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { type Context, endpoint, type Handler, json, resource } from '../../lib/index.js'
import { type NdjsonOptions, ndjson, ndjsonWith } from '../../lib/mappers/ndjson.js'
import { mapperContract } from '../contracts/mapper.js'
import { type Served, serve } from '../support/serve.js'

mapperContract('ndjson', ndjson, {
  same: [[1], [null, 'two', [3], {}], [{ name: 'Ann', tags: ['a'] }, { name: 'two\nlines' }], [{ word: 'Grüße, 世界 🙂\n\tnext line' }]],
  reads: [
    { type: 'application/x-ndjson', body: '{"a":1}\n{"a":2}\n', data: [{ a: 1 }, { a: 2 }] },
    { type: 'application/jsonl', body: '{"a":1}\r\n\r\n{"a":2}', data: [{ a: 1 }, { a: 2 }] },
    { type: 'application/jsonlines', body: '\n', data: [] },
  ],
})

type Lines = AsyncIterable<unknown>
const type = { 'Content-Type': 'application/x-ndjson' }

const collect: Handler<Context> = async ({ body }) => {
  const read: unknown[] = []
  for await (const line of body as Lines) read.push(line)
  return { read }
}

const streaming = (handler: Handler<Context> = collect, options: NdjsonOptions = {}): Promise<Served> =>
  serve(resource('rows', { mappers: [json, ndjsonWith({ stream: true, ...options })], post: endpoint({ bodyLimit: 10_000_000, handler }) }))

describe('lines out', () => {
  it('are one where the answer is no list', async () => {
    const served = await serve(resource('rows', { mappers: [ndjson], get: () => ({ a: 'x\ny' }) }))
    expect(await (await served.get('/rows')).text()).toBe('{"a":"x\\ny"}\n')
  })

  it('are one for each item of a list', async () => {
    const served = await serve(resource('rows', { mappers: [ndjson], get: () => [{ a: 1 }, null, { at: new Date(0) }] }))
    expect(await (await served.get('/rows')).text()).toBe('{"a":1}\nnull\n{"at":"1970-01-01T00:00:00.000Z"}\n')
  })

  it('stop where the client leaves: the source ends, and the signal aborts', async () => {
    const seen: string[] = []
    let signal: AbortSignal | undefined
    async function* rows(): AsyncGenerator<unknown> {
      try {
        for (let id = 0; ; id++) yield { id, text: 'x'.repeat(1000) }
      } finally {
        seen.push('ended')
      }
    }
    const served = await serve(
      resource('rows', {
        mappers: [ndjson],
        get: (ctx) => {
          signal = ctx.signal
          return rows()
        },
      }),
    )
    const socket = connect(served.port, '127.0.0.1', () => socket.write('GET /rows HTTP/1.1\r\nHost: a\r\n\r\n'))
    await new Promise((resolve) => socket.once('data', resolve))
    expect(signal?.aborted).toBe(false)
    socket.destroy()
    await vi.waitFor(() => expect(seen).toEqual(['ended']))
    expect(signal?.aborted).toBe(true)
    expect(served.errors).toEqual([])
  })
})

describe('lines in', () => {
  it.each([
    ['what is not JSON', '{"a":1}\n{"a":\n'],
    ['a key that reaches for a prototype', '{"a":1}\n{"__proto__":1}\n'],
    ['nesting that is too deep', `{"a":1}\n${'['.repeat(101)}${']'.repeat(101)}\n`],
  ])('are a 400 that names the line: %s', async (_, body) => {
    for (const mapper of [ndjson, ndjsonWith({ stream: true })]) {
      const served = await serve(resource('rows', { mappers: [json, mapper], post: endpoint({ handler: mapper === ndjson ? () => ({}) : collect }) }))
      const answer = await served.send('POST', '/rows', body, type)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ detail: expect.stringMatching(/^Line 2: /) })
    }
  })
})

describe('lines that stream in', () => {
  it('come one by one', async () => {
    const answer = await (await streaming()).send('POST', '/rows', '\ufeff{"a":1}\r\n\n{"a":"é"}\n[3]', type)
    expect(await answer.json()).toEqual({ read: [{ a: 1 }, { a: 'é' }, [3]] })
  })

  it('come before the rest of the body is there', async () => {
    const served = await streaming(async ({ body }) => {
      for await (const line of body as Lines) return { first: line }
      return {}
    })
    const head = 'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n'
    expect(await served.raw(`${head}{"a":1}\n{"a"`, 500)).toContain('{"first":{"a":1}}')
  })

  it('are put together from pieces of any size', async () => {
    const text = '{"word":"Grüße 🙂"}\n{"a":2}\n'
    const bytes = Buffer.from(text)
    const stream = new ReadableStream({
      async start(controller) {
        for (const byte of bytes) {
          controller.enqueue(Uint8Array.of(byte))
          await new Promise((resolve) => setImmediate(resolve))
        }
        controller.close()
      },
    })
    const answer = await (await streaming()).send('POST', '/rows', stream, type)
    expect(await answer.json()).toEqual({ read: [{ word: 'Grüße 🙂' }, { a: 2 }] })
  })

  it('are a 413 where one is too long, with an end or without', async () => {
    for (const end of ['\n', '', `${'x'.repeat(200_000)}`]) {
      const served = await streaming(collect, { maxLineSize: 100 })
      expect((await served.send('POST', '/rows', `{"a":1}\n"${'x'.repeat(100)}"${end}`, type)).status).toBe(413)
    }
  })

  it('are a 400 where they are not UTF-8, and a 415 in a charset that has no lines of bytes', async () => {
    const served = await streaming()
    expect((await served.send('POST', '/rows', Buffer.from('"\xff"\n', 'latin1'), type)).status).toBe(400)
    expect((await served.send('POST', '/rows', Buffer.from('1\n', 'utf16le'), { 'Content-Type': 'application/x-ndjson; charset=utf-16le' })).status).toBe(415)
  })

  it('end with an error for the handler where the client leaves', async () => {
    const seen: unknown[] = []
    const served = await streaming(async ({ body }) => {
      try {
        for await (const line of body as Lines) seen.push(line)
      } catch (error) {
        seen.push((error as { status?: number }).status)
      }
      return {}
    })
    const socket = connect(served.port, '127.0.0.1', () =>
      socket.write('POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{"a":1}\n{'),
    )
    await vi.waitFor(() => expect(seen).toEqual([{ a: 1 }]))
    socket.destroy()
    await vi.waitFor(() => expect(seen).toEqual([{ a: 1 }, 400]))
  })

  it('slow the client down when the handler is slow', async () => {
    let sent = 0
    let first = (): void => {}
    const begun = new Promise<void>((resolve) => {
      first = resolve
    })
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const served = await streaming(async ({ body }) => {
      let count = 0
      for await (const _ of body as Lines) {
        first()
        await gate
        count++
      }
      return { count }
    })
    const line = `"${'x'.repeat(9998)}"\n`
    const socket = connect(served.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    socket.write(`POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${line.length * 900}\r\n\r\n`)
    for (let index = 0; index < 900; index++)
      socket.write(line, () => {
        sent++
      })
    await begun
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(sent).toBeLessThan(900)
    go()
    await vi.waitFor(() => expect(answer).toContain('{"count":900}'), 5000)
    socket.destroy()
  })
})
