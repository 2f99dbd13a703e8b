// Page: limits, offsets, cursors and the links between pages; the walk through whole collections is in crud.spec.ts.
import { describe, expect, it } from 'vitest'
import { type Askable, Complaints } from '../lib/askable.js'
import { linkHeader, linkTo, metaOf, type PageOptions, type PageWish, preferredCount, readPage, stepsOf } from '../lib/page.js'
import type { Asked } from '../lib/query.js'
import type { Page } from '../lib/store.js'
import type { ObjectSchema } from '../lib/value.js'
import type { Edge, Sort, Where } from '../lib/where.js'

const schema: ObjectSchema = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    sold: { type: 'string', format: 'int64' },
    price: { type: 'string', format: 'decimal' },
    added: { type: 'string', format: 'date-time' },
    title: { type: ['string', 'null'] },
  },
}
const askable = { store: { key: ['id'], schema } } as unknown as Askable
const sort: Sort[] = [{ field: 'title', descending: true }, { field: 'id' }]

const read = (page: Record<string, unknown>, options: PageOptions = {}, asked: { sort?: Sort[]; where?: Where } = {}, textual = true): PageWish => {
  const complaints = new Complaints()
  const wish = readPage(
    { sort, where: undefined, select: {}, ...asked, page: new Map(Object.entries(page)) } as Asked,
    textual,
    askable,
    options,
    complaints.add,
  )
  complaints.raise()
  return wish
}
const faults = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return (error as { members: { errors: unknown } }).members.errors
  }
}

describe('limit and offset', () => {
  it('are 20 and 0 where nobody says', () => {
    expect(read({}).page).toEqual({ limit: 20, offset: 0 })
    expect(read({}, { pageSize: 5 }).page).toEqual({ limit: 5, offset: 0 })
  })

  it.each([
    ['0', 0],
    ['7', 7],
    ['010', 10],
    ['1000', 1000],
    ['1001', 1000],
    ['999999999999999999999', 1000],
  ])('limit=%s gives %i', (limit, expected) => {
    expect(read({ limit }).page).toEqual({ limit: expected, offset: 0 })
  })

  it.each(['', ' ', '-1', '-0', '+5', '1.5', '1e3', '0x10', 'NaN', 'Infinity', 'ten', '１', '5\0', ['1', '2']])('%j is no number', (text) => {
    expect(faults(() => read({ limit: text }))).toMatchObject([{ parameter: 'limit', code: 'type' }])
    expect(faults(() => read({ offset: text }))).toMatchObject([{ parameter: 'offset', code: 'type' }])
  })

  it('are numbers in a body', () => {
    expect(read({ limit: 3, offset: 6 }, {}, {}, false).page).toEqual({ limit: 3, offset: 6 })
    expect(faults(() => read({ limit: '3' }, {}, {}, false))).toMatchObject([{ pointer: '/limit', code: 'type' }])
  })

  it('do not go with cursors', () => {
    expect(faults(() => read({ offset: '1', after: '' }))).toMatchObject([{ parameter: 'after', code: 'repeated' }])
    expect(faults(() => read({ before: '', after: '' }))).toMatchObject([{ code: 'repeated' }])
  })
})

describe('a cursor', () => {
  const edge: Edge = ['Emma', 7]
  const token = (options: PageOptions = {}, made: Edge = edge): string => read({}, options).seal(made)

  it('opens to the edge it was made of', () => {
    expect(read({ after: token() }).page).toEqual({ limit: 20, after: edge })
    expect(read({ before: token(), limit: '3' }).page).toEqual({ limit: 3, before: edge })
    expect(read({ after: token({}, [null, 7]) }).page).toEqual({ limit: 20, after: [null, 7] })
  })

  it('keeps what numbers cannot hold', () => {
    const precise = { sort: ['sold', 'price', 'added', 'id'].map((field) => ({ field })) }
    const values = ['9223372036854775807', '0.10', '2024-01-01T00:00:00.123456Z', 1]
    expect(read({ after: read({}, {}, precise).seal(values) }, {}, precise).page).toEqual({ limit: 20, after: values })
  })

  it('is the same for the same edge, so that lists keep their ETag', () => {
    expect(token()).toBe(token())
    expect(token()).not.toBe(token({}, ['Emma', 8]))
    expect(token()).toMatch(/^[\w-]+$/)
  })

  it('starts at the start where it is empty', () => {
    expect(read({ after: '' }).page).toEqual({ limit: 20, after: undefined })
    expect(read({}, { paging: 'cursor' }).page).toEqual({ limit: 20, after: undefined })
    expect(read({ offset: '3' }, { paging: 'cursor' }).page).toEqual({ limit: 20, offset: 3 })
  })

  it('is refused for another order, other conditions, another secret, and when it was touched', () => {
    const one = token()
    const wrong = [{ parameter: 'after', code: 'cursor', detail: 'is no cursor of this list in this order and with these conditions' }]
    expect(faults(() => read({ after: one }, {}, { sort: [{ field: 'title' }, { field: 'id' }] }))).toEqual(wrong)
    expect(faults(() => read({ after: one }, {}, { where: { field: 'id', op: 'eq', value: 1 } }))).toEqual(wrong)
    expect(faults(() => read({ after: one }, { secret: 'sixteen letters!' }))).toEqual(wrong)
    for (let index = 0; index < one.length; index++) {
      const touched = `${one.slice(0, index)}${one[index] === 'A' ? 'B' : 'A'}${one.slice(index + 1)}`
      expect(faults(() => read({ after: touched }))).toEqual(wrong)
    }
    for (const odd of ['x', '%', `${one}=`, `${one}A`, one.slice(1), 'eyJ2IjpbMV19', ['a', 'b'], 5]) expect(faults(() => read({ after: odd }))).toEqual(wrong)
  })

  it('does not show what it holds', () => {
    expect(Buffer.from(token({ secret: 'sixteen letters!' }), 'base64url').toString('latin1')).not.toContain('Emma')
  })
})

