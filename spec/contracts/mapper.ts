// The contract of a mapper, asked over real HTTP. Every format runs it, and so can one of your own:
// what is asked of a mapper follows from the members it has, so one that only reads or only writes, or bytes, fits as well.
import { describe, expect, it } from 'vitest'
import { type Charset, json, type Mapper, Problem, resource, text } from '../../lib/index.js'
import { type Served, serve } from '../support/serve.js'

/** What a format can hold. Whoever has limits tells them here. */
export interface MapperExamples {
  /** Data that come back as they went out; the last of them also stands for all. @default null, scalars, lists, deep data, letters of many kinds */
  same?: readonly unknown[]
  /** Rows that are streamed. @default two flat objects */
  rows?: readonly unknown[]
  /** Bodies, and what is read of them: needed where the mapper only reads. @default none */
  reads?: readonly { type: string; body: string | Uint8Array; data: unknown }[]
}

const anything: readonly unknown[] = [
  null,
  true,
  -1.5,
  'a word',
  '',
  [],
  {},
  ['one'],
  [1, 'two', null, false],
  { name: 'Ann', age: 41, tags: ['a', 'b'], address: { city: 'Tampere', lines: ['1', ''] }, note: null },
  { a: { b: { c: { d: [{ e: [[1], [2, 3]] }] } } } },
  { word: 'Grüße, 世界 🙂 & <b> "quoted" \'too\'; 100%\n\tnext line' },
]

const people: readonly unknown[] = [
  { name: 'Ann', city: 'Oulu' },
  { name: 'Bo', city: 'Åre' },
]

/**
 * Declares the specs of one mapper.
 *
 * @example
 * mapperContract('json', json)
 * mapperContract('csv', csv, { same: [[{ name: 'Ann' }]] })
 */
