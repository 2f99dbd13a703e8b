// The contract of stores: what memory, SQLite, PostgreSQL and MariaDB do alike. A store's spec opens it over three empty tables with these schemas.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../lib/problem.js'
import type { Include, Page, Row, Store, StoreQuery } from '../../lib/store.js'
import type { ObjectSchema } from '../../lib/value.js'
import { allOf, type Sort, seek, type Where } from '../../lib/where.js'

/** The rows of the contract. `authors.books` is a list, `books.author` one or none; `isbn` is unique, `version` counts the changes of a book. */
export const schemas = {
  authors: {
    type: 'object',
    properties: { id: { type: 'integer', readOnly: true }, name: { type: 'string', maxLength: 100 }, country: { type: ['string', 'null'], maxLength: 100 } },
    required: ['name'],
    additionalProperties: false,
  },
  books: {
    type: 'object',
    properties: {
      id: { type: 'integer', readOnly: true },
      title: { type: 'string', maxLength: 200 },
      isbn: { type: ['string', 'null'], maxLength: 20 },
      authorId: { type: ['integer', 'null'] },
      pages: { type: ['integer', 'null'] },
      rating: { type: ['number', 'null'] },
      sold: { type: ['string', 'null'], format: 'int64' },
      price: { type: ['string', 'null'], format: 'decimal', description: 'Ten digits, two of them behind the point.' },
      published: { type: ['string', 'null'], format: 'date' },
      added: { type: ['string', 'null'], format: 'date-time' },
      available: { type: ['boolean', 'null'] },
      token: { type: ['string', 'null'], format: 'uuid' },
      binding: { type: 'string', enum: ['paper', 'cloth', 'audio'], default: 'paper' },
      version: { type: 'integer', readOnly: true },
    },
    required: ['title'],
    additionalProperties: false,
  },
  seats: {
    type: 'object',
    properties: { row: { type: 'integer' }, seat: { type: 'integer' }, holder: { type: ['string', 'null'], maxLength: 100 } },
    required: ['row', 'seat'],
    additionalProperties: false,
  },
} as const satisfies Record<string, ObjectSchema>

/** The three stores over one database: keys `id` (made by the store), `id` (the same), `row` and `seat` (given). */
export interface Opened {
  authors: Store
  books: Store
  seats: Store
  /** Empties the three tables. */
  clear(): Promise<void>
  close?(): Promise<void>
}

