import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endpoint, form, formWith, json, resource } from '../../lib/index.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

const written = formWith({ writes: true })

mapperContract('form', form)
mapperContract('form that is written', written, { same: [{ name: 'Ann' }, { tags: ['a'], deep: { list: [{ a: '1' }, { b: 'ä & = + %' }] } }] })

const type = { 'Content-Type': 'application/x-www-form-urlencoded' }

describe('form', () => {
  it('is read and not written unless told otherwise: a client cannot ask for what does not fit into one', async () => {
    const served = await serve(resource({ mappers: [json, form], get: () => [1, 2] }))
    expect((await served.get('/', { Accept: type['Content-Type'] })).status).toBe(406)
  })

  it.each([
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a', { a: '' }],
    ['a==b', { a: '=b' }],
    ['&&a=1&', { a: '1' }],
    ['&', {}],
    ['=b', { '': 'b' }],
    ['?a=1', { '?a': '1' }],
    ['a=1+2%2B3', { a: '1 2+3' }],
    ['%61=%C3%A4', { a: 'ä' }],
    ['a=%&b=%zz&c=%f', { a: '%', b: '%zz', c: '%f' }],
    ['a=%FF', { a: '\ufffd' }],
    ['a=1;b=2', { a: '1;b=2' }],
    ['a.b=1', { 'a.b': '1' }],
  ])('reads %s as the URL standard does', async (body, data) => {
    expect(await read(body)).toEqual(data)
  })

  it.each([
    ['a=1&a=2', { a: ['1', '2'] }],
    ['a[]=1', { a: ['1'] }],
    ['a[]=1&a[]=2&a=3', { a: ['1', '2', '3'] }],
    ['a=1&a[]=2', { a: ['1', '2'] }],
    ['a[1]=y&a[0]=x', { a: ['x', 'y'] }],
    ['a[7]=y&a[3]=x', { a: ['x', 'y'] }],
    ['a[b]=1&a[c][d]=2', { a: { b: '1', c: { d: '2' } } }],
    ['a%5Bb%5D=1', { a: { b: '1' } }],
    ['a[0][b]=1&a[0][c]=2&a[1][b]=3', { a: [{ b: '1', c: '2' }, { b: '3' }] }],
    ['a[][b]=1&a[][b]=2', { a: [{ b: '1' }, { b: '2' }] }],
    ['a[b][]=1&a[b][]=2', { a: { b: ['1', '2'] } }],
  ])('builds lists and objects of %s', async (body, data) => {
    expect(await read(body)).toEqual(data)
  })

  it.each(['a[', 'a]', 'a[b', 'a[b]c', '[a]', '[[[]]]', 'a[[b]]'])('takes %s for a plain name', async (name) => {
    expect(await read(`${encodeURIComponent(name)}=1`)).toEqual({ [name]: '1' })
  })

  it.each(['a=1&a[b]=2', 'a[b]=2&a=1', 'a[]=1&a[b]=2', 'a[b]=1&a[]=2', 'a[length]=9&a[0]=x'])('refuses %s, which cannot be both', async (body) => {
    expect(await status(body)).toBe(400)
  })

  it('builds five levels and refuses six', async () => {
    expect(await read('a[b][c][d][e][f]=1')).toEqual({ a: { b: { c: { d: { e: { f: '1' } } } } } })
    expect(await status('a[b][c][d][e][f][g]=1')).toBe(400)
    expect(await status(`a${'[b]'.repeat(20_000)}=1`)).toBe(400)
  })

  it('reads 1000 fields and refuses 1001', async () => {
    expect(await read('a=1&'.repeat(1000))).toEqual({ a: Array(1000).fill('1') })
    expect(await status('a=1&'.repeat(1001))).toBe(400)
  })

  it('counts no further than there may be fields', async () => {
    expect(await read('a[999]=x')).toEqual({ a: ['x'] })
    expect(await status('a[1000]=x')).toBe(400)
    expect(await status('a[99999999999999999999]=x')).toBe(400)
    expect(await status('a[999]=x&a[]=y')).toBe(400)
  })

  it('refuses a name of more than 100 characters', async () => {
    expect(await status(`${'n'.repeat(100)}=1`)).toBe(200)
    expect(await status(`${'n'.repeat(101)}=1`)).toBe(400)
  })

  it('has limits of your own', async () => {
    const served = await serve(resource({ mappers: [formWith({ fields: 2, depth: 1, nameLength: 5 })], post: () => 'fine' }))
    for (const body of ['a=1&b=2&c=3', 'a[b][c]=1', 'long_name=1']) expect((await served.send('POST', '/', body, type)).status).toBe(400)
  })

  it.each(['__proto__=1', '__proto__[a]=1', 'a[__proto__][b]=1', 'constructor[prototype][a]=1', '__pro%74o__[a]=1'])(
    'refuses %s, which reaches for a prototype',
    async (body) => {
      expect(await status(body)).toBe(400)
      expect(({} as Record<string, unknown>).a).toBeUndefined()
    },
  )

  it('keeps names that objects have from birth as members of their own', async () => {
    expect(await read('hasOwnProperty=x&toString=y&a[constructor]=z')).toEqual({ hasOwnProperty: 'x', toString: 'y', a: { constructor: 'z' } })
  })

  it('gives texts, which a schema turns into what it says', async () => {
    const body = { type: 'object', properties: { age: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } } } as const
    const served = await serve(resource({ mappers: [json, form], post: endpoint({ request: { body }, handler: (ctx) => ctx.body }) }))
    expect(await (await served.send('POST', '/', 'age=41&tags=a&other=1', type)).json()).toEqual({ age: 41, tags: ['a'], other: '1' })
  })

  it('gives back what it wrote', async () => {
    const key = fc.stringMatching(/^[a-zä 0-9.]*[a-zä.]$/, { maxLength: 8 })
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', maxDepth: 4, withCrossShrink: true },
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { minKeys: 1, maxKeys: 3 }),
      ),
    }))
    const served = await serve(resource({ mappers: [json, written], post: ({ body }) => body }))
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, tree, { minKeys: 1 }), async (data) => {
        const written = await (await served.send('POST', '/', data, { Accept: type['Content-Type'] })).text()
        expect(await (await served.send('POST', '/', written, type)).json()).toEqual(data)
      }),
      { numRuns: 50 },
    )
  })

  it('writes null as an empty text, and nothing of what has no field', async () => {
    const served = await serve(resource({ mappers: [written], get: () => ({ a: null, b: undefined, c: [], d: {}, e: new Date(0), f: true }) }))
    expect(await (await served.get('/')).text()).toBe('a=&e=1970-01-01T00%3A00%3A00.000Z&f=true')
  })

  it.each([[[1]], ['text'], [null], [{ 'a[b]': 1 }], [{ a: { '0': 1 } }], [{ a: { '': 1 } }], [{ a: { 'b]': 1 } }]])(
    'does not write %j, which would come back as something else',
    async (data) => {
      const served = await serve(resource({ mappers: [written], get: () => data }))
      expect((await served.get('/')).status).toBe(500)
      expect(served.errors).toEqual([expect.any(TypeError)])
    },
  )
})

async function post(body: string): Promise<Response> {
  const served = await serve(resource({ mappers: [json, form], post: ({ body }) => body }))
  return served.send('POST', '/', body, type)
}

async function read(body: string): Promise<unknown> {
  return (await post(body)).json()
}

async function status(body: string): Promise<number> {
  return (await post(body)).status
}
