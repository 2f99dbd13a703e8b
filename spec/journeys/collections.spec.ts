// Collections, walked from the first page to the last: whatever the rows, the rule, the conditions, the order and the pages, the API gives exactly what a
// plain oracle gives, each row once and in order; and nothing that it answers depends on rows out of scope.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CrudOptions, crud } from '../../lib/crud.js'
import { type Resource, resource } from '../../lib/resource.js'
import type { Row, Store } from '../../lib/store.js'
import { memory } from '../../lib/stores/memory.js'
import { type Served, serve } from '../support/serve.js'

const schema = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    a: { type: ['integer', 'null'] },
    b: { type: 'string' },
    c: { type: ['string', 'null'], format: 'int64' },
    shop: { type: 'integer' },
    ownerId: { type: ['integer', 'null'] },
  },
} as const
const owners = [
  { id: 1, name: 'Ann', shop: 0 },
  { id: 2, name: 'Bob', shop: 1 },
]
const texts = ['', 'a', 'A', 'ab', 'b%', 'é', '￦', '😀']
const bigs = ['-1', '9', '10', '9007199254740992', '9007199254740993']

const rowsOf = fc.array(
  fc.record({
    a: fc.option(fc.integer({ min: 0, max: 3 })),
    b: fc.constantFrom(...texts),
    c: fc.option(fc.constantFrom(...bigs)),
    shop: fc.integer({ min: 0, max: 1 }),
    ownerId: fc.option(fc.constantFrom(1, 2)),
  }),
  { maxLength: 25 },
)
const numbered = (rows: Row[]): Row[] => rows.map((row, index) => ({ id: ((index * 7) % 101) + 1, ...row }))

/** A condition as a client writes it, and what it means. */
interface Asked {
  tree: object
  test: (row: Row) => boolean
}

const ownerName = ({ ownerId }: Row): string | null => owners.find(({ id, shop }) => id === ownerId && shop === 0)?.name ?? null
const leaves: fc.Arbitrary<Asked>[] = [
  fc.integer({ min: 0, max: 3 }).map((n) => ({ tree: { a: n }, test: ({ a }) => a === n })),
  fc.integer({ min: 0, max: 3 }).map((n) => ({ tree: { a: { ne: n } }, test: ({ a }) => a !== n })),
  fc.integer({ min: 0, max: 3 }).map((n) => ({ tree: { a: { gt: n } }, test: ({ a }) => a !== null && (a as number) > n })),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })).map(([low, high]) => ({
    tree: { a: { between: [low, high] } },
    test: ({ a }) => a !== null && (a as number) >= low && (a as number) <= high,
  })),
  fc.boolean().map((is) => ({ tree: { a: { null: is } }, test: ({ a }) => (a === null) === is })),
  fc.subarray(texts).map((some) => ({ tree: { b: { in: some } }, test: ({ b }) => some.includes(b as string) })),
  fc.subarray(texts).map((some) => ({ tree: { b: { nin: some } }, test: ({ b }) => !some.includes(b as string) })),
  fc.constantFrom('a', '%', '').map((part) => ({ tree: { b: { contains: part } }, test: ({ b }) => (b as string).includes(part) })),
  fc.constantFrom('A', 'b').map((part) => ({ tree: { b: { icontains: part } }, test: ({ b }) => (b as string).toLowerCase().includes(part.toLowerCase()) })),
  fc.constantFrom(...bigs).map((big) => ({ tree: { c: { lte: big } }, test: ({ c }) => c !== null && BigInt(c as string) <= BigInt(big) })),
  fc.constantFrom('Ann', 'Bob').map((name) => ({ tree: { 'owner.name': name }, test: (row) => ownerName(row) === name })),
  fc
    .constantFrom('Ann', 'Bob')
    .map((name) => ({ tree: { shop: 1, owner: { name: { ne: name } } }, test: (row) => row.shop === 1 && ownerName(row) !== null && ownerName(row) !== name })),
]
const { asked } = fc.letrec<{ asked: Asked }>((tie) => ({
  asked: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    ...leaves,
    tie('asked').map(({ tree, test }) => ({ tree: { not: tree }, test: (row: Row) => !test(row) })),
    fc
      .array(tie('asked'), { maxLength: 3 })
      .map((all) => ({ tree: { and: all.map(({ tree }) => tree) }, test: (row: Row) => all.every(({ test }) => test(row)) })),
    fc
      .array(tie('asked'), { maxLength: 3 })
      .map((all) => ({ tree: { or: all.map(({ tree }) => tree) }, test: (row: Row) => all.some(({ test }) => test(row)) })),
  ),
}))

const orders = fc.shuffledSubarray(['a', 'b', 'c']).chain((names) => fc.tuple(...names.map((name) => fc.constantFrom(name, `-${name}`))))

const points = (text: string): number[] => [...text].map((letter) => letter.codePointAt(0) as number)
function compare(name: string, one: unknown, other: unknown): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null)
  if (name === 'c') return Number(BigInt(one as string) - BigInt(other as string))
  if (name !== 'b') return (one as number) - (other as number)
  const [a, b] = [points(one as string), points(other as string)]
  const at = a.findIndex((point, index) => point !== b[index])
  return at < 0 ? a.length - b.length : b[at] === undefined ? 1 : (a[at] as number) - b[at]
}
function inOrder(rows: Row[], order: readonly string[]): Row[] {
  return [...rows].sort((one, other) => {
    for (const key of [...order, 'id']) {
      const name = key.replace('-', '')
      const result = compare(name, one[name], other[name]) * (key.startsWith('-') ? -1 : 1)
      if (result !== 0) return result
    }
    return 0
  })
}

