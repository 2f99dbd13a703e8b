import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decimal, endpoint, json, type Mapper, Problem, resource, xml } from '../../lib/index.js'
import { xmlWith } from '../../lib/mappers/xml.js'
import { mapperContract } from '../contracts/mapper.js'
import { serve } from '../support/serve.js'

mapperContract('xml', xml)
mapperContract('xml with attributes', xmlWith({ attributes: true }))
mapperContract('xml with names of its own', xmlWith({ root: (name) => name ?? 'data', item: () => 'entry', numbers: 'decimal' }))

const type = { 'Content-Type': 'application/xml' }
const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

describe('what xml writes', () => {
  it('is an element for each member, and items called after their list', async () => {
    expect(await written({ name: 'Ann', tags: ['a', 'b'], address: { city: 'Oulu' } })).toBe(
      `<?xml version="1.0"?><root ${xsi}><name>Ann</name><tags><tags_item>a</tags_item><tags_item>b</tags_item></tags><address><city>Oulu</city></address></root>`,
    )
  })

  it.each([
    [[1, [2]], '<_item>1</_item><_item><_item_item>2</_item_item></_item>'],
    [{ a: null, b: '', c: true, d: 1.5e300 }, '<a xsi:nil="true"/><b/><c>true</c><d>1.5e+300</d>'],
    [{ a: [], b: {}, c: { c_item: 1 } }, '<a type="list"/><b type="object"/><c type="object"><c_item>1</c_item></c>'],
    [{ a: '1', b: 'true', c: '007', d: 'no' }, '<a type="string">1</a><b type="string">true</b><c>007</c><d>no</d>'],
    [{ 'a b': 1, '1': 2, '': 3, _x: 4, 'a:b': 5 }, '<_x0031_>2</_x0031_><a_x0020_b>1</a_x0020_b><_x_>3</_x_><_x005F_x>4</_x005F_x><a_x003A_b>5</a_x003A_b>'],
    [{ a: '<&>"\r\n' }, '<a>&lt;&amp;&gt;"&#13;\n</a>'],
    [{ a: '\0\ud800\ufffe' }, '<a>\ufffd\ufffd\ufffd</a>'],
    [{ at: new Date(0), gone: undefined, list: [undefined] }, '<at>1970-01-01T00:00:00.000Z</at><list><list_item xsi:nil="true"/></list>'],
  ])('of %o is %s', async (data, inside) => {
    expect(await written(data)).toBe(`<?xml version="1.0"?><root ${xsi}>${inside}</root>`)
  })

  it('comes back the same, whatever it was', async () => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body }))
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', ' ', 'true', '1', '-0.5e3', 'null', '_item', 'list', '\r\n\t'))
    const key = fc.oneof(text, fc.constantFrom('a', 'a_item', '_item', '_x0041_', '__x', '1st', '#text', '@a', 'type'))
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async (data) => {
        const same = JSON.parse(JSON.stringify(data))
        fc.pre(!/\\[ubf]|[\ufffe\uffff]/.test(JSON.stringify(data)))
        const written = await (
          await served.send('POST', '/', data === null ? 'null' : JSON.stringify(data), { 'Content-Type': 'application/json', Accept: 'application/xml' })
        ).text()
        expect(await (await served.send('POST', '/', written, { ...type, Accept: 'application/json' })).json()).toEqual(same)
      }),
      { numRuns: 200 },
    )
  })

  it('has the name of the resource for its root where it is told so', async () => {
    const served = await serve(resource('contacts', { mappers: [xmlWith({ root: (name) => `${name}-list` })], get: () => ['a'] }))
    expect(await (await served.get('/contacts')).text()).toBe(`<?xml version="1.0"?><contacts-list ${xsi}><_item>a</_item></contacts-list>`)
  })

  it('is a problem document as RFC 9457 has it', async () => {
    const problem = new Problem(409, 'The name is <taken>.', { members: { errors: [{ pointer: '/name' }], note: null, id: '7' } })
    const served = await serve(
      resource({
        mappers: [xml],
        get: () => {
          throw problem
        },
      }),
    )
    const answer = await served.get('/')
    expect(answer.headers.get('content-type')).toBe('application/problem+xml; charset=utf-8')
    expect(await answer.text()).toBe(
      '<?xml version="1.0"?><problem xmlns="urn:ietf:rfc:7807"><type>about:blank</type><title>Conflict</title><status>409</status>' +
        '<detail>The name is &lt;taken&gt;.</detail><errors><i><pointer>/name</pointer></i></errors><note/><id>7</id></problem>',
    )
  })

  it('is not begun where the first row cannot be written', async () => {
    const bad = {
      get name() {
        throw new Error('no name')
      },
    }
    const served = await serve(
      resource({
        mappers: [xml],
        get: async function* () {
          yield bad
        },
      }),
    )
    expect((await served.get('/')).status).toBe(500)
    expect(served.errors).toHaveLength(1)
  })
})

