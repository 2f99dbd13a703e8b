// Crud: collections over HTTP, on the memory store. Conditions and pages have specs of their own; here is what a caller gets, changes, and never sees.
import { describe, expect, it } from 'vitest'
import { uniqueTogether } from '../lib/clash.js'
import { type CrudOptions, crud } from '../lib/crud.js'
import { mix } from '../lib/mix.js'
import { resource } from '../lib/resource.js'
import type { Row, Store } from '../lib/store.js'
import { type MemoryOptions, memory } from '../lib/stores/memory.js'
import { type Served, serve } from './support/serve.js'

const schema = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    title: { type: 'string', minLength: 1 },
    isbn: { type: ['string', 'null'] },
    pages: { type: ['integer', 'null'], minimum: 0 },
    format: { type: 'string', enum: ['paper', 'cloth'], default: 'paper' },
    sold: { type: ['string', 'null'], format: 'int64' },
    facts: { type: ['object', 'null'] },
    shop: { type: 'string' },
    secret: { type: ['string', 'null'], writeOnly: true },
    authorId: { type: ['integer', 'null'] },
    version: { type: 'integer', readOnly: true },
    changed: { type: 'string', format: 'date-time', readOnly: true },
  },
  required: ['title'],
  additionalProperties: false,
} as const

const rows: Row[] = [
  { id: 1, title: 'Emma', isbn: 'i1', pages: 474, shop: 'a', secret: 's1', authorId: 1, facts: { year: 1815, tags: ['x'] } },
  { id: 2, title: 'Persuasion', isbn: 'i2', pages: 249, shop: 'a', secret: 's2', authorId: 1 },
  { id: 3, title: 'Middlemarch', isbn: 'i3', pages: 880, shop: 'b', secret: 's3', authorId: 2 },
  { id: 4, title: 'Notes', isbn: 'i4', pages: null, shop: 'a', secret: 's4', authorId: 2 },
]

function stores(more: Partial<MemoryOptions> = {}): { books: Store; authors: Store } {
  const author = {
    type: 'object',
    properties: { id: { type: 'integer' }, name: { type: 'string' }, salary: { type: 'integer' }, shop: { type: 'string' } },
  } as const
  const authors: Store = memory(
    [
      { id: 1, name: 'Jane', salary: 5, shop: 'a' },
      { id: 2, name: 'George', salary: 7, shop: 'b' },
    ],
    { schema: author, relations: { books: { store: () => books, from: 'id', to: 'authorId', many: true } } },
  )
  const books: Store = memory(rows, {
    schema,
    version: 'version',
    validators: [uniqueTogether('isbn'), uniqueTogether('secret')],
    relations: { author: { store: authors, from: 'authorId' } },
    ...more,
  })
  return { books, authors }
}

const open: CrudOptions = {
  filterable: ['id', 'title', 'pages', 'shop', 'secret', 'author.name'],
  sortable: ['title', 'pages', 'id', 'secret'],
  searchable: ['title', 'secret'],
  includable: ['author', 'author.books'],
  relations: { author: { fields: { read: ['id', 'name'] }, relations: { books: { fields: { read: ['id', 'title'] }, sortable: ['title'] } } } },
}
const scope: CrudOptions['scope'] = (ctx) => ({ field: 'shop', op: 'eq', value: String(ctx.req.headers['x-shop'] ?? 'a') })

const serveBooks = (options: CrudOptions = {}, more: Partial<MemoryOptions> = {}): Promise<Served> =>
  serve(resource('books', crud(stores(more).books, { ...open, ...options })))
const json = async (answer: Response | Promise<Response>): Promise<Record<string, unknown>> => (await (await answer).json()) as Record<string, unknown>
const ids = async (answer: Response | Promise<Response>): Promise<unknown[]> => ((await json(answer)).objects as Row[]).map(({ id }) => id)
const errors = async (answer: Response | Promise<Response>): Promise<unknown[]> => {
  const { status, ...body } = await json(answer)
  expect(status).toBe(400)
  return body.errors as unknown[]
}
// fetch would add Cache-Control: no-cache to a conditional request, which asks not to be told 304.
const cached = { 'Cache-Control': 'max-age=0' }
const patchJson = { 'Content-Type': 'application/json-patch+json' }

