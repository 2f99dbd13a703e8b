// Query: what a client may write, what becomes of it, and what is refused; without a server, since reading is a pure function.
import { describe, expect, it } from 'vitest'
import { type Askable, Complaints, checkAskable } from '../lib/askable.js'
import { Problem } from '../lib/problem.js'
import { type Asked, type QueryLimits, queryLimits, readAsked } from '../lib/query.js'
import { memory } from '../lib/stores/memory.js'
import { readQuery } from '../lib/url.js'
import type { Where } from '../lib/where.js'

const authors = memory([], {
  schema: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' }, country: { type: 'string' }, salary: { type: 'integer' } } },
  relations: { books: { store: () => books, from: 'id', to: 'authorId', many: true } },
})
const books = memory([], {
  schema: {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      title: { type: 'string' },
      pages: { type: ['integer', 'null'] },
      rating: { type: 'number' },
      sold: { type: 'string', format: 'int64' },
      price: { type: 'string', format: 'decimal' },
      published: { type: 'string', format: 'date' },
      added: { type: 'string', format: 'date-time' },
      token: { type: 'string', format: 'uuid' },
      binding: { enum: ['paper', 'cloth', null], type: ['string', 'null'] },
      available: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      authorId: { type: 'integer' },
      secret: { type: 'string' },
      tags: { type: 'array' },
    },
  },
  relations: { author: { store: authors, from: 'authorId' } },
})
const uk: Where = { field: 'country', op: 'eq', value: 'UK' }
const askableAuthors: Askable = {
  store: authors,
  fields: ['id', 'name', 'country'],
  filterable: [],
  sortable: [],
  searchable: [],
  includable: [],
  scope: uk,
  relation: (name) => (name === 'books' ? askable : undefined),
}
const fields = Object.keys(books.schema.properties).filter((name) => name !== 'secret')
const askable: Askable = {
  store: books,
  fields,
  filterable: [
    ...fields.filter((name) => name !== 'tags' && name !== 'authorId'),
    'secret',
    'author.name',
    'author.country',
    'author.salary',
    'author.books.title',
  ],
  sortable: ['id', 'title', 'pages', 'secret'],
  searchable: ['title', 'author.name'],
  includable: ['author', 'author.books', 'author.books.author', 'author.books.author.books'],
  relation: (name) => (name === 'author' ? askableAuthors : undefined),
}

const read = (members: Record<string, unknown>, textual: boolean, limits: QueryLimits = {}, what: Askable = askable): Asked => {
  const complaints = new Complaints()
  const asked = readAsked(members, textual, what, { limits: { ...queryLimits, ...limits }, reserved: ['format'], sort: ['-title', 'secret'] }, complaints.add)
  complaints.raise()
  return asked
}
const ask = (query: string, limits?: QueryLimits): Asked => read(readQuery(query), true, limits)
const where = (query: string): unknown => ask(query).where
const faults = (work: () => unknown): unknown[] => {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem && error.status === 400) return error.members.errors as unknown[]
    throw error
  }
  return []
}

