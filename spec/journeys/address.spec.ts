// An address book: fields of a model, a key that the server gives, and a field that is another resource, told as a link.
import { describe, expect, it } from 'vitest'
import { badRequest, created, endpoint, noContent, notFound, representation, resource } from '../../lib/index.js'
import { type Served, serve } from '../support/serve.js'

interface Address {
  id: number
  country: string
  city: string
  street: string
  number: number
}
interface Person {
  id: number
  name: string
  age: number
  address: number | null
}

const addresses = new Map<number, Address>([[1, { id: 1, country: 'France', city: 'Paris', street: 'quais de Valmy', number: 45 }]])
const link = (id: number) => `/address/${id}`

// Out, a foreign key is a link; in, a link is a key, and one that leads nowhere is refused.
const foreignKey = {
  serialize: (key: number | null) => (key === null ? null : link(key)),
  create: (url: string | null) => {
    if (url === null) return null
    const key = Number(url.slice('/address/'.length))
    if (!addresses.has(key))
      throw badRequest('There is no such address.', { members: { errors: [{ pointer: '/address', code: 'reference', detail: 'leads nowhere' }] } })
    return key
  },
}

const address = representation(
  {
    type: 'object',
    properties: {
      ressource_uri: { type: 'string', readOnly: true },
      country: { type: 'string' },
      city: { type: 'string' },
      street: { type: 'string' },
      number: { type: 'integer' },
    },
    required: ['country', 'city', 'street', 'number'],
    additionalProperties: false,
  },
  { serialize: (row: Address) => ({ ...row, ressource_uri: link(row.id) }) },
)

const person = representation(
  {
    type: 'object',
    properties: {
      ressource_uri: { type: 'string', readOnly: true },
      name: { type: 'string' },
      age: { type: 'integer' },
      address: { type: ['string', 'null'], pattern: '^/address/\\d+$', default: null },
    },
    required: ['name', 'age'],
    additionalProperties: false,
  },
  { serialize: (row: Person) => ({ ...row, ressource_uri: `/people/${row.id}` }), fields: { address: foreignKey } },
)

const start = (): Promise<Served> => {
  const people = new Map<number, Person>()
  return serve(
    resource('address', {
      representation: address,
      get: () => [...addresses.values()],
      '/:id': { get: ({ params }) => addresses.get(Number(params.id)) ?? Promise.reject(notFound()) },
    }),
    resource('people', {
      representation: person,
      get: endpoint({
        request: {
          query: representation(
            { type: 'object', properties: { address: { type: 'string', pattern: '^/address/\\d+$' }, age: { type: 'integer' } }, additionalProperties: false },
            { fields: { address: foreignKey } },
          ),
        },
        // The link is a key here, so it can be compared with one.
        handler: ({ query }) => [...people.values()].filter((row) => Object.entries(query).every(([name, value]) => row[name as keyof Person] === value)),
      }),
      post: ({ body, url }) => {
        const row = { ...(body as Person), id: people.size + 1 }
        people.set(row.id, row)
        return created(row, { location: url('/:id', row) })
      },
      '/:id': {
        get: ({ params }) => people.get(Number(params.id)) ?? Promise.reject(notFound()),
        delete: ({ params }) => (people.delete(Number(params.id)) ? noContent() : Promise.reject(notFound())),
      },
    }),
  )
}

const ann = { name: 'Ann', age: 7, address: '/address/1' }

describe('the address book', () => {
  it('shows links instead of keys', async () => {
    const app = await start()
    expect(await (await app.get('/address/1')).json()).toEqual({
      ressource_uri: '/address/1',
      country: 'France',
      city: 'Paris',
      street: 'quais de Valmy',
      number: 45,
    })
    const res = await app.send('POST', '/people', ann)
    expect([res.status, res.headers.get('location')]).toEqual([201, '/people/1'])
    expect(await res.json()).toEqual({ ressource_uri: '/people/1', ...ann })
    const { address } = (await (await app.get('/people/1')).json()) as { address: string }
    expect((await app.get(address)).status).toBe(200)
  })

  it('takes an optional link that is not there', async () => {
    const app = await start()
    const res = await app.send('POST', '/people', { name: 'Bo', age: 8 })
    expect(await res.json()).toEqual({ ressource_uri: '/people/1', name: 'Bo', age: 8, address: null })
  })

  it('refuses a link that leads nowhere, and one that is none', async () => {
    const app = await start()
    for (const [address, code] of [
      ['/address/99', 'reference'],
      ['/people/1', 'pattern'],
      [1, 'type'],
    ]) {
      const res = await app.send('POST', '/people', { ...ann, address })
      expect(res.status).toBe(400)
      expect(((await res.json()) as { errors: object[] }).errors).toMatchObject([{ pointer: '/address', code }])
    }
  })

  it('tells all that is missing or of the wrong kind, and never turns JSON into something else', async () => {
    const app = await start()
    const res = await app.send('POST', '/people', { age: '7', address: null, secret: 1, id: 5, ressource_uri: '/x' })
    expect(((await res.json()) as { errors: { pointer: string; code: string }[] }).errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/age type',
      '/id additionalProperties',
      '/name required',
      '/ressource_uri false',
      '/secret additionalProperties',
    ])
    expect((await app.send('POST', '/people', { ...ann, age: true })).status).toBe(400)
  })

  it('is filtered by links and numbers, which a query holds as text', async () => {
    const app = await start()
    for (const one of [ann, { name: 'Bo', age: 8 }, { name: 'Cy', age: 7 }]) await app.send('POST', '/people', one)
    const names = async (query: string) => ((await (await app.get(`/people?${query}`)).json()) as { name: string }[]).map(({ name }) => name)
    expect(await names('address=/address/1')).toEqual(['Ann'])
    expect(await names('age=7')).toEqual(['Ann', 'Cy'])
    expect((await app.get('/people?age=seven')).status).toBe(400)
    expect((await app.get('/people?unknown=1')).status).toBe(400)
  })

  it('forgets a person once', async () => {
    const app = await start()
    await app.send('POST', '/people', ann)
    expect((await app.send('DELETE', '/people/1')).status).toBe(204)
    expect((await app.send('DELETE', '/people/1')).status).toBe(404)
  })
})
