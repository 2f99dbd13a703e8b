import express, { type Express } from 'express'
import { describe, expect, it } from 'vitest'
import { createServer, resource } from '../lib/index.js'
import { serveApp } from './support/serve.js'

const listeners: [name: string, listen: (app: Express) => ReturnType<typeof createServer>][] = [
  ['createServer', (app) => createServer(app)],
  ['app.listen', (app) => app.listen(0, '127.0.0.1') as ReturnType<typeof createServer>],
]

describe.each(listeners)('header fields under %s', (name, listen) => {
  const start = (change?: express.RequestHandler) => {
    const app = express()
    if (change) app.use(change)
    app.use(resource('a', { get: () => ({ a: 1 }), post: ({ body }) => body }))
    return name === 'createServer' ? serveApp(app) : serveApp(app, (app) => Object.assign(listen(app), { listen: () => undefined }))
  }

  it('are found whatever their case', async () => {
    const app = await start()
    expect(await app.raw('GET /a HTTP/1.1\r\nhOsT: x\r\naCCept: application/xml\r\nConnection: close\r\n\r\n')).toMatch(/content-type: application\/xml/i)
  })

  it('that come twice count together, as Node puts them together', async () => {
    const app = await start()
    const answer = await app.raw('GET /a HTTP/1.1\r\nHost: x\r\nAccept: text/nothing\r\nAccept: application/xml\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/content-type: application\/xml/i)
  })

  it('that middleware has changed count as changed', async () => {
    const app = await start((req, _res, next) => {
      req.headers.accept = 'application/xml'
      delete req.headers['if-none-match']
      next()
    })
    const tag = (await app.get('/a')).headers.get('etag') as string
    const response = await app.get('/a', { Accept: 'application/json', 'If-None-Match': tag })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/xml; charset=utf-8'])
  })
})