describe('what xml reads', () => {
  it.each([
    ['<a/>', ''],
    ['<a>  </a>', '  '],
    ['<any><b>1</b></any>', { b: 1 }],
    ['<a>\n  <b>1</b>\n</a>\n', { b: 1 }],
    ['<a><b>1</b><b>2</b></a>', [1, 2]],
    ['<a><b>1</b><b>2</b><c>3</c></a>', { b: [1, 2], c: 3 }],
    ['<a><_item>1</_item></a>', [1]],
    ['<a><b><b_item>1</b_item></b></a>', { b: [1] }],
    ['<a>one<b>two</b>three</a>', { b: 'two', '#text': 'onethree' }],
    ['<a b="1"><c d="2">x</c></a>', { c: 'x' }],
    ['<p:a xmlns:p="urn:x"><p:b>1</p:b></p:a>', { 'p:b': 1 }],
    ['<a><![CDATA[<&>]]>&lt;&#65;&#x1F600;<!-- no -->&apos;</a>', "<&><A😀'"],
    ["<?go it's?><!-- c --><a><?go 'on?>x</a><!-- d -->", 'x'],
    ['<a>x\r\ny\rz&#13;</a>', 'x\ny\nz\r'],
    ['<données été="là">日本語</données>', '日本語'],
    [`<a ${xsi}><b xsi:nil="true"/><c xsi:nil="false"/></a>`, { b: null, c: '' }],
    ['<a><toString>x</toString><hasOwnProperty>y</hasOwnProperty></a>', { toString: 'x', hasOwnProperty: 'y' }],
  ])('of %s is what it means', async (body, data) => {
    expect(await read(body)).toEqual(data)
  })

  it.each([
    ['1e5', 1e5],
    ['-0.5', -0.5],
    ['9007199254740993', '9007199254740993'],
    ['1152921504606847000', 2 ** 60],
    ['1152921504606846976', '1152921504606846976'],
    ['0.12345678901234567890', '0.12345678901234567890'],
    ['1e999', '1e999'],
    ['007', '007'],
    ['+1', '+1'],
    ['0x1F', '0x1F'],
    [' 1', ' 1'],
    ['NaN', 'NaN'],
    ['true', true],
    ['True', 'True'],
  ])('takes %s for a number or a boolean only where nothing is lost', async (text, value) => {
    expect(await read(`<a><b>${text}</b></a>`)).toEqual({ b: value })
  })

  it('leaves numbers texts, or keeps them exact, where it is told to', async () => {
    const body = '<a><b>1</b><b>9007199254740993</b><b>0.12345678901234567890</b></a>'
    expect(await read(body, xmlWith({ numbers: 'text' }))).toEqual(['1', '9007199254740993', '0.12345678901234567890'])
    expect(await read(body, xmlWith({ numbers: 'decimal' }))).toEqual([1, 9007199254740993n, new Decimal('0.12345678901234567890')])
  })

  it('has attributes as members where it is told to, and gives them back', async () => {
    const mapper = xmlWith({ attributes: true })
    const data = { '@id': '1 "<&\n', price: { '@currency': 'EUR', '#text': '12' }, only: { '#text': 'x' }, '@type': 'list' }
    expect(await read(await written(data, mapper), mapper)).toEqual(data)
    expect(await read(`<a b="x\ty" ${xsi} xsi:nil="0">12</a>`, mapper)).toEqual({ '@b': 'x y', '#text': '12' })
  })

  describe('with a schema', () => {
    const body = {
      type: 'object',
      properties: {
        code: { type: 'string' },
        age: { type: ['integer', 'null'] },
        tags: { type: 'array', items: { type: 'string' } },
        list: { $ref: '#/$defs/list' },
        inner: { type: 'object' },
        maybe: { anyOf: [{ type: 'null' }, { type: 'array', items: { type: 'array', items: { type: 'integer' } } }] },
      },
      $defs: { list: { type: 'array', items: { type: 'object', properties: { n: { type: 'number' } } } } },
    } as const

    it.each([
      ['<code>007</code>', { code: '007' }],
      ['<code>1</code><age>41</age>', { code: '1', age: 41 }],
      [`<age ${xsi} xsi:nil="true"/>`, { age: null }],
      ['<tags/>', { tags: [] }],
      ['<tags>1</tags>', { tags: ['1'] }],
      ['<tags><tag>1</tag></tags>', { tags: ['1'] }],
      ['<tags>1</tags><tags>2</tags>', { tags: ['1', '2'] }],
      ['<list><any><n>1</n></any></list>', { list: [{ n: 1 }] }],
      ['<inner/>', { inner: {} }],
      ['<maybe><a><b>1</b></a></maybe>', { maybe: [[1]] }],
    ])('reads %s as the schema has it', async (inside, data) => {
      const bodies: unknown[] = []
      const served = await serve(resource({ mappers: [xml], post: endpoint({ request: { body }, handler: (ctx) => void bodies.push(ctx.body) }) }))
      const answer = await served.send('POST', '/', `<root>${inside}</root>`, type)
      expect(`${answer.status} ${await answer.text()}`).toBe('204 ')
      expect(bodies).toEqual([data])
    })
  })
})

