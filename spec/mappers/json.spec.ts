import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decimal, json, jsonWith, type Mapper, resource } from '../../lib/index.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

mapperContract('json', json)
mapperContract('json, indented', jsonWith({ indent: 2 }))
mapperContract('json, exact', jsonWith({ exact: true }))

const type = { 'Content-Type': 'application/json' }

describe('json', () => {
  it('gives back any JSON as it came', async () => {
    const { served } = await echo(json)
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: 'grapheme' }), async (data) => {
        fc.pre(!JSON.stringify(data).includes('__proto__'))
        const text = JSON.stringify(data)
        expect(await (await served.send('POST', '/', text, type)).text()).toBe(text)
      }),
      { numRuns: 50 },
    )
  })

  it('writes letters as they are', async () => {
    const { served } = await echo(json)
    expect(await (await served.send('POST', '/', '"Gr\\u00fc\\u00dfe \\ud83d\\ude42"', type)).text()).toBe('"Grüße 🙂"')
  })

  it.each(['', ' ', '{', '[1,]', "{'a':1}", '01', '+1', '.5', 'NaN', '"\t"', '{"a":1}}', '\u00a01', 'nul'])('refuses %j', async (text) => {
    const { served } = await echo(json)
    const answer = await served.send('POST', '/', text, type)
    expect(answer.status).toBe(text === '' ? 204 : 400)
  })

  it('reads 100 levels and refuses 101', async () => {
    const { served } = await echo(json)
    expect((await served.send('POST', '/', '['.repeat(100) + ']'.repeat(100), type)).status).toBe(200)
    expect((await served.send('POST', '/', '['.repeat(101) + ']'.repeat(101), type)).status).toBe(400)
    expect((await served.send('POST', '/', '['.repeat(500_000), type)).status).toBe(400)
  })

  it('does not count brackets in strings', async () => {
    const { served } = await echo(json)
    expect((await served.send('POST', '/', JSON.stringify({ a: '["{'.repeat(200) }), type)).status).toBe(200)
  })

  it.each(['{"__proto__":{"a":1}}', '{"b":[{"\\u005f_proto__":1}]}', '{"constructor":{"prototype":{"a":1}}}'])(
    'refuses a key that reaches for a prototype: %s',
    async (text) => {
      const { served } = await echo(json)
      expect((await served.send('POST', '/', text, type)).status).toBe(400)
      expect(({} as Record<string, unknown>).a).toBeUndefined()
    },
  )

  it('takes a key that only looks like one', async () => {
    const { served } = await echo(json)
    expect(await (await served.send('POST', '/', '{"constructor":"Boeing","prototype":1}', type)).json()).toEqual({ constructor: 'Boeing', prototype: 1 })
  })

  it('reads text/json and whatever ends in +json', async () => {
    const { served, bodies } = await echo(json)
    for (const other of ['text/json', 'application/vnd.api+json']) await served.send('POST', '/', '[1]', { 'Content-Type': other })
    expect(bodies).toEqual([[1], [1]])
  })

  it('indents where it is told to', async () => {
    const { served } = await echo(jsonWith({ indent: 2 }))
    expect(await (await served.send('POST', '/', '{"a":[1]}', type)).text()).toBe('{\n  "a": [\n    1\n  ]\n}')
  })
})

describe('json with exact numbers', () => {
  it.each([
    ['9007199254740992', 9007199254740992n],
    ['-12345678901234567890', -12345678901234567890n],
    ['9007199254740991', 9007199254740991],
    ['0.1', 0.1],
    ['0.30000000000000004', 0.30000000000000004],
    ['1e21', 1e21],
    ['0.10', 0.1],
    ['0.12345678901234567890', new Decimal('0.12345678901234567890')],
    ['1e400', new Decimal('1e400')],
    ['1e-400', new Decimal('1e-400')],
    ['0e-400', 0],
  ])('reads %s so that nothing is lost', async (text, value) => {
    const { served, bodies } = await echo(jsonWith({ exact: true }))
    await served.send('POST', '/', `{"a":[${text}],"b":"${text}"}`, type)
    expect(bodies).toEqual([{ a: [value], b: text }])
  })

  it('gives back any number digit by digit, where a double would round it', async () => {
    const { served } = await echo(jsonWith({ exact: true }))
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 20, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.integer({ min: 1, max: 9 }), digits, fc.option(digits), async (minus, first, more, fraction) => {
        const text = `[${minus ? '-' : ''}${first}${more}${fraction === null ? '' : `.${fraction}`},"1${more}"]`
        expect(await (await served.send('POST', '/', text, type)).text()).toBe(text)
      }),
      { numRuns: 50 },
    )
  })

  it('writes what JSON.stringify writes of all other data', async () => {
    const data = { at: new Date(0), none: undefined, list: [undefined, Number.NaN], text: '"quoted" 12345678901234567890' }
    const { served } = await echo(jsonWith({ exact: true }), data)
    expect(await (await served.get('/')).text()).toBe(JSON.stringify(data))
  })

  it('writes a BigInt and a Decimal as numbers, inside of toJSON, too', async () => {
    const price = new Decimal('0.10000000000000000000001')
    const { served } = await echo(jsonWith({ exact: true }), { n: 2n ** 64n, list: [{ toJSON: () => ({ price }) }], price })
    expect(await (await served.get('/')).text()).toBe(
      '{"n":18446744073709551616,"list":[{"price":0.10000000000000000000001}],"price":0.10000000000000000000001}',
    )
  })

  it('has a Decimal that counts as a number elsewhere', () => {
    expect(JSON.stringify([new Decimal('1.50')])).toBe('[1.5]')
    expect(`${new Decimal('1.50')}`).toBe('1.50')
    expect(Number(new Decimal('1.50'))).toBe(1.5)
    expect(() => new Decimal('1,5')).toThrow(SyntaxError)
  })

  it('takes a million digits in its stride', async () => {
    const { served } = await echo(jsonWith({ exact: true }))
    const text = '9'.repeat(1_000_000)
    expect((await (await served.send('POST', '/', text, type)).text()) === text).toBe(true)
  })
})

// POST answers with the body, or GET with the data.
async function echo(mapper: Mapper, data?: unknown) {
  const bodies: unknown[] = []
  const served = await serve(
    resource({
      mappers: [mapper],
      get: () => data,
      post: ({ body }) => {
        bodies.push(body)
        return body
      },
    }),
  )
  return { served, bodies }
}