export function mapperContract(name: string, mapper: Mapper, { same = anything, rows = people, reads = [] }: MapperExamples = {}): void {
  const reader = (mapper.parse ?? mapper.parseBytes ?? mapper.parseStream) !== undefined
  const writer = (mapper.format ?? mapper.formatRows) !== undefined
  const type = mapper.types[0] as string
  // A mapper that only writes rows is asked for rows.
  const some: unknown = mapper.format ? (same.at(-1) ?? null) : rows

  describe(`the mapper '${name}'`, () => {
    if (mapper.format && reader)
      it.each(same.map((data) => ({ data })))('gives back what it wrote: $data', async ({ data }) => {
        const { served, bodies } = await mirror(mapper, data)
        const written = await served.get('/', { Accept: type })
        expect(written.status).toBe(200)
        expect((await served.send('POST', '/', await bytes(written), { 'Content-Type': type })).status).toBe(204)
        expect(bodies).toEqual([data])
      })

    if (mapper.format && mapper.parse)
      it('reads the charset that the client names', async () => {
        const { served, bodies } = await mirror(mapper, some)
        const written = await bytes(await served.get('/', { Accept: type }))
        const letters = new TextDecoder(mapper.charset || 'utf-8').decode(written)
        await served.send('POST', '/', Buffer.from(letters, 'utf16le'), { 'Content-Type': `${type}; charset=utf-16le` })
        expect(bodies).toEqual([some])
      })

    for (const { type, body, data } of reads)
      it(`reads ${JSON.stringify(typeof body === 'string' ? body.slice(0, 60) : `${body.length} bytes`)} as ${type}`, async () => {
        const { served, bodies } = await mirror(mapper)
        await served.send('POST', '/', body, { 'Content-Type': type })
        expect(bodies).toEqual([data])
      })

    if (reader)
      it('is not asked about an empty body', async () => {
        const { served, bodies } = await mirror(mapper)
        expect((await served.send('POST', '/', '', { 'Content-Type': type })).status).toBe(204)
        expect(bodies).toEqual([undefined])
      })

    if (writer) {
      it.each(mapper.types)('answers as %s, and tells its charset', async (type) => {
        const { served } = await mirror(mapper, some)
        const answer = await served.get('/', { Accept: type })
        expect(answer.status).toBe(200)
        expect(answer.headers.get('content-type')).toBe(withCharset(type, mapper.charset))
      })

      it('is found by its name', async () => {
        const { served } = await mirror(mapper, some, mapper.name === 'json' ? text : json)
        const answer = await served.get(`/?format=${mapper.name}`)
        expect(answer.headers.get('content-type')).toBe(withCharset(type, mapper.charset))
      })

      it.each([{ rows }, { rows: [] }])('writes streamed rows as it writes a list: $rows', async ({ rows }) => {
        const { served, stream } = await mirror(mapper, rows)
        const streamed = await served.get('/', { Accept: type, 'X-Rows': 'streamed' })
        expect(stream.ended).toBe(1)
        if (mapper.formatRows) expect(streamed.status).toBe(200)
        if (!mapper.format) return
        // A format that cannot hold a list, a form say, can hold no rows either.
        const listed = await served.get('/', { Accept: type })
        expect(streamed.status).toBe(listed.status)
        expect(streamed.headers.get('content-type')).toBe(listed.headers.get('content-type'))
        expect(await bytes(streamed)).toEqual(await bytes(listed))
      })

      it('sends a problem in its own type for problems, or as JSON', async () => {
        const { served } = await mirror(mapper)
        const answer = await served.get('/problem', { Accept: type })
        expect(answer.status).toBe(409)
        const expected =
          mapper.problemType === undefined ? withCharset('application/problem+json', json.charset) : withCharset(mapper.problemType, mapper.charset)
        expect(answer.headers.get('content-type')).toBe(expected)
        expect((await bytes(answer)).toString()).toContain('taken')
      })
    }

    if (mapper.format)
      it.each(Object.entries(unwritable))('lets Express have what it cannot write, whole and once: %s', async (_, data) => {
        const { served } = await mirror(mapper, data())
        const answer = await served.get('/', { Accept: type })
        expect(answer.status).toBe(500)
        expect(await answer.text()).toBe('express')
        expect(served.errors).toHaveLength(1)
        expect(served.errors[0]).toBeInstanceOf(Error)
      })
  })
}

const unwritable: Record<string, () => unknown> = {
  'an object in a circle': () => {
    const loop: Record<string, unknown> = { name: 'loop' }
    loop.self = loop
    return loop
  },
  'a list in a circle': () => {
    const loop: unknown[] = []
    loop.push(loop)
    return loop
  },
  'a getter that throws': () => ({
    get name() {
      throw new Error('no name')
    },
  }),
  'a toJSON that throws': () => ({
    toJSON() {
      throw new Error('no JSON')
    },
  }),
}

interface Mirror {
  served: Served
  /** What was read of the bodies that were posted. */
  bodies: unknown[]
  /** How often a stream of rows came to its end. */
  stream: { ended: number }
}

// GET answers the data, as a stream of rows when asked to; POST keeps what was read.
async function mirror(mapper: Mapper, data?: unknown, first: Mapper = mapper): Promise<Mirror> {
  const bodies: unknown[] = []
  const stream = { ended: 0 }
  async function* streamed(): AsyncGenerator<unknown> {
    for (const row of data as unknown[]) yield row
    stream.ended++
  }
  const served = await serve(
    resource({
      mappers: first === mapper ? [mapper] : [first, mapper],
      get: ({ headers }) => (headers['x-rows'] ? streamed() : data),
      post: ({ body }) => {
        bodies.push(body)
      },
      '/problem': {
        get: () => {
          throw new Problem(409, 'The name is taken.')
        },
      },
    }),
  )
  return { served, bodies, stream }
}

function withCharset(type: string, charset: Charset | false = 'utf-8'): string {
  return charset === false ? type : `${type}; charset=${charset}`
}

async function bytes(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer())
}
