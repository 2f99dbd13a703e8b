import { describe, expect, it } from 'vitest'
import { endpoint, type JSONSchema, json, resource } from '../../lib/index.js'
import { type CsvOptions, csv, csvWith } from '../../lib/mappers/csv.js'
import { mapperContract } from '../contracts/mapper.js'
import { type Served, serve } from '../support/serve.js'

mapperContract('csv', csv, {
  same: [
    [{ name: 'Ann' }],
    [
      { name: 'Ann', city: 'Oulu' },
      { name: 'Bo, "B"', city: 'two\r\nlines' },
    ],
    [{ a: '', b: '' }],
    [{ a: '' }],
    [{ sum: '=1+1', at: '@x', plus: '+1 a', quoted: "'=1", tab: '\tx', apostrophe: "'tis", number: '-5', words: '-5 degrees' }],
    [{ word: 'Grüße, 世界 🙂 & <b> "quoted" \'too\'; 100%\n\tnext line' }],
  ],
  reads: [
    { type: 'text/csv', body: 'a,b\r\n1,2\r\n', data: [{ a: '1', b: '2' }] },
    { type: 'text/csv', body: 'a,b\n1,2', data: [{ a: '1', b: '2' }] },
    { type: 'text/csv', body: '\ufeffa,b\n\n1,2\n\n', data: [{ a: '1', b: '2' }] },
    {
      type: 'text/csv; header=absent',
      body: 'a,b\n1,2',
      data: [
        ['a', 'b'],
        ['1', '2'],
      ],
    },
    { type: 'text/csv; header=present', body: 'a\n1', data: [{ a: '1' }] },
    { type: 'text/csv', body: 'constructor,toString\n1,2', data: [{ constructor: '1', toString: '2' }] },
    { type: 'text/csv', body: 'a,b\n', data: [] },
    { type: 'text/csv', body: '\n', data: [] },
  ],
})

const list = (properties: Record<string, JSONSchema>): JSONSchema => ({ type: 'array', items: { type: 'object', properties } })

async function written(data: unknown, options: CsvOptions = {}, body?: JSONSchema): Promise<string> {
  const mapper = csvWith(options)
  const served = await serve(resource('rows', { mappers: [mapper], get: endpoint({ ...(body !== undefined && { response: { body } }), handler: () => data }) }))
  const answer = await served.get('/rows')
  expect(answer.status).toBe(200)
  return Buffer.from(await answer.arrayBuffer()).toString()
}

async function reading(options: CsvOptions = {}, body?: JSONSchema): Promise<Served> {
  const handler = ({ body }: { body: unknown }) => ({ read: body })
  return serve(resource('rows', { mappers: [json, csvWith(options)], post: endpoint({ ...(body !== undefined && { request: { body } }), handler }) }))
}

async function read(text: string, body?: JSONSchema, options: CsvOptions = {}, type = 'text/csv'): Promise<{ status: number; data: Record<string, unknown> }> {
  const answer = await (await reading(options, body)).send('POST', '/rows', text, { 'Content-Type': type })
  return { status: answer.status, data: (await answer.json()) as Record<string, unknown> }
}