describe('what xml refuses', () => {
  it.each([
    ['no document', ['', ' ', 'hello', '&amp;', '<![CDATA[x]]>', '<!-- c -->', '<?go?>', '<']],
    ['more than one', ['<a/><b/>', '<a/>x', 'x<a/>', '<a></a></a>', '</a>', '<a/>&amp;']],
    ['tags that do not match', ['<a>', '<a></b>', '<a><b></a></b>', '<a></ a>', '<a / >', '<a', '</a', '<a></a', '<a></A>', '<a></a b="1">']],
    ['bad names', ['<1a/>', '<-a/>', '< a/>', '<a.$/>', '<a 1="x"/>', '<a><?1?></a>', '<a>\u00d7<\u00d7/></a>']],
    ['bad attributes', ['<a b/>', '<a b=1/>', '<a b="1" b="2"/>', '<a b="<"/>', '<a b="&"/>', '<a b="1"c="2"/>', '<a b="1/>', '<a b=\'1"/>']],
    [
      'bad references',
      ['<a>&</a>', '<a>&lt</a>', '<a>&copy;</a>', '<a>&#x;</a>', '<a>&#0;</a>', '<a>&#xD800;</a>', '<a>&#x110000;</a>', '<a>&#X41;</a>', '<a>&#12x;</a>'],
    ],
    ['characters that XML does not have', ['<a>\0</a>', '<a>\u0001</a>', '<a>\ufffe</a>', '<a b="\u000b"/>', '<a><!--\u0002--></a>', '<a>&#1;</a>']],
    ['bad comments and sections', ['<a><!-- a -- b --></a>', '<a><!-- </a>', '<a><!----->', '<a>]]></a>', '<a><![CDATA[x</a>', '<a><![cdata[x]]></a>']],
    [
      'bad instructions',
      ['<a><?xml version="1.0"?></a>', ' <?xml version="1.0"?><a/>', '<?XML version="1.0"?><a/>', '<a><??></a>', '<a><?go</a>', '<?go,on?><a/>'],
    ],
    [
      'bad declarations',
      [
        '<?xml?><a/>',
        '<?xml version="2.0"?><a/>',
        '<?xml encoding="UTF-8"?><a/>',
        '<?xml version="1.0" encoding="-"?><a/>',
        '<?xml version="1.0" encoding="utf-8\'?><a/>',
        '<?xml version="1.0" standalone="maybe"?><a/>',
        '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>',
      ],
    ],
    [
      'document types',
      ['<!DOCTYPE a><a/>', '<!doctype a><a/>', '<!-- c --><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '<a><!DOCTYPE a></a>', '<!ENTITY b "c"><a/>'],
    ],
    ['names that reach for a prototype', ['<__proto__><a>1</a></__proto__>', '<a><constructor/></a>', '<a><_x005F__proto__/></a>', '<a __proto__="x"/>']],
  ])('%s', async (_, bodies) => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body ?? null }))
    for (const body of bodies) {
      const answer = await served.send('POST', '/', body, type)
      expect(`${body} ${answer.status}`).toBe(`${body} ${body === '' ? 200 : 400}`)
    }
  })

  it('names the line', async () => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body }))
    expect(await (await served.send('POST', '/', '<a>\n<b>\n</a>', type)).json()).toMatchObject({
      detail: 'The XML is not well formed in line 3: the end tag a has no start.',
    })
  })

  it('a document type at once, whatever follows', async () => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body, bodyLimit: 10_000_000 }))
    const bomb = `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(5_000_000)}">]><a>${'&b;'.repeat(100_000)}</a>`
    await served.send('POST', '/', '<a/>', type)
    const start = performance.now()
    expect((await served.send('POST', '/', bomb, type)).status).toBe(400)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it('more than 100 levels and more than 100 attributes', async () => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body }))
    const deep = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels)
    const wide = (count: number): string => `<a ${Array.from({ length: count }, (_, index) => `b${index}=""`).join(' ')}/>`
    for (const body of [deep(100), wide(100)]) expect((await served.send('POST', '/', body, type)).status).toBe(200)
    for (const body of [deep(101), wide(101), '<a>'.repeat(20_000)]) expect((await served.send('POST', '/', body, type)).status).toBe(400)
  })

  it.each([
    ['brackets', '<'],
    ['ampersands', '<a>&'],
    ['spaces in a tag', '<a '],
    ['a long name', '<aaaa'],
    ['an open value', '<a b="xxxx'],
    ['dashes in a comment', '<a><!----'],
    ['comments', '<a><!---->'],
  ])('a long run of %s in no time', async (_, start) => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body, bodyLimit: 10_000_000 }))
    const begun = performance.now()
    expect((await served.send('POST', '/', start + start.slice(-1).repeat(3_000_000), type)).status).toBe(400)
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})

