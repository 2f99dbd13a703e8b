// Lists of things, in and out: item by item, in one another, with faults told at their places.
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type AnswerError, created, endpoint, representation, resource } from '../../lib/index.js'
import { serve } from '../support/serve.js'

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const point = representation(
  { type: 'object', properties: { x: { type: 'number' }, y: { type: 'number' } }, required: ['x', 'y'], additionalProperties: false },
  { create: ({ x, y }) => new Point(x, y) },
)
const points = representation({ type: 'array', items: { $ref: point }, minItems: 1 })
const grid = representation({ type: 'array', items: { type: 'array', items: { $ref: point } } })
const drawing = representation({
  type: 'object',
  properties: {
    name: { type: 'string' },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { color: { type: 'string' }, points: { type: 'array', items: { $ref: point } } }, required: ['points'] },
    },
  },
  required: ['lines'],
  additionalProperties: false,
})

type Errors = { errors: { pointer: string; code: string }[] }
const places = async (res: Response) => ((await res.json()) as Errors).errors.map(({ pointer, code }) => `${pointer} ${code}`)

describe('a list of things', () => {
  it('comes in and goes out item by item', async () => {
    let last: unknown
    const app = await serve(
      resource('points', {
        post: endpoint({
          request: { body: points },
          response: { body: points },
          handler: ({ body }) => {
            expectTypeOf(body).toEqualTypeOf<Point[]>()
            last = body
            return created(body)
          },
        }),
      }),
    )
    const data = [
      { x: 1, y: 2 },
      { x: 3.5, y: -4 },
    ]
    const res = await app.send('POST', '/points', data)
    expect(res.status).toBe(201)
    expect(last).toEqual([new Point(1, 2), new Point(3.5, -4)])
    expect((last as Point[])[0]).toBeInstanceOf(Point)
    expect(await res.json()).toEqual(data)
  })

  it('is told all that is wrong in it, in the order of its places', async () => {
    const app = await serve(resource('points', { post: endpoint({ request: { body: points }, handler: ({ body }) => body }) }))
    const data = Array.from({ length: 22 }, (_, x) => (x % 10 === 1 ? { x } : { x, y: 0 }))
    expect(await places(await app.send('POST', '/points', [...data, 'x', null, { x: 1, y: 2, z: 3 }]))).toEqual([
      '/1/y required',
      '/11/y required',
      '/21/y required',
      '/22 type',
      '/23 type',
      '/24/z additionalProperties',
    ])
    expect(await places(await app.send('POST', '/points', []))).toEqual([' minItems'])
    expect(await places(await app.send('POST', '/points', { x: 1, y: 2 }))).toEqual([' type'])
  })

  it('may hold lists', async () => {
    let last: unknown
    const app = await serve(
      resource('grids', {
        post: endpoint({
          request: { body: grid },
          response: { body: grid },
          handler: ({ body }) => {
            last = body
            return body
          },
        }),
      }),
    )
    const data = [
      [{ x: 1, y: 2 }],
      [],
      [
        { x: 3, y: 4 },
        { x: 5, y: 6 },
      ],
    ]
    expect(await (await app.send('POST', '/grids', data)).json()).toEqual(data)
    expect(last).toEqual([[new Point(1, 2)], [], [new Point(3, 4), new Point(5, 6)]])
    expect(await places(await app.send('POST', '/grids', [[{ x: 1, y: 2 }], [{ x: 1, y: 2 }, { x: 'x' }], 5]))).toEqual([
      '/1/1/x type',
      '/1/1/y required',
      '/2 type',
    ])
  })

  it('may stand deep in a thing', async () => {
    let last: unknown
    const app = await serve(
      resource('drawings', {
        representation: drawing,
        post: ({ body }) => {
          last = body
          return body
        },
      }),
    )
    const data = { lines: [{ color: 'red', points: [{ x: 1, y: 2 }] }, { points: [] }] }
    expect(await (await app.send('POST', '/drawings', data)).json()).toEqual(data)
    expect(last).toEqual({ lines: [{ color: 'red', points: [new Point(1, 2)] }, { points: [] }] })
    expect(await places(await app.send('POST', '/drawings', { lines: [{ points: [{ x: 1, y: 2 }, { x: 1 }] }, {}] }))).toEqual([
      '/lines/0/points/1/y required',
      '/lines/1/points required',
    ])
  })

  it('goes out as a list wherever a thing is described and many are given', async () => {
    const app = await serve(
      resource('points', {
        representation: point,
        get: () => [new Point(1, 2), Object.assign(new Point(3, 4), { hash: 'x' })],
        '/none': { get: () => [] },
        '/one': { get: () => new Point(5, 6) },
        '/wrong': { get: () => [new Point(1, 2), { x: 1, y: 'wrong' }] },
      }),
    )
    expect(await (await app.get('/points')).json()).toEqual([
      { x: 1, y: 2 },
      { x: 3, y: 4 },
    ])
    expect(await (await app.get('/points/none')).text()).toBe('[]')
    expect(await (await app.get('/points/one')).json()).toEqual({ x: 5, y: 6 })
    expect((await app.get('/points/wrong')).status).toBe(500)
    expect((app.errors[0] as AnswerError).faults).toEqual([{ pointer: '/1/y', code: 'type', detail: 'must be number' }])
  })

  it('goes out row by row where rows come one by one', async () => {
    async function* walk() {
      for (let x = 0; x < 3; x++) yield new Point(x, x)
    }
    const app = await serve(resource('points', { representation: point, get: walk }))
    expect(await (await app.get('/points')).json()).toEqual([
      { x: 0, y: 0 },
      { x: 1, y: 1 },
      { x: 2, y: 2 },
    ])
  })

  it('is waited for as a whole where its things are made later', async () => {
    const slow = representation(
      { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      { create: async ({ n }) => ({ double: n * 2 }), serialize: ({ double }: { double: number }) => ({ n: double }) },
    )
    const app = await serve(
      resource('slow', { post: endpoint({ request: { body: representation({ type: 'array', items: { $ref: slow } }) }, handler: ({ body }) => body }) }),
    )
    expect(await (await app.send('POST', '/slow', [{ n: 1 }, { n: 2 }])).json()).toEqual([{ double: 2 }, { double: 4 }])
  })
})