describe('list', () => {
  it('gives rows, how many there are, and where the others are', async () => {
    const app = await serveBooks()
    const answer = await app.get('/books?limit=2&sort=-title&fields=id,title')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-total-count')).toBe('4')
    expect(answer.headers.get('access-control-expose-headers')).toBe('Link, X-Total-Count')
    expect(answer.headers.get('vary')).toBe('Prefer, Accept')
    expect(answer.headers.get('link')).toBe(
      '</books?sort=-title&fields=id,title&limit=2&offset=0>; rel="first", </books?sort=-title&fields=id,title&limit=2&offset=2>; rel="next", </books?sort=-title&fields=id,title&limit=2&offset=2>; rel="last"',
    )
    expect(await json(answer)).toEqual({
      objects: [
        { id: 2, title: 'Persuasion' },
        { id: 4, title: 'Notes' },
      ],
      meta: { total: 4, limit: 2, offset: 0, next: '/books?sort=-title&fields=id,title&limit=2&offset=2', previous: null },
    })
  })

  it('never shows what is only written', async () => {
    const app = await serveBooks()
    const { objects } = (await json(app.get('/books'))) as { objects: Row[] }
    expect(Object.keys(objects[0] as Row).sort()).toEqual(
      Object.keys(schema.properties)
        .filter((name) => name !== 'secret')
        .sort(),
    )
  })

  it('filters, searches, sorts, goes through relations', async () => {
    const app = await serveBooks()
    expect(await ids(app.get('/books?filter[pages][gte]=249&sort=-pages'))).toEqual([3, 1, 2])
    expect(await ids(app.get('/books?filter[author.name]=George'))).toEqual([3, 4])
    expect(await ids(app.get('/books?q=MA+m'))).toEqual([1, 3])
    expect(await ids(app.get('/books?filter={"or":[{"id":4},{"title":{"startsWith":"E"}}]}'))).toEqual([1, 4])
    expect(await ids(app.get('/books?sort=pages'))).toEqual([2, 1, 3, 4])
  })

  it('has related rows along, by rules of their own', async () => {
    const app = await serveBooks()
    const { objects } = await json(
      app.get('/books?include=author.books&fields=title&filter[id]=1&fields[author]=name&sort[author.books]=-title&limit[author.books]=1'),
    )
    expect(objects).toEqual([{ title: 'Emma', author: { name: 'Jane', books: [{ id: 2, title: 'Persuasion' }] } }])
  })

  it.each([
    'filter[secret]=s1',
    'sort=secret',
    'sort=-secret',
    'fields=secret',
    'fields=title,secret',
    'include=secret',
    'filter[author.salary]=5',
    'include=author&fields[author]=salary',
  ])('answers %s like a field that is not there', async (query) => {
    const app = await serveBooks()
    const hidden = await app.get(`/books?${query}`)
    const missing = await app.get(`/books?${query.replace(/secret|salary/, 'nosuch')}`)
    expect(hidden.status).toBe(400)
    expect((await hidden.text()).replaceAll(/secret|salary/g, 'nosuch')).toBe(await missing.text())
  })

  it('does not search what the caller may not read', async () => {
    expect(await ids((await serveBooks()).get('/books?q=s1'))).toEqual([])
  })

  it.each(['name=x', 'title=Emma', 'page=2', '$or[0][id]=1', 'filter[title][like]=x', 'limit=-1', 'after=abc', 'filter=%7B', 'offset=1&after='])(
    'refuses %s and names the parameter',
    async (query) => {
      const [error] = await errors((await serveBooks()).get(`/books?${query}`))
      expect(error).toMatchObject({ parameter: expect.any(String), code: expect.any(String), detail: expect.any(String) })
    },
  )

  it('is closed where nothing was opened', async () => {
    const app = await serve(resource('books', crud(stores().books)))
    expect(await ids(app.get('/books'))).toEqual([1, 2, 3, 4])
    for (const query of ['filter[id]=1', 'sort=id', 'q=x', 'include=author']) expect((await app.get(`/books?${query}`)).status).toBe(400)
  })

  it('takes a reserved parameter for somebody else', async () => {
    const app = await serveBooks({ reserved: ['format', 'api_key'] })
    expect((await app.get('/books?api_key=x&format=json')).status).toBe(200)
    expect((await app.get('/books/1?api_key=x')).status).toBe(200)
    expect((await app.send('DELETE', '/books/1?api_key=x')).status).toBe(204)
    expect((await app.send('DELETE', '/books/2?other=x')).status).toBe(400)
  })

  it('grants at most the largest page, and says so', async () => {
    const app = await serveBooks({ maxPageSize: 2 })
    expect(await json(app.get('/books?limit=500'))).toMatchObject({ meta: { limit: 2, next: '/books?limit=2&offset=2' } })
    expect(await json(app.get('/books?limit=0'))).toMatchObject({ objects: [], meta: { total: 4, limit: 0, next: null, previous: null } })
  })

  it('counts as the client prefers', async () => {
    const app = await serveBooks()
    const answer = await app.get('/books', { Prefer: 'count=none' })
    expect(answer.headers.get('preference-applied')).toBe('count=none')
    expect(answer.headers.has('x-total-count')).toBe(false)
    expect((await json(answer)).meta).not.toHaveProperty('total')
    expect((await json((await serveBooks({ count: 'none' })).get('/books'))).meta).not.toHaveProperty('total')
  })

  it('refuses a query that is too long, and says where it may go', async () => {
    const answer = await (await serveBooks()).get(`/books?q=${'x'.repeat(8200)}`)
    expect(answer.status).toBe(400)
    expect(await json(answer)).toMatchObject({ detail: 'The query is longer than 8192 characters; QUERY takes it in a body.' })
  })

  it('keeps the names that were exposed to scripts before', async () => {
    const cors = serve(
      (_req, res, next) => {
        res.setHeader('Access-Control-Expose-Headers', 'ETag')
        next()
      },
      resource('books', crud(stores().books)),
    )
    expect((await (await cors).get('/books')).headers.get('access-control-expose-headers')).toBe('ETag, Link, X-Total-Count')
  })

  it('goes out as a bare list, or in an envelope of your own', async () => {
    const bare = await (await serveBooks({ envelope: 'none' })).get('/books?limit=1&fields=id')
    expect(await json(bare)).toEqual([{ id: 1 }])
    expect(bare.headers.get('link')).toContain('rel="next"')
    const own = await serveBooks({ envelope: ({ objects, meta }) => ({ data: objects, count: meta?.total }) })
    expect(await json(own.get('/books?limit=1&fields=id'))).toEqual({ data: [{ id: 1 }], count: 4 })
  })

  it('answers 304 while nothing changes, cursors included', async () => {
    const app = await serveBooks({ paging: 'cursor' })
    const first = await app.get('/books?limit=1')
    expect(first.headers.get('link')).toContain('after=')
    expect((await app.get('/books?limit=1', { ...cached, 'If-None-Match': first.headers.get('etag') as string })).status).toBe(304)
  })
})