const options: CrudOptions = {
  filterable: ['a', 'b', 'c', 'shop', 'owner.name'],
  sortable: ['a', 'b', 'c'],
  includable: ['owner'],
  limits: { conditions: 200, depth: 12 },
  scope: () => ({ field: 'shop', op: 'eq', value: 0 }),
  relations: { owner: { scope: () => ({ field: 'shop', op: 'eq', value: 0 }) } },
}

function storeOf(rows: readonly Row[]): Store {
  const people = memory(owners, { schema: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' }, shop: { type: 'integer' } } } })
  return memory(rows, { schema, relations: { owner: { store: people, from: 'ownerId' } } })
}

// One server for all runs; each run puts its collection in.
async function stage(): Promise<{ app: Served; show: (store: Store, more?: CrudOptions) => void }> {
  let current: Resource
  const app = await serve((req, res, next) => current(req, res, next))
  return {
    app,
    show: (store, more) => {
      current = resource('things', crud(store, { ...options, ...more }))
    },
  }
}

interface ListBody {
  objects: Row[]
  meta: { total: number; next: string | null; previous: string | null }
}

it('gives what the oracle gives, forwards and back', async () => {
  const { app, show } = await stage()
  const page = async (path: string): Promise<ListBody> => {
    const answer = await app.get(path)
    expect(answer.status, path).toBe(200)
    return (await answer.json()) as ListBody
  }
  await fc.assert(
    fc.asyncProperty(
      rowsOf,
      asked,
      orders,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('offset', 'cursor'),
      async (plain, { tree, test }, order, limit, paging) => {
        const rows = numbered(plain)
        show(storeOf(rows), { paging: paging as 'offset' })
        const expected = inOrder(
          rows.filter((row) => row.shop === 0 && test(row)),
          order,
        )
        const query = `filter=${encodeURIComponent(JSON.stringify(tree))}${order.length > 0 ? `&sort=${order.join(',')}` : ''}&limit=${limit}&include=owner`
        const pages: ListBody[] = []
        for (let next: string | null = `/things?${query}`; next; next = (pages.at(-1) as ListBody).meta.next) pages.push(await page(next))
        const seen = pages.flatMap(({ objects }) => objects)
        expect(seen.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
        expect(seen.map(({ owner }) => (owner as Row | null)?.name ?? null)).toEqual(expected.map(ownerName))
        expect(pages.every(({ meta }) => meta.total === expected.length)).toBe(true)
        expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / limit)))
        let back = (pages.at(-1) as ListBody).meta.previous
        for (let index = pages.length - 2; index >= 0; index--) {
          const before = await page(back as string)
          expect(before.objects).toEqual(pages[index]?.objects)
          back = before.meta.previous
        }
        expect(back).toBeNull()
      },
    ),
    { numRuns: 100 },
  )
}, 60_000)

it('answers the same whatever stands out of scope', async () => {
  const { app, show } = await stage()
  await fc.assert(
    fc.asyncProperty(
      rowsOf,
      rowsOf,
      asked,
      orders,
      fc.integer({ min: 0, max: 5 }),
      fc.constantFrom('offset', 'cursor'),
      async (plain, others, { tree }, order, limit, paging) => {
        const mine = numbered(plain).filter(({ shop }) => shop === 0)
        const theirs = others.map((row, index) => ({ ...row, id: 200 + index, shop: 1 }))
        const ask = async (rows: readonly Row[]): Promise<unknown[]> => {
          show(storeOf(rows), { paging: paging as 'offset' })
          const filter = encodeURIComponent(JSON.stringify(tree))
          const sort = order.length > 0 ? `&sort=${order.join(',')}` : ''
          const answers = [
            await app.get(`/things?filter=${filter}${sort}&limit=${limit}`),
            await app.get('/things/200'),
            await app.get('/things/1;200'),
            await app.send('PUT', '/things/200', { b: 'x', shop: 0 }),
            await app.send('PATCH', '/things/200', { b: 'x' }, { 'If-Match': '"x"' }),
            await app.send('DELETE', '/things/200'),
          ]
          return Promise.all(answers.map(async (answer) => [answer.status, answer.headers.get('link'), answer.headers.get('etag'), await answer.text()]))
        }
        expect(await ask([...theirs, ...mine])).toEqual(await ask(mine))
      },
    ),
    { numRuns: 30 },
  )
}, 60_000)

it('sees each row that stays exactly once while others come and go', async () => {
  const { app, show } = await stage()
  await fc.assert(
    fc.asyncProperty(
      rowsOf,
      orders,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(60), { minLength: 10, maxLength: 10 }),
      async (plain, order, limit, numbers) => {
        const rows: Row[] = numbered(plain).map((row) => ({ ...row, shop: 0 }))
        const store = storeOf(rows)
        show(store, { paging: 'cursor' })
        const stays = new Set(rows.map(({ id }) => id))
        const seen: unknown[] = []
        const changes = [...numbers]
        for (let next: string | null = `/things?limit=${limit}${order.length > 0 ? `&sort=${order.join(',')}` : ''}`; next; ) {
          const { objects, meta } = (await (await app.get(next)).json()) as ListBody
          seen.push(...objects.map(({ id }) => id))
          next = meta.next
          const change = changes.pop()
          if (change === undefined) continue
          // An even number takes the last row of the page away, from where the next page starts; an odd one any row.
          const id = change % 2 === 0 ? (objects.at(-1)?.id as number) : change
          if (id !== undefined && (await store.remove({ key: { id } }))) stays.delete(id)
          await store.create([{ b: 'new', shop: 0 }])
        }
        const kept = seen.filter((id) => stays.has(id as number))
        expect(kept.sort()).toEqual([...stays].sort())
      },
    ),
    { numRuns: 30 },
  )
}, 60_000)
