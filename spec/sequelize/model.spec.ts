// A model as a resource, asked over HTTP: its rules, what it leads to, what lies below its rows, and many writers at once.
import { DataTypes, type Model, type ModelStatic } from 'sequelize'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Context, filter, type Resource, resource } from '../../lib/index.js'
import { type ModelOptions, model } from '../../lib/sequelize.js'
import { expectQueries } from '../../lib/testing.js'
import type { Where } from '../../lib/where.js'
import { databases, type Opened } from '../support/databases.js'
import { serve } from '../support/serve.js'

const asUser = filter((ctx, next) => {
  ctx.user = { name: ctx.req.get('X-User') } as Context['user']
  return next()
})

const published: Where = { field: 'hidden', op: 'eq', value: false }
const authorOptions: ModelOptions = {
  exclude: ['margin'],
  scope: (ctx) => ((ctx.user as { name?: string }).name === 'admin' ? { and: [] } : published),
  filterable: ['name'],
  sortable: ['name'],
  includable: ['books'],
  relations: { books: () => bookOptions },
  nested: { books: () => ({ ...bookOptions, writable: [] }) },
}
const tagOptions: ModelOptions = {
  scope: (ctx) => ((ctx.user as { name?: string }).name === 'admin' ? { and: [] } : { field: 'word', op: 'ne', value: 'internal' }),
}
const bookOptions: ModelOptions = {
  filterable: ['title', 'pages', 'author.name', 'price', 'sold'],
  sortable: ['title', 'pages', 'sold'],
  searchable: ['title'],
  includable: ['author', 'tags'],
  writable: ['authorId'],
  url: { cover: '/media/covers/' },
  relations: { author: () => authorOptions, tags: tagOptions },
  nested: { tags: tagOptions },
}

