// Random rows, conditions, orders and pages: the databases find exactly what the memory store finds, in the same order.
import fc from 'fast-check'
import { DataTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStore } from '../../lib/sequelize/store.js'
import type { Page, Row, Store } from '../../lib/store.js'
import { memory } from '../../lib/stores/memory.js'
import type { Condition, Sort, Where } from '../../lib/where.js'
import { databases, type Opened } from '../support/databases.js'

const values: Record<string, readonly unknown[]> = {
  text: ['', 'a', 'A', 'b', 'Ab', 'aB', '%', '_', 'a%b', 'a_b', '\\', "'", 'ä', 'Ä', 'z', '😀', '\uffe6', ' a', 'a '],
  whole: [-5, 0, 1, 2, 2147483647],
  float: [-0.5, 0, 0.1, 1.25, 1e10],
  big: ['-9223372036854775808', '-1', '0', '9007199254740992', '9007199254740993', '10', '9'],
  money: ['-1.50', '0.00', '0.10', '9.50', '10.00', '99999.99'],
  day: ['1969-12-31', '1999-12-31', '2000-01-01', '2024-02-29'],
  at: ['1999-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z', '2024-01-01T00:00:00.001Z', '2024-01-01T00:00:00.010Z'],
  yes: [true, false],
  kind: ['paper', 'cloth', 'audio'],
}
const fields = Object.keys(values)
const finer: Record<string, readonly unknown[]> = {
  at: ['2024-01-01T00:00:00.0005Z', '2024-01-01T00:00:00.0011Z'],
  money: ['9.505', '1000000.00'],
  text: ['ab', 'B', 'é'],
}

const anyOf = (field: string): fc.Arbitrary<unknown> => fc.constantFrom(...(values[field] as unknown[]), ...(finer[field] ?? []))
const condition: fc.Arbitrary<Where> = fc.constantFrom(...fields).chain((field) => {
  const value = anyOf(field)
  const list = fc.array(value, { maxLength: 3 })
  const simple = ['eq', 'ne', ...(field === 'yes' || field === 'kind' ? [] : ['gt', 'gte', 'lt', 'lte'])]
  const textual = field === 'text' ? ['contains', 'startsWith', 'endsWith'] : []
  return fc.oneof(
    fc.record({ field: fc.constant(field), op: fc.constantFrom(...simple, ...textual), value }),
    fc.record({ field: fc.constant(field), op: fc.constantFrom('in', 'nin'), value: list }),
    fc.record({ field: fc.constant(field), op: fc.constant('null'), value: fc.boolean() }),
    ...(simple.length > 2 ? [fc.record({ field: fc.constant(field), op: fc.constant('between'), value: fc.tuple(value, value) })] : []),
  ) as fc.Arbitrary<Condition>
})
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    condition,
    fc.record({ and: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ not: tie('where') }),
    fc.record({ relation: fc.constantFrom('parent', 'children'), where: tie('where') }),
  ),
}))
const sort: fc.Arbitrary<Sort[]> = fc
  .uniqueArray(fc.record({ field: fc.constantFrom(...fields), descending: fc.boolean() }), { maxLength: 3, selector: ({ field }) => field })
  .chain((keys) => fc.boolean().map((descending) => [...keys, { field: 'id', descending }]))

const random = (seed: number) => () => {
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed / 2147483648
}

function rowsBy(next: () => number): Row[] {
  return Array.from({ length: 60 }, (_, index) => ({
    id: index + 1,
    parentId: index > 3 && next() < 0.7 ? 1 + Math.floor(next() * 4) : null,
    ...Object.fromEntries(
      fields.map((field) => [field, next() < 0.2 ? null : (values[field] as unknown[])[Math.floor(next() * (values[field] as unknown[]).length)]]),
    ),
  }))
}

const schema = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    parentId: { type: ['integer', 'null'] },
    text: { type: ['string', 'null'] },
    whole: { type: ['integer', 'null'] },
    float: { type: ['number', 'null'] },
    big: { type: ['string', 'null'], format: 'int64' },
    money: { type: ['string', 'null'], format: 'decimal' },
    day: { type: ['string', 'null'], format: 'date' },
    at: { type: ['string', 'null'], format: 'date-time' },
    yes: { type: ['boolean', 'null'] },
    kind: { type: ['string', 'null'], enum: ['paper', 'cloth', 'audio', null] },
  },
} as const

describe.each(databases)('$name', ({ open }) => {
  let opened: Opened
  let store: Store
  let oracle: Store
  beforeAll(async () => {
    opened = await open('spec_oracle')
    const Thing = opened.sequelize.define(
      'Thing',
      {
        text: DataTypes.STRING(50),
        whole: DataTypes.INTEGER,
        float: DataTypes.DOUBLE,
        big: DataTypes.BIGINT,
        money: DataTypes.DECIMAL(8, 2),
        day: DataTypes.DATEONLY,
        at: DataTypes.DATE(3),
        yes: DataTypes.BOOLEAN,
        kind: DataTypes.ENUM('paper', 'cloth', 'audio'),
      },
      { timestamps: false },
    )
    Thing.belongsTo(Thing, { as: 'parent', foreignKey: 'parentId' })
    Thing.hasMany(Thing, { as: 'children', foreignKey: 'parentId' })
    await opened.sequelize.sync()
    store = modelStore(Thing, { only: fields.concat('parentId') })
    const rows = rowsBy(random(7))
    await store.create(rows)
    const made: Store = memory(rows, {
      schema,
      relations: { parent: { store: () => made, from: 'parentId' }, children: { store: () => made, from: 'id', to: 'parentId', many: true } },
    })
    oracle = made
  })
  afterAll(() => opened?.close())

  const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value))
  const both = async (ask: (store: Store) => Promise<Page>): Promise<void> => {
    const [found, expected] = [plain(await ask(store)), plain(await ask(oracle))]
    expect(found).toEqual(expected)
  }

  it('finds what the memory store finds', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(where, sort, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 30 }), (where, sort, limit, offset) =>
        both((one) => one.find({ where, sort, page: { limit, offset }, count: 'exact' })),
      ),
      { numRuns: 150, seed: 1 },
    )
  })

  it('goes through the pages that the memory store has, forth and back', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(where, sort, fc.integer({ min: 1, max: 25 }), async (where, sort, limit) => {
        let after: Page['last']
        const seen: unknown[] = []
        for (let more = true; more; ) {
          const page = await store.find({ where, sort, page: { limit, after }, count: 'none' })
          seen.push(...page.rows.map(({ id }) => id))
          after = page.last
          more = page.more
        }
        const all = await oracle.find({ where, sort, page: { limit: 100, offset: 0 }, count: 'none' })
        expect(seen).toEqual(all.rows.map(({ id }) => id))
        if (after) await both((one) => one.find({ where, sort, page: { limit, before: after }, count: 'none' }))
      }),
      { numRuns: 40, seed: 2 },
    )
  })

  it('includes what the memory store includes', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(where, sort, where, fc.integer({ min: 0, max: 3 }), (where, sort, inner, limit) =>
        both((one) =>
          one.find({
            where,
            sort,
            page: { limit: 30, offset: 0 },
            count: 'none',
            select: { fields: ['text'], include: { children: { where: inner, sort, limit, fields: ['id', 'at'] }, parent: { where: inner, fields: ['id'] } } },
          }),
        ),
      ),
      { numRuns: 60, seed: 3 },
    )
  })
})
