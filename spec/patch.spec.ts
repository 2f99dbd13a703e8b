// Patch: merge patches as in the appendix of RFC 7396, operations as in RFC 6902 with its appendix, and what is refused.
import { describe, expect, it } from 'vitest'
import { jsonPatch, mergePatch } from '../lib/patch.js'

describe('a merge patch', () => {
  it.each<[document: unknown, patch: unknown, expected: unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (document, patch, expected) => {
    const before = structuredClone(document)
    expect(mergePatch(document, patch)).toEqual(expected)
    expect(document).toEqual(before)
  })

  it('takes a member named __proto__ for a member', () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}')) as object
    expect(Object.keys(merged)).toEqual(['__proto__'])
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })
})

describe('a JSON Patch', () => {
  it.each<[document: unknown, operations: unknown[], expected: unknown]>([
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['x'] }], { foo: ['bar', ['x']] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/1', value: 1 }], { foo: ['bar', 1] }],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: null }], { baz: null }],
    [{ foo: { bar: 'baz', waldo: 'fred' }, qux: {} }, [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }], { foo: { bar: 'baz' }, qux: { thud: 'fred' } }],
    [{ foo: ['all', 'grass', 'cows', 'eat'] }, [{ op: 'move', from: '/foo/1', path: '/foo/3' }], { foo: ['all', 'cows', 'eat', 'grass'] }],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }, { op: 'add', path: '/c/b', value: 2 }], { a: { b: 1 }, c: { b: 2 } }], // biome-ignore format: one line shows it
    [{ a: 1 }, [{ op: 'move', from: '/a', path: '/a' }], { a: 1 }],
    [{ '': { '~1': 1 } }, [{ op: 'test', path: '//~01', value: 1 }], { '': { '~1': 1 } }],
    [{ 'a/b': 1 }, [{ op: 'replace', path: '/a~1b', value: 2 }], { 'a/b': 2 }],
    [{ a: { x: 1, y: [0] } }, [{ op: 'test', path: '/a', value: { y: [-0], x: 1.0 } }], { a: { x: 1, y: [0] } }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
    [{ a: 1 }, [{ op: 'test', path: '', value: { a: 1 }, more: true }], { a: 1 }],
    [[1], [{ op: 'add', path: '/0', value: 0 }], [0, 1]],
    [{ 0: 'x' }, [{ op: 'add', path: '/01', value: 'y' }], { 0: 'x', '01': 'y' }],
    [{}, [], {}],
  ])('on %j: %j', (document, operations, expected) => {
    const before = structuredClone(document)
    expect(jsonPatch(document, operations)).toEqual(expected)
    expect(document).toEqual(before)
  })

  it.each<[operation: unknown, status: number, pointer: string]>([
    [{ op: 'add', path: '/a/b', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/list/3', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/list/01', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/list/-1', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/list/1e0', value: 1 }, 409, '/1/path'],
    [{ op: 'remove', path: '/nosuch' }, 409, '/1/path'],
    [{ op: 'remove', path: '/list/-' }, 409, '/1/path'],
    [{ op: 'remove', path: '/list/length' }, 409, '/1/path'],
    [{ op: 'replace', path: '/nosuch', value: 1 }, 409, '/1/path'],
    [{ op: 'replace', path: '/toString', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/__proto__/polluted', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }, 409, '/1/path'],
    [{ op: 'add', path: '/text/0', value: 1 }, 409, '/1/path'],
    [{ op: 'test', path: '/text', value: 1 }, 409, '/1/path'],
    [{ op: 'test', path: '/nosuch', value: null }, 409, '/1/path'],
    [{ op: 'copy', from: '/nosuch', path: '/x' }, 409, '/1/path'],
    [{ op: 'move', from: '/list', path: '/list/0' }, 400, '/1/from'],
    [{ op: 'add', path: '/x' }, 400, '/1/value'],
    [{ op: 'add', path: 'x', value: 1 }, 400, '/1/path'],
    [{ op: 'add', path: '/~2', value: 1 }, 400, '/1/path'],
    [{ op: 'add', value: 1 }, 400, '/1/path'],
    [{ op: 'move', path: '/x' }, 400, '/1/from'],
    [{ op: 'Add', path: '/x', value: 1 }, 400, '/1/op'],
    [{ path: '/x', value: 1 }, 400, '/1/op'],
    ['add', 400, '/1'],
    [null, 400, '/1'],
  ])('refuses %j', (operation, status, pointer) => {
    const document = { list: [1, 2], text: 'x' }
    const work = (): unknown => jsonPatch(document, [{ op: 'add', path: '/before', value: 1 }, operation])
    expect(work).toThrow(expect.objectContaining({ status, members: { errors: [expect.objectContaining({ pointer })] } }))
    expect(document).toEqual({ list: [1, 2], text: 'x' })
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it('is refused where it is no list, is too long, or makes the document too large', () => {
    expect(() => jsonPatch({}, { op: 'add', path: '/x', value: 1 })).toThrow('A JSON Patch is a list of operations.')
    expect(() =>
      jsonPatch(
        {},
        Array.from({ length: 1001 }, () => ({ op: 'test', path: '', value: {} })),
      ),
    ).toThrow('at most 1000 operations')
    const doubling = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '', path: `/${index}` }))
    expect(() => jsonPatch({ a: 1 }, doubling)).toThrow('copies at most')
  })
})
