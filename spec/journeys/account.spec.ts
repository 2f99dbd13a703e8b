// An account with everything that a field can be: a text with a format, a date, one of a few words, a thing of its own, a list; under names
// of the wire that are not those in memory, and with a class behind it.
import { describe, expect, expectTypeOf, it } from 'vitest'
import { created, endpoint, notFound, representation, resource, schema } from '../../lib/index.js'
import { serve } from '../support/serve.js'

class Email {
  constructor(
    readonly address: string,
    readonly kind: string | undefined,
  ) {}
}

class User {
  tags: string[] = []
  constructor(
    readonly username: string,
    readonly join_date: Date,
    readonly email_address: Email,
    readonly account_type: string,
  ) {}
  get isRoot(): boolean {
    return this.account_type === 'root'
  }
}

// A thing that any other may hold.
const email = representation(
  { type: 'object', properties: { email: { type: 'string', format: 'email' }, type: { type: 'string' } }, required: ['email'], additionalProperties: false },
  {
    alias: { email: 'address', type: 'kind' },
    create: ({ address, kind }) => new Email(address, kind),
  },
)

const user = representation(
  {
    type: 'object',
    properties: {
      username: { type: 'string', maxLength: 30 },
      joindate: { type: 'string', format: 'date' },
      emailAddress: { $ref: email },
      accountType: { enum: ['root', 'novice', 'intermediate'] },
      tags: { type: 'array', items: { type: 'string', maxLength: 20 } },
    },
    required: ['username', 'joindate', 'emailAddress', 'accountType'],
    additionalProperties: false,
  },
  {
    alias: { joindate: 'join_date', emailAddress: 'email_address', accountType: 'account_type' },
    fields: { joindate: { create: (text: string) => new Date(`${text}T00:00:00Z`), serialize: (date: Date) => date.toISOString().slice(0, 10) } },
    create: ({ username, join_date, email_address, account_type, tags }) => {
      const user = new User(username, join_date as unknown as Date, email_address, account_type)
      user.tags = tags ?? []
      return user
    },
  },
)

const jedi = {
  username: 'jedi',
  joindate: '2012-01-18',
  emailAddress: { email: 'jedi@rebellion.example', type: 'work' },
  accountType: 'root',
  tags: ['jedi', 'active', 'rebel'],
}

const users = () => {
  const all = new Map<string, User>()
  return {
    all,
    resource: resource('users', {
      representation: user,
      get: () => [...all.values()],
      post: endpoint({
        request: { body: user },
        handler: ({ body, url }) => {
          expectTypeOf(body).toEqualTypeOf<User>()
          all.set(body.username, body)
          return created(body, { location: url('/:name', { name: body.username }) })
        },
      }),
      '/:name': {
        get: ({ params }) => all.get(params.name) ?? notFound(),
        put: endpoint({
          request: { body: user },
          handler: ({ params, body }) => {
            all.set(params.name, body)
            return body
          },
        }),
      },
    }),
  }
}

type Problem = { status: number; errors: { pointer: string; code: string; detail: string }[] }