describe('the encoding of xml', () => {
  it.each([
    ['a declaration that agrees', '<?xml version="1.0" encoding="utf-8"?><a>é</a>', 'application/xml'],
    ['a charset in the Content-Type that has the last word', '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 'application/xml; charset=utf-8'],
    ['a byte order mark', '\ufeff<a>é</a>', 'text/xml'],
  ])('is told by %s', async (_, body, type) => {
    const served = await serve(resource({ mappers: [json, xml], post: ({ body }) => body }))
    expect(await (await served.send('POST', '/', body, { 'Content-Type': type })).json()).toBe('é')
  })

  it('does not matter where all is ASCII', async () => {
    expect(await read('<?xml version="1.0" encoding="ISO-8859-1"?><a>e</a>')).toBe('e')
  })
})

async function written(data: unknown, mapper: Mapper = xml): Promise<string> {
  const served = await serve(resource({ mappers: [mapper], get: () => data }))
  return (await served.get('/')).text()
}

async function read(body: string, mapper: Mapper = xml): Promise<unknown> {
  const bodies: unknown[] = []
  const served = await serve(
    resource({
      mappers: [mapper],
      post: ({ body }) => {
        bodies.push(body)
      },
    }),
  )
  const answer = await served.send('POST', '/', body, type)
  expect(`${answer.status} ${await answer.text()}`).toBe('204 ')
  return bodies[0]
}
