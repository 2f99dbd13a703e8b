import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import Type from 'typebox'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { endpoint, type ParamsOf, resource } from '../lib/index.js'

describe('the types of a handler', () => {
  it('know the parameters of a path', () => {
    expectTypeOf<ParamsOf<'/:id'>>().toEqualTypeOf<{ id: string }>()
    expectTypeOf<ParamsOf<'/:id/photos/:photo'>>().toEqualTypeOf<{ id: string; photo: string }>()
    expectTypeOf<ParamsOf<'/files/*path'>>().toEqualTypeOf<{ path: string[] }>()
    expectTypeOf<ParamsOf<'/:from-:to'>>().toEqualTypeOf<{ from: string; to: string }>()
    expectTypeOf<ParamsOf<'/a{/:b}'>>().toEqualTypeOf<{ b?: string }>()
    resource('things', {
      get: ({ query }) => query,
      '/:id': {
        get: ({ params, body }) => {
          expectTypeOf(params).toEqualTypeOf<{ id: string }>()
          expectTypeOf(body).toBeUnknown()
        },
        put: endpoint({
          handler: ({ params }) => {
            expectTypeOf(params).toEqualTypeOf<{ id: string }>()
            // @ts-expect-error: the path has no such parameter
            return params.no
          },
        }),
      },
    })
  })

  it('know the body that a JSON Schema describes', () => {
    resource('things', {
      '/:id': {
        post: endpoint({
          request: {
            body: { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } }, required: ['name'], additionalProperties: false },
            query: { type: 'object', properties: { dry: { type: 'boolean' } }, required: ['dry'], additionalProperties: false },
          },
          handler: ({ params, body, query, headers }) => {
            expectTypeOf(params).toEqualTypeOf<{ id: string }>()
            expectTypeOf(body).toEqualTypeOf<{ name: string; age?: number }>()
            expectTypeOf(query.dry).toEqualTypeOf<boolean>()
            expectTypeOf(headers).toEqualTypeOf<IncomingHttpHeaders>()
          },
        }),
      },
    })
  })

  it('know the body that zod, TypeBox, raw and stream stand for', () => {
    resource('things', {
      post: endpoint({ request: { body: z.object({ name: z.string() }) }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<{ name: string }>() }),
      put: endpoint({ request: { body: Type.Object({ name: Type.String() }) }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<{ name: string }>() }),
      patch: endpoint({ request: { body: 'raw' }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<Buffer>() }),
      query: endpoint({ request: { body: 'stream' }, handler: ({ body }) => expectTypeOf(body).toEqualTypeOf<Readable>() }),
    })
  })

  it('refuse what is no option and what is no verb', () => {
    // @ts-expect-error: gett is no verb
    ;() => resource('things', { gett: () => 1 })
    // @ts-expect-error: bodyLimit is a number
    ;() => resource('things', { bodyLimit: '1mb', get: () => 1 })
    ;() => resource({ get: () => 1 })
  })
})
