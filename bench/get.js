// One small GET: this library under `app.listen` and under `createServer`, against bare Node, Express by hand, and Fastify.
import { createServer as createHttpServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { createServer, resource } from '../dist/index.js'
import { race } from './harness/race.js'

const contact = { id: 1, name: 'Ann Onymous', phone: '+358 40 123456', city: 'Helsinki', active: true }
const shape = {
  type: 'object',
  properties: { id: { type: 'integer' }, name: { type: 'string' }, phone: { type: 'string' }, city: { type: 'string' }, active: { type: 'boolean' } },
  required: ['id', 'name'],
  additionalProperties: false,
}
const bare = () => express().disable('x-powered-by')
const trestle = () => bare().use(resource('contact', { get: () => contact }))

await race(import.meta.url, {
  title: 'GET of a small JSON',
  request: 'GET /contact HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n',
  servers: {
    'node:http': () =>
      createHttpServer((_req, res) => {
        const body = JSON.stringify(contact)
        res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
        res.end(body)
      }),
    fastify: () => {
      const app = fastify()
      app.get('/contact', { schema: { response: { 200: shape } } }, (_req, reply) => reply.send(contact))
      return app.listen({ port: 0, host: '127.0.0.1' }).then(() => app.server.address().port)
    },
    'express, res.json': () => createHttpServer(bare().get('/contact', (_req, res) => res.json(contact))),
    'express, writeHead and end': () =>
      createHttpServer(
        bare().use('/contact', (_req, res) => {
          const body = JSON.stringify(contact)
          res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
          res.end(body)
        }),
      ),
    'trestle, app.listen': () => createHttpServer(trestle()),
    'trestle, createServer': () => createServer(trestle()),
    'trestle, createServer, no ETag': () => createServer(bare().use(resource('contact', { etag: false, get: () => contact }))),
  },
  ratios: [
    ['trestle, createServer', 'fastify', '0.9 on Node 20'],
    ['trestle, app.listen', 'express, res.json', '1.3 on Node 20, 1.6 on Node 24'],
    ['trestle, app.listen', 'express, writeHead and end', '0.9 on Node 24'],
    ['trestle, createServer', 'express, writeHead and end', '0.9 on Node 24'],
    ['trestle, createServer, no ETag', 'fastify'],
  ],
})
