import { describe, expect, it } from 'vitest'
import { json, resource } from '../../lib/index.js'
import { yaml, yamlWith } from '../../lib/yaml.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

mapperContract('yaml', yaml, {
  reads: [
    { type: 'text/yaml', body: 'a: 1\nb: [x, ~, true, 1.5]\n', data: { a: 1, b: ['x', null, true, 1.5] } },
    { type: 'application/x-yaml', body: '---\n- a\n- b\n...\n', data: ['a', 'b'] },
    { type: 'application/openapi+yaml', body: 'a: |\n  two\n  lines\n', data: { a: 'two\nlines\n' } },
    { type: 'application/yaml', body: 'a: &x [1]\nb: *x\n', data: { a: [1], b: [1] } },
    { type: 'application/yaml', body: '[yes, no, 2001-01-01, 0x1f, 0o17, "1"]', data: ['yes', 'no', '2001-01-01', 31, 15, '1'] },
    { type: 'application/yaml', body: '<<: {a: 1}', data: { '<<': { a: 1 } } },
  ],
})

async function post(body: string, mapper = yaml): Promise<Response> {
  const served = await serve(resource('echo', { mappers: [json, mapper], post: ({ body }) => ({ read: body }) }))
  const answer = await served.send('POST', '/echo', body, { 'Content-Type': 'application/yaml' })
  expect(served.errors).toEqual([])
  return answer
}

describe('what is not taken', () => {
  it.each([
    ['what is not YAML', 'a: "x'],
    ['no document', '# nothing\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['a key twice, spelled in two ways', 'a: 1\n"\\x61": 2\n'],
    ['a key that is a list', '? [a]\n: 1\n'],
    ['a tag of its own', '!point {x: 1}'],
    ['a tag of JavaScript', '!!js/function "function () {}"'],
    ['a tag for bytes', '!!binary aGk='],
    ['a number that is not finite', '[.inf]'],
    ['an alias to nowhere', '*a'],
    ['an alias to itself in a list', '&a [*a]'],
    ['an alias to itself in a mapping', '&a {b: *a}'],
    ['too many aliases', `- &x 1\n${'- *x\n'.repeat(21)}`],
    ['aliases that multiply', `a: &a [x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: &d [*c,*c,*c]\ne: [*d,*d,*d]\n`],
    ['the key __proto__', '__proto__: {a: 1}'],
    ['the key __proto__ in disguise', '"\\x5f_proto__": {a: 1}'],
    ['a prototype in a constructor', 'constructor: {prototype: {a: 1}}'],
    ['nesting that is too deep', `${'['.repeat(101)}${']'.repeat(101)}`],
    ['lists within lists that are too deep', '- '.repeat(10_000)],
    ['brackets beyond all reason', '['.repeat(100_000)],
    ['braces beyond all reason', '{'.repeat(100_000)],
    ['brackets that close nothing', ']'.repeat(50_000)],
  ])('is a 400: %s', async (_, body) => {
    expect((await post(body)).status).toBe(400)
  })

  it('is a 413 where it is too long', async () => {
    expect((await post('x'.repeat(102_401))).status).toBe(413)
    expect((await post('x'.repeat(11), yamlWith({ maxSize: 10 }))).status).toBe(413)
  })

  it('is what the options say', async () => {
    expect((await post('[[1]]', yamlWith({ depth: 1 }))).status).toBe(400)
    expect((await post('[&a 1, *a]', yamlWith({ aliases: 1 }))).status).toBe(200)
    expect((await post('[&a 1, *a]', yamlWith({ aliases: 0 }))).status).toBe(400)
  })
})

describe('what is read', () => {
  it('is taken down to the deepest level', async () => {
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    expect(await (await post(deep)).text()).toBe(`{"read":${deep}}`)
  })

  it('may have very many keys without taking long', async () => {
    const started = performance.now()
    expect((await post(Array.from({ length: 9000 }, (_, index) => `key${index}: 1`).join('\n'))).status).toBe(200)
    expect(performance.now() - started).toBeLessThan(3000)
  })
})

describe('what is written', () => {
  it('says each thing whole, and quotes what older readers would take for something else', async () => {
    const place = { city: 'Oulu' }
    const served = await serve(resource('echo', { mappers: [yaml], get: () => ({ home: place, work: place, word: 'yes', at: new Date(0) }) }))
    expect(await (await served.get('/echo')).text()).toBe('home:\n  city: Oulu\nwork:\n  city: Oulu\nword: "yes"\nat: "1970-01-01T00:00:00.000Z"\n')
  })
})