describe('search', () => {
  it('is the list, asked in a body', async () => {
    const app = await serveBooks()
    const answer = await app.send('QUERY', '/books', { filter: { pages: { null: false } }, sort: ['-pages'], fields: ['id'], limit: 2 })
    expect(answer.headers.get('accept-query')).toBe('application/json')
    expect(await json(answer)).toEqual({
      objects: [{ id: 3 }, { id: 1 }],
      meta: { total: 3, limit: 2, offset: 0, next: { limit: 2, offset: 2 }, previous: null },
    })
    const next = await json(app.send('QUERY', '/books', { sort: 'title', limit: 3, after: '' }))
    expect(await ids(app.send('QUERY', '/books', { sort: 'title', ...((next.meta as Row).next as Row) }))).toEqual([2])
  })

  it('names faults by pointer, and takes no parameters', async () => {
    const app = await serveBooks()
    expect(await errors(app.send('QUERY', '/books', { filter: { secret: 's1' }, order: 1 }))).toMatchObject([
      { pointer: '/filter/secret' },
      { pointer: '/order' },
    ])
    expect(await errors(app.send('QUERY', '/books?limit=1', {}))).toMatchObject([{ parameter: 'limit' }])
    expect((await app.send('QUERY', '/books', [])).status).toBe(400)
    expect((await app.send('QUERY', '/books')).status).toBe(400)
  })
})

describe('read and set', () => {
  it('give one row, and 404 for what is no row', async () => {
    const app = await serveBooks()
    expect(await json(app.get('/books/2?fields=id,title&include=author'))).toEqual({ id: 2, title: 'Persuasion', author: { id: 1, name: 'Jane' } })
    for (const path of [
      '/books/99',
      '/books/x',
      '/books/1.5',
      '/books/1,2',
      "/books/1'--",
      '/books/9007199254740993',
      '/books/1;99',
      '/books/;',
      '/books/1;;2',
    ])
      expect((await app.get(path)).status, path).toBe(404)
    expect((await app.get('/books/2?filter[id]=2')).status).toBe(400)
    expect((await app.get('/books/2?limit=1')).status).toBe(400)
    expect((await app.get('/books/2?sort=id')).status).toBe(400)
  })

  it('give a set in the order of the path, all or none', async () => {
    const app = await serveBooks()
    expect(await json(app.get('/books/4;1;4?fields=title'))).toEqual({ objects: [{ title: 'Notes' }, { title: 'Emma' }] })
    expect(await ids(app.get('/books/2;'))).toEqual([2])
    expect(await ids(app.get('/books/2;1.json'))).toEqual([2, 1])
    expect((await app.get(`/books/${Array.from({ length: 201 }, (_, index) => index).join(';')}`)).status).toBe(400)
    expect((await app.send('DELETE', '/books/1;2')).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  })

  it('take keys of several fields, and keys with odd letters', async () => {
    const seats = memory([{ row: 7, seat: 12 }], {
      schema: { type: 'object', properties: { row: { type: 'integer' }, seat: { type: 'integer' } }, required: ['row', 'seat'] },
      key: ['row', 'seat'],
    })
    const word = { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] } as const
    const words = memory([], { schema: word, key: 'code' })
    const app = await serve(resource('seats', crud(seats)), resource('words', crud(words)))
    expect(await json(app.get('/seats/7,12'))).toEqual({ row: 7, seat: 12 })
    expect((await app.get('/seats/7')).status).toBe(404)
    const created = await app.send('POST', '/seats', { row: 1, seat: 2 })
    expect(created.headers.get('location')).toBe('/seats/1,2')
    expect(await json(app.get('/seats/7,12;1,2'))).toEqual({ objects: [{ row: 7, seat: 12 }, { row: 1, seat: 2 }] }) // biome-ignore format: one line shows it
    for (const code of ['a;b', 'a,b', 'a/b', 'a.json', 'ü%', 'a b?']) {
      const { headers } = await app.send('POST', '/words', { code })
      expect(await json(app.get(headers.get('location') as string))).toEqual({ code })
    }
  })
})