describe.each(databases)('model() on $name', ({ name, open }) => {
  let opened: Opened
  let Author: ModelStatic<Model>
  let Book: ModelStatic<Model>
  let Tag: ModelStatic<Model>
  let Plain: ModelStatic<Model>
  let resources: Resource[]
  beforeAll(async () => {
    opened = await open('spec_model')
    const { sequelize } = opened
    Author = sequelize.define('Author', {
      name: { type: DataTypes.STRING(50), allowNull: false, validate: { notEmpty: true } },
      margin: DataTypes.INTEGER,
      hidden: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: false },
      apiKey: DataTypes.STRING,
    })
    Book = sequelize.define(
      'Book',
      {
        title: { type: DataTypes.STRING(100), allowNull: false },
        isbn: { type: DataTypes.STRING(20), unique: true },
        pages: DataTypes.INTEGER,
        price: DataTypes.DECIMAL(8, 2),
        sold: DataTypes.BIGINT,
        cover: DataTypes.STRING,
      },
      { version: true },
    )
    Tag = sequelize.define('Tag', { word: { type: DataTypes.STRING(20), allowNull: false } }, { timestamps: false })
    Plain = sequelize.define('Plain', { text: DataTypes.STRING }, { timestamps: false })
    Author.hasMany(Book, { as: 'books', foreignKey: 'authorId' })
    Book.belongsTo(Author, { as: 'author', foreignKey: 'authorId' })
    Book.belongsToMany(Tag, { as: 'tags', through: 'BookTag', foreignKey: 'bookId', otherKey: 'tagId' })
    Tag.belongsToMany(Book, { as: 'books', through: 'BookTag', foreignKey: 'tagId', otherKey: 'bookId' })
    await sequelize.sync()
    // The rows below bring their keys.
    if (name === 'PostgreSQL') await sequelize.query('ALTER SEQUENCE "Books_id_seq" RESTART WITH 1000')
    const use = [asUser]
    resources = [
      resource('authors', { use, ...model(Author, authorOptions) }),
      resource('books', { use, ...model(Book, bookOptions) }),
      resource('plain', { use, ...model(Plain) }),
    ]
  })
  afterAll(() => opened?.close())
  beforeEach(async () => {
    await opened.sequelize.model('BookTag').destroy({ where: {} })
    for (const one of [Book, Author, Tag]) await one.destroy({ where: {} })
    await Author.bulkCreate([
      { id: 1, name: 'Jane', apiKey: 'k' },
      { id: 2, name: 'Ada' },
      { id: 3, name: 'Hid', hidden: true },
    ])
    await Book.bulkCreate([
      { id: 1, title: 'Emma', authorId: 1, pages: 3, price: '9.50', sold: '9007199254740993', cover: 'a b/ü.png' },
      { id: 2, title: 'Persuasion', authorId: 1, pages: 1 },
      { id: 3, title: 'Notes', authorId: 2, pages: 2 },
      { id: 4, title: 'Diary', authorId: 3 },
    ])
    await Tag.bulkCreate([
      { id: 1, word: 'novel' },
      { id: 2, word: 'internal' },
    ])
    await opened.sequelize.model('BookTag').bulkCreate([
      { bookId: 1, tagId: 1 },
      { bookId: 1, tagId: 2 },
    ])
  })
  const ask = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
    const { send } = await serve(...resources)
    const response = await send(method, path, body, headers)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }

  it('shows, filters, sorts, searches and includes what is open', async () => {
    const { body } = await ask('GET', '/books?filter[author.name]=Jane&sort=-pages&include=author,tags&fields=id,title,price,sold,cover&fields[author]=name')
    expect(body.objects).toEqual([
      {
        id: 1,
        title: 'Emma',
        price: '9.50',
        sold: '9007199254740993',
        cover: '/media/covers/a%20b/%C3%BC.png',
        author: { name: 'Jane' },
        tags: [{ id: 1, word: 'novel' }],
      },
      { id: 2, title: 'Persuasion', price: null, sold: null, cover: null, author: { name: 'Jane' }, tags: [] },
    ])
    expect(body.meta).toMatchObject({ total: 2 })
    expect((await ask('GET', '/books?q=ers')).body.objects).toHaveLength(1)
    expect((await ask('GET', '/books?filter[sold]=9007199254740993')).body.objects).toHaveLength(1)
    expect((await ask('GET', '/authors/1')).body).not.toHaveProperty('apiKey')
    for (const closed of ['filter[isbn]=1', 'sort=isbn', 'include=author.books', 'filter[author.margin]=1', 'filter[author.hidden]=true', 'fields=apiKey'])
      expect((await ask('GET', `/books?${closed}`)).status, closed).toBe(400)
  })

  it('keeps to the row rules of what it leads to', async () => {
    const { body } = await ask('GET', '/books/4?include=author')
    expect(body).toMatchObject({ title: 'Diary', author: null })
    expect((await ask('GET', '/books?filter[author.name]=Hid')).body.objects).toEqual([])
    expect((await ask('GET', '/books?filter[author.name]=Hid', undefined, { 'X-User': 'admin' })).body.objects).toHaveLength(1)
  })

  it('costs one count, one list and one query for each include', async () => {
    const { get } = await serve(...resources)
    await expectQueries(opened.sequelize, 4, () => get('/books?include=author,tags&limit=2'))
    await expectQueries(opened.sequelize, 3, () => get('/books?include=author,tags&limit=20'))
    await expectQueries(opened.sequelize, 1, () => get('/books/1'))
  })

  it('creates, replaces, changes and removes', async () => {
    const created = await ask('POST', '/books', { title: 'New', authorId: 2, price: '1.00' })
    expect(created).toMatchObject({ status: 201, body: { title: 'New', price: '1.00', authorId: 2, version: 0 } })
    const path = created.headers.get('location') as string
    const tag = created.headers.get('etag') as string
    const changed = await ask('PATCH', path, { pages: 7 }, { 'If-Match': tag })
    expect(changed).toMatchObject({ status: 200, body: { pages: 7, version: 1 } })
    expect(await ask('PUT', path, { title: 'Other' }, { 'If-Match': tag })).toMatchObject({ status: 412 })
    expect(await ask('PUT', path, { title: 'Other' })).toMatchObject({ status: 200, body: { title: 'Other', version: 2 } })
    expect(await ask('DELETE', path)).toMatchObject({ status: 204 })
    expect(await ask('GET', path)).toMatchObject({ status: 404 })
    expect(await ask('POST', '/books', { title: 'x', cover: 'evil', version: 7 })).toMatchObject({ status: 400 })
    expect(
      await ask('POST', '/books', [
        { title: 'a', isbn: '1' },
        { title: 'b', isbn: '1' },
      ]),
    ).toMatchObject({ status: 409, body: { errors: [{ pointer: '/1/isbn' }] } })
    expect(await Book.count()).toBe(4)
  })

  it('has collections below a row', async () => {
    expect((await ask('GET', '/authors/1/books?sort=title')).body.objects).toMatchObject([{ title: 'Emma' }, { title: 'Persuasion' }])
    expect(await ask('GET', '/authors/1/books/2')).toMatchObject({ status: 200, body: { title: 'Persuasion' } })
    expect(await ask('GET', '/authors/1/books/3')).toMatchObject({ status: 404 })
    for (const nobody of ['/authors/3/books', '/authors/99/books', '/authors/x/books', '/authors/3/books/4'])
      expect((await ask('GET', nobody)).status, nobody).toBe(404)
    expect((await ask('GET', '/authors/3/books', undefined, { 'X-User': 'admin' })).body.objects).toHaveLength(1)
    const created = await ask('POST', '/authors/2/books', { title: 'More notes' })
    expect(created).toMatchObject({ status: 201, body: { authorId: 2 } })
    expect(created.headers.get('location')).toBe(`/authors/2/books/${created.body.id}`)
    expect(await ask('GET', created.headers.get('location') as string)).toMatchObject({ status: 200 })
    expect(await ask('POST', '/authors/2/books', { title: 'x', authorId: 1 })).toMatchObject({ status: 400 })
    expect(await ask('PATCH', '/authors/2/books/1', { title: 'x' })).toMatchObject({ status: 404 })
    expect(await ask('DELETE', '/authors/2/books/3')).toMatchObject({ status: 204 })
  })

  it('links and unlinks', async () => {
    const tagged = async (): Promise<unknown> => (await ask('GET', '/books/2/tags')).body.objects
    expect(await tagged()).toEqual([])
    expect(await ask('PUT', '/books/2/tags/1')).toMatchObject({ status: 204 })
    expect(await ask('PUT', '/books/2/tags/1')).toMatchObject({ status: 204 })
    expect(await tagged()).toEqual([{ id: 1, word: 'novel' }])
    expect(await ask('GET', '/books/2/tags/1')).toMatchObject({ status: 200 })
    expect(await ask('DELETE', '/books/2/tags/1')).toMatchObject({ status: 204 })
    expect(await ask('DELETE', '/books/2/tags/1')).toMatchObject({ status: 404 })
    for (const nothing of ['/books/2/tags/99', '/books/99/tags/1', '/books/2/tags/2', '/books/2/tags/x', '/books/1/tags/2']) {
      expect((await ask('PUT', nothing)).status, nothing).toBe(404)
      expect((await ask('DELETE', nothing)).status, nothing).toBe(404)
    }
    expect(await ask('POST', '/books/2/tags', { word: 'x' })).toMatchObject({ status: 405 })
    expect(await opened.sequelize.model('BookTag').count()).toBe(2)
  })

  it.each([
    ['a version', '/books/1', { title: 'Emma' }],
    ['a hash', '/plain/1', { text: 'other' }],
  ])('lets one of a hundred PUTs win that name the same state, by %s', async (_, path, body) => {
    if (path.startsWith('/plain')) {
      await Plain.destroy({ where: {} })
      await Plain.create({ id: 1, text: 'first' })
    }
    const { send } = await serve(...resources)
    const etag = (await send('GET', path)).headers.get('etag') as string
    const began = Date.now()
    const answers = await Promise.all(Array.from({ length: 100 }, () => send('PUT', path, body, { 'If-Match': etag })))
    const took = Date.now() - began
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 99 }, () => 412)])
    expect(took).toBeLessThan(5000)
  })
})

describe('model()', () => {
  it('says what is wrong with its options', async () => {
    const { sequelize, close } = await (databases[0] as (typeof databases)[number]).open('spec_model_options')
    const A = sequelize.define('A', {})
    const B = sequelize.define('B', {})
    B.belongsTo(A, { as: 'a' })
    A.belongsToMany(B, { as: 'bs', through: 'AB' })
    expect(() => model(A, { nested: { x: {} } })).toThrow("model(): 'x' in 'nested' is no association of A.")
    expect(() => model(B, { nested: { a: {} } })).toThrow("model(): 'a' in 'nested' leads to one row, not to a list.")
    expect(() => model(A, { nested: { bs: {} } })).toThrow("model(): 'bs' in 'nested' needs the association back, from B to A.")
    expect(() => model(A, { url: { id: '/x' } })).toThrow("modelStore(): 'id' in 'url' is no text of the schema.")
    expect(() => model(A, { filterable: ['x'] })).toThrow("crud(): 'x' in 'filterable' is no field of the schema.")
    await close()
  })
})