describe('rows out', () => {
  it('have a header and end with CR LF', async () => {
    expect(await written([{ a: 1, b: true }])).toBe('a,b\r\n1,true\r\n')
  })

  it('take their columns from the first row', async () => {
    expect(
      await written([
        { b: 1, a: 2 },
        { a: 3, c: 4 },
      ]),
    ).toBe('b,a\r\n1,2\r\n,3\r\n')
  })

  it('take their columns from the schema of the answer, where there is one', async () => {
    expect(await written([{ b: 1, a: 2 }], {}, list({ a: {}, b: {}, c: {} }))).toBe('a,b,c\r\n2,1,\r\n')
  })

  it('have the header of the schema even where there are none', async () => {
    expect(await written([], {}, list({ a: {}, b: {} }))).toBe('a,b\r\n')
  })

  it('are one where the answer is one object', async () => {
    expect(await written({ a: 1 })).toBe('a\r\n1\r\n')
  })

  it('are those of the list of a collection', async () => {
    expect(await written({ objects: [{ a: 1 }, { a: 2 }], meta: { total: 2 } })).toBe('a\r\n1\r\n2\r\n')
  })

  it('have one column where they are no objects', async () => {
    expect(await written([1, 'two', null])).toBe('value\r\n1\r\ntwo\r\n""\r\n')
  })

  it('hold dates as texts, and what is nested as JSON', async () => {
    expect(await written([{ at: new Date(0), tags: ['a'], place: { x: 1 } }])).toBe('at,tags,place\r\n1970-01-01T00:00:00.000Z,"[""a""]","{""x"":1}"\r\n')
  })

  it('leave a cell empty for null and for what is not there', async () => {
    expect(await written([{ a: null, b: undefined, c: 1 }])).toMatch(/\r\n,?,1\r\n$/)
  })

  it('start no formula in a spreadsheet', async () => {
    expect(await written([{ a: '=1+1', b: '-2+3', c: '@A1', d: '\tx', e: '+1e', f: '-1.5', g: -1.5 }])).toBe(
      "a,b,c,d,e,f,g\r\n'=1+1,'-2+3,'@A1,'\tx,'+1e,-1.5,-1.5\r\n",
    )
  })

  it('start no formula in the header either', async () => {
    expect(await written([{ '=x': 1 }])).toBe("'=x\r\n1\r\n")
  })

  it('are left as they are where that is wished', async () => {
    expect(await written([{ a: '=1+1' }], { defuse: false })).toBe('a\r\n=1+1\r\n')
  })

  it('have the delimiter and the mark that are wished', async () => {
    expect(await written([{ a: 'x;y', b: 'x,y' }], { delimiter: ';', bom: true })).toBe('\ufeffa;b\r\n"x;y";x,y\r\n')
  })

  it('stream as they come, under the columns of the schema', async () => {
    async function* rows() {
      yield { b: 1, a: 2 }
      yield { a: 3 }
    }
    expect(await written(rows(), {}, list({ a: {}, b: {} }))).toBe('a,b\r\n2,1\r\n3,\r\n')
  })
})

describe('rows in', () => {
  it('become what the schema says', async () => {
    const body = list({
      id: { type: 'integer' },
      price: { type: 'number' },
      on: { type: 'boolean' },
      note: { type: ['null', 'integer'] },
      name: { type: 'string' },
    })
    expect((await read('id,price,on,note,name\n1,2.5,true,,007\n', body)).data).toEqual({ read: [{ id: 1, price: 2.5, on: true, note: null, name: '007' }] })
  })

  it('hold JSON in columns that are nested', async () => {
    const body = list({ tags: { type: 'array', items: { type: 'string' } }, place: { type: 'object' } })
    expect((await read('tags,place\n"[""a"",""b""]","{""x"":1}"\n', body)).data).toEqual({ read: [{ tags: ['a', 'b'], place: { x: 1 } }] })
  })

  it('are one object where the schema asks for one', async () => {
    expect((await read('a,b\n1,2\n', { type: 'object', properties: { a: { type: 'integer' } } })).data).toEqual({ read: { a: 1, b: '2' } })
  })

  it('take their names from the schema where the header is absent', async () => {
    expect((await read('1,2\n', list({ a: {}, b: {} }), {}, 'text/csv; header=absent')).data).toEqual({ read: [{ a: '1', b: '2' }] })
  })

  it('are refused by the schema where a text is not what it says', async () => {
    expect((await read('id\nx\n', list({ id: { type: 'integer' } }))).status).toBeOneOf([400, 422])
  })

  it.each([
    ['a quote that is not closed', 'a,b\n"1,2\n'],
    ['a quote in the middle', 'a,b\n1"x,2\n'],
    ['a cell too many', 'a,b\n1,2,3\n'],
    ['a cell too few', 'a,b\n1\n'],
    ['a row that is longer than the others', 'a\n1\n1,2\n'],
    ['two columns of one name', 'a,a\n1,2\n'],
    ['the column __proto__', '__proto__\n1\n'],
  ])('are a 400 where there is %s', async (_, text) => {
    expect((await read(text)).status).toBe(400)
  })

  it('are a 400 where nested JSON is broken or reaches for a prototype', async () => {
    const body = list({ place: { type: 'object' } })
    expect((await read('place\n{"\n', body)).status).toBe(400)
    expect((await read('place\n"{""__proto__"":1}"\n', body)).status).toBe(400)
  })

  it('are a 413 where they are too wide or too long', async () => {
    expect((await read('a,b,c\n', undefined, { maxColumns: 2 })).status).toBe(413)
    expect((await read(`a\n${'x'.repeat(200)}\n`, undefined, { maxRowSize: 100 })).status).toBe(413)
  })
})

describe('csvWith', () => {
  it.each(['', ';;', '"', '\n'])('refuses the delimiter %j', (delimiter) => {
    expect(() => csvWith({ delimiter })).toThrow(TypeError)
  })
})
