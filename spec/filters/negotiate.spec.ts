import { describe, expect, it } from 'vitest'
import { badRequest, json, type Mapper, resource, text, xml } from '../../lib/index.js'
import { serve } from '../support/serve.js'

const shout: Mapper = { name: 'shout', types: ['text/x-shout', 'application/vnd.shout'], format: (data) => `${JSON.stringify(data).toUpperCase()}!` }
const rot: Mapper = { name: 'rot', types: ['application/rot'], charset: false, format: () => new Uint8Array([1, 2, 3]) }
const answer = { get: () => ({ a: 1 }), '/:id': { get: ({ params }: { params: { id: string } }) => params } }
const type = (response: Response) => response.headers.get('content-type')

describe('negotiation', () => {
  it('takes the first mapper where the client sends no Accept, and for */*', async () => {
    const { raw, get } = await serve(resource('things', { ...answer, mappers: [shout, json] }))
    expect(await raw('GET /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('text/x-shout; charset=utf-8')
    expect(type(await get('/things', { Accept: '*/*' }))).toBe('text/x-shout; charset=utf-8')
  })

  it('lets defaultMapper go before the first mapper', async () => {
    const { get } = await serve(resource('things', { ...answer, mappers: [shout, json], defaultMapper: json }))
    expect(type(await get('/things'))).toBe('application/json; charset=utf-8')
  })

  it('chooses by Accept', async () => {
    const { get } = await serve(resource('things', { ...answer, mappers: [json, shout] }))
    expect(type(await get('/things', { Accept: 'text/x-shout' }))).toBe('text/x-shout; charset=utf-8')
    expect(type(await get('/things', { Accept: 'application/vnd.shout' }))).toBe('application/vnd.shout; charset=utf-8')
    expect(type(await get('/things', { Accept: 'text/*' }))).toBe('text/x-shout; charset=utf-8')
  })

  it.each([
    ['application/json;q=0.5, text/x-shout;q=0.8', 'text/x-shout'],
    ['application/json;q=0.8, text/x-shout;q=0.5', 'application/json'],
    ['*/*;q=0.1, text/x-shout', 'text/x-shout'],
    ['application/json;q=0, */*', 'text/x-shout'],
    ['application/json; charset=utf-8', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/*', 'application/json'],
    ['image/png, */*;q=0.1', 'application/json'],
  ])('weighs %s', async (accept, expected) => {
    const { get } = await serve(resource('things', { ...answer, mappers: [json, shout] }))
    const response = await get('/things', { Accept: accept })
    expect(response.status).toBe(200)
    expect(type(response)).toContain(expected)
  })

  it.each(['image/png', '*/*;q=0', 'application/json;q=0, text/x-shout;q=0', 'text/html', ''])('refuses what it cannot do with 406: %j', async (accept) => {
    const { get } = await serve(resource('things', { ...answer, mappers: [json, shout] }))
    const response = await get('/things', { Accept: accept })
    if (accept === '') return expect(response.status).toBe(200)
    expect(response.status).toBe(406)
    expect(type(response)).toBe('application/problem+json; charset=utf-8')
    expect(response.headers.get('vary')).toBe('Accept')
    expect(await response.json()).toMatchObject({ status: 406, acceptable: ['application/json', 'text/x-shout', 'application/vnd.shout'] })
  })

  it('chooses before the handler runs', async () => {
    let ran = 0
    const { send } = await serve(resource('things', { post: () => ++ran }))
    expect((await send('POST', '/things', { a: 1 }, { Accept: 'image/png' })).status).toBe(406)
    expect(ran).toBe(0)
  })

  it('chooses before filters run and before the body is read', async () => {
    const { send } = await serve(resource('things', { post: () => 1 }))
    expect((await send('POST', '/things', '{broken', { Accept: 'image/png', 'Content-Type': 'application/json' })).status).toBe(406)
  })

  it('lets ?format= go before Accept, by name and by type', async () => {
    const { get } = await serve(resource('things', { ...answer, mappers: [json, shout] }))
    expect(type(await get('/things?format=shout', { Accept: 'application/json' }))).toContain('text/x-shout')
    expect(type(await get('/things?format=application/vnd.shout'))).toContain('application/vnd.shout')
    expect(type(await get('/things?format=application%2Fvnd.shout'))).toContain('application/vnd.shout')
  })

  it('answers 406 to a ?format= that names no mapper, or two', async () => {
    const { get } = await serve(resource('things', { ...answer, mappers: [json, shout] }))
    for (const query of ['?format=png', '?format=json&format=shout', '?format=__proto__', '?format=image/png'])
      expect((await get(`/things${query}`)).status).toBe(406)
  })

  it('takes an empty ?format= as none', async () => {
    const { get } = await serve(resource('things', answer))
    expect((await get('/things?format=')).status).toBe(200)
  })

  it('lets the suffix of the path go before Accept, and ?format= before the suffix', async () => {
    const { get } = await serve(resource('things', { ...answer, mappers: [json, shout] }))
    const response = await get('/things/1.shout', { Accept: 'application/json' })
    expect(type(response)).toContain('text/x-shout')
    expect(await response.text()).toBe('{"ID":"1"}!')
    expect(type(await get('/things.shout'))).toContain('text/x-shout')
    expect(type(await get('/things/1.shout?format=json'))).toContain('application/json')
  })

  it('leaves a suffix that names no mapper to the id', async () => {
    const { get } = await serve(resource('things', answer))
    expect(await (await get('/things/john.doe')).json()).toEqual({ id: 'john.doe' })
    expect(await (await get('/things/1.2.json')).json()).toEqual({ id: '1.2' })
    expect(await (await get('/things/.json')).json()).toEqual({ id: '.json' })
    expect((await get('/things.doe')).status).toBe(404)
  })

  it('leaves every suffix to the id where suffix is false', async () => {
    const { get } = await serve(resource('things', { ...answer, suffix: false }))
    expect(await (await get('/things/a.json')).json()).toEqual({ id: 'a.json' })
  })

  it('knows only the mapper where an endpoint has its own, whatever the client says', async () => {
    const { get } = await serve(resource('things', { ...answer, mapper: shout }))
    for (const [path, accept] of [
      ['/things', 'image/png'],
      ['/things?format=json', '*/*'],
      ['/things', 'application/json'],
    ] as const) {
      const response = await get(path, { Accept: accept })
      expect(type(response)).toBe('text/x-shout; charset=utf-8')
      expect(response.headers.get('vary')).toBeNull()
    }
  })

  it('lets inner mappers replace an outer mapper', async () => {
    const { get } = await serve(resource('things', { mapper: shout, get: () => 1, '/both': { mappers: [json, shout], get: () => 2 } }))
    expect(type(await get('/things', { Accept: 'application/json' }))).toContain('shout')
    expect(type(await get('/things/both', { Accept: 'application/json' }))).toContain('json')
  })

  it('gives a browser the default, not XML, where there is no HTML to be had', async () => {
    const { get } = await serve(resource('things', answer))
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
    expect(type(await get('/things', { Accept: accept }))).toBe('application/json; charset=utf-8')
  })

  it('gives a browser HTML where there is some', async () => {
    const html: Mapper = { name: 'html', types: ['text/html'], format: () => '<p>' }
    const { get } = await serve(resource('things', { ...answer, mappers: [json, xml, html] }))
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    expect(type(await get('/things', { Accept: accept }))).toBe('text/html; charset=utf-8')
  })

  it('says Vary: Accept on every negotiated answer, and keeps what stood there', async () => {
    const { get } = await serve(
      (_req, res, next) => {
        if (_req.query.before) res.vary(String(_req.query.before))
        next()
      },
      resource('things', answer),
    )
    expect((await get('/things')).headers.get('vary')).toBe('Accept')
    expect((await get('/things?format=json')).headers.get('vary')).toBe('Accept')
    expect((await get('/things?before=Origin')).headers.get('vary')).toBe('Origin, Accept')
    expect((await get('/things?before=accept')).headers.get('vary')).toBe('accept')
    expect((await get('/things?before=*')).headers.get('vary')).toBe('*')
  })

  it('says no charset for bytes, and encodes to the charset that a mapper writes', async () => {
    const latin: Mapper = { name: 'latin', types: ['text/plain'], charset: 'iso-8859-1', format: (data) => String(data) }
    const { get, errors } = await serve(resource('things', { mappers: [rot, latin], get: ({ query }) => query.q ?? 'é' }))
    expect(type(await get('/things'))).toBe('application/rot')
    const response = await get('/things?format=latin')
    expect(type(response)).toBe('text/plain; charset=iso-8859-1')
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0xe9])
    expect((await get('/things?format=latin&q=%E2%82%AC')).status).toBe(500)
    expect(errors).toHaveLength(1)
  })

  it('survives an Accept made of anything', async () => {
    const { get } = await serve(resource('things', answer))
    for (const accept of [
      ',',
      ';',
      'a',
      '*',
      'a/b;q',
      'application/json;q=abc',
      `${'a/b,'.repeat(500)}*/*`,
      ','.repeat(6000),
      `a/b;c="${'\\"'.repeat(2000)}"`,
    ]) {
      const started = performance.now()
      expect([200, 406]).toContain((await get('/things', { Accept: accept })).status)
      expect(performance.now() - started).toBeLessThan(500)
    }
  })

  it('remembers no more than it should of what clients say', async () => {
    const { get } = await serve(resource('things', answer))
    for (let index = 0; index < 450; index++) await get('/things', { Accept: `image/${index}, application/json` })
    expect(type(await get('/things', { Accept: 'image/3, application/json' }))).toContain('json')
    expect((await get('/things', { Accept: 'image/3' })).status).toBe(406)
    expect((await get('/things', { Accept: 'image/3' })).status).toBe(406)
  })
})

describe('the format of a problem', () => {
  const failing = {
    get: () => {
      throw badRequest('no')
    },
  }

  it.each([
    ['application/json', 'application/problem+json; charset=utf-8'],
    ['application/xml', 'application/problem+xml; charset=utf-8'],
    ['text/xml', 'application/problem+xml; charset=utf-8'],
    ['text/plain', 'text/plain; charset=utf-8'],
  ])('follows the choice: %s', async (accept, expected) => {
    const { get, send } = await serve(resource('things', { ...failing, mappers: [json, text, xml] }))
    const response = await get('/things', { Accept: accept })
    expect(response.status).toBe(400)
    expect(type(response)).toBe(expected)
    expect(response.headers.get('vary')).toBe('Accept')
    const notAllowed = await send('PUT', '/things', undefined, { Accept: accept })
    expect(notAllowed.status).toBe(405)
    expect(type(notAllowed)).toBe(expected)
    expect(type(await get('/things?format=png', { Accept: accept }))).toBe(expected)
  })

  it('is JSON for a mapper that has no type for problems', async () => {
    const { get } = await serve(resource('things', { ...failing, mapper: shout }))
    expect(type(await get('/things'))).toBe('application/problem+json; charset=utf-8')
  })

  it('may be asked for by its own type', async () => {
    const { get } = await serve(resource('things', { ...failing, mappers: [json, xml] }))
    expect(type(await get('/things?format=png', { Accept: 'application/problem+xml' }))).toBe('application/problem+xml; charset=utf-8')
    expect(type(await get('/things', { Accept: 'application/problem+xml, application/json;q=0.5' }))).toBe('application/problem+json; charset=utf-8')
  })

  it('arrives as JSON where nothing was acceptable', async () => {
    const { get } = await serve(resource('things', { ...failing, mappers: [json, xml] }))
    const response = await get('/things', { Accept: 'image/png' })
    expect(response.status).toBe(406)
    expect(type(response)).toBe('application/problem+json; charset=utf-8')
    expect(response.headers.get('vary')).toBe('Accept')
  })
})