describe('the ways to other pages', () => {
  const page = (more: boolean, total?: number): Page => ({
    rows: [{ id: 1 }],
    more,
    first: ['a', 1],
    last: ['b', 2],
    total: total === undefined ? undefined : { value: total, exact: true },
  })

  it('go by numbers where offsets were asked for', () => {
    expect(stepsOf(read({ limit: '10', offset: '20' }), page(true, 45))).toEqual({
      first: { limit: 10, offset: 0 },
      previous: { limit: 10, offset: 10 },
      next: { limit: 10, offset: 30 },
      last: { limit: 10, offset: 40 },
    })
    expect(stepsOf(read({ limit: '10', offset: '5' }), page(false))).toEqual({
      first: { limit: 10, offset: 0 },
      previous: { limit: 10, offset: 0 },
      next: undefined,
      last: undefined,
    })
    expect(stepsOf(read({ limit: '10' }), page(false, 10)).last).toEqual({ limit: 10, offset: 0 })
  })

  it('lead nowhere from a page of no rows', () => {
    expect(Object.values(stepsOf(read({ limit: '0' }), page(true, 10)))).toEqual([undefined, undefined, undefined, undefined])
  })

  it('go by cursors where these were asked for', () => {
    const start = read({ after: '' })
    expect(stepsOf(start, page(true))).toEqual({
      first: { limit: 20, after: '' },
      previous: undefined,
      next: { limit: 20, after: start.seal(['b', 2]) },
      last: undefined,
    })
    const middle = read({ after: start.seal(['b', 2]) })
    expect(stepsOf(middle, page(false))).toMatchObject({ previous: { before: start.seal(['a', 1]) }, next: undefined })
    const back = read({ before: start.seal(['b', 2]) })
    expect(stepsOf(back, page(false))).toMatchObject({ previous: undefined, next: { after: start.seal(['b', 2]) } })
  })

  it('keep all other parameters as they were written, and never the host', () => {
    const step = { limit: 5, offset: 10 }
    expect(linkTo('/books?sort=-title&limit=5&filter[a]=x%26y&offset=5&filter[a]=+z', step)).toBe(
      '/books?sort=-title&filter%5Ba%5D=x%26y&filter%5Ba%5D=+z&limit=5&offset=10',
    )
    expect(linkTo('/books', step)).toBe('/books?limit=5&offset=10')
    expect(linkTo('/books?after=x&before&li%6Dit=3', step)).toBe('/books?limit=5&offset=10')
    expect(linkTo('http://evil.example/books?a=b', step)).toBe('/books?a=b&limit=5&offset=10')
    expect(linkTo('//evil.example/books', step)).toBe('/evil.example/books?limit=5&offset=10')
    expect(linkTo('/books?a=>;rel="next"', step)).toBe('/books?a=%3E;rel=%22next%22&limit=5&offset=10')
    expect(linkTo('/books?a=%&b=1', step)).toBe('/books?a=%&b=1&limit=5&offset=10')
  })

  it('stand in the Link field and in meta', () => {
    const wish = read({ limit: '5', offset: '5' })
    const steps = stepsOf(wish, page(false, 10))
    expect(linkHeader('/books', steps)).toBe(
      '</books?limit=5&offset=0>; rel="first", </books?limit=5&offset=0>; rel="prev", </books?limit=5&offset=5>; rel="last"',
    )
    expect(metaOf(wish, page(false, 10), steps, '/books')).toEqual({ total: 10, limit: 5, offset: 5, next: null, previous: '/books?limit=5&offset=0' })
    expect(metaOf(wish, page(false), steps, undefined)).toEqual({ limit: 5, offset: 5, next: null, previous: { limit: 5, offset: 0 } })
    expect(linkHeader('/books', stepsOf(read({ limit: '0' }), page(false)))).toBeUndefined()
  })
})

it.each([
  ['count=none', 'none'],
  ['return=minimal, COUNT="Exact"; x=y', 'exact'],
  ['count=all', undefined],
  ['discount=none', undefined],
  [undefined, undefined],
])('Prefer: %s counts %s', (prefer, expected) => {
  expect(preferredCount(prefer)).toBe(expected)
})