describe('create', () => {
  it('answers 201 with the row, where it is, and its tag', async () => {
    const app = await serveBooks()
    const answer = await app.send('POST', '/books', { title: 'Silas', sold: '9007199254740993', secret: 'x' })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('location')).toBe('/books/5')
    expect(answer.headers.get('etag')).toBe('"1"')
    expect(await json(answer)).toMatchObject({ id: 5, title: 'Silas', format: 'paper', sold: '9007199254740993', pages: null, version: 1 })
    expect(await json(app.get('/books/5'))).not.toHaveProperty('secret')
  })

  it('answers without the row where the client prefers so', async () => {
    const answer = await (await serveBooks()).send('POST', '/books', { title: 'x' }, { Prefer: 'return=minimal' })
    expect([answer.status, answer.headers.get('preference-applied'), await answer.text()]).toEqual([201, 'return=minimal', ''])
  })

  it.each<[body: unknown, pointers: string[]]>([
    [{ id: 9, title: 'x' }, ['/id']],
    [{ version: 9, title: 'x', nosuch: 1, __proto__x: 1 }, ['/version', '/nosuch', '/__proto__x']],
    [{}, ['/title']],
    [{ title: '', pages: -1, format: 'x' }, ['/format', '/pages', '/title']],
    [{ title: 'a\0b' }, ['/title']],
    [{ title: 'x', sold: 'many' }, ['/sold']],
    [{ title: 'x', facts: { deep: ['\ud800'] } }, ['/facts']],
    [{ title: 1 }, ['/title']],
    [5, ['']],
    [null, ['']],
    [
      [{ title: 'x' }, { title: 'y', id: 1 }, 5],
      ['/1/id', '/2'],
    ],
  ])('refuses %j by pointer', async (body, pointers) => {
    const app = await serveBooks()
    const found = await errors(app.send('POST', '/books', JSON.stringify(body), { 'Content-Type': 'application/json' }))
    expect(found.map((error) => (error as { pointer: string }).pointer)).toEqual(pointers)
    expect(await json(app.get('/books'))).toMatchObject({ meta: { total: 4 } })
  })

  it('takes a list, all or none, with faults by place', async () => {
    const app = await serveBooks()
    const answer = await app.send('POST', '/books', [{ title: 'x' }, { title: 'y' }])
    expect([answer.status, answer.headers.get('location')]).toEqual([201, '/books/5;6'])
    expect(await ids(answer)).toEqual([5, 6])
    const clash = await app.send('POST', '/books', [{ title: 'z', isbn: 'new' }, { title: 'z', isbn: 'i1' }]) // biome-ignore format: one line shows it
    expect(clash.status).toBe(409)
    expect(await json(clash)).toMatchObject({ errors: [{ pointer: '/1/isbn', code: 'unique' }] })
    expect(await json(app.get('/books'))).toMatchObject({ meta: { total: 6 } })
    expect((await app.send('POST', '/books', [])).status).toBe(201)
    expect((await (await serveBooks({ maxPageSize: 1 })).send('POST', '/books', [{ title: 'x' }, { title: 'y' }])).status).toBe(400)
  })

  it('tells of a clash by a pointer into the body, without naming fields that the caller does not know', async () => {
    const app = await serveBooks({ fields: { write: ['title', 'isbn'] }, stamp: () => ({ secret: 's1' }) })
    expect(await json(app.send('POST', '/books', { title: 'x', isbn: 'i1' }))).toMatchObject({ status: 409, errors: [{ pointer: '/isbn' }] })
    expect(await json(app.send('POST', '/books', { title: 'x' }))).toMatchObject({ status: 409, errors: [] })
  })

  it('reads forms too, and knows what their texts mean', async () => {
    const app = await serveBooks()
    const answer = await app.send('POST', '/books', 'title=x&pages=12&format=cloth', { 'Content-Type': 'application/x-www-form-urlencoded' })
    expect(await json(answer)).toMatchObject({ title: 'x', pages: 12, format: 'cloth' })
  })

  it('stamps what the client does not say, and stays in scope', async () => {
    const app = await serveBooks({ scope, fields: { write: ['title'] }, stamp: () => ({ shop: 'a', changed: new Date(0) }) })
    expect(await json(app.send('POST', '/books', { title: 'x' }))).toMatchObject({ shop: 'a', changed: '1970-01-01T00:00:00.000Z' })
    expect(await errors(app.send('POST', '/books', { title: 'x', shop: 'b' }))).toMatchObject([{ pointer: '/shop' }])
    const loose = await serveBooks({ scope })
    expect((await loose.send('POST', '/books', { title: 'x', shop: 'b' })).status).toBe(403)
    expect(await json(loose.get('/books', { 'X-Shop': 'b' }))).toMatchObject({ meta: { total: 1 } })
  })
})

