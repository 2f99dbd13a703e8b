import { describe, expect, it } from 'vitest'
import { json, type Mapper, mapError, notFound, only, resource } from '../lib/index.js'

const get = () => 1
const make =
  (definition: unknown, name = 'things') =>
  () =>
    resource(name, definition as { get: () => unknown })
const withOption = (option: string, value: unknown) => make({ get: () => 1, [option]: value })
const junk = [
  null,
  0,
  1,
  -1,
  1.5,
  Number.NaN,
  '',
  'x',
  'true',
  true,
  false,
  10n,
  Symbol('s'),
  [],
  [null],
  ['x'],
  {},
  { a: 1 },
  () => 1,
  new Date(),
  /x/,
  new Map(),
]

/** Which of the values above are right for an option; all others must be refused. */
const right: Record<string, (value: unknown) => boolean> = {
  use: (value) => Array.isArray(value) && value.length === 0,
  mappers: () => false,
  mapper: () => false,
  defaultMapper: () => false,
  suffix: (value) => typeof value === 'boolean',
  bodyLimit: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  etag: (value) => typeof value === 'boolean',
  errors: (value) => Array.isArray(value) && value.length === 0,
  summary: (value) => typeof value === 'string',
  description: (value) => typeof value === 'string',
  tags: (value) => Array.isArray(value) && value.every((tag) => typeof tag === 'string'),
  deprecated: (value) => typeof value === 'boolean',
  meta: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  output: () => false,
  strict: (value) => typeof value === 'boolean',
  caseSensitive: (value) => typeof value === 'boolean',
  path: (value) => value === '',
}

