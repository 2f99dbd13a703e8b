import { describe, expect, it } from 'vitest'
import { json, resource } from '../../lib/index.js'
import { msgpack, msgpackWith } from '../../lib/msgpack.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const text = (word: string): string => (0xa0 + word.length).toString(16) + Buffer.from(word).toString('hex')

mapperContract('msgpack', msgpack, {
  reads: [
    { type: 'application/msgpack', body: hex(`82 ${text('a')} 01 ${text('b')} c0`), data: { a: 1, b: null } },
    { type: 'application/x-msgpack', body: hex('dd 00000002 ff c3'), data: [-1, true] },
    { type: 'application/vnd.msgpack', body: hex(`df 00000001 ${text('constructor')} 01`), data: { constructor: 1 } },
    {
      type: 'application/vnd.msgpack',
      body: hex('99 cc ff cd ffff ce ffffffff d0 80 d1 8000 d2 80000000 ca 3fc00000 cb 3ff8000000000000 d9 01 61'),
      data: [255, 65535, 4294967295, -128, -32768, -2147483648, 1.5, 1.5, 'a'],
    },
    { type: 'application/vnd.msgpack', body: hex('92 cf 0000000100000000 d3 ffffffff00000000'), data: [4294967296, -4294967296] },
    { type: 'application/vnd.msgpack', body: hex('92 c4 02 6869 da 0001 61'), data: [Buffer.from('hi'), 'a'] },
  ],
})

async function post(body: Buffer, mapper = msgpack): Promise<number> {
  const served = await serve(resource('echo', { mappers: [json, mapper], post: ({ body }) => ({ read: body }) }))
  const answer = await served.send('POST', '/echo', body, { 'Content-Type': 'application/msgpack' })
  expect(served.errors).toEqual([])
  return answer.status
}

describe('what is not taken', () => {
  it.each([
    ['bytes after the end', '01 02'],
    ['a text that is cut off', 'a5 61'],
    ['a length that is cut off', 'dd 0000'],
    ['a list that claims to be longer than all memory', 'dd ffffffff'],
    ['a map that claims to be longer than all memory', 'df ffffffff'],
    ['a map without its last value', `81 ${text('a')}`],
    ['bytes that claim to be more than there are', 'c6 ffffffff 00'],
    ['the one byte that means nothing', 'c1'],
    ['a time, which is an extension', 'd6 ff 00000000'],
    ['a regular expression, which is an extension', 'c7 04 78 92 a1 61 a0'],
    ['a record, which is an extension', 'd4 72 40 91 a1 61 01'],
    ['a set, which is an extension', 'd4 73 00 91 01'],
    ['a key that is a number', '81 01 02'],
    ['a key that is a list', '81 90 02'],
    ['a text that is not UTF-8', 'a1 ff'],
    ['the key __proto__', `81 ${text('__proto__')} 80`],
    ['the key __proto__ further in', `91 81 ${text('a')} 81 d9 09 ${Buffer.from('__proto__').toString('hex')} 80`],
    ['a prototype in a constructor', `81 ${text('constructor')} 81 ${text('prototype')} 80`],
    ['nesting that is too deep', `${'91'.repeat(101)}01`],
    ['nesting beyond all reason', '91'.repeat(500_000)],
  ])('is a 400: %s', async (_, body) => {
    expect(await post(hex(body))).toBe(400)
  })

  it('is what the options say', async () => {
    expect(await post(hex('9191 01'), msgpackWith({ depth: 1 }))).toBe(400)
    expect(await post(hex('91 01'), msgpackWith({ depth: 1 }))).toBe(200)
  })
})

describe('what is read', () => {
  it('is taken down to the deepest level', async () => {
    expect(await post(hex(`${'91'.repeat(100)}01`))).toBe(200)
  })
})

describe('what is written', () => {
  it('holds dates as texts, bytes as bytes, and nothing for what is not there', async () => {
    const served = await serve(resource('echo', { mappers: [msgpack], get: () => ({ at: new Date(0), raw: Buffer.from('hi'), gone: undefined }) }))
    const answer = await served.get('/echo')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(
      hex(`82 ${text('at')} b8 ${Buffer.from('1970-01-01T00:00:00.000Z').toString('hex')} ${text('raw')} c4 02 6869`),
    )
  })
})