describe('replace', () => {
  it('puts a whole row in place of another, and takes what GET gave', async () => {
    const app = await serveBooks()
    const before = await json(app.get('/books/1'))
    const answer = await app.send('PUT', '/books/1', { ...before, title: 'Emma!' })
    expect(answer.status).toBe(200)
    expect(await json(answer)).toEqual({ ...before, title: 'Emma!', version: 2 })
    expect(await json(app.send('PUT', '/books/1', { title: 'Bare', shop: 'a', changed: 'x' }))).toMatchObject({
      title: 'Bare',
      format: 'paper',
      pages: null,
      facts: null,
      version: 3,
    })
  })

  it('asks for what cannot be left out, and leaves alone what the caller cannot see', async () => {
    const { books } = stores()
    const app = await serve(resource('books', crud(books)))
    expect(await errors(app.send('PUT', '/books/1', {}))).toMatchObject([{ pointer: '/title' }, { pointer: '/shop' }])
    await app.send('PUT', '/books/1', { title: 'x', shop: 'a' })
    expect(await books.get({ key: { id: 1 } })).toMatchObject({ secret: 's1', title: 'x' })
  })

  it('refuses another key, and members that are not known', async () => {
    const app = await serveBooks()
    expect(await errors(app.send('PUT', '/books/1', { id: 2, title: 'x', shop: 'a' }))).toMatchObject([{ pointer: '/id', code: 'const' }])
    expect(await errors(app.send('PUT', '/books/1', { nosuch: 2, title: 'x', shop: 'a' }))).toMatchObject([{ pointer: '/nosuch' }])
    expect((await app.send('PUT', '/books/99', { title: 'x', shop: 'a' })).status).toBe(404)
  })

  it('creates where it may', async () => {
    const app = await serveBooks({ upsert: true, scope })
    const created = await app.send('PUT', '/books/70', { title: 'x', shop: 'a' })
    expect([created.status, created.headers.get('location'), await json(created)]).toEqual([201, '/books/70', expect.objectContaining({ id: 70, version: 1 })])
    expect((await app.send('PUT', '/books/70', { title: 'y', shop: 'a' })).status).toBe(200)
    expect((await app.send('PUT', '/books/70', { title: 'z', shop: 'a' }, { 'If-None-Match': '*' })).status).toBe(412)
    expect((await app.send('PUT', '/books/71', { title: 'z', shop: 'a' }, { 'If-None-Match': '*' })).status).toBe(201)
    expect((await app.send('PUT', '/books/72', { title: 'z', shop: 'a' }, { 'If-Match': '*' })).status).toBe(412)
    expect((await app.send('PUT', '/books/3', { title: 'z', shop: 'a' })).status).toBe(404)
    expect(await json(app.get('/books/3', { 'X-Shop': 'b' }))).toMatchObject({ title: 'Middlemarch' })
  })
})

describe('patch', () => {
  it('merges: members that are sent, null takes away, objects are merged into', async () => {
    const app = await serveBooks()
    expect(await json(app.send('PATCH', '/books/1', { pages: null, title: 'x' }))).toMatchObject({ pages: null, title: 'x', isbn: 'i1', version: 2 })
    const merged = app.send('PATCH', '/books/1', { facts: { year: null, tags: ['y'], more: { a: 1 } } }, { 'Content-Type': 'application/merge-patch+json' })
    expect((await json(merged)).facts).toEqual({ tags: ['y'], more: { a: 1 } })
    expect(await json(app.send('PATCH', '/books/1', {}))).toMatchObject({ version: 3 })
  })

  it.each<[patch: unknown, pointer: string]>([
    [{ id: 2 }, '/id'],
    [{ id: 1 }, '/id'],
    [{ version: 5 }, '/version'],
    [{ nosuch: null }, '/nosuch'],
    [{ title: null }, '/title'],
    [{ pages: '5' }, '/pages'],
    [{ facts: { a: 'x\0' } }, '/facts'],
  ])('refuses the merge patch %j', async (patch, pointer) => {
    expect(await errors((await serveBooks()).send('PATCH', '/books/1', patch))).toMatchObject([{ pointer }])
  })

  it('does the operations of a JSON Patch, all or none', async () => {
    const app = await serveBooks()
    const patch = [
      { op: 'test', path: '/id', value: 1 },
      { op: 'replace', path: '/title', value: 'x' },
      { op: 'add', path: '/facts/tags/-', value: 'y' },
      { op: 'remove', path: '/pages' },
    ]
    expect(await json(app.send('PATCH', '/books/1', JSON.stringify(patch), patchJson))).toMatchObject({
      title: 'x',
      pages: null,
      facts: { year: 1815, tags: ['x', 'y'] },
    })
    const half = [{ op: 'replace', path: '/title', value: 'half' }, { op: 'test', path: '/pages', value: 1 }] // biome-ignore format: one line shows it
    const failed = await app.send('PATCH', '/books/1', JSON.stringify(half), patchJson)
    expect([failed.status, (await json(failed)).errors]).toEqual([409, [{ pointer: '/1/path', code: 'patch', detail: 'is not the value that is tested for' }]])
    expect(await json(app.get('/books/1'))).toMatchObject({ title: 'x', version: 2 })
  })

  it.each<[operation: object, status: number]>([
    [{ op: 'replace', path: '/id', value: 2 }, 400],
    [{ op: 'replace', path: '/version', value: 9 }, 400],
    [{ op: 'add', path: '/nosuch', value: 9 }, 400],
    [{ op: 'remove', path: '/title' }, 400],
    [{ op: 'replace', path: '', value: [] }, 400],
    [{ op: 'test', path: '/secret', value: 's1' }, 409],
    [{ op: 'copy', from: '/secret', path: '/title' }, 409],
    [{ op: 'frob', path: '/title' }, 400],
  ])('refuses the operation %j', async (operation, status) => {
    const app = await serveBooks()
    expect((await app.send('PATCH', '/books/1', JSON.stringify([operation]), patchJson)).status).toBe(status)
    expect(await json(app.get('/books/1'))).toMatchObject({ version: 1 })
  })

  it('says what it takes', async () => {
    const app = await serveBooks()
    const answer = await app.send('PATCH', '/books/1', [{ op: 'test', path: '/id', value: 1 }])
    expect([answer.status, answer.headers.get('accept-patch')]).toEqual([400, 'application/merge-patch+json, application/json-patch+json'])
    expect((await app.send('PATCH', '/books/1', JSON.stringify({ title: 'x' }), patchJson)).status).toBe(400)
    expect((await app.send('PATCH', '/books/1')).status).toBe(400)
    expect((await app.send('PATCH', '/books/99', { title: 'x' })).status).toBe(404)
  })

  it('answers without the row where the client prefers so', async () => {
    const answer = await (await serveBooks()).send('PATCH', '/books/1', { title: 'x' }, { Prefer: 'return=minimal' })
    expect([answer.status, answer.headers.get('etag')]).toEqual([204, '"2"'])
  })
})