describe('an account', () => {
  it('becomes an object with dates and things in it, and data again', async () => {
    const { all, resource } = users()
    const app = await serve(resource)
    const res = await app.send('POST', '/users', jedi)
    expect(res.status).toBe(201)
    expect(res.headers.get('location')).toBe('/users/jedi')
    expect(await res.json()).toEqual(jedi)
    const made = all.get('jedi') as User
    expect(made).toBeInstanceOf(User)
    expect(made.join_date).toEqual(new Date(Date.UTC(2012, 0, 18)))
    expect(made.email_address).toEqual(new Email('jedi@rebellion.example', 'work'))
    expect(made.isRoot).toBe(true)
    expect(await (await app.get('/users/jedi')).json()).toEqual(jedi)
    expect(await (await app.get('/users')).json()).toEqual([jedi])
  })

  it('comes as XML and goes out as XML, the same thing', async () => {
    const { all, resource } = users()
    const app = await serve(resource)
    await app.send('POST', '/users', jedi)
    const xml = await (await app.get('/users/jedi.xml')).text()
    expect(xml).toContain('<email>jedi@rebellion.example</email>')
    expect(xml).not.toContain('email_address')
    all.clear()
    const res = await app.send('PUT', '/users/jedi', xml, { 'Content-Type': 'application/xml' })
    expect(res.status).toBe(200)
    expect(all.get('jedi')?.email_address).toEqual(new Email('jedi@rebellion.example', 'work'))
    expect(await (await app.get('/users/jedi')).json()).toEqual(jedi)
  })

  it('comes as a form, where all is text', async () => {
    const { all, resource } = users()
    const app = await serve(resource)
    const form = new URLSearchParams({ username: 'ann', joindate: '2026-01-02', 'emailAddress[email]': 'ann@example.org', accountType: 'novice', tags: 'one' })
    expect((await app.send('POST', '/users', form.toString(), { 'Content-Type': 'application/x-www-form-urlencoded' })).status).toBe(201)
    expect(all.get('ann')).toMatchObject({ tags: ['one'], email_address: { address: 'ann@example.org', kind: undefined } })
  })

  it('leaves out what is optional and missing', async () => {
    const { resource } = users()
    const app = await serve(resource)
    const { tags: _, ...rest } = jedi
    const res = await app.send('POST', '/users', { ...rest, emailAddress: { email: 'a@b.example' } })
    expect(await res.json()).toEqual({ ...rest, emailAddress: { email: 'a@b.example' }, tags: [] })
  })

  it('is told all that is wrong with it at once, and never a name from memory', async () => {
    const { all, resource } = users()
    const app = await serve(resource)
    const wrong = {
      username: 'x'.repeat(31),
      joindate: '18.1.2012',
      emailAddress: { email: 'nobody', kind: 'work' },
      accountType: 'jedi',
      tags: ['ok', 'y'.repeat(21), 5],
      join_date: 'now',
    }
    const res = await app.send('POST', '/users', wrong)
    expect(res.status).toBe(400)
    const { errors } = (await res.json()) as Problem
    expect(errors).toEqual([
      { pointer: '/accountType', code: 'enum', detail: 'must be one of "root", "novice", "intermediate"' },
      { pointer: '/emailAddress/email', code: 'format', detail: 'must match format "email"' },
      { pointer: '/emailAddress/kind', code: 'additionalProperties', detail: 'is not known here' },
      { pointer: '/join_date', code: 'additionalProperties', detail: 'is not known here' },
      { pointer: '/joindate', code: 'format', detail: 'must match format "date"' },
      { pointer: '/tags/1', code: 'maxLength', detail: 'must NOT have more than 20 characters' },
      { pointer: '/tags/2', code: 'type', detail: 'must be string' },
      { pointer: '/username', code: 'maxLength', detail: 'must NOT have more than 30 characters' },
    ])
    expect(all.size).toBe(0)
    const empty = (await (await app.send('POST', '/users', {})).json()) as Problem
    expect(empty.errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/accountType required',
      '/emailAddress required',
      '/joindate required',
      '/username required',
    ])
  })

  it('whose object is not what it should be is a bug, and is not sent', async () => {
    const { all, resource } = users()
    const app = await serve(resource)
    all.set('odd', new User('odd', new Date(0), new Email('not an address', undefined), 'sith'))
    const res = await app.get('/users/odd')
    expect([res.status, await res.text()]).toEqual([500, 'express'])
    expect((app.errors[0] as Error).message).toBe(
      `resource('users'), get /:name, representation: the answer does not match its schema: /accountType must be one of "root", "novice", "intermediate"; /emailAddress/email must match format "email"`,
    )
  })
})

describe('field by field', () => {
  it('each kind takes what is its own and nothing else', async () => {
    const kinds = schema({
      type: 'object',
      properties: {
        text: { type: 'string', minLength: 1, maxLength: 5 },
        email: { type: 'string', format: 'email' },
        date: { type: 'string', format: 'date' },
        choice: { enum: ['a', 'b'] },
        whole: { type: 'integer', minimum: 0, maximum: 10 },
        number: { type: 'number', exclusiveMinimum: 0 },
        flag: { type: 'boolean' },
        nested: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
        list: { type: 'array', items: { type: 'integer' }, minItems: 1, uniqueItems: true },
        link: { type: 'string', format: 'uri' },
        pattern: { type: 'string', pattern: '^[a-z]+$' },
        nothing: { type: 'null' },
      },
      additionalProperties: false,
    })
    const app = await serve(resource('kinds', { post: endpoint({ request: { body: kinds }, handler: ({ body }) => body }) }))
    const cases: [keyof (typeof kinds)['properties'], unknown[], unknown[]][] = [
      ['text', ['a', 'abcde', 'äöüßé'], ['', 'abcdef', 1, null, ['a']]],
      ['email', ['a@b.fi'], ['a', 'a@', '@b', 'a b@c.fi', 1]],
      ['date', ['2024-02-29'], ['2023-02-29', '2024-2-9', '2024-02-29T00:00:00Z', 20240229]],
      ['choice', ['a', 'b'], ['c', 'A', '', null, 1]],
      ['whole', [0, 10, 5.0], [-1, 11, 1.5, '1', true]],
      ['number', [0.5, 1e3], [0, -1, '1']],
      ['flag', [true, false], ['true', 0, 1, null]],
      ['nested', [{ n: 1 }, { n: 1, more: 2 }], [{}, { n: '1' }, [], null]],
      ['list', [[1], [1, 2]], [[], [1, 1], ['1'], 1, { 0: 1 }]],
      ['link', ['https://example.org/a?b#c'], ['nowhere', '/a']],
      ['pattern', ['abc'], ['ABC', 'a1', '']],
      ['nothing', [null], ['', 0, false, {}]],
    ]
    for (const [name, right, wrong] of cases) {
      for (const value of right)
        expect(await (await app.send('POST', '/kinds', { [name]: value })).json(), `${name} ${JSON.stringify(value)}`).toEqual({ [name]: value })
      for (const value of wrong) expect((await app.send('POST', '/kinds', { [name]: value })).status, `${name} ${JSON.stringify(value)}`).toBe(400)
    }
  })
})
