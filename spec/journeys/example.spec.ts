import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
// @ts-expect-error: the example is plain JavaScript, without declarations
import { plist } from '../../example-app/plist.js'
import type { Mapper, TrestleServer } from '../../lib/index.js'
import { mapperContract } from '../contracts/mapper.js'

let server: TrestleServer
let printed = ''
let base = ''

beforeAll(async () => {
  vi.stubEnv('PORT', '0')
  const log = vi.spyOn(console, 'log').mockImplementation((text) => {
    printed += text
  })
  // @ts-expect-error: as above
  const example = await import('../../example-app/main.js')
  server = example.server
  if (!server.listening) await once(server, 'listening')
  await vi.waitFor(() => expect(printed).toContain('curl'))
  log.mockRestore()
  base = `http://localhost:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  vi.unstubAllEnvs()
})

const luke = `Basic ${Buffer.from('luke:x-wing').toString('base64')}`
const leia = `Basic ${Buffer.from('leia:alderaan').toString('base64')}`
const yoda = `Basic ${Buffer.from('yoda:swamp').toString('base64')}`
const ask = (path: string, init: RequestInit = {}) => fetch(base + path, init)
const json = async (path: string, init?: RequestInit) => (await ask(path, init)).json() as Promise<unknown>
const ann = { id: 1, name: 'Ann Lee', phone: '+44 20 7946 0101', city: 'London', version: 0 }
const bo = { id: 2, name: 'Bo Ek', phone: '+46 8 123 456 78', city: 'Stockholm', version: 0 }
const as = (user: string, method: string, init: RequestInit = {}): RequestInit => ({ method, ...init, headers: { Authorization: user, ...init.headers } })
const sent = (user: string, method: string, type: string, body: string): RequestInit => as(user, method, { headers: { 'Content-Type': type }, body })

describe('the phone book', () => {
  it('prints the URLs to try, with the port that it has, and the accounts', () => {
    for (const line of [
      `curl ${base.slice(7)}/contacts\n`,
      `curl '${base.slice(7)}/contacts?format=text'\n`,
      '/contacts/1.json\n',
      "-H 'Accept: image/png'",
      'yoda:swamp',
      'luke:x-wing',
      'leia:alderaan',
    ])
      expect(printed).toContain(line)
  })

  it('answers in JSON, XML and text, by Accept, by ?format= and by suffix', async () => {
    const response = await ask('/contacts')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toMatchObject({ objects: [ann, bo], meta: { total: 2 } })
    const xml = await ask('/contacts', { headers: { Accept: 'application/xml' } })
    expect(xml.headers.get('content-type')).toBe('application/xml; charset=utf-8')
    expect(await xml.text()).toContain('<name>Ann Lee</name>')
    const text = await ask('/contacts?format=text')
    expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await text.text()).toContain('name: Ann Lee')
    expect(await json('/contacts/1.json')).toEqual(ann)
    expect(await json('/people/1')).toEqual(ann)
  })

  it('answers in the format of its own', async () => {
    const response = await ask('/contacts/1.plist')
    expect(response.headers.get('content-type')).toBe('application/x-plist; charset=utf-8')
    expect(await response.text()).toContain('<dict><key>id</key><integer>1</integer><key>name</key><string>Ann Lee</string>')
  })

  it('refuses a picture with 406, as a problem', async () => {
    const response = await ask('/contacts', { headers: { Accept: 'image/png' } })
    expect([response.status, response.headers.get('content-type')]).toEqual([406, 'application/problem+json; charset=utf-8'])
    expect(await response.json()).toMatchObject({ title: 'Not Acceptable', status: 406 })
  })

  it('finds by filter, sorts, and puts e-mail addresses and groups in', async () => {
    expect(await json('/contacts?filter[groups.name]=friends&sort=-name&include=emails,groups')).toMatchObject({
      objects: [
        { ...bo, emails: [{ address: 'bo@example.com', label: 'work' }], groups: [{ name: 'friends' }] },
        { ...ann, emails: [], groups: [{ name: 'friends' }] },
      ],
    })
    expect(await json('/contacts?q=stock')).toMatchObject({ objects: [bo] })
    expect((await ask('/contacts?filter[phone]=1')).status).toBe(400)
  })

  it('takes contacts in every format, replaces, calls and removes them', async () => {
    const made = await ask('/contacts', sent(luke, 'POST', 'application/json', '{"name":"Cy","phone":"555 0100"}'))
    const location = made.headers.get('location') as string
    expect([made.status, await made.json()]).toMatchObject([201, { name: 'Cy', phone: '555 0100', city: null }])
    expect(await json(location)).toMatchObject({ name: 'Cy', phone: '555 0100' })
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', 'name=Di&phone=555&city=Rome'],
      ['application/xml', '<contact><name>Di</name><phone>555</phone><city>Rome</city></contact>'],
      [
        'application/x-plist',
        '<plist version="1.0"><dict><key>name</key><string>Di</string><key>phone</key><string>555</string><key>city</key><string>Rome</string></dict></plist>',
      ],
    ] as const)
      expect(await json(location, sent(luke, 'PUT', type, body))).toMatchObject({ name: 'Di', phone: '555', city: 'Rome' })
    const call = await ask(`${location}/call`, as(luke, 'POST'))
    expect([call.status, await call.json()]).toEqual([202, { calling: '555' }])
    expect((await ask(location, as(luke, 'DELETE'))).status).toBe(204)
    expect((await ask(location)).status).toBe(404)
    expect((await ask(location, as(luke, 'DELETE'))).status).toBe(404)
  })

  it('stores a photo of a contact and serves it with its type', async () => {
    const picture = Buffer.from('89504e470d0a1a0a0000', 'hex')
    const form = (type: string): FormData => {
      const data = new FormData()
      data.set('photo', new Blob([picture], { type }), 'ann.png')
      return data
    }
    expect((await ask('/contacts/1/photo')).status).toBe(404)
    const stored = await ask('/contacts/1/photo', as(luke, 'PUT', { body: form('image/png') }))
    expect([stored.status, stored.headers.get('location'), await stored.json()]).toEqual([
      201,
      '/contacts/1/photo',
      { type: 'image/png', size: picture.length },
    ])
    const photo = await ask('/contacts/1/photo')
    expect([photo.status, photo.headers.get('content-type')]).toEqual([200, 'image/png'])
    expect(Buffer.from(await photo.arrayBuffer())).toEqual(picture)
    expect((await ask('/contacts/1/photo', as(luke, 'PUT', { body: form('image/png') }))).status).toBe(204)
    expect((await ask('/contacts/1/photo', as(luke, 'PUT', { body: form('text/html') }))).status).toBe(415)
  })

  it('lets everybody read, luke and leia write what is theirs to write, and yoda do everything', async () => {
    const message = '{"text":"Call back","personId":1}'
    const json = 'application/json'
    expect((await ask('/messages', { method: 'POST', headers: { 'Content-Type': json }, body: message })).status).toBe(401)
    expect((await ask('/messages', sent(leia, 'POST', json, message))).status).toBe(201)
    expect((await ask('/contacts/1', as(leia, 'DELETE'))).status).toBe(403)
    expect((await ask('/messages', sent(`Basic ${Buffer.from('leia:wrong').toString('base64')}`, 'POST', json, message))).status).toBe(401)
    for (const [user, status] of [
      [yoda, 200],
      [luke, 403],
    ] as const)
      expect((await ask('/accounts', as(user, 'GET'))).status).toBe(status)
    expect((await ask('/accounts')).status).toBe(401)
    expect(await (await ask('/accounts', as(yoda, 'GET'))).text()).not.toContain('scrypt')
  })

  it('tells mistakes apart', async () => {
    const wrong = await ask('/contacts', sent(luke, 'POST', 'application/json', '{"name":"","phone":"x","age":7}'))
    expect(wrong.status).toBe(400)
    expect(((await wrong.json()) as { errors: object[] }).errors).toHaveLength(3)
    const notAllowed = await ask('/contacts/1/call')
    expect([notAllowed.status, notAllowed.headers.get('allow')]).toEqual([405, 'OPTIONS, POST'])
    expect((await ask('/nowhere')).headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })
})

mapperContract('plist', plist as Mapper, {
  same: [
    true,
    false,
    0,
    -1.5,
    'a word',
    '',
    [],
    {},
    ['one', [1, 2, ['three']]],
    { name: 'Ann', age: 41, tags: ['a', 'b'], address: { city: 'Tampere', lines: ['1', ''] } },
    { word: 'Grüße, 世界 🙂 & <b> "quoted" \'too\'; 100%\n\tnext line\r\n', '': { 'a & b': true } },
  ],
  reads: [
    {
      type: 'application/x-plist',
      body: `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <!-- as Xcode writes them -->
  <key>CFBundleName</key>  <string>Phone &amp; Book &#x1F642;</string>
  <key>Sizes</key>  <array> <integer>-3</integer> <real>1e3</real> <true/> <false></false> </array>
  <key>When</key>  <date>2025-01-01T00:00:00Z</date>
  <key>Empty</key>  <dict/>
</dict>
</plist>`,
      data: { CFBundleName: 'Phone & Book 🙂', Sizes: [-3, 1000, true, false], When: '2025-01-01T00:00:00Z', Empty: {} },
    },
  ],
})

describe('a property list', () => {
  const read = (text: string) => plist.parse(text)
  const inside = (text: string) => read(`<plist version="1.0">${text}</plist>`)

  it('holds dates, bytes and what has a toJSON', () => {
    const written = plist.format({ when: new Date(0), bytes: new Uint8Array([1, 2]), own: { toJSON: () => 'x' }, none: null, list: [null], big: 10n })
    expect(read(written)).toEqual({ when: '1970-01-01T00:00:00Z', bytes: Buffer.from([1, 2]), own: 'x', list: [''], big: 10 })
  })

  it('writes no letter that XML does not know', () => {
    expect(read(plist.format({ a: 'x\0y\ud800\uffff' }))).toEqual({ a: 'x\ufffdy\ufffd\ufffd' })
  })

  it.each([
    '<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>',
    '<!DOCTYPE plist SYSTEM "file:///etc/passwd"><plist><string>a</string></plist>',
    '<plist><string>&a;</string></plist>',
    '<plist><string>a & b</string></plist>',
    '<plist><string>&#0;</string></plist>',
    '<plist><string>&#x110000;</string></plist>',
    '<plist></plist>',
    '<plist><string>a</string><string>b</string></plist>',
    '<plist><string>a</string></plist>more',
    '<plist><string>a</plist>',
    '<plist><dict><string>a</string></dict></plist>',
    '<plist><dict><key>a</key></dict></plist>',
    '<plist><dict><key>__proto__</key><dict/></dict></plist>',
    '<plist><integer>1.5</integer></plist>',
    '<plist><integer>9007199254740993</integer></plist>',
    '<plist><integer/></plist>',
    '<plist><real>abc</real></plist>',
    '<plist><real>inf</real></plist>',
    '<plist><true>x</true></plist>',
    '<plist><date>soon</date></plist>',
    '<plist><data>%</data></plist>',
    '<plist><!-- a',
    'hello',
    '',
  ])('is refused where it is none: %s', (text) => {
    expect(() => read(text)).toThrow(SyntaxError)
  })

  it('is read at most 100 levels deep', () => {
    const nested = (levels: number) => inside('<array>'.repeat(levels) + '</array>'.repeat(levels))
    expect(JSON.stringify(nested(100))).toBe('['.repeat(100) + ']'.repeat(100))
    expect(() => nested(5000)).toThrow('nested more than 100')
  })

  it('is read in linear time', () => {
    for (const piece of ['<!--', '<key>', ' ', '&amp;', '<dict>', '-->']) {
      const started = performance.now()
      expect(() => inside(`<dict>${piece.repeat(100_000)}`)).toThrow(SyntaxError)
      expect(performance.now() - started, piece).toBeLessThan(1000)
    }
  })
})