describe('remove', () => {
  it('is 204, and 404 when it is gone already', async () => {
    const app = await serveBooks()
    expect((await app.send('DELETE', '/books/1')).status).toBe(204)
    expect((await app.send('DELETE', '/books/1')).status).toBe(404)
    expect((await app.get('/books/1')).status).toBe(404)
  })
})

describe.each<[string, Partial<MemoryOptions>]>([
  ['a version', {}],
  ['a hash', { version: undefined as never }],
])('preconditions by %s', (_, more) => {
  const body = { title: 'x', shop: 'a' }

  it('let through who knows the state, and nobody else', async () => {
    const app = await serveBooks({}, more)
    const tag = (await app.get('/books/1')).headers.get('etag') as string
    expect((await app.get('/books/1?fields=title')).headers.get('etag')).toBe(tag)
    expect((await app.get('/books/1', { ...cached, 'If-None-Match': tag })).status).toBe(304)
    for (const wrong of ['"nosuch"', `W/${tag}`, '"0", "99"', '""']) {
      const answer = await app.send('PUT', '/books/1', body, { 'If-Match': wrong })
      expect([answer.status, answer.headers.get('etag')], wrong).toEqual([412, tag])
    }
    expect((await app.send('PUT', '/books/1', body, { 'If-Match': 'nosuch' })).status).toBe(400)
    const changed = await app.send('PUT', '/books/1', body, { 'If-Match': `"other", ${tag}` })
    expect(changed.status).toBe(200)
    const next = changed.headers.get('etag') as string
    expect(next).not.toBe(tag)
    expect((await app.send('PATCH', '/books/1', { title: 'y' }, { 'If-Match': tag })).status).toBe(412)
    expect((await app.send('PATCH', '/books/1', { title: 'y' }, { 'If-None-Match': next })).status).toBe(412)
    expect((await app.send('PATCH', '/books/1', { title: 'y' }, { 'If-Match': next })).status).toBe(200)
    expect((await app.send('DELETE', '/books/1', undefined, { 'If-Match': next })).status).toBe(412)
    expect((await app.send('DELETE', '/books/1', undefined, { 'If-None-Match': '*' })).status).toBe(412)
    expect((await app.send('DELETE', '/books/1', undefined, { 'If-Match': '*' })).status).toBe(204)
    expect((await app.send('DELETE', '/books/1', undefined, { 'If-Match': tag })).status).toBe(404)
  })

  it('give another tag for another format, and take it back', async () => {
    const app = await serveBooks({}, more)
    const plain = (await app.get('/books/1')).headers.get('etag') as string
    const other = (await app.get('/books/1', { Accept: 'application/xml' })).headers.get('etag') as string
    expect(other).not.toBe(plain)
    expect((await app.send('PATCH', '/books/1', { title: 'y' }, { 'If-Match': other })).status).toBe(200)
  })

  it('let exactly one of many win', async () => {
    const app = await serveBooks({}, more)
    const tag = (await app.get('/books/1')).headers.get('etag') as string
    const answers = await Promise.all(Array.from({ length: 50 }, (_, pages) => app.send('PUT', '/books/1', { ...body, pages }, { 'If-Match': tag })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 49 }, () => 412)])
  })

  it('can be demanded', async () => {
    const app = await serveBooks({ requireMatch: true }, more)
    expect((await app.send('PUT', '/books/1', body)).status).toBe(428)
    expect((await app.send('PATCH', '/books/1', body)).status).toBe(428)
    expect((await app.send('DELETE', '/books/1')).status).toBe(428)
    expect((await app.send('PUT', '/books/1', body, { 'If-Match': '*' })).status).toBe(200)
    expect((await app.send('POST', '/books', body)).status).toBe(201)
  })
})

describe('preconditions by date', () => {
  it('hold while the row is no younger', async () => {
    const app = await serveBooks({}, { modified: 'changed' })
    const last = (await app.get('/books/1')).headers.get('last-modified') as string
    expect(Math.abs(Date.parse(last) - Date.now())).toBeLessThan(5000)
    const before = new Date(Date.parse(last) - 1000).toUTCString()
    expect((await app.send('PATCH', '/books/1', { title: 'x' }, { 'If-Unmodified-Since': before })).status).toBe(412)
    expect((await app.send('PATCH', '/books/1', { title: 'x' }, { 'If-Unmodified-Since': last })).status).toBe(200)
    expect((await app.send('PATCH', '/books/1', { title: 'x' }, { 'If-Unmodified-Since': 'yesterday' })).status).toBe(200)
    expect((await app.send('PATCH', '/books/1', { title: 'x' }, { 'If-Unmodified-Since': before, 'If-Match': '*' })).status).toBe(200)
  })
})

