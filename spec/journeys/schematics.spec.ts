// Schemas for each part of a request and of its answer: names that differ on the wire, defaults, header fields, parameters of path and query.
import { describe, expect, it } from 'vitest'
import { AnswerError, endpoint, Problem, reply, representation, resource } from '../../lib/index.js'
import { serve } from '../support/serve.js'

const input = {
  body: representation(
    { type: 'object', properties: { name: { type: 'string', default: '' }, id: { type: 'integer' } }, required: ['id'], additionalProperties: false },
    { alias: { id: 'id_' } },
  ),
  headers: representation({ type: 'object', properties: { 'x-test': { type: 'integer', minimum: 0, default: 0 } } }, { alias: { 'x-test': 'x_test' } }),
}

const output = {
  body: representation(
    {
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 1 },
        options: { type: 'object', properties: { xray: { type: 'boolean', default: false } }, default: {}, additionalProperties: false },
      },
      required: ['name'],
      additionalProperties: false,
    },
    { alias: { options: 'params' } },
  ),
  headers: { type: 'object', properties: { 'x-response': { type: 'integer', default: 5 } } },
} as const

const routes = [
  resource('post', {
    post: endpoint({
      request: input,
      handler: ({ body, headers }) => reply({ validated: { body, headers: { x_test: headers.x_test } } }, { status: 201 }),
    }),
  }),
  resource('tags', {
    '/:tag': {
      get: endpoint({
        request: {
          params: { type: 'object', properties: { tag: { type: 'string', pattern: '^[a-z]+$' } } },
          query: { type: 'object', properties: { sort: { enum: ['asc', 'desc'], default: 'asc' }, page: { type: 'integer', minimum: 1, default: 1 } } },
        },
        handler: ({ params, query }) => ({ tag: params.tag, validated: { path: params, params: query } }),
      }),
    },
  }),
  resource('return', {
    errors: [[AnswerError, () => new Problem(500, 'Wrong data output.')]],
    post: endpoint({ response: output, handler: ({ body }) => body as never }),
  }),
]

type Errors = { status: number; errors: { pointer?: string; header?: string; parameter?: string; detail: string }[] }

describe('/post', () => {
  it('gives the data that was checked, under the names of memory, with defaults', async () => {
    const app = await serve(...routes)
    const res = await app.send('POST', '/post', { id: 1 })
    expect(res.status).toBe(201)
    expect(await res.json()).toEqual({ validated: { body: { name: '', id_: 1 }, headers: { x_test: 0 } } })
    const full = await app.send('POST', '/post', { id: 2, name: 'Ann' }, { 'X-TEST': '7' })
    expect(await full.json()).toEqual({ validated: { body: { name: 'Ann', id_: 2 }, headers: { x_test: 7 } } })
  })

  it('takes a form as well, where numbers are texts', async () => {
    const app = await serve(...routes)
    const res = await app.send('POST', '/post', 'id=3&name=Bo', { 'Content-Type': 'application/x-www-form-urlencoded' })
    expect(await res.json()).toMatchObject({ validated: { body: { name: 'Bo', id_: 3 } } })
  })

  it('tells what is wrong in the names of the wire, part by part', async () => {
    const app = await serve(...routes)
    const res = await app.send('POST', '/post', { id: 'x', id_: 1, name: null }, { 'x-test': '-1' })
    expect(res.status).toBe(400)
    expect(((await res.json()) as Errors).errors).toEqual([
      { header: 'x-test', code: 'minimum', detail: 'must be >= 0' },
      { pointer: '/id', code: 'type', detail: 'must be integer' },
      { pointer: '/id_', code: 'additionalProperties', detail: 'is not known here' },
      { pointer: '/name', code: 'type', detail: 'must be string' },
    ])
    const form = await app.send('POST', '/post', 'name=a&name=b', { 'Content-Type': 'application/x-www-form-urlencoded' })
    expect(((await form.json()) as Errors).errors.map(({ pointer }) => pointer)).toEqual(['/id', '/name'])
  })
})

describe('/tags/:tag', () => {
  it('has parameters with defaults', async () => {
    const app = await serve(...routes)
    expect(await (await app.get('/tags/abc')).json()).toEqual({ tag: 'abc', validated: { path: { tag: 'abc' }, params: { sort: 'asc', page: 1 } } })
    expect(await (await app.get('/tags/abc?sort=desc&page=3&other=x')).json()).toMatchObject({ validated: { params: { sort: 'desc', page: 3, other: 'x' } } })
    expect(await (await app.get('/tags/abc?sort=&page=')).json()).toMatchObject({ validated: { params: { sort: 'asc', page: 1 } } })
  })

  it('has no tag but one of letters, and no page before the first', async () => {
    const app = await serve(...routes)
    expect((await app.get('/tags/ABC')).status).toBe(404)
    expect((await app.get('/tags/a1')).status).toBe(404)
    const res = await app.get('/tags/abc?sort=up&page=0&page=1')
    expect(((await res.json()) as Errors).errors.map(({ parameter, detail }) => `${parameter} ${detail}`)).toEqual([
      'page must be integer',
      'sort must be one of "asc", "desc"',
    ])
  })
})

describe('/return', () => {
  it('is written under the names of the wire, stripped, with defaults in body and header fields', async () => {
    const app = await serve(...routes)
    const res = await app.send('POST', '/return', { name: 'a', params: { xray: true, more: 1 }, extra: 2 })
    expect(await res.json()).toEqual({ name: 'a', options: { xray: true } })
    expect(res.headers.get('x-response')).toBe('5')
    expect(await (await app.send('POST', '/return', { name: 'b' })).json()).toEqual({ name: 'b', options: { xray: false } })
  })

  it('says no more than that when it is wrong, if that is what it is told to say', async () => {
    const app = await serve(...routes)
    for (const wrong of [{}, { name: '' }, { name: 'a', params: { xray: 'no' } }]) {
      const res = await app.send('POST', '/return', wrong)
      expect(res.status).toBe(500)
      expect(await res.json()).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'Wrong data output.' })
    }
  })
})