describe('a wrong definition', () => {
  it.each(Object.keys(right))('throws when the resource is made, with a sentence that names the option: %s', (option) => {
    for (const value of junk) {
      if (right[option]?.(value)) expect(withOption(option, value), String(value)).not.toThrow()
      else
        expect(withOption(option, value), `${option}: ${String(value)}`).toThrow(
          expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(`^resource\\('things'\\).*'${option}'`) }),
        )
    }
  })

  it.each(['suffix', 'bodyLimit', 'etag', 'errors', 'summary', 'tags', 'meta', 'use', 'mappers'])('throws at every level: %s', (option) => {
    const wrong = Symbol('wrong')
    expect(make({ '/:id': { [option]: wrong, get: () => 1 } })).toThrow(`path '/:id': '${option}'`)
    expect(make({ '/:id': { get: { [option]: wrong, handler: () => 1 } } })).toThrow(`get /:id: '${option}'`)
  })

  it.each<[unknown, string]>([
    [null, 'a definition is an object'],
    [[], 'a definition is an object'],
    ['x', 'a definition is an object'],
    [{}, 'has no verb and no path'],
    [{ use: [] }, 'has no verb and no path'],
    [{ gett: () => 1 }, "'gett' is neither an option, a verb nor a path"],
    [{ toString: 1 }, "'toString' is neither"],
    [{ get: 1 }, 'get /: a verb is a function'],
    [{ get: {} }, "get /: a verb is a function (ctx) => …, or an object with a 'handler'"],
    [{ get: { handler: 1 } }, "an object with a 'handler'"],
    [{ get: { handler: () => 1, path: '/x' } }, "'path' is no option of an endpoint"],
    [{ get: { handler: () => 1, request: 5 } }, "'request' needs an object"],
    [{ get: { handler: () => 1, request: { bodi: {} } } }, 'request.bodi is none of'],
    [{ '/:id': null }, "the path '/:id' needs an object of verbs"],
    [{ '/:id': [] }, "the path '/:id' needs an object of verbs"],
    [{ '/:id': () => 1 }, "the path '/:id' needs an object of verbs"],
    [{ '/:id': {} }, "path '/:id': has no verb"],
    [{ '/:id': { '/x': { get: () => 1 } } }, "'/x' is neither an option nor a verb"],
    [{ '/:id': { strict: true, get: () => 1 } }, "'strict' is neither an option nor a verb"],
    [{ '/:': { get: () => 1 } }, "resource('things')"],
    [{ '/a(b': { get: () => 1 } }, "resource('things')"],
    [{ '/a': { get }, '/A/': { get } }, "the path '/things/A/' stands here twice"],
    [{ path: ['/a', '/a'], get }, "the path '/a' stands here twice"],
    [{ path: 'contacts', get }, "'path' is a path such as"],
    [{ path: ['/a', 5], get }, "'path' is a path such as"],
    [{ mappers: [json, json], get }, "'json' stands there twice"],
    [{ use: [(_e: unknown, _q: unknown, _s: unknown, _n: unknown) => 1], get: () => 1 }, "there is the option 'errors'"],
    [{ use: [[() => 1]], get: () => 1 }, "'use' needs"],
    [{ errors: [[Error]], get: () => 1 }, "'errors' needs"],
  ])('throws with a sentence: %j', (definition, sentence) => {
    expect(make(definition)).toThrow(expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(sentence) }))
  })

  it.each(['', '/things', 'a b', 'a//b', 'a/', 'ü', '../x', ':id'])('throws for the name %j', (name) => {
    expect(make({ get: () => 1 }, name)).toThrow('a name is made of')
  })

  it('calls an unnamed resource resource()', () => {
    expect(() => resource({ get: 1 } as unknown as { get: () => unknown })).toThrow('resource(), get /: a verb')
  })

  it.each<[Partial<Record<keyof Mapper, unknown>>, string]>([
    [{}, 'the name of a mapper'],
    [{ name: 'a b', types: ['a/b'] }, 'the name of a mapper'],
    [{ name: 'own' }, "needs a list of media types in 'types'"],
    [{ name: 'own', types: [] }, "needs a list of media types in 'types'"],
    [{ name: 'own', types: ['own'] }, 'has "own" where a media type'],
    [{ name: 'own', types: ['a/b'], reads: 'a/c' }, "'reads'"],
    [{ name: 'own', types: ['a/b'], reads: ['c'] }, 'has "c" where a media type'],
    [{ name: 'own', types: ['a/b'] }, "needs a 'parse' or a 'format'"],
    [{ name: 'own', types: ['a/b'], parse: 'x' }, "'parse'"],
    [{ name: 'own', types: ['a/b'], format: {} }, "'format'"],
    [{ name: 'own', types: ['a/b'], parse: () => 1, parseBytes: () => 1 }, "has both 'parse' and 'parseBytes'"],
    [{ name: 'own', types: ['a/b'], format: () => '', suffix: 'json' }, "one looks like '+json'"],
    [{ name: 'own', types: ['a/b'], format: () => '', charset: 'utf-7' }, 'has the charset "utf-7"'],
    [{ name: 'own', types: ['a/b'], format: () => '', problemType: 'x' }, "'problemType'"],
  ])('throws for a mapper that is none: %j', (mapper, sentence) => {
    for (const option of ['mapper', 'defaultMapper']) {
      expect(withOption(option, mapper)).toThrow(sentence)
      expect(withOption(option, mapper)).toThrow(`'${option}'`)
    }
    expect(withOption('mappers', [json, mapper])).toThrow(`'mappers'`)
  })
})

describe('a right definition', () => {
  it('may hold every option at every level', () => {
    const options = {
      use: [],
      mappers: [json],
      mapper: json,
      defaultMapper: json,
      suffix: true,
      bodyLimit: 0,
      etag: 'weak',
      errors: [mapError(Error, () => notFound())],
      summary: 's',
      description: 'd',
      tags: ['t'],
      deprecated: true,
      meta: {},
    } as const
    expect(() =>
      resource('things', {
        ...options,
        path: '/x',
        strict: true,
        caseSensitive: true,
        get: () => 1,
        '/:id': { ...options, use: only(), get: { ...options, handler: () => 1 } },
      }),
    ).not.toThrow()
  })

  it('may hold undefined for an option or a verb that is not there', () => {
    expect(
      make({ use: undefined, mappers: undefined, post: undefined, get: () => 1, '/:id': { put: undefined, get: { meta: undefined, handler: () => 1 } } }),
    ).not.toThrow()
  })
})