describe('rows out of scope', () => {
  it('are not there for any operation', async () => {
    const { books } = stores()
    const app = await serve(resource('books', crud(books, { ...open, scope, upsert: true })))
    expect(await ids(app.get('/books'))).toEqual([1, 2, 4])
    expect(await ids(app.get('/books?filter={"not":{"id":1}}'))).toEqual([2, 4])
    expect(await ids(app.get('/books?filter={"or":[{"id":3},{"shop":"b"}]}'))).toEqual([])
    expect(await ids(app.get('/books?q=march'))).toEqual([])
    expect(await ids(app.send('QUERY', '/books', { filter: { shop: 'b' } }))).toEqual([])
    const body = { title: 'x', shop: 'a' }
    for (const [method, path, data] of [
      ['GET', '/books/3'],
      ['GET', '/books/1;3'],
      ['PUT', '/books/3', body],
      ['PATCH', '/books/3', body],
      ['DELETE', '/books/3'],
    ] as const)
      expect((await app.send(method, path, data)).status, `${method} ${path}`).toBe(404)
    expect((await app.send('PATCH', '/books/3', body, { 'If-Match': '"1"' })).status).toBe(404)
    expect(await books.get({ key: { id: 3 } })).toMatchObject({ title: 'Middlemarch', version: 1 })
  })

  it('are not where a row can be moved', async () => {
    const app = await serveBooks({ scope })
    expect((await app.send('PATCH', '/books/1', { shop: 'b' })).status).toBe(403)
    expect((await app.send('PUT', '/books/1', { title: 'x', shop: 'b' })).status).toBe(403)
    expect(await json(app.get('/books/1'))).toMatchObject({ shop: 'a', title: 'Emma', version: 1 })
  })

  it('are not seen through relations either', async () => {
    const app = await serveBooks({ relations: { author: { ...open.relations?.author, scope: () => ({ field: 'shop', op: 'eq', value: 'a' }) } } })
    expect(await ids(app.get('/books?filter[author.name]=George'))).toEqual([])
    const { objects } = (await json(app.get('/books?include=author&fields=id'))) as { objects: Row[] }
    expect(objects.map(({ author }) => author)).toEqual([{ id: 1, name: 'Jane' }, { id: 1, name: 'Jane' }, null, null]) // biome-ignore format: one line shows it
  })

  it('stay so where a rule comes out empty', async () => {
    for (const rule of [
      () => undefined,
      () => ({ field: 'shop', op: 'eq', value: undefined }),
      () => ({ and: [{ not: { field: 'shop', op: 'in', value: [null] } }] }),
    ]) {
      const app = await serveBooks({ scope: rule as never })
      expect((await app.get('/books')).status).toBe(500)
      expect(app.errors).toHaveLength(1)
    }
  })
})

describe('fields by caller', () => {
  const byRole: CrudOptions = {
    fields: (ctx) => (ctx.req.headers['x-role'] === 'boss' ? { read: Object.keys(schema.properties) } : { read: ['id', 'title'], write: ['title'] }),
  }
  it('are what is shown, asked and written', async () => {
    const app = await serveBooks(byRole)
    const boss = { 'X-Role': 'boss' }
    expect(await json(app.get('/books/1'))).toEqual({ id: 1, title: 'Emma' })
    expect((await app.get('/books?filter[pages]=474')).status).toBe(400)
    expect(await ids(app.get('/books?filter[secret]=s1', boss))).toEqual([1])
    expect(await errors(app.send('PATCH', '/books/1', { pages: 5 }))).toMatchObject([{ pointer: '/pages', detail: 'is not known here' }])
    expect(await json(app.send('PATCH', '/books/1', { title: 'x' }))).toEqual({ id: 1, title: 'x' })
    expect(await json(app.send('PATCH', '/books/1', { pages: 5 }, boss))).toMatchObject({ pages: 5, secret: 's1' })
    expect(await json(app.send('PUT', '/books/1', { title: 'y' }))).toEqual({ id: 1, title: 'y' })
    expect(await json(app.get('/books/1', boss))).toMatchObject({ pages: 5, secret: 's1', isbn: 'i1' })
  })

  it('make tags of their own where rows are hashed', async () => {
    const app = await serveBooks(byRole, { version: undefined as never })
    const tag = (await app.get('/books/1')).headers.get('etag')
    await app.send('PATCH', '/books/1', { pages: 5 }, { 'X-Role': 'boss' })
    expect((await app.get('/books/1')).headers.get('etag')).toBe(tag)
  })
})

