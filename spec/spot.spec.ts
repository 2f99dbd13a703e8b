import { describe, expect, it } from 'vitest'
import { csv, endpoint, json, resource } from '../lib/index.js'
import { serve } from './support/serve.js'

describe('OPTIONS', () => {
  it('tells beside the methods what their bodies may be', async () => {
    const served = await serve(
      resource('rows', {
        mappers: [json, csv],
        get: () => [],
        post: ({ body }) => body,
        patch: ({ body }) => body,
        query: ({ body }) => body,
        '/raw': { post: endpoint({ request: { body: 'raw' }, handler: ({ body }) => body.length }) },
      }),
    )
    const { headers } = await served.send('OPTIONS', '/rows')
    const types = 'application/json, text/json, text/csv'
    expect(headers.get('allow')).toBe('GET, HEAD, OPTIONS, PATCH, POST, QUERY')
    for (const field of ['accept-post', 'accept-patch', 'accept-query']) expect(headers.get(field)).toBe(types)
    expect((await served.send('OPTIONS', '/rows/raw')).headers.get('accept-post')).toBeNull()
  })
})
