import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem, resource, text } from '../../lib/index.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

mapperContract('text', text, { same: ['a word', 'Grüße, 世界 🙂\n\tnext line\r\n'], reads: [{ type: 'text/plain', body: '{"a":1}', data: '{"a":1}' }] })

describe('text', () => {
  it('gives back any string as it came', async () => {
    const served = await serve(resource({ mappers: [text], post: ({ body }) => body }))
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (word) => {
        // One mark at the start is no letter but says that the text is UTF-8.
        fc.pre(!word.startsWith('\ufeff'))
        const answer = await served.send('POST', '/', word, { 'Content-Type': 'text/plain' })
        expect(Buffer.from(await answer.arrayBuffer()).toString()).toBe(word)
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    [null, 'null'],
    [true, 'true'],
    [0, '0'],
    [-1.5, '-1.5'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [[], '[]\n'],
    [{}, '{}\n'],
  ])('writes %j as %j', async (data, expected) => {
    expect(await written(data)).toBe(expected)
  })

  it('writes a BigInt digit by digit', async () => {
    expect(await written(10n ** 20n)).toBe('100000000000000000000')
  })

  it('writes an object line by line', async () => {
    expect(await written({ name: 'Ann', age: 41, note: null, empty: '', tags: [], address: {}, gone: undefined })).toBe(
      'name: Ann\nage: 41\nnote: null\nempty: \ntags: []\naddress: {}\n',
    )
  })

  it('writes a list with dashes, and what stands in an entry below its first line', async () => {
    expect(await written([1, 'two', { name: 'Ann', age: 41 }, [3, [4]], [], null])).toBe('- 1\n- two\n- name: Ann\n  age: 41\n- - 3\n  - - 4\n- []\n- null\n')
  })

  it('indents what stands in a member', async () => {
    expect(await written({ person: { name: 'Ann', tags: ['a', { b: 1 }] }, last: 1 })).toBe('person:\n  name: Ann\n  tags:\n    - a\n    - b: 1\nlast: 1\n')
  })

  it('writes a text of several lines below its name', async () => {
    expect(await written({ note: 'one\ntwo', list: ['three\nfour'] })).toBe('note:\n  one\n  two\nlist:\n  - three\n    four\n')
  })

  it('writes a long list in a member', async () => {
    const list = Array.from({ length: 200_000 }, (_, index) => index)
    expect((await written({ list })).length).toBeGreaterThan(200_000)
  })

  it('writes a problem for people', async () => {
    const served = await serve(
      resource({
        mappers: [text],
        get: () => {
          throw new Problem(409, 'The name is taken.', { members: { errors: [{ pointer: '/name', detail: 'is taken' }] } })
        },
      }),
    )
    const answer = await served.get('/')
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await answer.text()).toBe(
      'type: about:blank\ntitle: Conflict\nstatus: 409\ndetail: The name is taken.\nerrors:\n  - pointer: /name\n    detail: is taken\n',
    )
  })
})

async function written(data: unknown): Promise<string> {
  const served = await serve(resource({ mappers: [text], get: () => data }))
  return (await served.get('/')).text()
}