describe('the definition', () => {
  it('has the operations that were asked for', async () => {
    const app = await serveBooks({ only: ['list', 'set'] })
    expect((await app.send('POST', '/books', {})).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect((await app.get('/books/1')).status).toBe(404)
    expect((await app.get('/books/1;')).status).toBe(200)
    const rest = await serveBooks({ except: ['set', 'remove', 'search'] })
    expect((await rest.get('/books/1;')).status).toBe(404)
    expect((await rest.send('DELETE', '/books/1')).headers.get('allow')).toBe('GET, HEAD, OPTIONS, PATCH, PUT')
  })

  it('is mixed with more', async () => {
    const send = { post: ({ params }: { params: { id: string } }) => ({ sent: params.id }) }
    const app = await serve(resource('books', mix(crud(stores().books), { '/:id': { delete: () => ({ kept: true }) }, '/:id/send': send })))
    expect(await json(app.send('DELETE', '/books/1'))).toEqual({ kept: true })
    expect(await json(app.get('/books/1?fields=title'))).toEqual({ title: 'Emma' })
    expect(await json(app.send('POST', '/books/1/send'))).toEqual({ sent: '1' })
  })

  it('runs a ring around an operation', async () => {
    const app = await serveBooks({
      around: {
        create: async (ctx, next) => {
          ;(ctx.body as Row).title = 'ringed'
          ctx.res.setHeader('X-Ring', 'yes')
          return next()
        },
        remove: () => ({ kept: true }),
      },
    })
    const answer = await app.send('POST', '/books', { title: 'x' })
    expect([answer.headers.get('x-ring'), await json(answer)]).toEqual(['yes', expect.objectContaining({ title: 'ringed' })])
    expect(await json(app.send('DELETE', '/books/1'))).toEqual({ kept: true })
  })

  it('tells what was done once it is certain, whatever comes of telling', async () => {
    const seen: unknown[] = []
    const app = await serveBooks({ events: ({ operation, key, row }) => seen.push([operation, key.id, row?.title]) })
    await app.send('POST', '/books', [{ title: 'a' }, { title: 'b' }])
    await app.send('PUT', '/books/1', { title: 'c', shop: 'a' })
    await app.send('PATCH', '/books/1', { title: 'd' })
    await app.send('PATCH', '/books/1', { title: '' })
    await app.send('DELETE', '/books/1')
    await app.send('DELETE', '/books/1')
    expect(seen).toEqual([['create', 5, 'a'], ['create', 6, 'b'], ['replace', 1, 'c'], ['patch', 1, 'd'], ['remove', 1, undefined]]) // biome-ignore format: one line shows it
  })

  it.each<[options: object, message: string]>([
    [{ only: ['nope'] }, "'nope' in 'only' is no operation"],
    [{ around: { nope: () => 1 } }, "'nope' in 'around' is no operation"],
    [{ filterable: ['nope'] }, "'nope' in 'filterable' is no field"],
    [{ fields: { read: ['nope'] } }, "'nope' in 'fields' is no field"],
    [{ relations: { nope: {} } }, "'nope' in 'relations' is no relation"],
    [{ relations: { author: { sortable: ['nope'] } } }, "crud(), relation 'author': 'nope' in 'sortable' is no field"],
    [{ includable: ['author'], relations: {} }, "'author' in 'relations' is missing"],
    [{ pageSize: 0 }, "'pageSize' needs a whole number"],
    [{ maxPageSize: Number.NaN }, "'maxPageSize' needs a whole number"],
    [{ limits: { depth: -1 } }, "'depth' needs a whole number"],
    [{ limits: { width: 1 } }, "'width' in 'limits' is no limit"],
    [{ envelope: 'hal' }, "'envelope' needs"],
    [{ paging: 'pages' }, "'paging' needs"],
    [{ etags: 'all' }, "'etags' needs"],
    [{ count: true }, "'count' needs"],
    [{ secret: 'short' }, "'secret' needs"],
    [{ reserved: 'format' }, "'reserved' needs a list"],
  ])('refuses the options %j', (options, message) => {
    expect(() => crud(stores().books, { ...open, ...options } as CrudOptions)).toThrow(message)
  })
})

describe('a list with etags', () => {
  it.each([{}, { version: 'version' }])(
    'tells the tag of each row, whatever fields are asked for: what reading one gives, and a change takes (%j)',
    async (more) => {
      const schema = {
        type: 'object',
        properties: { id: { type: 'integer', readOnly: true }, title: { type: 'string' }, version: { type: 'integer', readOnly: true } },
        required: ['id', 'title'],
        additionalProperties: false,
      } as const
      const store = memory([{ id: 1, title: 'a', version: 3 }, { id: 2, title: 'b', version: 1 }], { schema, ...more } as MemoryOptions) // biome-ignore format: one line shows it
      const app = await serve(resource('books', crud(store, { etags: true })))
      const list = (await (await app.get('/books?fields=title')).json()) as { objects: Row[]; meta: { etags: string[] } }
      expect(list.objects).toEqual([{ title: 'a' }, { title: 'b' }])
      for (const [index, id] of [1, 2].entries()) expect((await app.get(`/books/${id}`)).headers.get('etag')).toBe(list.meta.etags[index])
      const { etags } = list.meta
      expect((await app.send('PATCH', '/books/2', { title: 'c' }, { 'If-Match': etags[0] as string })).status).toBe(412)
      expect((await app.send('PATCH', '/books/2', { title: 'c' }, { 'If-Match': etags[1] as string })).status).toBe(200)
    },
  )
})
