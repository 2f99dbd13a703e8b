// The whole life of one thing: made, shown, replaced, changed, removed; with something wrong at each step, which changes nothing.
import { describe, expect, it } from 'vitest'
import { created, endpoint, noContent, notFound, representation, resource } from '../../lib/index.js'
import { type Served, serve } from '../support/serve.js'

interface Thing {
  key: number
  title: string
  text?: string | undefined
  stars: number
  secret: string
  made: Date
  place: { room: string; shelf?: number }
}

const properties = {
  id: { type: 'integer', readOnly: true },
  name: { type: 'string', minLength: 1 },
  text: { type: 'string' },
  stars: { type: 'integer', minimum: 0, maximum: 5, default: 0 },
  secret: { type: 'string', writeOnly: true },
  created: { type: 'string', format: 'date-time', readOnly: true },
  place: { type: 'object', properties: { room: { type: 'string' }, shelf: { type: 'integer' } }, required: ['room'], additionalProperties: false },
} as const

const thing = representation(
  { type: 'object', properties, required: ['id', 'name', 'created', 'place', 'secret'], additionalProperties: false },
  { alias: { id: 'key', name: 'title', created: 'made' } },
)

// Only for what comes in with POST: it asks for a sign of good will, which no thing has, and makes another object of it.
const newThing = representation(
  {
    type: 'object',
    properties: {
      name: properties.name,
      text: properties.text,
      stars: properties.stars,
      secret: properties.secret,
      place: properties.place,
      please: { const: true },
    },
    required: ['name', 'please', 'place', 'secret'],
    additionalProperties: false,
  },
  { create: ({ please: _, name, ...rest }) => ({ ...rest, title: name, made: new Date('2026-01-02T03:04:05Z') }) as Omit<Thing, 'key'> },
)

const things = () => {
  const all = new Map<number, Thing>()
  const one = (id: string) => all.get(Number(id)) ?? notFound()
  const found = (id: string): Thing => {
    const thing = one(id)
    if ('status' in thing) throw thing
    return thing as Thing
  }
  const things = resource('things', {
    representation: thing,
    get: () => [...all.values()],
    post: endpoint({
      request: { body: newThing },
      handler: ({ body, url }) => {
        const key = all.size + 1
        all.set(key, { ...body, key })
        return created(all.get(key), { location: url('/:id', { id: key }) })
      },
    }),
    '/:id': {
      get: ({ params }) => found(params.id),
      put: ({ params, body }) => {
        const { key, made } = found(params.id)
        const whole = { ...(body as Thing), key, made }
        all.set(key, whole)
        return whole
      },
      patch: ({ params, body }) => {
        const before = found(params.id)
        const { place, ...rest } = body as Partial<Thing>
        const after = { ...before, ...rest, place: { ...before.place, ...place } }
        all.set(before.key, after)
        return after
      },
      delete: ({ params }) => {
        all.delete(found(params.id).key)
        return noContent()
      },
    },
  })
  return { all, things }
}

const lamp = { name: 'Lamp', secret: 's3cret', place: { room: 'hall' } }
const shown = { id: 1, name: 'Lamp', stars: 0, created: '2026-01-02T03:04:05.000Z', place: { room: 'hall' } }

const wrong = async (app: Served, method: string, path: string, body: unknown) => {
  const res = await app.send(method, path, body)
  expect(res.status).toBe(400)
  return ((await res.json()) as { errors: { pointer: string; code: string }[] }).errors.map(({ pointer, code }) => `${pointer} ${code}`)
}

const start = async () => {
  const { all, things: router } = things()
  const app = await serve(router)
  expect((await app.send('POST', '/things', { ...lamp, please: true })).status).toBe(201)
  return { app, all }
}