describe('a filter in the URL', () => {
  it.each<[query: string, expected: Where]>([
    ['filter[title]=Emma', { field: 'title', op: 'eq', value: 'Emma' }],
    ['filter[title]=', { field: 'title', op: 'eq', value: '' }],
    ['filter[title]=a,b', { field: 'title', op: 'eq', value: 'a,b' }],
    ['filter[title]=a&filter[title]=b', { field: 'title', op: 'in', value: ['a', 'b'] }],
    ['filter[title][]=a', { field: 'title', op: 'in', value: ['a'] }],
    ['filter[pages][in]=1,2', { field: 'pages', op: 'in', value: [1, 2] }],
    ['filter[title][in][]=a,b', { field: 'title', op: 'in', value: ['a,b'] }],
    ['filter[pages][between]=1,2', { field: 'pages', op: 'between', value: [1, 2] }],
    ['filter[pages][null]=true', { field: 'pages', op: 'null', value: true }],
    ['filter[title][icontains]=50%25', { field: 'title', op: 'icontains', value: '50%' }],
    [
      'filter[pages][gte]=1&filter[pages][lt]=9',
      { and: [{ field: 'pages', op: 'gte', value: 1 }, { field: 'pages', op: 'lt', value: 9 }] }, // biome-ignore format: one line shows it
    ],
    [
      'filter[pages]=5&filter[pages][ne]=6',
      { and: [{ field: 'pages', op: 'eq', value: 5 }, { field: 'pages', op: 'ne', value: 6 }] }, // biome-ignore format: one line shows it
    ],
    [
      'filter[pages][ne]=6&filter[pages]=5',
      { and: [{ field: 'pages', op: 'ne', value: 6 }, { field: 'pages', op: 'eq', value: 5 }] }, // biome-ignore format: one line shows it
    ],
    [
      'filter[or][1][title]=b&filter[or][0][title]=a',
      { or: [{ field: 'title', op: 'eq', value: 'a' }, { field: 'title', op: 'eq', value: 'b' }] }, // biome-ignore format: one line shows it
    ],
    ['filter[not][and][0][title]=a', { not: { and: [{ field: 'title', op: 'eq', value: 'a' }] } }],
  ])('%s', (query, expected) => {
    expect(where(query)).toEqual(expected)
  })

  it.each<[field: string, text: string, value: unknown]>([
    ['pages', '-007', -7],
    ['rating', '1.50', 1.5],
    ['rating', '-0', 0],
    ['rating', '2e3', 2000],
    ['sold', '9223372036854775807', '9223372036854775807'],
    ['price', '-1.50', '-1.50'],
    ['published', '2024-02-29', '2024-02-29'],
    ['added', '2024-03-01T00:30:00%2B01:00', '2024-02-29T23:30:00.000Z'],
    ['added', '2024-03-01t00:30:00.123456z', '2024-03-01T00:30:00.123456Z'],
    ['token', '123E4567-E89B-12D3-A456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
    ['binding', 'cloth', 'cloth'],
    ['available', 'false', false],
  ])('reads %s as what it holds: %s', (field, text, value) => {
    expect(where(`filter[${field}]=${text}`)).toEqual({ field, op: 'eq', value })
  })

  it.each([
    ['pages', '1.0'],
    ['pages', '9007199254740993'],
    ['pages', '0x10'],
    ['pages', '1e3'],
    ['pages', ''],
    ['pages', '%EF%BC%91'],
    ['rating', 'NaN'],
    ['rating', 'Infinity'],
    ['rating', '1e999'],
    ['sold', '9223372036854775808'],
    ['sold', '1.5'],
    ['price', '1,5'],
    ['price', '1e5'],
    ['published', '2023-02-29'],
    ['published', '2024-2-1'],
    ['published', '0000-01-01'],
    ['added', '2024-01-01'],
    ['added', '2024-01-01T24:00:00Z'],
    ['added', '2024-01-01T00:00:00'],
    ['token', '123'],
    ['binding', 'Cloth'],
    ['available', '1'],
    ['title', 'a%00b'],
  ])('refuses for %s: %s', (field, text) => {
    expect(faults(() => ask(`filter[${field}]=${text}`))).toMatchObject([{ parameter: `filter[${field}]`, code: 'type' }])
  })

  it('goes through relations, each within its row rule', () => {
    expect(where('filter[author.name]=Jane')).toEqual({ relation: 'author', where: { and: [uk, { field: 'name', op: 'eq', value: 'Jane' }] } })
    expect(where('filter[author][name]=Jane')).toEqual(where('filter[author.name]=Jane'))
    expect(where('filter[author.books.title][contains]=x')).toEqual({
      relation: 'author',
      where: { and: [uk, { relation: 'books', where: { field: 'title', op: 'contains', value: 'x' } }] },
    })
  })

  it.each([
    'secret', // listed, but not to be read
    'authorId', // to be read, but not listed
    'nothing',
    'tags',
    'author.salary',
    'author.id',
    'author.nothing',
    'author',
    'author.books.pages',
    'author.books.author.name',
    'constructor',
    '__proto__',
    'title.length',
    'TITLE',
    '',
    '$or',
    'title]',
  ])('says the same of whatever is not to be asked: %s', (field) => {
    const [fault] = faults(() => ask(`filter[${field}]=x`))
    expect(fault).toMatchObject(field === 'author' ? { code: 'type' } : { code: 'unknown' })
    expect(fault).toMatchObject(field === 'title]' ? {} : { parameter: `filter[${field}]` })
  })

  it('gives a hidden field and one that is not there the same answer', () => {
    const [hidden] = faults(() => ask('filter[secret]=x'))
    const [missing] = faults(() => ask('filter[nosuch]=x'))
    expect({ ...(hidden as object), parameter: '' }).toEqual({ ...(missing as object), parameter: '' })
  })

  it.each([
    'filter[title][$gt]=',
    'filter[title][like]=x',
    'filter[title][constructor]=x',
    'filter[title][eq][eq]=x',
    'filter[pages][contains]=1',
    'filter[token][gt]=1',
    'filter[pages][gt]=1&filter[pages][gt]=2',
    'filter[pages][null]=yes',
    'filter[pages][between]=1',
    'filter[pages][between]=1,2,3',
    'filter[pages][in]=1,x',
    'filter[or]=x',
    'filter[or][a][title]=x',
    'filter[or][0]=x',
    'filter[not]=x',
    'filter[]=x',
    'filter[=x',
    'filter[title=x',
    'filter]=x',
    'filterx=x',
    'filter[__proto__][title]=x',
    'filter=x',
    'filter=[1]',
    'filter=null',
    'filter={"title":{"eq":{}}}',
    'filter={"or":{"0":{"title":"x"}}}',
    'filter={"__proto__":{"title":"x"}}',
    'filter={"title":"x"}&filter={"title":"y"}',
  ])('refuses %s', (query) => {
    expect(faults(() => ask(query))).toHaveLength(1)
  })

  it('may be one JSON text, whose values are not coerced', () => {
    const tree = { pages: { gt: 5, lte: 9 }, binding: null, available: { ne: null }, title: ['a', 'b'], or: [{ not: { price: '1.5' } }, { price: 2.5 }] }
    expect(where(`filter=${encodeURIComponent(JSON.stringify(tree))}`)).toEqual({
      and: [
        { and: [{ field: 'pages', op: 'gt', value: 5 }, { field: 'pages', op: 'lte', value: 9 }] }, // biome-ignore format: one line shows it
        { field: 'binding', op: 'null', value: true },
        { field: 'available', op: 'null', value: false },
        { field: 'title', op: 'in', value: ['a', 'b'] },
        { or: [{ not: { field: 'price', op: 'eq', value: '1.5' } }, { field: 'price', op: 'eq', value: '2.5' }] },
      ],
    })
    expect(faults(() => ask('filter={"pages":"5"}'))).toMatchObject([{ parameter: 'filter', code: 'type' }])
    expect(faults(() => ask('filter={"title":"\\ud800"}'))).toMatchObject([{ parameter: 'filter', code: 'type' }])
  })

  it('joins all that is said with and', () => {
    expect(where('filter={"pages":5}&filter[title]=x&q=y')).toEqual({
      and: [{ field: 'pages', op: 'eq', value: 5 }, expect.anything(), { field: 'title', op: 'eq', value: 'x' }],
    })
  })
})

describe('limits', () => {
  it.each<[query: string, limits: QueryLimits, detail: string]>([
    ['filter[not][not][not][title]=x', { depth: 3 }, 'is nested more than 3 levels deep'],
    ['filter[title]=x&filter[pages]=1&filter[id]=1', { conditions: 2 }, 'is one too many: there may be 2 conditions'],
    ['filter[pages][in]=1,2,3', { list: 2 }, 'has more than 2 values'],
    ['filter[pages]=1&filter[pages]=2&filter[pages]=3', { list: 2 }, 'has more than 2 values'],
    ['sort=id,title', { sorts: 1 }, 'has more than 1 fields'],
    ['q=a+b+c', { words: 2 }, 'has more than 2 words'],
    ['include=author,author.books', { includes: 1 }, 'has more than 1 relations'],
    ['include=author.books.author', { includeDepth: 2 }, 'goes more than 2 relations deep'],
  ])('refuse %s and name the parameter and the limit', (query, limits, detail) => {
    expect(faults(() => ask(query, limits))).toEqual([{ parameter: expect.stringMatching(/^(filter|sort|q|include)/), code: 'limit', detail }])
  })

  it('hold against a tree of nothing', () => {
    for (const empty of [{}, { and: [] }, { or: [{}] }, { author: {} }]) {
      const tree = { or: Array.from({ length: 51 }, () => empty) }
      expect(faults(() => read({ filter: tree }, false))).toMatchObject([{ pointer: expect.stringMatching(/^.filter.or.50/), code: 'limit' }])
    }
  })

  it('hold against a filter of a thousand levels', () => {
    const name = `filter${'[not]'.repeat(1500)}[title]`
    expect(faults(() => ask(`${name}=x`))).toMatchObject([{ code: 'limit' }])
    const deep = `${'{"not":'.repeat(1500)}{}${'}'.repeat(1500)}`
    expect(faults(() => ask(`filter=${deep}`))).toMatchObject([{ code: 'limit' }])
  })
})

describe('order, fields, includes, search', () => {
  it('end every order with the key', () => {
    expect(ask('sort=-pages,title').sort).toEqual([{ field: 'pages', descending: true }, { field: 'title' }, { field: 'id' }])
    expect(ask('sort=-id').sort).toEqual([{ field: 'id', descending: true }])
  })

  it('take the order of the collection where the client names none, without what the caller may not read', () => {
    expect(ask('').sort).toEqual([{ field: 'title', descending: true }, { field: 'id' }])
  })

  it.each([
    'sort=secret',
    'sort=-secret',
    'sort=id,secret',
    'sort=rating',
    'sort=author.name',
    'sort=__proto__',
    'sort=title,-title',
    'sort=',
    'sort=id,',
    'sort=--id',
    'sort=id%20ASC',
    'sort[]=id',
    'sort[0][col]=id',
    'sort=id&sort=title',
    'fields=secret',
    'fields=id,secret',
    'fields=toString',
    'fields=*',
    'fields=',
    'fields[author]=name',
    'fields[]=id',
    'include=nothing',
    'include=Author',
    'include=author.salary',
    'include=author.name',
    'include=__proto__',
    'include[all]=true',
    'include=author&fields[author]=salary',
    'include=author&sort[author]=name',
    'include=author&limit[author]=1',
    'limit[author]=1',
    'q=a&q=b',
    'q=%00',
    'name=x',
    'page=1',
    'where[title]=x',
    'limit[raw]=1',
  ])('refuse %s', (query) => {
    expect(faults(() => ask(query))).toHaveLength(1)
  })

  it('leave reserved parameters alone', () => {
    expect(ask('format=json').where).toBeUndefined()
    expect(faults(() => ask('format[x]=json'))).toHaveLength(1)
  })

  it('select what the caller may read, or the part of it that was asked for', () => {
    expect(ask('').select).toEqual({ fields, include: undefined })
    expect(ask('fields=title,id,title').select.fields).toEqual(['title', 'id'])
  })

  it('include relations with the rules of their own', () => {
    expect(ask('include=author').select.include).toEqual({ author: { fields: ['id', 'name', 'country'], where: uk, include: undefined } })
    const { include } = ask('include=author.books&fields[author]=name&fields[author.books]=id&sort[author.books]=-pages&limit[author.books]=3').select
    expect(include).toEqual({
      author: {
        fields: ['name'],
        where: uk,
        include: { books: { fields: ['id'], where: undefined, sort: [{ field: 'pages', descending: true }, { field: 'id' }], limit: 3, include: undefined } },
      },
    })
    expect(ask('include=author.books&limit[author.books]=5000').select.include?.author?.include?.books?.limit).toBe(100)
  })

  it('look for each word in any of the fields', () => {
    const word = (value: string): Where => ({
      or: [
        { field: 'title', op: 'icontains', value },
        { relation: 'author', where: { and: [uk, { field: 'name', op: 'icontains', value }] } },
      ],
    })
    expect(where('q=+some++words+')).toEqual({ and: [word('some'), word('words')] })
    expect(where('q=')).toBeUndefined()
  })

  it('do not know q where there is nothing to look through', () => {
    expect(faults(() => read({ q: 'x' }, true, {}, { ...askable, searchable: [] }))).toMatchObject([{ parameter: 'q', code: 'unknown' }])
  })
})

describe('the body of a QUERY', () => {
  it('says the same with lists and data, and is told of faults by pointer', () => {
    const body = {
      filter: { pages: { gt: 5 }, 'author.name': 'Jane' },
      sort: ['-pages'],
      fields: 'id,title',
      include: ['author'],
      'fields[author]': ['name'],
      q: 'x',
      limit: 5,
    }
    const asked = read(body, false)
    const same = ask('filter[pages][gt]=5&filter[author.name]=Jane&sort=-pages&fields=id,title&include=author&fields[author]=name&limit=5')
    expect(asked.sort).toEqual(same.sort)
    expect(asked.select).toEqual(same.select)
    expect(asked.where).toEqual({ and: [same.where, expect.anything()] })
    expect(asked.page.get('limit')).toBe(5)
    expect(faults(() => read({ filter: { not: { secret: 1, pages: { gt: '5' } } }, sort: [1], order: 1, 'filter[title]': 'x' }, false))).toEqual([
      { pointer: '/filter/not/secret', code: 'unknown', detail: 'is nothing to filter by' },
      { pointer: '/filter/not/pages/gt', code: 'type', detail: 'must be of kind integer' },
      { pointer: '/sort', code: 'type', detail: 'must be a list of names' },
      { pointer: '/order', code: 'unknown', detail: 'is no parameter here' },
      { pointer: '/filter[title]', code: 'unknown', detail: 'is no parameter here' },
    ])
  })
})

it('tells all faults at once', () => {
  expect(faults(() => ask('filter[secret]=1&filter[pages]=x&sort=nope&fields=nope&nope=1'))).toHaveLength(5)
})

describe('what an application allows', () => {
  const check = (change: Partial<Askable>): void => checkAskable({ ...askable, ...change }, 'books')

  it('is held against the store', () => {
    expect(() => check({})).not.toThrow()
    expect(() => check({ filterable: ['nope'] })).toThrow("books: 'nope' in 'filterable' is no field of the schema.")
    expect(() => check({ filterable: ['tags'] })).toThrow('holds no single value to compare')
    expect(() => check({ filterable: ['editor.name'] })).toThrow("goes through 'editor', which is no relation")
    expect(() => check({ sortable: ['author.name'] })).toThrow('is no field of the row itself')
    expect(() => check({ searchable: ['pages'] })).toThrow('holds no text')
    expect(() => check({ includable: ['author.books'] })).toThrow('needs the relation before it in the list')
    expect(() => check({ relation: () => undefined })).toThrow("'author' in 'relations' is missing")
  })
})
