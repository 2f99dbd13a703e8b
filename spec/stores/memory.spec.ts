// Memory keeps the contract of stores; and what is its own: the array it starts with, keys it makes, validators.
import { describe, expect, it } from 'vitest'
import { uniqueTogether } from '../../lib/clash.js'
import type { Store } from '../../lib/store.js'
import { memory } from '../../lib/stores/memory.js'
import { schemas, storeContract } from '../contracts/store.js'

storeContract('memory', async () => {
  const authors: Store = memory([], { schema: schemas.authors, relations: { books: { store: () => books, from: 'id', to: 'authorId', many: true } } })
  const books: Store = memory([], {
    schema: schemas.books,
    version: 'version',
    validators: [uniqueTogether('isbn')],
    relations: { author: { store: authors, from: 'authorId' } },
  })
  const seats = memory([], { schema: schemas.seats, key: ['row', 'seat'] })
  const clear = async (): Promise<void> => {
    for (const store of [books, authors, seats]) {
      const { rows } = await store.find({ sort: [], page: { limit: 10_000, offset: 0 }, count: 'none' })
      for (const row of rows) await store.remove({ key: Object.fromEntries(store.key.map((field) => [field, row[field] as number])) })
    }
  }
  return { authors, books, seats, clear }
})

describe('memory', () => {
  const schema = {
    type: 'object',
    properties: { id: { type: 'integer' }, at: { type: 'string', format: 'date-time' }, tags: { type: 'array' }, name: { type: 'string' } },
  } as const

  it('copies what it is given, and what it gives', async () => {
    const rows = [{ id: 3, tags: ['a'], at: new Date(0) }]
    const store = memory(rows, { schema })
    rows[0]?.tags.push('b')
    const row = (await store.get({ key: { id: 3 } })) as { tags: string[] }
    expect(row).toEqual({ id: 3, tags: ['a'], at: '1970-01-01T00:00:00.000Z', name: null })
    row.tags.push('c')
    expect(await store.get({ key: { id: 3 } })).toMatchObject({ tags: ['a'] })
  })

  it('goes on numbering after the highest key it has seen', async () => {
    const store = memory([{ id: 3 }], { schema })
    expect(await store.create([{}, { id: 9 }, {}])).toMatchObject([{ id: 4 }, { id: 9 }, { id: 10 }])
    await store.remove({ key: { id: 10 } })
    expect(await store.create([{}])).toMatchObject([{ id: 11 }])
  })

  it('makes uuids, or keys of your own making', async () => {
    const uuids = memory([], { schema: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } } })
    expect((await uuids.create([{}]))[0]?.id).toMatch(/^[\da-f-]{36}$/)
    const words = memory([], { schema: { type: 'object', properties: { id: { type: 'string' } } }, generate: () => 'word' })
    expect(await words.create([{}])).toEqual([{ id: 'word' }])
  })

  it('asks for a key that it cannot make', async () => {
    const store = memory([], { schema: { type: 'object', properties: { code: { type: 'string' } } }, key: 'code' })
    await expect(store.create([{}])).rejects.toMatchObject({ status: 400, members: { errors: [{ pointer: '/0/code', code: 'required' }] } })
  })

  it('holds rows against validators, also when they change and on the way in', async () => {
    const options = { schema, validators: [uniqueTogether('name', 'at')] }
    const store = memory([{ id: 1, name: 'a', at: '2024-01-01T00:00:00.000Z' }], options)
    const [other] = await store.create([{ name: 'a', at: '2025-01-01T00:00:00.000Z' }])
    const clash = { status: 409, members: { errors: [{ pointer: '/name' }, { pointer: '/at' }] } }
    await expect(store.update({ key: { id: other?.id as number } }, { at: '2024-01-01T00:00:00.000Z' })).rejects.toMatchObject(clash)
    expect(() =>
      memory(
        [
          { name: 'a', at: new Date(1) },
          { name: 'a', at: new Date(1) },
        ],
        options,
      ),
    ).toThrow('Another row stands in the way.')
  })

  it('moves a row to another key, unless that is taken', async () => {
    const store = memory([{ id: 1, name: 'a' }, { id: 2 }], { schema })
    await expect(store.update({ key: { id: 1 } }, { id: 2 })).rejects.toMatchObject({ status: 409, members: { errors: [{ pointer: '/id' }] } })
    expect(await store.update({ key: { id: 1 } }, { id: 5 })).toMatchObject({ id: 5, name: 'a' })
    expect(await store.get({ key: { id: 1 } })).toBeUndefined()
  })

  it('says when a row was changed', async () => {
    const store = memory([{ id: 1, at: new Date(5) }], { schema, modified: 'at' })
    expect(await store.get({ key: { id: 1 } })).toMatchObject({ at: '1970-01-01T00:00:00.005Z' })
    expect(Date.parse((await store.update({ key: { id: 1 } }, { name: 'x' }))?.at as string)).toBeGreaterThan(1e12)
  })

  it('lets readers see what was there before a transaction that is not over', async () => {
    const store = memory([{ id: 1, name: 'old' }], { schema })
    await store.transaction(async (options) => {
      await store.update({ key: { id: 1 } }, { name: 'new' }, options)
      expect(await store.get({ key: { id: 1 } })).toMatchObject({ name: 'old' })
      expect(await store.get({ key: { id: 1 } }, undefined, options)).toMatchObject({ name: 'new' })
    })
    expect(await store.get({ key: { id: 1 } })).toMatchObject({ name: 'new' })
  })

  it('refuses options that name no field, conditions that name none, and conditions without a value', async () => {
    expect(() => memory([], { schema, key: 'nope' })).toThrow("the schema has no field 'nope'")
    const store = memory([], { schema })
    const find = (where: never): Promise<unknown> => store.find({ where, sort: [], page: { limit: 1, offset: 0 }, count: 'none' })
    await expect(find({ field: 'nope', op: 'eq', value: 1 } as never)).rejects.toThrow("no field 'nope'")
    await expect(find({ field: 'name', op: 'eq', value: undefined } as never)).rejects.toThrow('has no value')
  })
})
