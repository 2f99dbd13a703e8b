import { describe, expect, it } from 'vitest'
import { Problem } from '../lib/index.js'
import { Table, type TableOptions } from '../lib/table.js'

function table(paths: string[], options: TableOptions = {}) {
  const made = new Table<string>(options)
  for (const path of paths) made.add(path, path)
  const find = (path: string) => made.findFixed(path) ?? made.findPattern(path)
  return { find, value: (path: string) => find(path)?.value }
}

describe('a table of paths', () => {
  it('finds fixed paths and paths with parameters', () => {
    const { find, value } = table(['/a', '/a/:id', '/a/:id/b/:n', '/files/*rest', '/'])
    expect(value('/a')).toBe('/a')
    expect(find('/a/1')).toEqual({ value: '/a/:id', params: { id: '1' } })
    expect(find('/a/1/b/2')).toEqual({ value: '/a/:id/b/:n', params: { id: '1', n: '2' } })
    expect(find('/files/x/y')).toEqual({ value: '/files/*rest', params: { rest: ['x', 'y'] } })
    expect(value('/')).toBe('/')
    for (const path of ['/b', '/a/1/b', '/a/1/b/2/3', '/files', '', 'a']) expect(find(path)).toBeUndefined()
  })

  it('takes the first pattern that matches', () => {
    expect(table(['/:a/x', '/:b/:c']).value('/1/x')).toBe('/:a/x')
    expect(table(['/:b/:c', '/:a/x']).value('/1/x')).toBe('/:b/:c')
  })

  it('overlooks case and a slash at the end, unless told otherwise', () => {
    const loose = table(['/a', '/b/:id'])
    for (const path of ['/A', '/a/', '/B/1', '/b/1/']) expect(loose.value(path)).toBeDefined()
    for (const path of ['/a//', '//a', '/b//']) expect(loose.value(path)).toBeUndefined()
    const strict = table(['/a', '/b/:id'], { strict: true })
    for (const path of ['/a/', '/b/1/']) expect(strict.value(path)).toBeUndefined()
    const sensitive = table(['/a', '/b/:id'], { caseSensitive: true })
    for (const path of ['/A', '/B/1']) expect(sensitive.value(path)).toBeUndefined()
  })

  it('leaves a parameter out that a group did not match', () => {
    expect(table(['/a{/:id}']).find('/a')?.params).toEqual({})
  })

  it('decodes parameters, and makes a broken one a 400', () => {
    expect(table(['/:id']).find('/a%20b%2Fc')?.params).toEqual({ id: 'a b/c' })
    expect(() => table(['/:id']).find('/%')).toThrow(Problem)
  })

  it('refuses a path that stands there already, and one that is none', () => {
    expect(() => table(['/a', '/A/'])).toThrow("'/A/' stands here twice")
    expect(() => table(['/a', '/A/'], { strict: true, caseSensitive: true })).not.toThrow()
    for (const path of ['/:', '/a(b)', '/a?', '/a*']) expect(() => table([path])).toThrow(TypeError)
  })

  it('takes linear time for hostile paths', () => {
    const { find } = table(['/:a/:b/:c', '/:x-:y', '/:from-:to-:by/x'])
    for (const piece of ['a-', '-', '/', 'a/', '%']) {
      const started = performance.now()
      try {
        find(`/${piece.repeat(8000)}`)
      } catch {}
      expect(performance.now() - started, piece).toBeLessThan(200)
    }
  })
})