/** Holds a store to the contract. @example storeContract('memory', open) */
export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name} keeps the contract of stores`, () => {
    let stores: Opened
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores?.close?.())
    beforeEach(() => stores.clear())

    // Keys are the store's own, so rows are told apart by their titles.
    const addBooks = (...rows: Row[]): Promise<Row[]> => stores.books.create(rows.map((row, index) => ({ title: `book ${index}`, ...row })))
    const find = async (where?: Where, rest: Partial<StoreQuery> = {}): Promise<Page> =>
      plain(await stores.books.find({ where, sort: [{ field: 'id' }], page: { limit: 100, offset: 0 }, count: 'none', ...rest }))
    const titles = async (where?: Where, rest?: Partial<StoreQuery>): Promise<unknown[]> => (await find(where, rest)).rows.map(({ title }) => title)

    describe('rows come in and go out', () => {
      const full = {
        title: 'Ada or Ardor — “a family chronicle” 😀',
        isbn: '0-07-030816-1',
        authorId: null,
        pages: 626,
        rating: 4.25,
        sold: '9007199254740993',
        price: '12345678.90',
        published: '1969-05-05',
        added: '2024-02-29T23:59:59.123Z',
        available: true,
        token: '123e4567-e89b-12d3-a456-426614174000',
        binding: 'cloth',
      }

      it('gives back what was created, with the key and the version that the store made', async () => {
        const [created] = plain(await stores.books.create([full]))
        expect(created).toEqual({ ...full, id: expect.any(Number), version: expect.any(Number) })
        expect(plain(await stores.books.get({ key: { id: created?.id as number } }))).toEqual(created)
      })

      it('fills in defaults, and null for what was left out', async () => {
        const [created] = plain(await stores.books.create([{ title: 'Emma' }]))
        expect(created).toMatchObject({ title: 'Emma', binding: 'paper', isbn: null, sold: null, added: null })
      })

      it('creates several rows in their order', async () => {
        const created = await addBooks({ title: 'c' }, { title: 'a' }, { title: 'b' })
        expect(created.map(({ title }) => title)).toEqual(['c', 'a', 'b'])
        expect(new Set(created.map(({ id }) => id)).size).toBe(3)
      })

      it('changes only what is given', async () => {
        const [created] = await addBooks(full)
        const changed = plain(await stores.books.update({ key: { id: created?.id as number } }, { pages: 1, isbn: null }))
        expect(changed).toEqual({ ...full, pages: 1, isbn: null, id: created?.id, version: expect.any(Number) })
        expect(changed?.version).not.toBe(created?.version)
      })

      it('removes one row, and says when there is none', async () => {
        const [one] = await addBooks({}, {})
        expect(await stores.books.remove({ key: { id: one?.id as number } })).toBe(true)
        expect(await stores.books.remove({ key: { id: one?.id as number } })).toBe(false)
        expect(await titles()).toEqual(['book 1'])
      })

      it('knows no row under a key that is not there', async () => {
        expect(await stores.books.get({ key: { id: 4711 } })).toBeUndefined()
        expect(await stores.books.update({ key: { id: 4711 } }, { title: 'x' })).toBeUndefined()
      })

      it('takes keys of several fields', async () => {
        await stores.seats.create([
          { row: 1, seat: 2, holder: 'Ada' },
          { row: 2, seat: 1, holder: 'Ben' },
        ])
        expect(plain(await stores.seats.get({ key: { row: 2, seat: 1 } }))).toEqual({ row: 2, seat: 1, holder: 'Ben' })
        expect(await stores.seats.update({ key: { row: 1, seat: 2 } }, { holder: null })).toMatchObject({ holder: null })
        expect(await stores.seats.remove({ key: { row: 1, seat: 1 } })).toBe(false)
        expect(await stores.seats.remove({ key: { row: 1, seat: 2 } })).toBe(true)
      })

      it('gives only the fields that were selected', async () => {
        const [created] = await addBooks(full)
        const key = { id: created?.id as number }
        expect(plain(await stores.books.get({ key }, { fields: ['title', 'sold'] }))).toEqual({ title: full.title, sold: full.sold })
        expect((await find(undefined, { select: { fields: ['pages'] }, sort: [{ field: 'title' }, { field: 'id' }] })).rows).toEqual([{ pages: 626 }])
      })
    })

    describe('conditions', () => {
      const ask = (field: string, op: string, value: unknown): Where => ({ field, op, value }) as Where

      it.each<[op: string, value: unknown, expected: string[]]>([
        ['eq', 20, ['b']],
        ['ne', 20, ['a', 'c', 'none']],
        ['gt', 10, ['b', 'c']],
        ['gte', 20, ['b', 'c']],
        ['lt', 20, ['a']],
        ['lte', 20, ['a', 'b']],
        ['in', [10, 30], ['a', 'c']],
        ['in', [], []],
        ['nin', [10, 30], ['b', 'none']],
        ['nin', [], ['a', 'b', 'c', 'none']],
        ['between', [10, 20], ['a', 'b']],
        ['between', [20, 10], []],
        ['null', true, ['none']],
        ['null', false, ['a', 'b', 'c']],
      ])('ask a number: %s %j', async (op, value, expected) => {
        await addBooks({ title: 'a', pages: 10 }, { title: 'b', pages: 20 }, { title: 'c', pages: 30 }, { title: 'none', pages: null })
        expect(await titles(ask('pages', op, value))).toEqual(expected)
        expect(await titles({ not: ask('pages', op, value) })).toEqual(['a', 'b', 'c', 'none'].filter((title) => !expected.includes(title)))
      })

      it.each<[op: string, value: string, expected: string[]]>([
        ['eq', 'Emma', ['Emma']],
        ['eq', 'emma', []],
        ['eq', 'Emma ', []],
        ['contains', 'mm', ['Emma', 'comma']],
        ['contains', 'MM', []],
        ['icontains', 'EMM', ['Emma']],
        ['startsWith', 'E', ['Emma', "E'\\"]],
        ['startsWith', 'e', []],
        ['endsWith', 'a', ['Emma', 'comma']],
        ['contains', '%', ['100%_']],
        ['contains', '_', ['100%_']],
        ['icontains', '0%', ['100%_']],
        ['startsWith', '1__', []],
        ['contains', '\\', ["E'\\"]],
        ['endsWith', "'\\", ["E'\\"]],
        ['contains', '', ['Emma', 'comma', '100%_', "E'\\"]],
      ])('ask a text: %s %j', async (op, value, expected) => {
        const all = ['Emma', 'comma', '100%_', "E'\\"]
        await addBooks(...all.map((title) => ({ title })))
        expect(await titles(ask('title', op, value))).toEqual(expected)
        expect(await titles({ not: ask('title', op, value) })).toEqual(all.filter((title) => !expected.includes(title)))
      })

      it.each<[field: string, low: unknown, high: unknown]>([
        ['rating', 1.25, 1.5],
        ['sold', '9007199254740992', '9007199254740993'],
        ['sold', '-2', '10'],
        ['price', '9.50', '10.00'],
        ['published', '1999-12-31', '2000-01-01'],
        ['added', '2024-01-01T00:00:00.001Z', '2024-01-01T00:00:00.002Z'],
      ])('compare %s by what it means: %j < %j', async (field, low, high) => {
        await addBooks({ title: 'low', [field]: low }, { title: 'high', [field]: high })
        expect(await titles(ask(field, 'gt', low))).toEqual(['high'])
        expect(await titles(ask(field, 'lte', low))).toEqual(['low'])
        expect(await titles(ask(field, 'eq', high))).toEqual(['high'])
        expect(await titles(ask(field, 'in', [low]))).toEqual(['low'])
        expect(await titles(undefined, { sort: [{ field, descending: true }, { field: 'id' }] })).toEqual(['high', 'low'])
      })

      it('ask booleans, uuids and choices', async () => {
        const token = '123e4567-e89b-12d3-a456-426614174000'
        await addBooks({ title: 'a', available: true, token, binding: 'audio' }, { title: 'b', available: false })
        expect(await titles(ask('available', 'eq', false))).toEqual(['b'])
        expect(await titles(ask('available', 'ne', false))).toEqual(['a'])
        expect(await titles(ask('token', 'eq', token))).toEqual(['a'])
        expect(await titles(ask('binding', 'in', ['audio', 'cloth']))).toEqual(['a'])
        expect(await titles(undefined, { sort: [{ field: 'binding' }, { field: 'id' }] })).toEqual(['a', 'b'])
      })

      it('join with and, or, not', async () => {
        await addBooks({ title: 'a', pages: 1 }, { title: 'b', pages: 2 }, { title: 'c' })
        const a = ask('title', 'eq', 'a')
        const big = ask('pages', 'gt', 1)
        expect(await titles({ or: [a, big] })).toEqual(['a', 'b'])
        expect(await titles({ and: [a, big] })).toEqual([])
        expect(await titles({ not: { or: [a, big] } })).toEqual(['c'])
        expect(await titles({ not: { not: big } })).toEqual(['b'])
        expect(await titles({ and: [] })).toEqual(['a', 'b', 'c'])
        expect(await titles({ or: [] })).toEqual([])
        expect(await titles({ not: { or: [] } })).toEqual(['a', 'b', 'c'])
        expect(await titles({ not: { and: [{ not: { and: [big] } }, { or: [a, { not: a }] }] } })).toEqual(['b'])
      })

      it('take every text as a text', async () => {
        for (const title of ["' OR 1=1 --", '$1', ':name', '?', '#{x}', '\\', '"', '\u2028', '😀', 'ﬀ']) {
          await stores.clear()
          await addBooks({ title }, { title: 'other' })
          expect(await titles(ask('title', 'eq', title))).toEqual([title])
          expect(await titles(ask('title', 'contains', title))).toEqual([title])
        }
      })
    })

    describe('relations', () => {
      let jane: Row
      let ada: Row
      beforeEach(async () => {
        ;[jane, ada] = (await stores.authors.create([
          { name: 'Jane', country: 'UK' },
          { name: 'Ada', country: null },
          { name: 'Zoe', country: 'FR' },
        ])) as [Row, Row]
        await addBooks(
          { title: 'Emma', authorId: jane.id, pages: 3 },
          { title: 'Persuasion', authorId: jane.id, pages: 1 },
          { title: 'Notes', authorId: ada.id, pages: 2 },
          { title: 'Anon' },
        )
      })
      const authors = async (where: Where, include?: Record<string, Include>): Promise<Row[]> =>
        plain(await stores.authors.find({ where, sort: [{ field: 'id' }], page: { limit: 10, offset: 0 }, count: 'none', select: { include } })).rows

      it('ask the one row that a row leads to', async () => {
        const uk: Where = { relation: 'author', where: { field: 'country', op: 'eq', value: 'UK' } }
        expect(await titles(uk)).toEqual(['Emma', 'Persuasion'])
        expect(await titles({ not: uk })).toEqual(['Notes', 'Anon'])
        expect(await titles({ relation: 'author', where: { field: 'country', op: 'null', value: true } })).toEqual(['Notes'])
        expect(await titles({ relation: 'author', where: { and: [] } })).toEqual(['Emma', 'Persuasion', 'Notes'])
      })

      it('ask for a row among those that a row leads to, each row once', async () => {
        const names = async (where: Where): Promise<unknown[]> => (await authors(where)).map(({ name }) => name)
        expect(await names({ relation: 'books', where: { field: 'pages', op: 'gte', value: 1 } })).toEqual(['Jane', 'Ada'])
        expect(await names({ not: { relation: 'books', where: { and: [] } } })).toEqual(['Zoe'])
        const both = (field: string, value: string): Where => ({ relation: 'books', where: { field, op: 'eq', value } })
        expect(await names({ and: [both('title', 'Emma'), both('title', 'Persuasion')] })).toEqual(['Jane'])
        expect(await names({ relation: 'books', where: { relation: 'author', where: { field: 'name', op: 'eq', value: 'Ada' } } })).toEqual(['Ada'])
      })

      it('count rows, not pairs', async () => {
        const page = await stores.authors.find({
          where: { relation: 'books', where: { and: [] } },
          sort: [{ field: 'id' }],
          page: { limit: 1, offset: 0 },
          count: 'exact',
          select: { include: { books: { sort: [{ field: 'id' }], limit: 5 } } },
        })
        expect(page.total).toEqual({ value: 2, exact: true })
        expect(page.rows).toHaveLength(1)
      })

      it('put related rows into the row, in order, with a limit for each', async () => {
        const rows = await authors(
          { and: [] },
          { books: { fields: ['title'], sort: [{ field: 'pages' }, { field: 'id' }], limit: 1, where: { field: 'pages', op: 'gt', value: 0 } } },
        )
        expect(rows.map(({ name, books }) => [name, books])).toEqual([
          ['Jane', [{ title: 'Persuasion' }]],
          ['Ada', [{ title: 'Notes' }]],
          ['Zoe', []],
        ])
      })

      it('put one related row into the row, or null', async () => {
        const { rows } = await find(undefined, { select: { fields: ['title'], include: { author: { fields: ['name'] } } } })
        expect(rows).toEqual([
          { title: 'Emma', author: { name: 'Jane' } },
          { title: 'Persuasion', author: { name: 'Jane' } },
          { title: 'Notes', author: { name: 'Ada' } },
          { title: 'Anon', author: null },
        ])
        const where: Where = { field: 'country', op: 'eq', value: 'UK' }
        const some = await find(undefined, { select: { fields: ['title'], include: { author: { fields: ['name'], where } } } })
        expect(some.rows.map(({ author }) => author)).toEqual([{ name: 'Jane' }, { name: 'Jane' }, null, null])
      })

      it('go several steps, also for one row', async () => {
        const { rows } = await find({ field: 'title', op: 'eq', value: 'Notes' })
        const row = await stores.books.get(
          { key: { id: rows[0]?.id as number } },
          { fields: ['title'], include: { author: { fields: ['name'], include: { books: { fields: ['pages'], sort: [{ field: 'id' }] } } } } },
        )
        expect(plain(row)).toEqual({ title: 'Notes', author: { name: 'Ada', books: [{ pages: 2 }] } })
      })
    })

    describe('order and pages', () => {
      const sort: Sort[] = [{ field: 'pages', descending: true }, { field: 'rating' }, { field: 'id' }]
      const pages = [3, null, 1, 3, null, 2, 3, 1, null, 2]
      const ratings = [1, 2, null, null, 0.5, null, 0.5, 4, null, null]
      const expected = [
        [null, 0.5],
        [null, 2],
        [null, null],
        [3, 0.5],
        [3, 1],
        [3, null],
        [2, null],
        [2, null],
        [1, 4],
        [1, null],
      ]
      const addNumbers = (): Promise<Row[]> => addBooks(...pages.map((page, index) => ({ pages: page, rating: ratings[index] })))
      const values = ({ rows }: Page): unknown[] => rows.map((row) => [row.pages, row.rating])

      it('put NULL above every value', async () => {
        await addNumbers()
        expect(values(await find(undefined, { sort }))).toEqual(expected)
      })

      it('sort texts by code point', async () => {
        const order = ['', ' ', 'A', 'Z', 'Za', 'a', 'aa', 'b', 'z', 'Ä', 'é', '\uFFE6', '😀']
        await addBooks(...[...order].reverse().map((title) => ({ title })))
        expect(await titles(undefined, { sort: [{ field: 'title' }, { field: 'id' }] })).toEqual(order)
        expect(await titles({ field: 'title', op: 'gt', value: 'z' }, { sort: [{ field: 'title' }, { field: 'id' }] })).toEqual(order.slice(9))
      })

      it('cut pages by offset, and tell whether more follows', async () => {
        await addNumbers()
        const page = await find(undefined, { sort, page: { limit: 4, offset: 4 }, count: 'exact' })
        expect(values(page)).toEqual(expected.slice(4, 8))
        expect(page).toMatchObject({ more: true, total: { value: 10, exact: true } })
        expect(await find(undefined, { sort, page: { limit: 4, offset: 6 } })).toMatchObject({ more: false })
        expect(await find(undefined, { sort, page: { limit: 4, offset: 60 }, count: 'exact' })).toMatchObject({ rows: [], more: false, total: { value: 10 } })
        expect(await find(undefined, { sort, page: { limit: 0, offset: 0 }, count: 'exact' })).toMatchObject({ rows: [], total: { value: 10 } })
      })

      it('counts what the condition leaves over, or does not count', async () => {
        await addNumbers()
        const where: Where = { field: 'pages', op: 'null', value: false }
        expect((await find(where, { count: 'exact', page: { limit: 1, offset: 0 } })).total).toEqual({ value: 7, exact: true })
        expect((await find(where, { count: 'none' })).total).toBeUndefined()
        expect((await find(where, { count: 'estimated' })).total?.value).toBeGreaterThanOrEqual(0)
      })

      it.each([1, 2, 3, 4, 10, 11])('goes from edge to edge and back, %i rows at a time', async (limit) => {
        await addNumbers()
        const there: Page[] = [await find(undefined, { sort, page: { limit } })]
        while (there.at(-1)?.more) there.push(await find(undefined, { sort, page: { limit, after: there.at(-1)?.last } }))
        expect(there.flatMap(values)).toEqual(expected)
        const back: Page[] = [there.at(-1) as Page]
        for (;;) {
          const page = await find(undefined, { sort, page: { limit, before: back[0]?.first } })
          if (page.rows.length > 0) back.unshift(page)
          if (!page.more) break
        }
        expect(back.flatMap(values)).toEqual(expected)
      })

      it('starts at an edge whose row is gone, and gives edges without the field being selected', async () => {
        const rows = await addNumbers()
        const page = await find(undefined, { sort, page: { limit: 3 }, select: { fields: ['title'] } })
        expect(page.last?.slice(0, 2)).toEqual(expected[2])
        for (const { id, title } of rows) if (page.rows.some((row) => row.title === title)) await stores.books.remove({ key: { id: id as number } })
        expect(values(await find(undefined, { sort, page: { limit: 100, after: page.last } }))).toEqual(expected.slice(3))
      })

      it('gives edges in full precision', async () => {
        const row = { sold: '9007199254740993', price: '0.10', added: '2024-01-01T00:00:00.001Z', published: '2024-01-01', title: '😀' }
        await addBooks(row)
        const fields = Object.keys(row) as (keyof typeof row)[]
        const order = [...fields, 'id'].map((field) => ({ field }))
        const { first } = await find(undefined, { sort: order })
        expect(first?.slice(0, -1)).toEqual(fields.map((field) => row[field]))
        expect((await find(undefined, { sort: order, page: { limit: 5, after: first } })).rows).toEqual([])
      })

      it('finds the same behind an edge by the condition that says so', async () => {
        await addNumbers()
        const { rows } = await find(undefined, { sort })
        for (const row of rows) {
          const edge = [row.pages, row.rating, row.id] as number[]
          const nullable = (field: string): boolean => field !== 'id'
          const { rows: behind } = await find(seek(sort, edge, nullable), { sort })
          expect(behind).toEqual((await find(undefined, { sort, page: { limit: 100, after: edge } })).rows)
        }
      })
    })

    describe('writes', () => {
      const big: Where = { field: 'pages', op: 'gt', value: 10 }

      it('reach only rows for which the condition holds', async () => {
        const [row] = await addBooks({ pages: 5 })
        const key = { id: row?.id as number }
        expect(await stores.books.get({ key, where: big })).toBeUndefined()
        expect(await stores.books.update({ key, where: big }, { pages: 50 })).toBeUndefined()
        expect(await stores.books.remove({ key, where: big })).toBe(false)
        expect(await stores.books.update({ key, where: { not: big } }, { pages: 50 })).toMatchObject({ pages: 50 })
        expect(await stores.books.remove({ key, where: big })).toBe(true)
      })

      it('reach rows by a condition on what they lead to', async () => {
        const [uk, fr] = await stores.authors.create([
          { name: 'a', country: 'UK' },
          { name: 'b', country: 'FR' },
        ])
        const [one, two] = await addBooks({ authorId: uk?.id }, { authorId: fr?.id })
        const where: Where = { relation: 'author', where: { field: 'country', op: 'eq', value: 'UK' } }
        expect(await stores.books.update({ key: { id: two?.id as number }, where }, { pages: 1 })).toBeUndefined()
        expect(await stores.books.update({ key: { id: one?.id as number }, where }, { pages: 1 }, { check: where })).toMatchObject({ pages: 1 })
        const out = stores.books.update({ key: { id: one?.id as number }, where }, { authorId: fr?.id }, { check: where })
        expect(await problemOf(out)).toMatchObject({ status: 403 })
        expect(await titles(where)).toEqual(['book 0'])
        expect(await stores.books.remove({ key: { id: two?.id as number }, where })).toBe(false)
      })

      it('leave nothing behind that fails the check', async () => {
        expect(
          await problemOf(
            stores.books.create(
              [
                { title: 'a', pages: 20 },
                { title: 'b', pages: 5 },
              ],
              { check: big },
            ),
          ),
        ).toMatchObject({ status: 403 })
        expect(await titles()).toEqual([])
        const [row] = await stores.books.create([{ title: 'c', pages: 20 }], { check: big })
        expect(await problemOf(stores.books.update({ key: { id: row?.id as number } }, { pages: 5 }, { check: big }))).toMatchObject({ status: 403 })
        expect((await find()).rows).toMatchObject([{ title: 'c', pages: 20 }])
      })

      it('say which field of which row is taken, and add none of the rows', async () => {
        await addBooks({ title: 'first', isbn: '1' })
        const problem = await problemOf(
          stores.books.create([
            { title: 'a', isbn: '2' },
            { title: 'b', isbn: '1' },
          ]),
        )
        expect(problem).toMatchObject({ status: 409, members: { errors: [{ pointer: '/1/isbn', code: 'unique' }] } })
        expect(await titles()).toEqual(['first'])
        const [row] = await addBooks({ isbn: '3' })
        const other = await problemOf(stores.books.update({ key: { id: row?.id as number } }, { isbn: '1' }))
        expect(other).toMatchObject({ status: 409, members: { errors: [{ pointer: '/isbn', code: 'unique' }] } })
        expect(await stores.books.update({ key: { id: row?.id as number } }, { isbn: '3' })).toMatchObject({ isbn: '3' })
        await addBooks({ isbn: null }, { isbn: null })
      })

      it('say that a given key is taken', async () => {
        await stores.seats.create([{ row: 1, seat: 1 }])
        const problem = await problemOf(stores.seats.create([{ row: 1, seat: 1 }]))
        expect(problem).toMatchObject({ status: 409, members: { errors: [{ pointer: '/0/row' }, { pointer: '/0/seat' }] } })
      })

      it('let one of many win that name the same version', async () => {
        const [row] = await addBooks({ pages: 0 })
        const where: Where = { field: 'version', op: 'in', value: [row?.version as number] }
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, pages) => stores.books.update({ key: { id: row?.id as number }, where }, { pages: pages + 1 })),
        )
        const winners = results.filter((result) => result !== undefined)
        expect(winners).toHaveLength(1)
        expect((await find()).rows).toMatchObject([{ pages: winners[0]?.pages }])
      })
    })

    describe('transactions', () => {
      it('keep all of the work', async () => {
        const result = await stores.books.transaction(async (options) => {
          await stores.books.create([{ title: 'a' }], options)
          const inside = await stores.books.find({ sort: [{ field: 'id' }], page: { limit: 9, offset: 0 }, count: 'exact' }, options)
          return inside.total?.value
        })
        expect(result).toBe(1)
        expect(await titles()).toEqual(['a'])
      })

      it('keep nothing of work that fails', async () => {
        const [row] = await addBooks({ title: 'before' })
        const key = { id: row?.id as number }
        const failing = stores.books.transaction(async (options) => {
          await stores.books.update({ key }, { title: 'after' }, options)
          await stores.books.create([{ title: 'new' }], options)
          await stores.books.remove({ key }, options)
          throw new RangeError('no')
        })
        await expect(failing).rejects.toThrow(RangeError)
        expect(await titles()).toEqual(['before'])
      })

      it('go on after a statement that failed was caught outside', async () => {
        await addBooks({ isbn: '1' })
        await expect(stores.books.transaction((options) => stores.books.create([{ title: 'x', isbn: '1' }], options))).rejects.toThrow(Problem)
        await stores.books.transaction((options) => stores.books.create([{ title: 'y', isbn: '2' }], options))
        expect(await titles()).toEqual(['book 0', 'y'])
      })

      it('lose no change of a row that was read with a lock', async () => {
        const [row] = await addBooks({ pages: 0 })
        const key = { id: row?.id as number }
        const raise = (): Promise<unknown> =>
          stores.books.transaction(async (options) => {
            const before = await stores.books.get({ key }, undefined, { ...options, lock: true })
            return stores.books.update({ key }, { pages: (before?.pages as number) + 1 }, options)
          })
        await Promise.all(Array.from({ length: 10 }, raise))
        expect((await find()).rows).toMatchObject([{ pages: 10 }])
      })

      it('are over for a client who has left', async () => {
        const signal = AbortSignal.abort()
        await expect(stores.books.find({ sort: [{ field: 'id' }], page: { limit: 1, offset: 0 }, count: 'none' }, { signal })).rejects.toThrow()
        await expect(stores.books.create([{ title: 'a' }], { signal })).rejects.toThrow()
        expect(await titles()).toEqual([])
      })
    })

    it('tells its schema, its key and what its rows lead to', () => {
      expect(stores.books.key).toEqual(['id'])
      expect(stores.seats.key).toEqual(['row', 'seat'])
      expect(Object.keys(stores.books.schema.properties).sort()).toEqual(Object.keys(schemas.books.properties).sort())
      expect(stores.books.version).toBe('version')
      expect(stores.books.relations?.author).toMatchObject({ many: false })
      expect(stores.authors.relations?.books).toMatchObject({ many: true })
      expect(stores.authors.relations?.books?.store.key).toEqual(['id'])
      expect(allOf(undefined)).toBeUndefined()
    })
  })
}

// Dates as the text that stands for them.
function plain<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value))
}

function problemOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing was thrown',
    (error) => error,
  )
}