describe('a thing', () => {
  it('is made by POST, by rules of its own that hold for what comes in only', async () => {
    const { all, things: router } = things()
    const app = await serve(router)
    expect(await wrong(app, 'POST', '/things', { id: 5, ...lamp, name: '', please: false, created: 'now', place: { shelf: 'x' } })).toEqual([
      '/created additionalProperties',
      '/id additionalProperties',
      '/name minLength',
      '/place/room required',
      '/place/shelf type',
      '/please const',
    ])
    expect(all.size).toBe(0)
    const res = await app.send('POST', '/things', { ...lamp, please: true })
    expect(res.status).toBe(201)
    expect(res.headers.get('location')).toBe('/things/1')
    expect(await res.json()).toEqual(shown)
    expect(all.get(1)).toEqual({ key: 1, title: 'Lamp', stars: 0, secret: 's3cret', made: new Date('2026-01-02T03:04:05Z'), place: { room: 'hall' } })
  })

  it('is shown by GET, without what may only be written', async () => {
    const { app } = await start()
    expect(await (await app.get('/things/1')).json()).toEqual(shown)
    expect(await (await app.get('/things')).json()).toEqual([shown])
    expect((await app.get('/things/2')).status).toBe(404)
  })

  it('is replaced by PUT, which takes what GET gave', async () => {
    const { app, all } = await start()
    expect(await wrong(app, 'PUT', '/things/1', { ...shown, name: 7, more: 1, place: {} })).toEqual([
      '/more additionalProperties',
      '/name type',
      '/place/room required',
      '/secret required',
    ])
    expect(all.get(1)?.title).toBe('Lamp')
    const res = await app.send('PUT', '/things/1', { ...shown, id: 99, created: 'whenever', text: 'Shines.', stars: 4, secret: 'other' })
    expect(await res.json()).toEqual({ ...shown, text: 'Shines.', stars: 4 })
    expect(all.get(1)).toMatchObject({ key: 1, secret: 'other', made: new Date('2026-01-02T03:04:05Z') })
    // What is left out is gone, or what it is by default.
    expect(await (await app.send('PUT', '/things/1', { ...shown, stars: undefined, secret: 'x' })).json()).toEqual(shown)
    expect((await app.send('PUT', '/things/2', { ...shown, secret: 'x' })).status).toBe(404)
  })

  it('is changed by PATCH, which needs nothing and refuses what may only be read', async () => {
    const { app, all } = await start()
    expect(await wrong(app, 'PATCH', '/things/1', { id: 2, created: 'now', stars: 6, place: { shelf: 'x', no: 1 } })).toEqual([
      '/created false',
      '/id false',
      '/place/no additionalProperties',
      '/place/shelf type',
      '/stars maximum',
    ])
    expect(await (await app.send('PATCH', '/things/1', { place: { shelf: 3 } })).json()).toEqual({ ...shown, place: { room: 'hall', shelf: 3 } })
    expect(all.get(1)?.stars).toBe(0)
    expect(await (await app.send('PATCH', '/things/1', { name: 'Big lamp' })).json()).toMatchObject({ name: 'Big lamp', place: { room: 'hall', shelf: 3 } })
    expect((await app.send('PATCH', '/things/1', {})).status).toBe(200)
    expect((await app.send('PATCH', '/things/2', { name: 'x' })).status).toBe(404)
  })

  it('is removed by DELETE, once', async () => {
    const { app, all } = await start()
    expect((await app.send('DELETE', '/things/1')).status).toBe(204)
    expect(all.size).toBe(0)
    expect((await app.send('DELETE', '/things/1')).status).toBe(404)
    expect((await app.get('/things/1')).status).toBe(404)
  })

  it('needs a body where it is made, replaced and changed', async () => {
    const { app } = await start()
    for (const [method, path] of [
      ['POST', '/things'],
      ['PUT', '/things/1'],
      ['PATCH', '/things/1'],
    ] as const) {
      expect(await wrong(app, method, path, undefined)).toEqual([' required'])
      expect(await wrong(app, method, path, [])).toEqual([' type'])
      expect(await wrong(app, method, path, null)).toEqual([' type'])
    }
  })
})
